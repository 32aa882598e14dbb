"""The project's files, and what every check has in common.

A check is a module with a function findings(root) that returns one line per finding, "path:line: what is wrong".
No finding: the check passes. tests/check/test_checks.py feeds each of them a bad sample.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = ("lib", "daemon", "cli")
SOURCE_SUFFIXES = (".h", ".cpp")
NOT_OURS = {".git", ".cache", "build", "__pycache__", ".pytest_cache"}


def files(root, *folders, suffixes=None):
    """The files below these folders of root (below root itself without any), in a stable order."""
    found = []
    for top in [root / folder for folder in folders] or [root]:
        for path in sorted(top.rglob("*")):
            inside = path.relative_to(root).parts
            if path.is_file() and not NOT_OURS.intersection(inside):
                if suffixes is None or path.suffix in suffixes:
                    found.append(path)
    return found


def text_lines(path):
    """(line number, line) of a text file; nothing for one that is not text."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []
    return list(enumerate(text.splitlines(), start=1))


def without_comments(text):
    """C++ text with comments and the contents of string literals blanked; line numbers stay."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)

    def blank(match):
        found = match.group(0)
        quote = '""' if found[0] in '"R' else "' '" if found[0] == "'" else " "
        return quote + "\n" * found.count("\n")

    # A quote between digits separates thousands (1'000) and opens no literal.
    return token.sub(blank, re.sub(r"(?<=\d)'(?=\d)", "", text))


def main(findings):
    """Runs one check over the project, or over the folder named on the command line."""
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    found = findings(root)
    for line in found:
        print(line)
    sys.exit(1 if found else 0)

"""Words that must not stand in any file: unfinished work, and paths that exist on one machine only."""

import re

import project

FORBIDDEN = [
    (re.compile(r"\b(TODO|FIXME|HACK|XXX)\b"), "unfinished work belongs in the issue tracker"),
    (re.compile(r"(?<![\w.}$])/work\b"), "a path of one machine"),
    (re.compile(r"\.\./shared\b"), "a path outside of the repository"),
    (re.compile(r"(?<![\w.}$])/(home|Users)/\w+"), "a path of one machine"),
]
# Texts that are not ours to change, data, and the files that have to spell the words out.
EXEMPT = ("LICENSE", "tests/check/words.py", "tests/check/test_checks.py", "tests/fuzz/corpus/")


def findings(root):
    found = []
    for path in project.files(root):
        where = str(path.relative_to(root))
        if where.startswith(EXEMPT):
            continue
        for number, line in project.text_lines(path):
            for pattern, why in FORBIDDEN:
                match = pattern.search(line)
                if match:
                    found.append(f"{where}:{number}: '{match.group(0)}': {why}")
    return found


if __name__ == "__main__":
    project.main(findings)

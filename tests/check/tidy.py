"""clang-tidy over every source that has a compile command, several at once, each one only when something changed.

    tidy.py BUILD-FOLDER [FILE.cpp ...]        default: every source below lib/, daemon/, cli/ and tests/

A source that was clean is remembered in .cache/tidy by a digest of its compile command, its text, the text of every
header of the project that it includes, every .clang-tidy from its folder up to the root and the version of clang-tidy;
it is not looked at again until one of them changes.
"""

import hashlib
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import project

CACHE = project.ROOT / ".cache" / "tidy"


class NotCompilable(Exception):
    """The source does not even get through the preprocessor; the text says where."""


def compile_commands(build):
    """{source: command as a list} of the project's own sources."""
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        source = Path(entry["directory"], entry["file"]).resolve()
        if source.is_relative_to(project.ROOT) and not source.is_relative_to(build):
            words = shlex.split(entry["command"])
            commands[source] = words[1:] if Path(words[0]).name == "ccache" else words
    return commands


def headers_of(command):
    """The project's headers that a source includes, directly or not."""
    output_at = command.index("-o")
    listing = subprocess.run([*command[:output_at], *command[output_at + 2:], "-MM"], capture_output=True, text=True,
                             check=False)
    if listing.returncode != 0:
        raise NotCompilable(listing.stderr)
    names = listing.stdout.partition(":")[2].replace("\\\n", " ").split()
    return sorted({path for path in (Path(name).resolve() for name in names) if path.is_relative_to(project.ROOT)})


def settings_of(source, root=project.ROOT):
    """Each .clang-tidy that may have a say about a source; most take up what the one above them says."""
    candidates = [folder / ".clang-tidy" for folder in source.parents if folder.is_relative_to(root)]
    return [path for path in candidates if path.exists()]


def digest(source, command, version):
    sum_of_all = hashlib.sha256(version + " ".join(command).encode())
    for path in settings_of(source) + headers_of(command):
        sum_of_all.update(str(path).encode() + b"\0" + path.read_bytes())
    return sum_of_all.hexdigest()


def look_at(source, command, version, build):
    """What clang-tidy says about one source; an empty text if nothing."""
    try:
        remembered = CACHE / digest(source, command, version)
    except NotCompilable as error:
        return str(error)
    if remembered.exists():
        return ""
    result = subprocess.run(["clang-tidy", "--quiet", "-p", str(build), str(source)], capture_output=True, text=True,
                            check=False)
    if result.returncode == 0:
        remembered.touch()
        return ""
    said = result.stdout.strip() or result.stderr.strip()
    return said.replace(f"{project.ROOT}/", "")


def main():
    build = Path(sys.argv[1]).resolve()
    commands = compile_commands(build)
    wanted = [Path(name).resolve() for name in sys.argv[2:]] or sorted(commands)
    unknown = [name for name in wanted if name not in commands]
    if unknown:
        sys.exit(f"tidy.py: no compile command for {unknown[0]}: not a source, or CMake has not seen it yet")
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    CACHE.mkdir(parents=True, exist_ok=True)
    bad = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for said in pool.map(lambda source: look_at(source, commands[source], version, build), wanted):
            if said:
                bad += 1
                print(said, flush=True)
    print(f"clang-tidy: {len(wanted)} sources, {bad} with findings")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()

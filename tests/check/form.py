"""Files in other languages than C++, and the form of the C++ ones, judged by the tools made for them.

clang-format for C++, bash and shellcheck for scripts, Python's compiler, mandoc for manual pages, systemd-analyze for
the unit: that it can be loaded, and how exposed it is. A tool that is not installed is a finding, not an excuse.
"""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import project

MOST_EXPOSURE = 15  # in tenths, of the hundred that a service without any confinement has

def run(*command, environment=None):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **(environment or {})})
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, "", f"{command[0]}: not installed")


def complaints(result, root):
    """What a tool said, with paths relative to the root; nothing if it was content."""
    if result.returncode == 0:
        return []
    said = (result.stdout + result.stderr).replace(f"{root}/", "").strip()
    return said.splitlines() or [f"{result.args[0]}: exit status {result.returncode}"]


def format_findings(root):
    sources = project.files(root, *project.CODE, "tests", suffixes=project.SOURCE_SUFFIXES)
    result = run("clang-format", "--dry-run", "-Werror", f"--style=file:{project.ROOT}/.clang-format", *map(str, sources))
    return [line for line in complaints(result, root) if "error:" in line or "not installed" in line]


def shell_findings(root):
    scripts = []
    for path in project.files(root):
        with path.open("rb") as file:
            first = file.readline(80)
        if path.suffix == ".sh" or (first.startswith(b"#!") and b"sh" in first.split(b"/")[-1]):
            scripts.append(path)
    found = []
    for script in scripts:
        found += complaints(run("bash", "-n", str(script)), root)
        found += complaints(run("shellcheck", "--format=gcc", str(script)), root)
    return found


def python_findings(root):
    found = []
    for path in project.files(root, suffixes=(".py",)):
        try:
            ast.parse(path.read_text(encoding="utf-8"), str(path))
        except SyntaxError as error:
            found.append(f"{path.relative_to(root)}:{error.lineno}: {error.msg}")
    return found


def manual_findings(root):
    pages = [path for path in project.files(root, "docs/man") if path.suffix[1:].isdigit()]
    found = [] if pages else ["docs/man: no manual pages"]
    for page in pages:
        # "missing section" and the like: a page may refer to one that is not installed yet.
        found += complaints(run("mandoc", "-T", "lint", "-W", "warning", str(page)), root)
    return found


def unit_findings(root):
    """systemd-analyze wants the programs to exist: each is replaced by one that does."""
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        units = project.files(root, "systemd", suffixes=(".service", ".socket"))
        copies = [copy_of_unit(unit, Path(scratch)) for unit in units]
        for copy in copies:
            result = verified(copy, "--recursive-errors=no")
            said = (result.stdout + result.stderr).replace(str(copy), f"systemd/{copy.name}").strip()
            found += said.splitlines()  # an unknown setting is only a warning there, and a finding here
            if result.returncode != 0 and not said:
                found.append(f"systemd/{copy.name}: systemd-analyze: exit status {result.returncode}")
        found += boot_findings(root, Path(scratch))
    return found


def boot_findings(root, units):
    """A boot of a cloud image, laid out with our units: systemd would leave one out to break a cycle of what waits for what."""
    boot = root / "tests/check/boot"
    if not boot.is_dir():
        return []
    for unit in boot.iterdir():
        shutil.copy(unit, units)
    result = verified(units / "boot.target", "--recursive-errors=yes")
    return [line for line in (result.stdout + result.stderr).splitlines() if "cycle" in line or "not installed" in line]


def verified(unit, *options):
    return run("systemd-analyze", "verify", "--man=no", *options, str(unit), environment={"SYSTEMD_UNIT_PATH": f"{unit.parent}:"})


def copy_of_unit(unit, folder):
    lines = [replace_program(line) for _, line in project.text_lines(unit)]
    copy = folder / unit.name
    copy.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return copy


def exposure_findings(root):
    """What the unit may do and need not, by systemd's own reckoning."""
    found = []
    for unit in project.files(root, "systemd", suffixes=(".service",)):
        result = run("systemd-analyze", "security", "--no-pager", "--offline=yes", f"--threshold={MOST_EXPOSURE}", str(unit))
        if result.returncode != 0:
            verdict = [line for line in complaints(result, root) if "exposure level" in line or "not installed" in line]
            found.append(f"{unit.relative_to(root)}: {' '.join(verdict)}, above {MOST_EXPOSURE / 10}")
    return found


def replace_program(line):
    key, equals, command = line.partition("=")
    if not (key.startswith("Exec") and equals):
        return line
    _, _, arguments = command.partition(" ")
    return f"{key}=/bin/true {arguments}"


KINDS = {
    "format": format_findings,
    "shell": shell_findings,
    "python": python_findings,
    "manual": manual_findings,
    "unit": unit_findings,
    "exposure": exposure_findings,
}

if __name__ == "__main__":
    project.main(KINDS[sys.argv.pop(1)])

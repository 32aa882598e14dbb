"""The Debian packages agree with the project: the version of CMakeLists.txt, and what scripts/setup installs to build it."""

import re

import project

# What only packages need; scripts/package installs it.
OF_PACKAGES = re.compile(r"^(debhelper-compat|dh-sequence-.*)$")


def findings(root):
    found = []
    built = re.search(r"project\(\w+ VERSION (\S+)", (root / "CMakeLists.txt").read_text(encoding="utf-8"))
    packaged = re.match(r"\S+ \((\S+)\)", (root / "debian/changelog").read_text(encoding="utf-8"))
    if not built or not packaged:
        return ["CMakeLists.txt, debian/changelog: a version cannot be found"]
    if built.group(1) != packaged.group(1):
        found.append(f"debian/changelog:1: version {packaged.group(1)}, CMakeLists.txt says {built.group(1)}")
    control = (root / "debian/control").read_text(encoding="utf-8")
    depends = re.search(r"^Build-Depends:\n((?: .*\n)+)", control, re.MULTILINE)
    installed = set(re.split(r"[\s()]+", (root / "scripts/setup").read_text(encoding="utf-8")))
    for line in depends.group(1).splitlines() if depends else []:
        package = line.split()[0].rstrip(",")
        if not OF_PACKAGES.match(package) and package not in installed:
            found.append(f"debian/control: builds with {package}, which scripts/setup does not install")
    return found if depends else [*found, "debian/control: no Build-Depends, one a line"]


if __name__ == "__main__":
    project.main(findings)

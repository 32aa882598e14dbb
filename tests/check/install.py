"""`cmake --install` brings the settings once: those that an administrator has edited stay.

A project of the same rules, but of targets without sources, stands for the built one: nothing is compiled.
"""

import os
import subprocess
import tempfile
from pathlib import Path

import project

LISTS = """cmake_minimum_required(VERSION 3.25)
project(unbuilt LANGUAGES NONE)
set(CMAKE_INSTALL_LIBDIR lib)
include(GNUInstallDirs)
add_library(vpcwall INTERFACE)
add_library(vpcwalld INTERFACE)
include(cmake/install.cmake)
"""
EDITED = "version: 1 # edited\n"


def run(*command, **environment):
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
    if result.returncode != 0:
        raise RuntimeError(result.stderr.strip().splitlines()[0] if result.stderr.strip() else f"{command} failed")
    return result.stdout


def try_out(root, scratch):
    source, build, staged = scratch / "source", scratch / "build", scratch / "staged"
    source.mkdir()
    for path in root.iterdir():
        if path.name not in project.NOT_OURS | {"CMakeLists.txt"}:
            (source / path.name).symlink_to(path)
    (source / "CMakeLists.txt").write_text(LISTS, encoding="utf-8")
    (build / "cli").mkdir(parents=True)
    for shell in ("bash", "zsh", "fish"):  # printed by the built program
        (build / f"cli/vpcwall.{shell}").touch()
    run("cmake", "-G", "Ninja", "-S", str(source), "-B", str(build))

    installed = staged / "etc/vpcwall/daemon.yaml"
    install = ("cmake", "--install", str(build), "--prefix", "/usr")
    run(*install, DESTDIR=str(staged))
    if not installed.exists() or installed.read_bytes() != (root / "config/daemon.yaml").read_bytes():
        return ["/etc/vpcwall/daemon.yaml is not installed"]
    installed.write_text(EDITED, encoding="utf-8")
    os.utime(installed, (0, 0))  # CMake takes two files of the same second for the same
    said = run(*install, DESTDIR=str(staged))
    if installed.read_text(encoding="utf-8") != EDITED:
        return ["a second installation writes over an edited /etc/vpcwall/daemon.yaml"]
    if not any("Kept: " in line and "config/daemon.yaml" in line for line in said.splitlines()):
        return ["a second installation does not say that it kept /etc/vpcwall/daemon.yaml, and where the new one is"]
    return []


def findings(root):
    with tempfile.TemporaryDirectory() as scratch:
        try:
            found = try_out(root, Path(scratch))
        except (OSError, RuntimeError) as error:
            found = [str(error)]
    return [f"cmake/install.cmake: {one}" for one in found]


if __name__ == "__main__":
    project.main(findings)

"""Every header stands alone: a file that includes nothing else compiles, and including it twice changes nothing."""

import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import project

FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-O0"]


def compile_alone(header, root, scratch):
    name = str(header.relative_to(root)).removeprefix("lib/")
    source = Path(scratch) / (name.replace("/", "-") + ".cpp")
    source.write_text(f'#include "{name}"\n#include "{name}"\n', encoding="utf-8")
    # ccache makes the second run of this check a matter of milliseconds a header.
    launcher = ["ccache"] if shutil.which("ccache") else []
    compiler = os.environ.get("CXX", "g++")
    command = [*launcher, compiler, *FLAGS, "-I", str(root / "lib"), "-I", str(root), "-c", source.name,
               "-o", source.name + ".o"]
    run = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return []
    first = next((line for line in run.stderr.splitlines() if "error" in line), run.stderr)
    return [f"{header.relative_to(root)}: does not compile alone: {first.strip()}"]


def findings(root):
    headers = project.files(root, *project.CODE, suffixes=(".h",))
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda header: compile_alone(header, root, scratch), headers)
        return [finding for result in results for finding in result]


if __name__ == "__main__":
    project.main(findings)

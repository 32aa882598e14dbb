"""Puts the faults of mutations.toml into a copy of the tree, one at a time, and asks whether engine and twin notice.

    mutate.py [--steps N] [--seed S] [--only TEXT]     prints a Markdown table; exit status 1 if a fault was not caught
    mutate.py --check                                  only: does every text that is to be replaced still stand once?

The copy and its build are in build/mutation; the tree itself is never touched.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = pathlib.Path(__file__).with_name("mutations.toml")
SCRATCH = ROOT / "build" / "mutation"
PROGRAM = "tests/property/property_run"
PATIENCE = 1800  # seconds for one run; a fault may also make the engine hang


def mutations():
    return tomllib.loads(TABLE.read_text())["mutation"]


def complaints(root):
    """One line for each mutation that cannot be applied any more."""
    found = []
    for mutation in mutations():
        path = root / mutation["file"]
        count = path.read_text().count(mutation["find"]) if path.is_file() else 0
        if count != 1:
            found.append(f"{mutation['file']}: '{mutation['name']}': its text stands {count} times, expected once")
        elif mutation["find"] == mutation["replace"]:
            found.append(f"{mutation['file']}: '{mutation['name']}' changes nothing")
    names = [mutation["name"] for mutation in mutations()]
    found += [f"'{name}' stands twice" for name in sorted(set(names)) if names.count(name) > 1]
    return found


class Copy:
    """A copy of the tree with a build of its own."""

    def __init__(self):
        self.tree = SCRATCH / "tree"
        self.build = SCRATCH / "build"
        shutil.rmtree(self.tree, ignore_errors=True)
        # With times of now: objects that an earlier run left behind were made of other, mutated sources.
        shutil.copytree(ROOT, self.tree, copy_function=shutil.copy,
                        ignore=shutil.ignore_patterns(".git", "build", "__pycache__"))
        self.command("cmake", "-S", self.tree, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                     "-DCMAKE_CXX_FLAGS=-w")  # a fault may leave a variable without use

    @staticmethod
    def command(*words):
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)

    def make(self):
        self.command("cmake", "--build", self.build, "--target", "property_run")

    def judge(self, steps, seed, play=None):
        """What became of the run: a text for the table, and whether the fault was noticed."""
        words = [self.build / PROGRAM, "--quiet", "--steps", str(steps), "--seed", str(seed)]
        words += [f"--{play}"] if play else []
        try:
            done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            return "yes: did not end", True
        if done.returncode == 0:
            return "NOT CAUGHT", False
        found = re.search(r"difference at step (\d+)", done.stdout)
        if found:
            return f"after {int(found.group(1)):,} steps", True
        return f"yes: the program ended with {done.returncode}", True


def run(steps, seed, only):
    copy = Copy()
    copy.make()
    text, noticed = copy.judge(steps, seed)
    if noticed:
        raise RuntimeError(f"engine and twin differ without any fault: {text}")
    print("| mutation | fact | file | caught |\n| --- | --- | --- | --- |", flush=True)
    missed = 0
    for mutation in mutations():
        if only not in mutation["name"] and only != mutation.get("play"):
            continue
        path = copy.tree / mutation["file"]
        sound = path.read_text()
        path.write_text(sound.replace(mutation["find"], mutation["replace"]))
        try:
            copy.make()
            text, noticed = copy.judge(steps, seed, mutation.get("play"))
        except RuntimeError as error:
            print(error, file=sys.stderr)
            text, noticed = "DOES NOT BUILD", False
        path.write_text(sound)
        missed += not noticed
        print(f"| {mutation['name']} | {mutation['fact']} | {mutation['file']} | {text} |", flush=True)
    return missed


def main():
    parser = argparse.ArgumentParser(prog="scripts/mutate", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1_000_000, help="how long a fault may stay unnoticed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", metavar="TEXT", help="mutations whose name has this text, or fast-path: all of that")
    parser.add_argument("--check", action="store_true", help="only look whether every mutation still applies")
    options = parser.parse_args()
    found = complaints(ROOT)
    if found or options.check:
        print("\n".join(found) if found else f"{len(mutations())} mutations apply")
        return 1 if found else 0
    missed = run(options.steps, options.seed, options.only)
    print(f"\n{missed} not caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

"""bash, zsh and fish offer what the help says, all of it and nothing else."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import shells

ROOT = Path(__file__).resolve().parents[2]
SHELLS = {"bash": shells.bash, "zsh": shells.zsh, "fish": shells.fish}


class Help:
    """What `--help` says of a verb: verbs, {option: what it takes}, [what a positional takes]."""

    def __init__(self, text):
        self.verbs, self.options, self.positionals = set(), {}, []
        section = ""
        for line in text.splitlines():
            if line and not line.startswith(" "):
                section = line.rstrip(":")
            found = re.match(r"  (\S+(?: \S+)*)", line)
            if not found or line.startswith("   "):
                continue
            name, _, kind = found.group(1).partition(" ")
            if section == "Subcommands":
                self.verbs.add(name)
            elif section == "Options":
                for one in name.split(","):
                    self.options[one] = self.takes(kind)
            elif section == "Positionals":
                self.positionals.append(self.takes(kind))

    @staticmethod
    def takes(kind):
        """None for a flag, else the words; {"a-file"} for a file, nothing for a free value."""
        kind = kind.split("Excludes:")[0].split("Needs:")[0].strip()
        words = re.search(r"\{(.*?)\}", kind)
        if words:
            return set(words.group(1).split(","))
        if "FILE" in kind:
            return {"a-file"}
        return set() if kind else None


def helps(program, path=()):
    """{path of a verb: its Help}, verbs below verbs included."""
    result = subprocess.run([program, *path, "--help"], capture_output=True, text=True, check=True)
    found = {path: Help(result.stdout)}
    for verb in sorted(found[path].verbs):
        found |= helps(program, (*path, verb))
    return found


def expectations(command, all_helps):
    """[(words, what is offered)]"""
    for path, told in all_helps.items():
        start = [command, *path]
        yield [*start, "-"], set(told.options)
        if told.verbs:
            yield [*start, ""], told.verbs
        for option, takes in told.options.items():
            if takes is None:
                continue
            if takes == {"a-file"}:
                yield [*start, option, "a-f"], takes
            else:
                yield [*start, option, ""], takes
            if len(takes) > 1:  # what has been given is no positional
                word = sorted(takes)[0]
                yield [*start, option, word, "-"], set(told.options)
        for number, takes in enumerate(told.positionals):
            before = ["some"] * number
            yield [*start, *before, "a-f" if takes == {"a-file"} else ""], takes


def check(command, shell, script, program, folder, more=()):
    (folder / "a-file").write_text("", encoding="ascii")
    wanted = [*expectations(command, helps(program)), *more]
    assert len(wanted) > 2
    here = os.getcwd()
    os.chdir(folder)
    try:
        offered = SHELLS[shell](script, [words for words, _ in wanted])
    finally:
        os.chdir(here)
    assert len(offered) == len(wanted)
    wrong = []
    for (words, expected), found in zip(wanted, offered, strict=True):
        if words[-1] == "-":  # fish offers an option that takes a value in both forms
            found = {name.removesuffix("=") for name in found}
            expected = expected - ({words[-3]} if shell == "zsh" and len(words) > 3 and words[-3] not in found else set())
        if found != expected:
            wrong.append(f"{' '.join(words)}: offers {sorted(found)}, expected {sorted(expected)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("shell", SHELLS)
def test_every_verb_and_option_of_the_command_is_offered(shell, tmp_path):
    program = os.environ["VPCWALL"]
    script = tmp_path / "script"
    script.write_bytes(subprocess.run([program, "completion", shell], stdout=subprocess.PIPE, check=True).stdout)
    folder = tmp_path / "here"
    folder.mkdir()
    joined = [
        (["vpcwall", "lint", "--format=j"], {"json"} if shell == "bash" else {"--format=json"}),
        (["vpcwall", "lint", "--format", "json", "a-f"], {"a-file"}),
        (["vpcwall", "check", "--strict", "a-f"], {"a-file"}),
        (["vpcwall", "no-such-verb", "check", "--st"], set()),
    ]
    check("vpcwall", shell, script, program, folder, joined)


@pytest.mark.parametrize("shell", SHELLS)
def test_every_option_of_the_daemon_is_offered(shell, tmp_path):
    check("vpcwalld", shell, ROOT / "completions" / f"vpcwalld.{shell}", os.environ["VPCWALLD"], tmp_path)


def test_an_unknown_shell_is_refused():
    result = subprocess.run([os.environ["VPCWALL"], "completion", "tcsh"], capture_output=True, text=True, check=False)
    assert result.returncode == 2 and "bash,zsh,fish" in result.stderr and result.stdout == ""

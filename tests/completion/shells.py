"""What a shell would offer for words of a command line of which the last one is unfinished: offers(queries) -> [set, …]."""

import os
import pty
import select
import subprocess

BASH = r"""
source "$1"
while IFS=$'\x1f' read -r -a COMP_WORDS; do
  COMP_WORDS=("${COMP_WORDS[@]//$'\x1e'/}")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  "_${COMP_WORDS[0]}"
  printf '%s\n' "${COMPREPLY[@]}" $'\x1d'
done
"""

FISH = r"""
source $argv[1]
for query in $argv[2..]
    complete --do-complete $query
    printf '\x1d\n'
end
"""

# Prints what would be added instead of adding it, between two marks.
ZSH = r"""
PROMPT=
autoload -Uz compinit && compinit -D -u
source "$COMPLETION"
zstyle ':completion:*' insert-tab false
bindkey '^I' complete-word
bindkey '^U' kill-whole-line
compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
    builtin compadd "$@"
    return
  fi
  local -a hits
  builtin compadd -A hits "$@"
  local hit
  for hit in $hits; do print -r -- "offer:$IPREFIX$hit"; done
}
before() { print mark:; compprefuncs=(before) }
after() { print mark:; comppostfuncs=(after) }
compprefuncs=(before)
comppostfuncs=(after)
print ready:
"""


def bash(script, queries):
    """Words are split at `=`, as bash does it."""
    lines = []
    for query in queries:
        words = [part for word in query for part in (word.replace("=", "\x1f=\x1f").rstrip("\x1f").split("\x1f"))]
        lines.append("\x1f".join(word or "\x1e" for word in words) + "\n")
    result = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", script], input="".join(lines), capture_output=True, text=True, check=True
    )
    assert not result.stderr, result.stderr
    return [set(part.split("\n")) - {""} for part in result.stdout.split("\x1d\n")[:-1]]


def fish(script, queries):
    lines = [" ".join(query) for query in queries]
    result = subprocess.run(
        ["fish", "--no-config", "-c", FISH, script, *lines], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    assert not result.stderr, result.stderr
    parts = result.stdout.split("\x1d\n")[:-1]
    return [{line.split("\t")[0] for line in part.split("\n")} - {""} for part in parts]


class Terminal:
    """A shell that believes to be spoken to by a person."""

    def __init__(self, command, **environment):
        self.process, self.descriptor = pty.fork()
        if self.process == 0:
            os.execvpe(command[0], command, {**os.environ, "TERM": "dumb", **environment})
        self.text = ""

    def send(self, text):
        os.write(self.descriptor, text.encode())

    def read_until(self, end, times=1):
        """What comes until `end` has come so many times."""
        while self.text.count(end) < times:
            ready, _, _ = select.select([self.descriptor], [], [], 30)
            assert ready, f"no answer for 30 s after {self.text!r}"
            self.text += os.read(self.descriptor, 65536).decode(errors="replace").replace("\r", "")
        *_, rest = self.text.split(end, times)
        found, self.text = self.text.removesuffix(rest), rest
        return found

    def close(self):
        os.close(self.descriptor)  # it gets SIGHUP
        os.waitpid(self.process, 0)


def zsh(script, queries):
    terminal = Terminal(["zsh", "-f", "-i"], COMPLETION=str(script))
    try:
        for line in ZSH.strip().split("\n"):
            terminal.send(line + "\n")
        terminal.read_until("\nready:\n")
        found = []
        for query in queries:
            terminal.send(" ".join(query) + "\t")
            said = terminal.read_until("mark:\n", times=2)
            found.append({line.removeprefix("offer:") for line in said.split("\n") if line.startswith("offer:")})
            terminal.send("\x15")
        return found
    finally:
        terminal.close()

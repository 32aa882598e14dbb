"""Other users at the control socket: programs that ask, or only hold connections, as the user, group and groups that are named."""

import contextlib
import json
import subprocess
import sys

ASK = """
import socket, sys
path, line = sys.argv[1:]
connection = socket.socket(socket.AF_UNIX)
connection.settimeout(30)
connection.connect(path)
try:
    connection.sendall(line.encode() + b"\\n")
except BrokenPipeError:
    pass  # refused before it was asked: the answer is there
print(connection.makefile().readline(), end="")
"""

HOLD = """
import socket, sys
held = []
for _ in range(int(sys.argv[2])):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(sys.argv[1])
    connection.sendall(b'{"verb": "status"}\\n')
    answer = connection.makefile().readline()
    if '"error"' in answer:
        print(answer, end="", flush=True)
        break
    held.append(connection)
print(len(held), flush=True)
sys.stdin.read()
"""


def as_user(user, groups=()):
    groups = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
    return ["setpriv", f"--reuid={user}", f"--regid={user}", groups]


def ask_as(daemon, user, verb, groups=(), **arguments):
    """The answer; {"error": …} also where the file keeps them out."""
    line = json.dumps({"verb": verb, **arguments})
    command = [*as_user(user, groups), sys.executable, "-c", ASK, str(daemon.socket_path), line]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if "PermissionError" in result.stderr:
        return {"error": "kept out by the file"}
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@contextlib.contextmanager
def holding(daemon, user, count):
    """So many connections of a user, held until the end: (how many there are, what the next one was told)."""
    command = [*as_user(user), sys.executable, "-c", HOLD, str(daemon.socket_path), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        told = json.loads(line)["error"] if "error" in line else None
        yield int(process.stdout.readline() if told else line), told
        process.stdin.close()
        process.wait(timeout=30)

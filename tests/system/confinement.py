"""A program confined as systemd would confine the service, where no systemd runs: user, capabilities, file system, calls.

What the unit says is read from the unit itself. `Confinement.wrap(command)` stands for ExecStart: a mount namespace in which
everything but the writable folders is read-only, with a piece of the BPF file system in one of them, a /proc of its own
processes alone, a user without a name, the capabilities, no new ones, and the filter of system calls and socket families.

As a program it is the inside of that: `confinement.py mounts|calls JSON COMMAND…` does its part and becomes COMMAND.
"""

import ctypes
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

UNIT = Path(__file__).resolve().parents[2] / "systemd" / "vpcwalld.service"
BPF = Path("/sys/fs/bpf")
USER = 64123  # nobody's: what it may do, it may do by the unit

ACT_ERRNO_EPERM, ACT_ALLOW, COMPARE_EQUAL = 0x00050001, 0x7FFF0000, 4


def unit_values(key):
    """Every value of a key of the unit, in the order of the file."""
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{key}=")]


def capabilities(key):
    """As setpriv wants them: none but those that the unit names."""
    (value,) = unit_values(key)
    return ",".join(["-all", *(f"+{name.removeprefix('CAP_').lower()}" for name in value.split())])


def calls_of(group, known={}):
    """The system calls of a group as systemd defines it, its inner groups included."""
    if not known:
        listing = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], check=True, capture_output=True, text=True)
        for line in listing.stdout.splitlines():
            if line.startswith("@"):
                current = known.setdefault(line.strip(), [])
            elif line.startswith("    ") and not line.strip().startswith("#"):
                current.append(line.strip())
    found = set()
    for name in known[group]:
        found |= calls_of(name) if name.startswith("@") else {name}
    return found


def allowed_calls():
    """What SystemCallFilter= leaves, line after line."""
    allowed = set(calls_of("@default"))
    for line in unit_values("SystemCallFilter"):
        words = line.removeprefix("~").split()
        named = set().union(*(calls_of(word) if word.startswith("@") else {word} for word in words))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return sorted(allowed)


class Confinement:
    def __init__(self):
        self.own_bpf = BPF / f"vwtest-{os.getpid()}"
        place = (UNIT.parent / "vpcwall.tmpfiles").read_text(encoding="utf-8").splitlines()
        assert f"d- {BPF}/vpcwall 0700 vpcwall vpcwall -" in place
        assert unit_values("RuntimeDirectory") == ["vpcwall"]
        assert unit_values("BindPaths") == [f"-{BPF}/vpcwall:/run/vpcwall/bpf"]
        assert unit_values("LimitNICE") == ["+0"]
        self.own_bpf.mkdir(mode=0o700)
        os.chown(self.own_bpf, USER, USER)

    def remove(self):
        """Fails if the service left a name behind."""
        self.own_bpf.rmdir()

    def wrap(self, command, writable):
        """`writable`: the folder that stands for RuntimeDirectory= and StateDirectory=."""
        mounts = {"bpf": str(self.own_bpf), "writable": str(writable)}
        calls = {"calls": allowed_calls(), "families": unit_values("RestrictAddressFamilies")[0].split()}
        itself = [sys.executable, __file__]
        identity = ["env", f"RUNTIME_DIRECTORY={writable}"]
        identity += ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs", "--pdeathsig=KILL"]
        identity += [f"--bounding-set={capabilities('CapabilityBoundingSet')}"]
        identity += [f"--{which}-caps={capabilities('AmbientCapabilities')}" for which in ("inh", "ambient")]
        outside = ["unshare", "--mount", "--propagation", "private", *itself, "mounts", json.dumps(mounts)]
        return [*outside, *identity, *itself, "calls", json.dumps(calls), *command]


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def confine_mounts(bpf, writable):
    assert unit_values("ProtectSystem") == ["strict"] and unit_values("ProcSubset") == ["pid"]
    mount("--bind", writable, writable)
    own_bpf = f"{writable}/bpf"
    os.makedirs(own_bpf, exist_ok=True)
    mount("--bind", bpf, own_bpf)
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()]
    for point in points:
        if point not in (writable, own_bpf) and not point.startswith(("/dev", "/proc")):
            mount("-o", "remount,bind,ro", point)
    mount("-t", "proc", "-o", "hidepid=invisible,subset=pid", "proc", "/proc")


def confine_calls(calls, families):
    """By libseccomp, which systemd itself uses."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p

    class Compare(ctypes.Structure):
        _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]

    wanted = ctypes.c_void_p(library.seccomp_init(ACT_ERRNO_EPERM))
    for name in calls:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number < 0 or name == "socket":  # negative: of another architecture
            continue
        assert library.seccomp_rule_add_array(wanted, ACT_ALLOW, number, 0, None) == 0, name
    for family in families:
        same = Compare(0, COMPARE_EQUAL, getattr(socket, family), 0)
        number = library.seccomp_syscall_resolve_name(b"socket")
        assert library.seccomp_rule_add_array(wanted, ACT_ALLOW, number, 1, ctypes.byref(same)) == 0, family
    assert library.seccomp_load(wanted) == 0


if __name__ == "__main__":
    part, values, *rest = sys.argv[1:]
    {"mounts": confine_mounts, "calls": confine_calls}[part](**json.loads(values))
    os.execvp(rest[0], rest)

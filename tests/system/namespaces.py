"""Network namespaces as objects: sockets and programs inside of them, used by a process that stays outside.

A socket belongs for life to the namespace in which it was made, and a program to the one in which it was started.
So a test enters a namespace for the blink of an eye, and holds the ends of a conversation in one process.
"""

import contextlib
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

FOLDER = Path("/run/netns")
PREFIX = "vwtest-"
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


def _set_namespace(descriptor):
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class Namespace:
    def __init__(self, name):
        self.name = f"{PREFIX}{os.getpid()}-{name}"
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self._descriptor = os.open(FOLDER / self.name, os.O_RDONLY | os.O_CLOEXEC)
        self.configure(
            {
                "ipv4/conf/all/rp_filter": 0,
                "ipv4/conf/default/rp_filter": 0,
                "ipv6/conf/all/disable_ipv6": 0,
                "ipv6/conf/default/disable_ipv6": 0,
                "ipv6/conf/default/addr_gen_mode": 1,
                "ipv6/conf/default/accept_dad": 0,
                "ipv6/conf/default/accept_ra": 0,
            }
        )
        self.ip("link set lo up")

    def inode(self):
        """By which the kernel tells it from others, as long as it lives."""
        return os.fstat(self._descriptor).st_ino

    def forget_flows(self):
        """What a killed daemon left in the kernel for a successor."""
        for left in Path("/sys/fs/bpf").glob(f"vpcwall-{self.inode()}-flows-*"):
            left.unlink()

    def remove(self):
        self.forget_flows()
        os.close(self._descriptor)
        remove_namespace(self.name)

    @contextlib.contextmanager
    def entered(self):
        """This thread is inside; a program started here, too."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _set_namespace(self._descriptor)
            yield
        finally:
            _set_namespace(home)
            os.close(home)

    def socket(self, *arguments):
        with self.entered():
            return socket.socket(*arguments)

    def start(self, command, **options):
        with self.entered():
            return subprocess.Popen(command, **options)

    def run(self, *command, within=30):
        """A program's exit status and output, its errors included."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with self.start(command, text=True, **streams) as process:
            try:
                output, _ = process.communicate(timeout=within)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(command, process.returncode, output)

    def ip(self, commands):
        """Lines for ip -batch. Not `ip -n`: that remounts the root, which it cannot in a plain chroot."""
        with self.entered():
            result = subprocess.run(["ip", "-batch", "-"], input=commands, capture_output=True, text=True, check=False)
        assert result.returncode == 0, f"{commands}\n{result.stdout}{result.stderr}"

    def configure(self, values):
        """Kernel settings below /proc/sys/net of this namespace."""
        with self.entered():
            for path, value in values.items():
                Path("/proc/sys/net", path).write_text(str(value), encoding="ascii")

    def rules(self):
        """Everything that any packet filter tool has to say here, without its running counters."""
        text = []
        for tool in ("iptables-save", "ip6tables-save", "iptables-legacy-save", "ip6tables-legacy-save"):
            result = self.run(tool)
            assert result.returncode == 0, result.stdout
            lines = [line.split(" [")[0] for line in result.stdout.splitlines() if not line.startswith("#")]
            text.append("\n".join([f"== {tool}", *lines]))
        # Who owns a table is another one after each start.
        listed = re.sub(r" # progname.*|^\tflags .*\n\n?", "", self.run("nft", "list", "ruleset").stdout, flags=re.MULTILINE)
        text.append("== nft\n" + re.sub(r"counter packets \d+ bytes \d+", "counter", listed))
        return "\n".join(text)


class ForeignNamespace(Namespace):
    """That of a process which somebody else started; only what was put into it goes."""

    def __init__(self, pid):  # pylint: disable=super-init-not-called
        self.name = f"that of process {pid}"
        self._descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def remove(self):
        os.close(self._descriptor)


def remove_namespace(name):
    """A namespace of a test, and whatever still runs in it: nobody else starts anything there."""
    listing = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False)
    for pid in listing.stdout.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    subprocess.run(["ip", "netns", "delete", name], check=False)


def is_orphaned(name):
    """Whether the test run that a name speaks of has ended."""
    return not Path("/proc", name.removeprefix(PREFIX).split("-")[0]).exists()


def remove_leftovers():
    """What a run that was killed could not remove."""
    for path in FOLDER.glob(f"{PREFIX}*-*"):
        if is_orphaned(path.name):
            remove_namespace(path.name)
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        if is_orphaned(path.name):
            shutil.rmtree(path, ignore_errors=True)

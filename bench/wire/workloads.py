"""The loads, each a function of (wire, seconds) that returns figures; `value` is the one that is compared."""

import json
import os
import subprocess
import time

from topology import CLIENT_ADDRESSES, SERVER_ADDRESS

import policy as policies

ECHO, ECHO_PORTS, ECHO_PINNED, BULK, BULK_PINNED, SINK = 6000, 64, 6100, 5201, 5202, 7000
FLOOD_RATE = 100_000


class Wire:
    """The topology with its servers running."""

    def __init__(self, topology, build):
        self.topology = topology
        self.traffic = str(build / "bench" / "bench_traffic")
        self.servers = []

    def __enter__(self):
        last = str(len(os.sched_getaffinity(0)) - 1)
        for command in (["iperf3", "--server", "--port", str(BULK)],
                        ["taskset", "--cpu-list", last, "iperf3", "--server", "--port", str(BULK_PINNED)],
                        [self.traffic, "echo", "--port", str(ECHO), "--ports", str(ECHO_PORTS)],
                        ["taskset", "--cpu-list", "0", self.traffic, "echo", "--port", str(ECHO_PINNED)]):
            self.servers.append(subprocess.Popen([*self.topology.enter("server"), *command],
                                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for port in (BULK, BULK_PINNED, ECHO, ECHO_PINNED):
            self._await_listener(port)
        return self

    def _await_listener(self, port):
        deadline = time.monotonic() + 10
        while f":{port} " not in self.topology.inside("server", "ss", "--tcp", "--listening", "--numeric"):
            if time.monotonic() > deadline:
                raise RuntimeError(f"nobody listens at port {port}")
            time.sleep(0.05)

    def __exit__(self, *_):
        for server in self.servers:
            server.terminate()
        for server in self.servers:
            server.wait()

    def client(self, *command, cpu=None):
        pinned = [] if cpu is None else ["taskset", "--cpu-list", str(cpu)]
        return subprocess.Popen([*self.topology.enter("client"), *pinned, *command], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def figures(self, process, patience):
        output, errors = process.communicate(timeout=patience)
        if process.returncode != 0:
            raise RuntimeError(errors.strip() or output.strip()[-300:])
        return json.loads(output)

    def load(self, verb, port, seconds, *options, cpu=None):
        return self.client(self.traffic, verb, "--to", SERVER_ADDRESS, "--port", str(port), "--seconds", str(seconds),
                           *options, cpu=cpu)

    def bulk(self, seconds, *options, port=BULK, cpu=None):
        return self.client("iperf3", "--client", SERVER_ADDRESS, "--port", str(port), "--time", str(seconds), "--json",
                           *options, cpu=cpu)


def _gigabits(figures):
    end = figures["end"]
    received = [end[key]["bits_per_second"] for key in ("sum_received", "sum_received_bidir_reverse") if key in end]
    return sum(received) / 1e9


def tcp1(wire, seconds, router):
    return {"value": _gigabits(wire.figures(wire.bulk(seconds), seconds + 20)), "unit": "Gbit/s"}


def tcp1_mtu(wire, seconds, router):
    wire.topology.segmentation_offload(router, "off")
    try:
        return tcp1(wire, seconds, router)
    finally:
        wire.topology.segmentation_offload(router, "on")


def tcp_bidir(wire, seconds, router):
    process = wire.bulk(seconds, "--parallel", "4", "--bidir", port=BULK_PINNED, cpu=0)
    return {"value": _gigabits(wire.figures(process, seconds + 20)), "unit": "Gbit/s"}


def _datagrams(wire, seconds, threads, flows=8):
    before = wire.topology.sunk()
    process = wire.load("datagrams", SINK, seconds, "--ports", "64", "--flows", str(flows), "--threads", str(threads))
    sent = wire.figures(process, seconds + 20)
    arrived, last = wire.topology.sunk(), -1
    while arrived != last:  # until the queues are empty
        last = arrived
        time.sleep(0.1)
        arrived = wire.topology.sunk()
    count = arrived - before
    return {"value": count / sent["seconds"] / 1e6, "unit": "Mpps", "packets": count,
            "loss": 1 - count / max(1, sent["sent"])}


def small_datagrams(flows):
    """One sender, over that many flows."""
    return lambda wire, seconds, router: _datagrams(wire, seconds, 1, flows)


def udp1(wire, seconds, router):
    return _datagrams(wire, seconds, 1)


def udp_saturated(wire, seconds, router):
    return _datagrams(wire, seconds, len(os.sched_getaffinity(0)))


def connections(wire, seconds, router):
    sources = [word for address in CLIENT_ADDRESSES[:4] for word in ("--source", address)]
    figures = wire.figures(wire.load("connections", ECHO, seconds, "--ports", "16", *sources), seconds + 20)
    return {"value": figures["per_second"] / 1e3, "unit": "thousand/s", **figures}


def request_response(wire, seconds, router):
    figures = wire.figures(wire.load("requests", ECHO, seconds, "--ports", "16"), seconds + 20)
    return {"value": figures["per_second"] / 1e3, "unit": "thousand/s", **figures}


def rtt(wire, seconds, router):
    """Everything on one core: a wake-up that crosses idle virtual CPUs takes longer than all the rest."""
    process = wire.load("requests", ECHO_PINNED, seconds, "--connections", "1", cpu=0)
    figures = wire.figures(process, seconds + 20)
    return {"value": figures["p50_us"], "unit": "us", **figures}


def _flooded(wire, seconds, rate):
    """A stream and new connections, beside SYNs that a rule refuses."""
    flood = wire.load("flood", policies.DENIED_PORT, seconds + 1.5, "--source", CLIENT_ADDRESSES[7], "--rate", str(rate))
    time.sleep(0.5)  # the flood is under way
    good = wire.load("connections", ECHO, seconds, "--ports", "16", "--at-once", "4", "--source", CLIENT_ADDRESSES[1])
    stream = wire.bulk(seconds)
    try:
        gigabits = _gigabits(wire.figures(stream, seconds + 20))
    except (RuntimeError, subprocess.TimeoutExpired, KeyError):
        stream.kill()
        gigabits = 0.0  # not even the control connection came through
    return gigabits, wire.figures(good, seconds + 20), wire.figures(flood, seconds + 20)


def flood(wire, seconds, router):
    """Two workloads of one run."""
    gigabits, good, syns = _flooded(wire, seconds, FLOOD_RATE)
    return {"flood_stream": {"value": gigabits, "unit": "Gbit/s", "syns_per_second": syns["per_second"]},
            "flood_connections": {"value": good["per_second"] / 1e3, "unit": "thousand/s", **good}}


def flood_max(wire, seconds, router):
    gigabits, good, syns = _flooded(wire, seconds, 0)
    return {"flood_max_stream": {"value": gigabits, "unit": "Gbit/s", "syns_per_second": syns["per_second"]},
            "flood_max_connections": {"value": good["per_second"] / 1e3, "unit": "thousand/s", **good}}


ALL = {"tcp1": tcp1, "tcp1_mtu": tcp1_mtu, "tcp_bidir": tcp_bidir, "udp1": udp1, "udp_saturated": udp_saturated,
       "connections": connections, "request_response": request_response, "flood": flood, "flood_max": flood_max,
       "rtt": rtt}

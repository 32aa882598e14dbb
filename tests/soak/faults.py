"""What goes wrong around a daemon that is soaked. Each leaves the firewall as it was."""

import contextlib
import json

from conditions import eventually

CONNECTIONS = 200


def broken_policies(soak):
    daemon = soak.daemon
    whole = daemon.policy_path.read_text(encoding="utf-8")
    generation = daemon.status()["generation"]
    for text in (whole[: len(whole) // 2], '{"version": 1, "surprise": true}', "a: &a [*a]\n", "\0"):
        daemon.write_policy(text)
        assert not daemon.ask("reload")["accepted"], f"taken for a policy: {text[:40]}"
    daemon.write_policy(whole)
    assert daemon.status()["generation"] == generation


def no_policy(soak):
    daemon = soak.daemon
    kept = daemon.policy_path.with_suffix(".kept")
    daemon.policy_path.rename(kept)
    try:
        assert not daemon.ask("reload")["accepted"]
        daemon.policy_path.mkdir()
        assert not daemon.ask("reload")["accepted"]
        daemon.policy_path.rmdir()
    finally:
        kept.rename(daemon.policy_path)


def suspended_in_a_flood(soak):
    """The queues run full: what is lost is counted, and TCP sends it again."""
    soak.daemon.suspend()
    try:
        soak.flood()
    finally:
        soak.daemon.resume()


def answers(daemon):
    """Whether there is room for one more asker."""
    try:
        return "queues" in daemon.status()
    except (ConnectionError, ValueError):
        return False


def many_askers(soak):
    daemon = soak.daemon
    for _ in range(CONNECTIONS):
        daemon.connection().close()
    # Those that are gone count until the daemon has looked at them.
    eventually(lambda: answers(daemon), "room for an asker")
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(daemon.connection()) for _ in range(40)]
        for connection in held:
            connection.sendall(b'{"verb": "status"}\n')
        for connection in held:
            with connection.makefile("rb") as stream:
                assert "queues" in json.loads(stream.readline())


def slow_askers(soak):
    """Ask for much, read nothing, and go; one talks nonsense."""
    for _ in range(4):
        with soak.daemon.connection() as connection:
            connection.sendall(b'{"verb": "rules"}\n{"verb": "flows"}\n' * 20)
    with soak.daemon.connection() as connection:
        connection.sendall(b"\xff\0 nonsense\n")
        with connection.makefile("rb") as stream:
            assert "error" in json.loads(stream.readline())


def observers_that_leave(soak):
    for _ in range(4):
        with soak.daemon.connection() as connection, connection.makefile("rb") as stream:
            connection.sendall(b'{"verb": "observe"}\n')
            assert json.loads(stream.readline())["event"] == "begin"
            soak.flood()


FAULTS = [broken_policies, suspended_in_a_flood, no_policy, many_askers, observers_that_leave, slow_askers]

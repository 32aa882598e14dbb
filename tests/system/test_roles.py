"""Who may ask the daemon for what, and that no one keeps root from asking."""

import contextlib

import pytest
from daemon import Daemon
from peers import ask_as, holding
from policies import open_policy

NOBODY = 65534
ALICE, BOB, CAROL, DAVE, EVE = range(4001, 4006)
OPS, ONCALL = 5001, 5002
ROLES = {
    "view": {"users": ["nobody", ALICE], "groups": [OPS]},
    "change": {"users": [BOB]},
    "confirm": {"groups": [ONCALL]},
    "debug": {"users": [CAROL]},
}
# By role what it may be asked for; the rest is refused.
VERBS = {
    "view": ["status", "rules", "flows", "explain", "history", "policy"],
    "change": ["reload", "apply", "rollback", "shadow"],
    "confirm": ["confirm"],
    "debug": ["observe", "tap", "decisions", "advance"],
}
SHARED, RESERVED, PER_USER = 64, 8, 16  # ConnectionLimits


@pytest.fixture(name="daemon")
def _daemon(guard):
    def start(roles=ROLES, **control):
        daemon = guard(open_policy(), control={"roles": roles, **control})
        daemon.folder.chmod(0o755)
        return daemon

    return start


@pytest.fixture(name="guard")
def _guard(vpc, open_late):
    def start(policy, control):
        daemon = RoleDaemon(vpc.router, policy, control)
        open_late.callback(daemon.clean_up)
        return daemon

    return start


class RoleDaemon(Daemon):
    """Its socket stays where a Daemon expects it, whatever else is said about control."""

    def __init__(self, namespace, policy, control):
        self.control = control
        super().__init__(namespace, policy)

    def start(self):
        self.configure(control={"socket": str(self.socket_path), **self.control})
        super().start()


def is_denied(answer, role):
    return f"needs the role {role}" in answer.get("error", "")


HOLDERS = {"view": (ALICE, ()), "change": (BOB, ()), "confirm": (DAVE, (7, ONCALL)), "debug": (CAROL, ())}


@pytest.mark.parametrize("held", VERBS)
def test_each_verb_is_for_those_who_have_its_role(daemon, held):
    guarded = daemon()
    user, groups = HOLDERS[held]
    for role, verbs in VERBS.items():
        for verb in verbs:
            answer = ask_as(guarded, user, verb, groups)
            assert is_denied(answer, role) == (role not in ("view", held)), (verb, answer)
    assert guarded.status()["policy_in_force"]["changes"]["accepted"] == (1 if held == "change" else 0)  # its reload


def test_names_and_supplementary_groups_count_and_others_are_kept_out(daemon):
    guarded = daemon()
    assert ask_as(guarded, NOBODY, "status")["generation"] == 1
    assert ask_as(guarded, EVE, "status", (9, OPS, 11))["generation"] == 1
    assert ask_as(guarded, EVE, "status") == {"error": "kept out by the file"}
    guarded.socket_path.chmod(0o666)  # even so the daemon asks the kernel who is there
    assert "user 4005 has no role" in ask_as(guarded, EVE, "status")["error"]


def test_members_of_the_group_have_every_role_as_ever(daemon):
    guarded = daemon(roles={}, group="nogroup")
    assert ask_as(guarded, EVE, "reload", (NOBODY,))["accepted"] is True
    assert "kept out" in ask_as(guarded, EVE, "reload")["error"]


def test_a_name_that_does_not_exist_ends_the_start(daemon):
    with pytest.raises(AssertionError, match="there is no user no-such-user, which control.roles.debug.users"):
        daemon(roles={"debug": {"users": ["no-such-user"]}})


def test_a_user_has_so_many_connections_and_no_more(daemon):
    guarded = daemon()
    with holding(guarded, ALICE, PER_USER + 1) as (count, told):
        assert count == PER_USER
        assert "of this user, at most 16" in told
        assert ask_as(guarded, NOBODY, "status")["generation"] == 1
    assert ask_as(guarded, ALICE, "status")["generation"] == 1


def test_root_and_those_who_confirm_get_in_when_all_connections_are_held(daemon):
    users = range(4001, 4006)
    guarded = daemon(roles={"view": {"users": list(users)}, "confirm": {"groups": [ONCALL]}})
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(holding(guarded, user, PER_USER))[0] for user in list(users)[:4]]
        assert sum(held) == SHARED
        assert ask_as(guarded, users[4], "status") == {"error": "too many control connections; try again"}
        # Those inside may stay, and however many of its own root holds, it gets one more.
        for _ in range(RESERVED + 5):
            connection = stack.enter_context(guarded.connection())
            connection.sendall(b'{"verb": "status"}\n')
            assert b'"schema"' in connection.recv(65536)
        assert "no policy waits" in str(ask_as(guarded, DAVE, "confirm", (ONCALL,)))
        assert guarded.status()["generation"] == 1

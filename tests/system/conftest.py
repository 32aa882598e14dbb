"""What every system test starts from: a VPC of namespaces, and a way to start daemons that are stopped again."""

import contextlib

import pytest
from daemon import Daemon
from namespaces import remove_leftovers
from topology import Vpc


@pytest.fixture(scope="session", autouse=True)
def _no_leftovers():
    remove_leftovers()


@pytest.fixture(name="vpc", scope="module")
def _vpc():
    vpc = Vpc()
    yield vpc
    vpc.remove()


@pytest.fixture(name="open_late")
def _open_late():
    """Closes at the end of the test, in reverse order, whatever was given to enter_context() or callback()."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture(name="guard")
def _guard(vpc, open_late):
    """guard(policy, options, **settings) starts a daemon on the router."""

    def start(policy, options=(), **settings):
        daemon = Daemon(vpc.router, policy, options, **settings)
        open_late.callback(daemon.clean_up)
        return daemon

    return start

"""Fixtures of all tests; every test fails that leaves a thread or a socket behind."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import signal
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator

import pytest
from msgspec.structs import replace

from assetstream import AssetStream, StreamGroup
from assetstream.core import reconnect
from assetstream.exchanges import EXCHANGES
from assetstream.protocol import Rate
from assetstream.runtime import places, session
from assetstream.runtime.net.cancel import CancelScope
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from assetstream.streams import group, stream
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import open_accounts
from tests.support.leftovers import left_over
from tests.support.purity import PURE, PURE_MODULES, only_computing

TESTS = Path(__file__).parent

if TYPE_CHECKING:
    import trustme


#: Variables that change what the package, or a library of its, does.
OWN = re.compile(
    rf"(https?|all|no)_proxy|({'|'.join(EXCHANGES)})_\w+|assetstream_engine_url"
    r"|\w+_ca_bundle|ssl_cert_\w+"
)


def pytest_configure() -> None:
    """Take the tests, and the programs they start, out of their user's environment.

    Every exchange is on this machine: proxies, keys and authorities of the user's are
    nothing to them. Ctrl-C reaches them, which shells have background jobs ignore.
    """
    for name in list(os.environ):
        if OWN.fullmatch(name.lower()):
            del os.environ[name]
    # What is imported and collected stays: nothing of it is worth a search.
    gc.disable()
    gc.freeze()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Fail the test that leaks a thread; an unclosed socket warns and so fails too.

    No test waits in the queue of another one, at a port that was used again.
    """
    places.forget_all()
    before = set(threading.enumerate())
    yield
    left = left_over(set(threading.enumerate()) - before)
    assert not left, f"threads left behind: {sorted(t.name for t in left)}"


@pytest.fixture(scope="session", autouse=True)
def waits_are_patient() -> Iterator[None]:
    """Let all waits be as long as those of tests where a test names no time."""
    simulated = (Simulator.wait_for, Simulator.wait_for_connections)
    stops = (AssetStream.stop, StreamGroup.stop, StreamGroup.remove)
    waits = (*simulated, Account.wait_for_subscribers, *stops)
    starts = (AssetStream.start, StreamGroup.start)
    with pytest.MonkeyPatch.context() as patch:
        for wait in (*waits, *starts):
            *others, timeout = wait.__defaults__ or ()
            assert timeout == (30.0 if wait in starts else 5.0)
            patch.setattr(wait, "__defaults__", (*others, PATIENCE))
        for module in (stream, group):
            patch.setattr(module, "START_TIMEOUT", PATIENCE)
        yield


@pytest.fixture(scope="session", autouse=True)
def imports_are_not_searched() -> Iterator[None]:
    """Keep modules imported so far out of every later garbage collection."""
    gc.freeze()
    # Seldom: after each module everything is searched.
    gc.set_threshold(10_000)
    gc.enable()
    yield
    gc.unfreeze()
    gc.collect()
    # pytest searches five times more.
    gc.freeze()


@pytest.fixture(scope="session")
def fonts() -> None:
    """Let matplotlib list the fonts, which it does once a user, beside a thread."""
    import matplotlib.font_manager  # noqa: F401 - its import does it


@pytest.fixture(autouse=True, scope="module")
def pure_rooms_only_compute(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Fail the module of a pure room that opens a socket, or starts a thread."""
    room, *_ = request.path.relative_to(TESTS).parts
    module = f"{room}/{request.path.stem.removeprefix('test_')}"
    pure = room in PURE or module in PURE_MODULES
    with only_computing() if pure else contextlib.nullcontext([]) as tried:
        yield tried


@pytest.fixture(autouse=True, scope="module")
def no_socket_is_left_open() -> Iterator[None]:
    """Collect garbage, so that sockets nobody closed warn and fail the test.

    What outlives its module (imports, caches) is not searched again before the end.
    """
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def exchange() -> Iterator[Simulator]:
    """A simulated exchange without rate limits."""
    with Simulator(rate_limits=False) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """An authority that no system trusts."""
    import trustme  # hardly a room needs it

    return trustme.CA(organization_name="Trusted Ltd")


@pytest.fixture(scope="session")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """The context of a user whose system trusts that authority."""
    from tests.support import certificates

    return certificates.trusting(authority)


@pytest.fixture(params=["upbit", "coinw"])
def account(request: pytest.FixtureRequest, exchange: Simulator) -> Account:
    """An account with BTC 1 and USDT 1000 on each of the exchanges in turn."""
    opened = getattr(exchange, request.param)({"BTC": "1", "USDT": "1000"})
    assert isinstance(opened, Account)
    return opened


@pytest.fixture
def accounts(exchange: Simulator) -> dict[str, Account]:
    """Four accounts on each of the exchanges, by the labels of their streams."""
    return open_accounts(exchange)


@pytest.fixture
def recorder() -> EventRecorder:
    """A recorder for the events of a stream."""
    return EventRecorder()


@pytest.fixture
def no_rate_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let streams reconnect and read again without delay."""
    monkeypatch.setattr(reconnect, "FIRST_WAIT", 0.0)
    at_once = Rate(1000, 1.0)
    for adapter in EXCHANGES.values():
        limits = replace(
            adapter.limits,
            connects=at_once,
            reads=at_once,
            connects_together=at_once,
            reads_together=at_once,
        )
        monkeypatch.setattr(adapter, "limits", limits)
    monkeypatch.setattr(session, "jitter", lambda: 0.0)


@pytest.fixture
def time_machine() -> Iterator[TimeMachine]:
    """The clock of the package, which the test moves forward."""
    with TimeMachine().installed() as machine:
        yield machine


@pytest.fixture
def outwait(
    time_machine: TimeMachine, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Let the first wait for a peer in this phase be in vain: its deadline comes.

    The clock jumps there, so the steps before it may take their time.
    """
    select, phases = CancelScope.select, list[str]()

    def waits(scope: CancelScope, selector: object, phase: str, *args: Any) -> Any:
        if phase in phases:
            phases.remove(phase)
            time_machine.jump(scope.left)
        return select(scope, selector, phase, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(CancelScope, "select", waits)
    return phases.append

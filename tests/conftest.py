"""What every test stands on: no thread and no socket may be left behind."""

from __future__ import annotations

import gc
import signal
import threading
import time
from typing import Iterator

import pytest
from msgspec.structs import replace

from assetstream import AssetStream, CoinW, Upbit
from assetstream.runtime import session
from assetstream.runtime.loop import clock
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.event_recorder import EventRecorder
from tests.support.groups import open_accounts


def pytest_configure() -> None:
    """Let Ctrl-C be heard, here and in what tests start.

    Shells have their background jobs ignore it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Fail the test that leaks a thread; an unclosed socket warns, so fails too."""
    before = set(threading.enumerate())
    yield
    # A thread that was told to end may need a moment to do so; none may stay.
    deadline = time.monotonic() + 2.0
    left = set(threading.enumerate()) - before
    for thread in left:
        thread.join(max(0.0, deadline - time.monotonic()))
    left = {thread for thread in left if thread.is_alive()}
    assert not left, f"threads left behind: {sorted(t.name for t in left)}"


@pytest.fixture(scope="session", autouse=True)
def imports_are_not_searched() -> Iterator[None]:
    """Spare every test's garbage collection what was imported before the first."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True, scope="module")
def no_socket_is_left_open() -> Iterator[None]:
    """Find unclosed sockets that only garbage collection sees; they warn, so fail."""
    yield
    gc.collect()


@pytest.fixture
def exchange() -> Iterator[Simulator]:
    """A simulated exchange that does not limit how often it is asked."""
    with Simulator(rate_limits=False) as simulator:
        yield simulator


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
    """Handlers, and what they are called with."""
    return EventRecorder()


@pytest.fixture
def no_rate_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams reconnect and read again at once, as far as backoff allows."""
    for adapter in (Upbit, CoinW):
        limits = replace(
            adapter.limits,
            connects_per_second=1000.0,
            reads_per_second=1000.0,
            connects_together=1000.0,
            reads_together=1000.0,
        )
        monkeypatch.setattr(adapter, "limits", limits)
    monkeypatch.setattr(session, "jitter", lambda: 0.0)


class TimeMachine:
    """Lets the monotonic clock jump, as it does when the machine was asleep."""

    def __init__(self) -> None:
        self._now = clock.now
        self._ahead = 0.0

    def now(self) -> float:
        return self._now() + self._ahead

    def jump(self, seconds: float, *streams: AssetStream) -> None:
        """Move forward, and wake the given streams, which sleep by the old clock."""
        self._ahead += seconds
        for stream in streams:
            engine = stream._run.started()
            engine.post(lambda: None)
            connection = engine.session.connection
            if connection is not None and connection._attempt is not None:
                connection._attempt._token._calls.post(lambda: None)


@pytest.fixture
def time_machine(monkeypatch: pytest.MonkeyPatch) -> TimeMachine:
    """The clock of every stream, to be moved forward."""
    machine = TimeMachine()
    monkeypatch.setattr(clock, "now", machine.now)
    return machine

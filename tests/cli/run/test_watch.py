"""A run of ``assetstream watch``: accounts, and the view that shows them."""

from __future__ import annotations

import errno
import itertools
import signal
from types import SimpleNamespace, TracebackType
from typing import Iterator

import pytest

from assetstream import (
    AssetStream,
    AssetUpdate,
    ConfigurationError,
    Progress,
    State,
    StateChange,
)
from assetstream.cli.run import watch
from assetstream.cli.run.watch import ViewEvent, WatchRun
from assetstream.simulator import Simulator


class RecordedView:
    """A view that keeps its events; it may fail like a full disk."""

    def __init__(self, failure: OSError | None = None) -> None:
        self.events: list[ViewEvent] = []
        self.paints = 0
        self.closed = False
        self._failure = failure

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closed = True

    def show(self, event: ViewEvent) -> None:
        """Keep the event."""
        self.events.append(event)
        if self._failure is not None:
            raise self._failure

    def paint(self) -> None:
        """Count the call."""
        self.paints += 1

    def states(self, account: str) -> list[State]:
        """Return the states that one account went through."""
        changes = [event for event in self.events if isinstance(event, StateChange)]
        return [each.current for each in changes if each.account == account]


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """Restore the test run's signal handlers afterwards."""
    kept = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def streams(exchange: Simulator) -> list[AssetStream]:
    """Make one stream on each exchange."""
    return [
        AssetStream(exchange.upbit({"BTC": 1}).exchange(), account="a"),
        AssetStream(exchange.coinw({"BTC": 2}).exchange(), account="b"),
    ]


def test_one_account_is_shown_to_its_last_event(streams: list[AssetStream]) -> None:
    """The view gets every event, is painted meanwhile, and is closed."""
    view = RecordedView()
    WatchRun(streams[:1], view, 0.3).run()

    assert view.states("a") == [State.CONNECTING, State.LIVE, State.STOPPED]
    assert [e.total for e in view.events if isinstance(e, AssetUpdate)] == [1]
    assert view.paints >= 1
    assert view.closed
    assert streams[0].state is State.STOPPED


def test_accounts_that_are_left_out_are_told_first(streams: list[AssetStream]) -> None:
    """The view is given their errors before any other event."""
    error = ConfigurationError("this account is left out", account="savings")
    view = RecordedView()
    WatchRun(streams[:1], view, 0.0, [error]).run()
    assert view.events[0] is error


def test_it_is_painted_four_times_a_second(
    exchange: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More updates give no more repaints."""
    account = exchange.upbit({"BTC": 1})
    ticks = itertools.count()
    now, painted = 0.0, list[float]()

    def monotonic() -> float:
        """Return a time that passes with each event."""
        nonlocal now
        now = next(ticks) / 32
        return now

    class Painted(RecordedView):
        def paint(self) -> None:
            painted.append(now)

    view = Painted()
    monkeypatch.setattr(watch, "time", SimpleNamespace(monotonic=monotonic))
    with account.trade(rate=500):
        WatchRun([AssetStream(account.exchange())], view, 4.0).run()
    pauses = [later - sooner for sooner, later in itertools.pairwise(painted)]

    assert len(painted) >= 16
    assert set(pauses) == {0.25}
    assert len(view.events) > len(painted)


def test_several_run_as_a_group(streams: list[AssetStream]) -> None:
    """Progress is shown, too, until all are stopped."""
    view = RecordedView()
    WatchRun(streams, view, 0.3).run()

    for account in "ab":
        assert view.states(account)[-2:] == [State.LIVE, State.STOPPED]
    progress = [event for event in view.events if isinstance(event, Progress)]
    assert progress[-1] == Progress(live=2, failed=0, total=2, settled=2)


def test_the_end_of_all_accounts_ends_it(exchange: Simulator) -> None:
    """The run ends before its time is over."""
    refused = exchange.coinw(permissions=[])
    view = RecordedView()
    WatchRun([AssetStream(refused.exchange(), account="a")], view, None).run()

    assert view.states("a")[-1] is State.FAILED


def test_the_first_ctrl_c_stops_and_the_second_interrupts(
    streams: list[AssetStream],
) -> None:
    """After the first the handler is Python's own."""

    class Impatient(RecordedView):
        def paint(self) -> None:
            handler = signal.getsignal(signal.SIGINT)
            if handler is not signal.default_int_handler:
                signal.raise_signal(signal.SIGINT)
                handlers.append(signal.getsignal(signal.SIGINT))

    handlers: list[object] = []
    view = Impatient()
    WatchRun(streams[:1], view, None).run()

    assert handlers == [signal.default_int_handler]
    assert view.states("a")[-1] is State.STOPPED


@pytest.mark.parametrize("code", [errno.EPIPE, errno.ENOSPC])
def test_an_output_that_fails_stops_the_accounts(
    streams: list[AssetStream], monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Only a reader that went away is a quiet end."""
    discarded: list[int] = []
    monkeypatch.setattr(watch, "discard_output", lambda: discarded.append(1))
    failure = OSError(code, "it cannot be written")
    run = WatchRun(streams, RecordedView(failure), None)
    if code == errno.EPIPE:
        run.run()
    else:
        with pytest.raises(OSError, match="cannot be written"):
            run.run()

    assert discarded == [1]
    assert {stream.state for stream in streams} == {State.STOPPED}

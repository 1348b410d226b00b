"""One stream from start to stop, with and without threads to be had."""

from __future__ import annotations

import sys
import threading
from typing import Any, Callable

import pytest

from assetstream import State, StreamStateError
from assetstream.runtime.dispatcher import Handlers
from assetstream.runtime.engine import StreamEngine
from assetstream.runtime.exchange_origin import ExchangeOrigin
from assetstream.runtime.loop.callback_threads import CallbackThreads
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.settings import make_settings
from assetstream.runtime.stream_run import StreamRun
from assetstream.runtime.threads import ThreadSet
from assetstream.simulator import Simulator
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.sockets import open_sockets

pytestmark = pytest.mark.usefixtures("no_rate_limits")


def make_run(exchange: Simulator, recorder: EventRecorder | None = None) -> StreamRun:
    adapter = exchange.upbit({"BTC": "1"}).exchange()
    settings = make_settings(
        adapter,
        account="mine",
        audit_interval="exchange",
        connect_timeout=10.0,
        max_pending=100,
        history=0,
        proxy=None,
        ssl_context=None,
    )
    handlers = Handlers()
    if recorder is not None:
        for kind in (handlers.asset, handlers.error, handlers.state):
            kind.add(recorder)
    return StreamRun(ExchangeOrigin(adapter), settings, handlers)


def own_threads() -> list[str]:
    names = (thread.name for thread in threading.enumerate())
    return sorted(name for name in names if name.startswith("assetstream-mine"))


def test_a_lone_stream_is_a_thread_set_of_one(
    exchange: Simulator, recorder: EventRecorder
) -> None:
    """The stream has a reader, a callback thread, and helpers while they work."""
    run = make_run(exchange, recorder)
    assert run.state is State.NEW
    assert own_threads() == []
    run.begin()
    recorder.wait_for_state(State.LIVE)
    assert set(own_threads()) == {
        "assetstream-mine-callbacks",
        "assetstream-mine-helper-1",
        "assetstream-mine-helper-2",
        "assetstream-mine-reader",
    }
    assert run.stop(PATIENCE)
    assert own_threads() == []
    assert recorder.states[-1] == "STOPPED"


def test_ctrl_c_right_behind_the_beginning(
    exchange: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream runs already, and is ended at once."""
    run, stop = make_run(exchange), ThreadSet.stop

    def interrupted(threads: ThreadSet) -> None:
        monkeypatch.setattr(ThreadSet, "stop", stop)
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadSet, "stop", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.begin()

    assert own_threads() == []
    assert run.state is State.STOPPED


def test_ctrl_c_at_every_line_of_the_beginning(exchange: Simulator) -> None:
    """Between two of them, too, where nothing is in the middle of anything."""
    code, line, reached = StreamRun._begin.__code__, 0, True

    def trace(frame: Any, event: str, arg: object) -> Any:
        nonlocal left
        if frame.f_code is not code:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    while reached:
        line += 1
        left, run = line, make_run(exchange)
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            run.begin()
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        reached = left <= 0
        assert run.stop(PATIENCE)
        assert run.state is State.STOPPED
        assert own_threads() == []
    assert line > 5


MOMENTS = [
    (ThreadSet, "start"),
    (ThreadSet, "reader_thread"),
    (StreamEngine, "__init__"),
    (StreamEngine, "begin"),
    (CallbackThreads, "serve"),
    (StreamEngine, "post"),
]


@pytest.mark.parametrize(("where", "name"), MOMENTS, ids=[n for _, n in MOMENTS])
@pytest.mark.parametrize("fault", [KeyboardInterrupt, RuntimeError])
def test_a_start_that_fails_leaves_nothing_behind(
    exchange: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
    fault: type[BaseException],
) -> None:
    """After Ctrl-C, or without a free thread, the stream is STOPPED."""
    before = open_sockets()
    run, real = make_run(exchange), getattr(where, name)

    def fail(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(where, name, real)
        raise fault

    monkeypatch.setattr(where, name, fail)
    with pytest.raises(fault):
        run.begin()

    assert own_threads() == []
    assert open_sockets() <= before
    assert run.state is State.STOPPED
    with pytest.raises(StreamStateError):
        run.begin()


@pytest.mark.parametrize(("where", "name"), MOMENTS, ids=[n for _, n in MOMENTS])
def test_stop_in_a_signal_handler_in_the_middle_of_a_start(
    exchange: Simulator, monkeypatch: pytest.MonkeyPatch, where: Any, name: str
) -> None:
    """``stop`` waits for nothing that it interrupts; the stream ends."""
    run, real, answers = make_run(exchange), getattr(where, name), list[bool]()

    def interrupted(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(where, name, real)
        if not answers:  # a bound method may have been kept
            answers.append(run.stop(PATIENCE))
        return real(*args, **options)

    monkeypatch.setattr(where, name, interrupted)
    run.begin()

    assert answers == [True]
    assert run.join(Deadline(PATIENCE))
    assert run.state is State.STOPPED
    assert own_threads() == []


def test_only_a_group_begins_one_that_it_adopted(exchange: Simulator) -> None:
    """The stream runs on the group's threads, which outlive it."""
    run, threads = make_run(exchange), ThreadSet("mine-group")
    live = threading.Event()
    run.adopt()
    uses: list[Callable[[], object]] = [run.adopt, run.begin]
    for use in uses:
        with pytest.raises(StreamStateError, match="it is in a group"):
            use()
    threads.start()
    run.begin_in(threads, lambda c: live.set() if c.current is State.LIVE else None)
    assert live.wait(PATIENCE)
    assert run.stop(PATIENCE)
    assert "assetstream-mine-group-reader" in own_threads()
    threads.stop()
    assert threads.join(Deadline(PATIENCE))
    assert own_threads() == []


def test_one_whose_group_was_stopped_does_not_begin(exchange: Simulator) -> None:
    """The stream is STOPPED without a thread."""
    run, threads = make_run(exchange), ThreadSet("mine-group")
    threads.stop()
    with pytest.raises(StreamStateError, match="its group was stopped"):
        run.begin_in(threads, lambda change: None)
    assert run.state is State.STOPPED


def test_what_is_new_is_adopted_and_observed(exchange: Simulator) -> None:
    """A started stream is refused, as part of it would be missed."""
    run = make_run(exchange)
    run.begin()
    uses: list[Callable[[], object]] = [
        run.adopt,
        lambda: run.witness(lambda event: None),
    ]
    for use in uses:
        with pytest.raises(StreamStateError):
            use()
    assert run.stop(PATIENCE)
    for use in uses:
        with pytest.raises(StreamStateError):
            use()


def test_the_reason_of_a_stop_is_the_last_change_s(
    exchange: Simulator, recorder: EventRecorder
) -> None:
    """The reason of a replaced stream is in its last StateChange."""
    run = make_run(exchange, recorder)
    run.begin()
    recorder.wait_for_state(State.LIVE)
    run.request_stop("replaced by a newer one")
    change = recorder.wait_for_state(State.STOPPED)
    assert change.reason == "replaced by a newer one"
    assert run.join(Deadline(PATIENCE))
    assert run.gone

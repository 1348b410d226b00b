"""Faults in a group stay with their account, and leave nothing behind."""

from __future__ import annotations

import logging
import os
import threading
import weakref

import pytest
from msgspec.structs import replace

from assetstream import (
    AssetStream,
    Progress,
    State,
    StreamGroup,
)
from assetstream.runtime import threads
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from assetstream.streams import registry
from assetstream.streams.stream import run_of
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import BALANCES, group_threads, streams, wait_until
from tests.support.processes import Program
from tests.support.sockets import open_sockets

pytestmark = pytest.mark.usefixtures("no_rate_limits")


@pytest.mark.parametrize("kind", ["on_asset", "on_progress"])
def test_only_what_holds_it_up_is_named(
    accounts: dict[str, Account], caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """Accounts that only wait for the same thread are not named."""
    entered, release = threading.Event(), threading.Event()

    def sit(event: object) -> None:
        entered.set()
        release.wait(PATIENCE)

    group = StreamGroup(streams(accounts), **{kind: sit})  # type: ignore[arg-type]
    group.start(wait=False)
    assert entered.wait(PATIENCE)
    assert not group.stop(0)
    ended = [run_of(stream).started().ended for stream in group]
    wait_until(lambda: all(event.happened for event in ended))
    assert not group.stop(0.05), "it does not wait for the handler"
    release.set()
    assert group.stop()

    ours = [r for r in caplog.records if r.name == "assetstream"]
    messages = [r.getMessage() for r in ours if r.levelname == "ERROR"]
    assert len(messages) == 1
    assert "a callback still runs" in messages[0]
    assert "sit, " in messages[0]


def test_a_removed_account_frees_its_key(
    accounts: dict[str, Account],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A new stream with that key does not compete with the group."""
    monkeypatch.setattr("assetstream.streams.registry._in_ipython", lambda: True)
    with StreamGroup(streams(accounts)) as group:
        group.remove("upbit-0")
        group.streams["upbit-1"].stop()
        with (
            AssetStream(accounts["upbit-0"].exchange()),
            AssetStream(accounts["upbit-1"].exchange()),
        ):
            assert group.health().states == {State.LIVE: 6, State.STOPPED: 1}
    assert not [r for r in caplog.records if "same key" in r.getMessage()]


def test_no_thread_for_one_that_is_added(
    accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``add`` raises without a change; a later one may find a thread."""
    monkeypatch.setattr(threads, "most_streams", lambda: 1)
    one, two = streams({"a": accounts["upbit-0"], "b": accounts["upbit-1"]})

    def no_thread(thread: object) -> None:
        raise RuntimeError("can't start new thread")

    with StreamGroup([one]) as group:
        before = open_sockets()
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", no_thread)
            with pytest.raises(RuntimeError):
                group.add(two)
        assert open_sockets() == before
        assert list(group.streams) == ["a"]
        assert two.state is State.STOPPED
        (again,) = streams({"b": accounts["upbit-1"]})
        group.add(again)
        wait_until(lambda: again.state is State.LIVE)


def test_stop_in_a_callback_leaves_nothing_behind(accounts: dict[str, Account]) -> None:
    """Without a second stop no thread, socket or reference is left."""
    before = open_sockets()
    group = StreamGroup(streams(accounts))
    group.start()
    group.on_asset(lambda update: group.stop())
    accounts["coinw-3"].deposit("BTC", "1")
    wait_until(lambda: not group_threads())
    # The simulator hangs up when it notices.
    wait_until(lambda: open_sockets() <= before)

    assert group not in registry._running.values()
    assert group.health().states == {State.STOPPED: 8}


def test_a_dead_reader_fails_its_accounts_and_is_replaced(
    exchange: Simulator, accounts: dict[str, Account], caplog: pytest.LogCaptureFixture
) -> None:
    """A fault in the loop leaves no account waiting."""
    caplog.set_level(logging.CRITICAL + 1, "assetstream")
    group = StreamGroup(streams(accounts), on_error=lambda error: None)
    group.start()
    (reader,) = group._run._threads._readers
    reader.calls.post(lambda: 1 // 0)  # type: ignore[arg-type]
    wait_until(lambda: group.health().states == {State.FAILED: 8})
    (late,) = streams({"late": exchange.coinw(BALANCES)})
    group.add(late)
    wait_until(lambda: late.state is State.LIVE)

    assert group.stop()
    assert not group_threads()


def test_a_logging_handler_that_raises_takes_no_thread_along(
    accounts: dict[str, Account], recorder: EventRecorder
) -> None:
    """The callback thread goes on with the other accounts."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("no space left")

    def fail(progress: Progress) -> None:
        raise ValueError

    handler, logger = Broken(logging.ERROR), logging.getLogger("assetstream")
    logger.addHandler(handler)
    try:
        with StreamGroup(streams(accounts), on_asset=recorder, on_progress=fail):
            accounts["coinw-0"].deposit("BTC", "1")
            recorder.wait_for(lambda u: u.available == 2)
    finally:
        logger.removeHandler(handler)


def test_rest_connections_are_never_shared_across_contexts(
    accounts: dict[str, Account],
) -> None:
    """A new context at a freed address has new connections, too."""

    class Context:
        pass

    (stream,) = streams({"a": accounts["upbit-0"]})
    group = StreamGroup([stream])
    context = Context()
    kept = weakref.ref(context)
    settings = replace(stream._run.settings, ssl_context=context)
    group._run._threads.shared.adapter(settings)
    del context, settings

    assert kept() is not None


EXIT = """
import os, sys, threading, warnings
from assetstream import AssetStream, CoinW, StreamGroup, StreamStateError, Upbit

group = StreamGroup(
    [AssetStream(Upbit(region="sg"), account="a"), AssetStream(CoinW(), account="b")]
)
group.start()
if "fork" in sys.argv:
    warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
    child = os.fork()
    if not child:
        for use in (group.stop, group.health, lambda: group.remove("a"), group.start):
            try:
                use()
            except StreamStateError as error:
                print("refused:", "After a fork" in str(error))
        print(repr(group), flush=True)
        sys.exit(0)
    os.waitpid(child, 0)
if "stuck" in sys.argv:
    group.on_state(lambda change: threading.Event().wait())
print(group.health().states["LIVE"], "LIVE")
"""


@pytest.mark.parametrize("how", ["fork" if hasattr(os, "fork") else "plain", "stuck"])
def test_the_interpreter_ends_while_a_group_runs(exchange: Simulator, how: str) -> None:
    """The exit is clean in a child process, and with a stuck handler."""
    environment = {
        **exchange.upbit(BALANCES).environment(),
        **exchange.coinw(BALANCES).environment(),
    }
    with Program("-c", EXIT, how, environment=environment) as program:
        assert program.finish() == 0, program.output

    assert program.out[-1] == "2 LIVE"
    if how == "fork":
        assert program.out[:-1] == [
            *["refused: True"] * 4,
            "<StreamGroup of another process>",
        ]
    if how == "stuck":
        assert "a callback still runs" in program.output
    else:
        assert program.err == []

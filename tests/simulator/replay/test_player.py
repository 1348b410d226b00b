"""Playing a tape to clients."""

from __future__ import annotations

import math
import threading
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from types import SimpleNamespace
from typing import Callable, cast

import pytest

from assetstream import (
    AssetStream,
    AssetStreamError,
    AuthenticationError,
    ConfigurationError,
    ProtocolError,
)
from assetstream.model.states import State
from assetstream.simulator import Replay, UpbitAccount
from assetstream.simulator.counts import ChangeSignal
from assetstream.simulator.replay import player
from tests.support.clients import read_balances, upbit_subscriber
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.tapes import line, opened, push, reply, write_tape

pytestmark = pytest.mark.usefixtures("no_rate_limits")


def test_a_long_tape_played_fast_has_no_date_in_the_future(tmp_path: Path) -> None:
    """The last change is dated now, however long the tape (K3)."""
    pushes = [push(15, "BTC", "2"), push(4000, "BTC", "3")]
    path = write_tape(
        tmp_path / "tape", "upbit", *opened(9, BTC="1"), reply(10, BTC="1"), *pushes
    )
    seen = EventRecorder()
    with (
        Replay(path, speed=math.inf) as replay,
        AssetStream(replay.account.exchange(), **seen.handlers()),
    ):
        last = seen.wait_for(lambda e: str(getattr(e, "total", "")) == "3")

    assert not [e for e in seen.events if isinstance(e, ProtocolError)]
    assert abs((last.received - last.time).total_seconds()) < PATIENCE


def test_attempts_fail_as_they_did(tmp_path: Path) -> None:
    """The client gets the refusal and the broken connection, then goes on."""
    path = write_tape(
        tmp_path / "tape",
        "coinw",
        line(0, "connecting"),
        line(0, "refused", status=503, headers={"retry-after": "0"}, text="busy"),
        *opened(1, "coinw", BTC="1"),
        line(2, "closed", code=None, reason=""),
        line(3, "connecting"),
        *opened(4, "coinw", BTC="2"),
    )
    seen = EventRecorder()
    with (
        Replay(path, speed=math.inf) as replay,
        AssetStream(replay.account.exchange(), **seen.handlers()),
    ):
        seen.wait_for_state(State.LIVE, times=2)
        assert replay.wait_for_end(PATIENCE)
        assert replay.played.position == replay.played.length == 4.0

    errors = [str(error) for error in seen.of(AssetStreamError)]
    assert "HTTP 503" in errors[0]
    assert len(errors) >= 3
    assert replay.cut_off


def test_the_tape_waits_for_who_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a client nothing is pushed, so a restarted bot misses nothing."""
    ahead = 0.0
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + ahead)
    monkeypatch.setattr(player, "time", clock)
    # The player has looked at its clock, and waits for a push that is still to come.
    waits_for_push = threading.Semaphore(0)
    wait_for = ChangeSignal.wait_for

    def watched(
        signal: ChangeSignal,
        met: Callable[[], object],
        timeout: float,
        describe: Callable[[], str],
    ) -> None:
        if threading.current_thread().name.endswith("replay") and 900 < timeout < 2000:
            waits_for_push.release()
        wait_for(signal, met, timeout, describe)

    monkeypatch.setattr(ChangeSignal, "wait_for", watched)
    pushes = [push(11, "BTC", "2"), push(12, "BTC", "3")]
    path = write_tape(tmp_path / "tape", "upbit", *opened(10, BTC="1"), *pushes)
    with Replay(path, speed=0.001) as replay:
        for pushed, amount in enumerate(("1", "2", "3")):
            seen = EventRecorder()
            # No audit has the player look at its clock while the client is there.
            with AssetStream(
                replay.account.exchange(), audit_interval=None, **seen.handlers()
            ):
                seen.wait_for(lambda e, a=amount: str(getattr(e, "total", "")) == a)
                if amount != "3":
                    assert waits_for_push.acquire(timeout=PATIENCE)
                ahead += 1000  # the next push is due when the client is gone
            replay.account.wait_for_subscribers(0, PATIENCE)
            assert amount == "3" or not replay.wait_for_end(0.1)
            assert replay.played.frames == pushed
        assert replay.wait_for_end(PATIENCE)


def test_a_client_that_reads_nothing_is_played_to(tmp_path: Path) -> None:
    """The player goes on after a while; thousands of frames are buffered."""
    many = 3000
    pushes = [push(10 + n / 100, "BTC", str(n)) for n in range(many)]
    path = write_tape(tmp_path / "tape", "upbit", *opened(10, BTC="1"), *pushes)
    with (
        Replay(path, speed=math.inf) as replay,
        upbit_subscriber(cast(UpbitAccount, replay.account)) as client,
    ):
        amounts = [client.receive()["assets"][0]["balance"] for _ in range(many)]
        assert replay.wait_for_end(PATIENCE)

    assert amounts == list(range(many))


def test_it_stops_while_clients_wait(tmp_path: Path) -> None:
    """A client waits in a read that is still to come."""
    late = [line(0, "opened"), line(100, "read"), reply(100, BTC="1")]
    path = write_tape(tmp_path / "tape", "upbit", *late)

    def ask() -> None:
        with suppress(OSError, HTTPException):  # cut off, or answered: either ends it
            read_balances(account)

    with Replay(path) as replay:
        account = cast(UpbitAccount, replay.account)
        with upbit_subscriber(account):
            asking = threading.Thread(target=ask)
            asking.start()
            account.context.signal.wait_for(lambda: account.seen.reads, PATIENCE, str)
            replay.stop()
            asking.join(PATIENCE)

    assert not asking.is_alive()


def test_a_refused_login_is_refused_again(tmp_path: Path) -> None:
    """The refusal has the exchange's words, though the key is right."""
    words = (
        '{"data":{"result":false,"errorCode":1003,"errorMsg":"bad"},"channel":"login"}'
    )
    # The read comes behind the refusal, so the stream is not LIVE before.
    read = [line(1, "read"), reply(1, "coinw", BTC="1")]
    lines = [line(0, "opened"), line(0.1, "received", text=words), *read]
    path = write_tape(tmp_path / "tape", "coinw", *lines)
    with Replay(path) as replay, pytest.raises(AuthenticationError, match="bad"):
        AssetStream(replay.account.exchange()).start()


def test_a_clock_that_jumped_jumps_again(tmp_path: Path) -> None:
    """Only changes dated in the future are so in the replay (K3)."""
    late = reply(20, BTC="2") | {"headers": {"date": "Wed, 01 Jan 2025 01:00:20 GMT"}}
    path = write_tape(
        tmp_path / "tape",
        "upbit",
        *opened(10, BTC="1"),
        line(19, "closed", code=1001, reason=""),
        *[line(20, "opened"), late, push(20 + 3600, "BTC", "3") | {"at": 21}],
        push(20 + 3601, "BTC", "4") | {"at": 22},
    )
    seen = EventRecorder()
    with (
        Replay(path, speed=math.inf) as replay,
        AssetStream(replay.account.exchange(), **seen.handlers()),
    ):
        seen.wait_for(lambda e: str(getattr(e, "total", "")) == "4")

    assert not [e for e in seen.events if isinstance(e, ProtocolError)]


def test_a_tape_that_cannot_be_played_on_is_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A time past all clocks ends the replay, so that nobody waits."""
    lines = [*opened(9, BTC="1"), push(10, "BTC", "2") | {"at": 1e308}]
    path = write_tape(tmp_path / "tape", "upbit", *lines)
    with (
        Replay(path, speed=math.inf) as replay,
        upbit_subscriber(cast(UpbitAccount, replay.account)),
        pytest.raises(ConfigurationError, match="OverflowError") as raised,
    ):
        replay.wait_for_end(PATIENCE)

    assert "edited" in str(raised.value)
    assert "cannot be played any further" in caplog.text
    assert not replay.played.ended


def test_a_reason_that_no_close_frame_holds_is_shortened(tmp_path: Path) -> None:
    """The cut may be within a character."""
    closed = line(10, "closed", code=4000, reason="é" * 100)
    path = write_tape(tmp_path / "tape", "upbit", *opened(9, BTC="1"), closed)
    with (
        Replay(path, speed=math.inf) as replay,
        upbit_subscriber(cast(UpbitAccount, replay.account)) as client,
    ):
        _, end = client.until_closed()

    assert end.rcvd is not None
    assert (end.rcvd.code, end.rcvd.reason) == (4000, "é" * 61)

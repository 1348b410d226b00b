"""Streams that run in one process, with the same key or until its end."""

from __future__ import annotations

import gc

import pytest

from assetstream import (
    AssetStream,
    State,
    StreamStateError,
)
from assetstream.simulator.account import Account
from assetstream.streams import registry
from tests.support.event_recorder import EventRecorder

pytestmark = pytest.mark.usefixtures("no_rate_limits")


def test_a_stream_that_nobody_holds_is_stopped_at_exit(account: Account) -> None:
    """The registry keeps a running stream until it has ended."""
    recorder = EventRecorder()
    AssetStream(account.exchange(), on_state=recorder).start()
    gc.collect()
    registry._stop_all()

    assert recorder.states == ["CONNECTING", "LIVE", "STOPPED"]


def test_two_streams_of_one_key_are_allowed_with_a_warning(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """A script may do so; a notebook replaces the older one."""
    with AssetStream(account.exchange()) as one, AssetStream(account.exchange()) as two:
        assert one.state is two.state is State.LIVE
        assert "another stream with the same key" in caplog.text


def test_inside_ipython_the_older_stream_is_replaced(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Running a cell again adds no second connection."""
    monkeypatch.setattr("assetstream.streams.registry._in_ipython", lambda: True)
    older = AssetStream(account.exchange())
    older.start()
    with AssetStream(account.exchange()) as newer:
        assert older.state is State.STOPPED
        with pytest.raises(StreamStateError):
            older.start()
        assert newer.state is State.LIVE

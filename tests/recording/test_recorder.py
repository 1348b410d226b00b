"""Recording a stream that another part of a program made."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from assetstream import (
    AssetStream,
    ConfigurationError,
    ConnectionLost,
    Source,
    StreamGroup,
    StreamStateError,
    Verdict,
)
from assetstream.doctor import connection
from assetstream.recording import Recorder
from assetstream.recording.tape import read_tape
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder


def lines(path: Path) -> list[dict[str, Any]]:
    """Return all lines but the header."""
    return [json.loads(line) for line in path.read_text().splitlines()[1:]]


@pytest.mark.usefixtures("no_rate_limits")
def test_a_session_with_an_outage(
    exchange: Simulator, account: Account, tmp_path: Path, time_machine: TimeMachine
) -> None:
    """The tape has all traffic and events in order."""
    path = tmp_path / "tape"
    stream = AssetStream(
        account.exchange(), audit_interval=None, on_error=lambda error: None
    )
    with Recorder(stream, path) as recorder, stream:
        time_machine.jump(12)  # REST has caught up with the first read.
        with stream.expect(lambda u: u.currency == "BTC", timeout=PATIENCE):
            account.deposit("BTC", "0.25")
        with (
            stream.expect(lambda u: u.source is Source.RECOVERED, timeout=PATIENCE),
            exchange.refuse_upgrades(503, "maintenance"),
        ):
            exchange.close_connections(1001, "soon back")
            account.withdraw("USDT", "10")
            exchange.wait_for(lambda seen: seen.refused)
    tape = read_tape(path)
    kinds = [line.kind for line in tape.lines if line.kind not in ("sent", "received")]

    assert tape.header.exchange == account.name
    assert tape.header.options.get("region") == (
        "sg" if account.name == "upbit" else None
    )
    began = ["connecting", "opened", "ready", "read", "reply", "state"]
    refused = ["connecting", "refused", "error"]
    assert kinds[:7] == ["state", *began]
    assert kinds[7:13] == ["closed", "error", "state", *refused]
    assert kinds[-8:] == [*began, "state", "end"]
    (closed,) = [line.fields for line in tape.lines if line.kind == "closed"]
    assert closed == {"code": 1001, "reason": "soon back"}
    reply = next(line.fields for line in tape.lines if line.kind == "refused")
    assert (reply["status"], reply["text"]) == (503, "maintenance")
    (gap,) = [line.fields["gap"] for line in tape.lines if "gap" in line.fields]
    assert gap["recovered"] == 1
    assert [line.at for line in tape.lines] == sorted(line.at for line in tape.lines)
    assert recorder.frames == sum(line.kind == "received" for line in tape.lines)
    assert recorder.size == path.stat().st_size
    assert (recorder.lost, recorder.error) == (0, None)


@pytest.mark.usefixtures("no_rate_limits")
def test_it_is_no_handler_of_the_users(
    exchange: Simulator,
    account: Account,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    time_machine: TimeMachine,
) -> None:
    """Without on_error, errors are still logged."""
    stream = AssetStream(account.exchange())
    with (
        caplog.at_level(logging.WARNING),
        Recorder(stream, tmp_path / "tape"),
        stream,
        stream.expect(lambda u: True, timeout=PATIENCE),
    ):
        time_machine.jump(12)  # REST has caught up with the first read.
        exchange.drop_connections()
        account.deposit("BTC", "1")

    assert "ConnectionLost" in caplog.text
    assert "error" in [line["kind"] for line in lines(tmp_path / "tape")]


def test_a_failure_on_the_way_is_recorded(
    exchange: Simulator, tmp_path: Path, account: Account
) -> None:
    """A read without an answer is recorded as an error."""
    adapter = account.exchange()
    exchange.stop()
    events = EventRecorder()
    stream = AssetStream(adapter, **events.handlers())
    with Recorder(stream, tmp_path / "tape"):
        stream.start(wait=False)
        events.wait_for(lambda event: isinstance(event, ConnectionLost))
        stream.stop()

    kinds = [line["kind"] for line in lines(tmp_path / "tape")]
    assert kinds[:3] == ["state", "connecting", "error"]


def test_a_stream_of_a_group(account: Account, tmp_path: Path) -> None:
    """One account is recorded; the group is undisturbed."""
    stream = AssetStream(account.exchange())
    with Recorder(stream, tmp_path / "tape"), StreamGroup([stream]) as group:
        assert group.total("BTC") == 1

    assert [line["kind"] for line in lines(tmp_path / "tape")][-1] == "end"


def test_a_stream_that_runs_is_not_recorded(account: Account, tmp_path: Path) -> None:
    """Half a session cannot be replayed, so no file is left."""
    with (
        AssetStream(account.exchange()) as stream,
        pytest.raises(StreamStateError, match="before start"),
    ):
        Recorder(stream, tmp_path / "tape").start()

    assert not (tmp_path / "tape").exists()


def test_a_recorded_stream_is_diagnosed_as_any_other(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor asks the user's own exchange, and is not on the tape."""
    monkeypatch.setattr(connection, "PING_INTERVAL", 0.02)
    own = account.exchange()
    stream = AssetStream(own)
    path = tmp_path / "tape"
    with Recorder(stream, path):
        assert stream.exchange is own
        diagnosis = stream.diagnose()

    assert diagnosis.verdict is Verdict.GREEN, diagnosis
    assert [line["kind"] for line in lines(path)] == ["end"]


def test_after_its_end_the_stream_goes_on(account: Account, tmp_path: Path) -> None:
    """Closing the recorder ends only the tape."""
    stream = AssetStream(account.exchange())
    recorder = Recorder(stream, tmp_path / "tape")
    recorder.start()
    with stream:
        recorder.close()
        recorder.close()
        with stream.expect(lambda u: u.currency == "BTC", timeout=PATIENCE):
            account.deposit("BTC", "1")

    assert [line["kind"] for line in lines(tmp_path / "tape")][-1] == "end"


def test_what_could_not_begin_may_begin_again(account: Account, tmp_path: Path) -> None:
    """A start that failed can be repeated; a running recorder starts once."""
    path = tmp_path / "tape"
    path.write_text("in the way")
    stream = AssetStream(account.exchange())
    recorder = Recorder(stream, path)
    with pytest.raises(ConfigurationError, match=r"exists already.*overwrite=True\.$"):
        recorder.start()
    path.unlink()
    with recorder, stream, pytest.raises(StreamStateError, match="records once"):
        recorder.start()
    kinds = [line.kind for line in read_tape(path).lines]

    assert kinds.count("connecting") == kinds.count("opened") == 1

"""The connections of a tape."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetstream import CoinW, Upbit
from assetstream.recording.tape import read_tape
from assetstream.simulator.replay.connections import (
    Disconnect,
    FailedAttempt,
    RecordedConnection,
    RecordedFrame,
    RecordedReply,
    epoch,
    read_connections,
    redated,
)
from tests.support.tapes import (
    DATE,
    MILLISECONDS,
    Line,
    line,
    opened,
    push,
    reply,
    write_tape,
)

EXCHANGES = {"upbit": Upbit("k", "s", region="sg"), "coinw": CoinW("k", "s")}


def cut(
    tmp_path: Path, *lines: Line, exchange: str = "upbit"
) -> list[RecordedConnection]:
    tape = read_tape(write_tape(tmp_path / "tape", exchange, *lines))
    return read_connections(tape, EXCHANGES[exchange])


def test_a_close_parts_two_connections(tmp_path: Path) -> None:
    """Each has its own frames, and the close's code."""
    first, second = cut(
        tmp_path,
        *opened(0, BTC="1"),
        push(1, "BTC", "2"),
        line(2, "closed", code=1001, reason="soon back"),
        line(2, "state", previous="LIVE", current="STALE", reason=""),
        *opened(3, BTC="3"),
    )

    assert first.disconnect == Disconnect(2.0, 1001, "soon back")
    assert [type(event) for event in first.events] == [RecordedReply, RecordedFrame]
    assert (second.opened, second.disconnect) == (3.0, None)
    assert (first.failures, second.failures) == ([], [])


def test_a_connection_that_broke_ends_when_it_was_noticed(tmp_path: Path) -> None:
    """Without a close frame it ends at the change of state."""
    first, second = cut(
        tmp_path,
        *opened(0, BTC="1"),
        line(5, "state", previous="LIVE", current="STALE", reason="silent"),
        *opened(9, BTC="1"),
    )

    assert first.disconnect == Disconnect(5.0)
    assert second.opened == 9.0


def test_a_reconnect_before_live_is_an_end_too(tmp_path: Path) -> None:
    """The next attempt marks the end, as no state does."""
    first, _ = cut(tmp_path, *opened(0, BTC="1"), *opened(9, BTC="1"))

    assert first.disconnect == Disconnect(9.0)


def test_attempts_that_failed_belong_to_the_next_connection(tmp_path: Path) -> None:
    """Refused and broken attempts precede it; the last ones have none."""
    _, second, last = cut(
        tmp_path,
        *opened(0, BTC="1"),
        line(1, "closed", code=None, reason=""),
        line(2, "connecting"),
        line(2.5, "error", error="ConnectionLost", message="", fatal=False),
        line(3, "connecting"),
        line(3, "refused", status=503, headers={"retry-after": "1"}, text="busy"),
        *opened(4, BTC="1"),
        line(5, "closed", code=1000, reason=""),
        line(6, "connecting"),
        line(6, "refused", status=401, headers={}, text=""),
    )

    assert [failure.at for failure in second.failures] == [2.5, 3.0]
    broken, refused = second.failures
    assert broken == FailedAttempt(2.5, None)
    assert refused.reply is not None
    assert (refused.reply.status, refused.reply.body) == (503, b"busy")
    assert refused.reply.headers == {"retry-after": "1"}
    assert last.opened is None
    assert [failure.at for failure in last.failures] == [6.0]


LISTED = '{"method":"LIST_SUBSCRIPTIONS","result":[{"type":"myAsset"}]}'


@pytest.mark.parametrize(
    ("exchange", "text", "replayed"),
    [
        ("upbit", '{"status":"UP"}', False),
        ("upbit", LISTED, False),
        ("upbit", LISTED.replace("myAsset", "myOrder"), True),  # It ends the stream.
        ("upbit", '{"error":{"name":"TOO_MANY_REQUEST","message":""}}', True),
        ("upbit", "garbled", True),
        ("coinw", '{"event":"pong"}', False),
        ("coinw", '{"data":{"result":true},"channel":"login"}', False),
        ("coinw", '{"data":{"result":false},"channel":"login"}', True),
        ("coinw", '{"biz":"news","type":"news"}', True),
    ],
)
def test_what_the_simulator_answers_itself_is_left_out(
    tmp_path: Path, exchange: str, text: str, replayed: bool
) -> None:
    """The simulator's own answers would come twice; all else is pushed."""
    lines = [*opened(0, exchange, BTC="1"), line(1, "received", text=text)]
    (connection,) = cut(tmp_path, *lines, exchange=exchange)
    frames = [event for event in connection.events if isinstance(event, RecordedFrame)]

    assert [frame.payload.decode() for frame in frames] == ([text] if replayed else [])


def test_the_first_balances_are_distinguished_from_later_ones(tmp_path: Path) -> None:
    """Errors, and empty lists without confirmation, are not balances."""
    wrong = line(1, "reply", status=500, headers={}, text="")
    (connection,) = cut(
        tmp_path, line(0, "opened"), wrong, reply(2), reply(3), wrong, reply(4)
    )
    answers = [event for event in connection.events if isinstance(event, RecordedReply)]

    assert [answer.settled for answer in answers] == [False, False, False, True, True]


def test_time_is_the_exchanges_own(tmp_path: Path) -> None:
    """A reply's Date corrects the recording machine's clock."""
    dated = read_tape(write_tape(tmp_path / "dated", "upbit", reply(10, BTC="1")))
    undated = read_tape(write_tape(tmp_path / "undated", "upbit"))

    assert DATE.endswith("00:00:10 GMT")
    assert epoch(dated) == MILLISECONDS / 1000 + 0.5
    assert epoch(undated) == MILLISECONDS / 1000 - 3600


@pytest.mark.parametrize(
    ("exchange", "frame"),
    [
        ("upbit", b'{"asset_timestamp":%d,"tms" : %d,"balance":1735689600000}'),
        (
            "coinw",
            b'{"data":"{\\"time\\":%d}","time":"%d","time":17356896000000001,'
            b'"available":1735689600000}',
        ),
    ],
)
def test_dates_are_moved_and_nothing_else(exchange: str, frame: bytes) -> None:
    """Dates in every spelling move; a counter that is called a time does not."""
    times = tuple(range(MILLISECONDS, MILLISECONDS + 2))

    moved = frame % tuple(time - 7 for time in times)
    assert redated(frame % times, -7, exchange) == moved

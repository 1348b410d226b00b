"""The behaviour of all conversations, on the smallest possible one."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import pytest

from assetstream.exchanges.common.conversation import (
    Heartbeat,
    Phase,
    PhasedConversation,
)
from assetstream.exchanges.common.entries import PushedBalances, UnreadableFrame
from assetstream.model.errors import AssetStreamError, ConnectionLost
from assetstream.protocol import (
    NEVER,
    Alive,
    BalanceReport,
    Connect,
    Fail,
    Instant,
    Ping,
    Ready,
    Report,
    Send,
    Step,
)
from tests.support.specs import NONCE, at, kinds, make_upbit

PUSH = PushedBalances([BalanceReport("BTC", None, None)], {"ETH": "odd"})
FRAMES: dict[bytes, Any] = {b"push": PUSH, b"?": UnreadableFrame("odd"), b"no": "no"}


class Smallest(PhasedConversation[str]):
    """Subscribes for 3 s, then waits 4 s for a pong; frames come from a table."""

    def connect(self, instant: Instant, nonce: str) -> Connect:
        return Connect("wss://example.com")

    def refused(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> AssetStreamError:
        return ConnectionLost("refused")

    def opened(self, instant: Instant, nonce: str) -> Sequence[Step]:
        self._heartbeat.start(instant.now)
        self._enter(Phase.SUBSCRIBING, instant.now + 3.0)
        return []

    def closing(self, instant: Instant) -> Sequence[Send]:
        return []

    def _read_tolerantly(self, frame: bytes) -> Sequence[Any]:
        return [FRAMES[frame]]

    def _on_notice(self, notice: str, frame: bytes, instant: Instant) -> Sequence[Step]:
        return [self._fail(ConnectionLost(notice))]

    def _on_timeout(self, instant: Instant) -> Sequence[Step]:
        if self._phase is Phase.PINGING:
            return [self._fail(ConnectionLost("no pong"))]
        self._heartbeat.pinged(instant.now)
        self._enter(Phase.PINGING, instant.now + 4.0)
        return [self._ping(instant)]

    def _ping(self, instant: Instant) -> Step:
        return Ping()


def opened() -> Smallest:
    """Return a conversation opened at time 0, with a ping interval of 20 s."""
    conversation = Smallest(make_upbit())
    conversation.opened(at(0.0), NONCE)
    return conversation


def test_r1_the_first_push_proves_and_only_it() -> None:
    """Ready comes before the Report; only the heartbeat is due after it."""
    conversation = opened()
    assert conversation.deadline == 3.0

    steps = conversation.received([b"push", b"push"], at(1.0))

    assert kinds(steps) == ["Ready", "Report", "Warn", "Report", "Warn"]
    assert conversation.deadline == 20.0


def test_what_is_read_fast_is_one_report_of_a_proved_connection() -> None:
    """R1: before the proof, each frame is read by itself."""
    conversation = opened()
    fast = {b"push": [BalanceReport("BTC", None, None)] * 2, b"none": []}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            conversation, "_read_expected", lambda frames: fast.get(frames[0])
        )
        first, then, none, odd = (
            conversation.received([frame], at(1.0))
            for frame in (b"push", b"push", b"none", b"?")
        )

    assert kinds(first) == ["Ready", "Report"]
    assert then == [Report(fast[b"push"])]
    assert list(none) == []
    assert kinds(odd) == ["Warn"]


def test_without_a_fast_way_each_frame_is_read_by_itself() -> None:
    """An adapter may be written without one; a proved connection reports the same."""
    conversation = opened()
    conversation.received([b"push"], at(1.0))

    steps = conversation.received([b"push", b"push"], at(2.0))

    assert kinds(steps) == ["Report", "Warn", "Report", "Warn"]


def test_r1_a_pong_proves_only_where_it_was_asked_for() -> None:
    """An early pong is life only; the awaited one is the proof too."""
    conversation = opened()

    assert list(conversation.pong(at(1.0))) == [Alive()]
    assert list(conversation.due(at(3.0))) == [Ping()]
    assert conversation.deadline == 7.0
    assert list(conversation.pong(at(3.5))) == [Alive(0.5), Ready()]
    assert conversation.deadline == 23.0


def test_a_failure_ends_everything() -> None:
    """No frame and no time gives more steps; the close has the failure."""
    conversation = opened()
    steps = conversation.received([b"?", b"no", b"push"], at(1.0))

    assert kinds(steps) == ["Warn", "Fail"]
    assert isinstance(steps[1], Fail)
    assert conversation.deadline == NEVER
    assert list(conversation.due(at(100.0))) == []
    assert conversation.closed(1000, "") is steps[1].error


def test_l7_a_connection_is_renewed_before_the_exchange_ends_it() -> None:
    """Once; it goes on meanwhile, for there may be a queue."""
    conversation = opened()
    conversation.received([b"push"], at(1.0))
    conversation._ends_at = 23.0
    conversation._enter(Phase.READY)

    assert kinds(conversation.due(at(23.0))) == ["Ping", "Renew"]
    assert conversation.deadline == 43.0
    assert "Report" in kinds(conversation.received([b"push"], at(23.1)))
    assert kinds(conversation.due(at(43.0))) == ["Ping"]


def test_patience_that_ends_in_failure_sends_no_ping() -> None:
    """A ping due at the same time is not sent."""
    conversation = opened()
    conversation.due(at(3.0))

    assert kinds(conversation.due(at(100.0))) == ["Fail"]


def test_reports_are_joined_until_another_step() -> None:
    """Consecutive frames of one read are one report, in order."""
    conversation = opened()
    report = BalanceReport("ETH", None, None)
    frames = {
        b"two": [PushedBalances([report]), PushedBalances([report])],
        b"empty": [PushedBalances([])],
        b"?": [UnreadableFrame("odd")],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversation, "_read_tolerantly", lambda frame: frames[frame])
        steps = conversation.received([b"two", b"empty", b"two", b"?", b"two"], at(1.0))

    assert steps == [Ready(), Report([report] * 4), steps[2], Report([report] * 2)]
    assert kinds(steps)[2] == "Warn"


def test_pings_of_many_connections_fall_together() -> None:
    """None is late; a thread that serves a thousand wakes for many of them at once."""
    beats = set()
    for number in range(1000):
        now = 1e6 + number * 0.0199
        heartbeat = Heartbeat(20.0)
        heartbeat.start(now)
        for _ in range(3):
            assert now + 19.0 < heartbeat.next <= now + 20.0 + 1e-6
            now = heartbeat.next + 0.003
            heartbeat.pinged(now)
        beats.add(heartbeat.next)

    assert len(beats) <= 21


def test_an_answer_is_the_oldest_open_pings() -> None:
    """A second ping before the first answer does not shorten the round trip."""
    heartbeat = Heartbeat(5.0)
    assert heartbeat.next == NEVER
    heartbeat.start(0.0)
    heartbeat.pinged(5.0)
    heartbeat.pinged(10.0)

    assert heartbeat.next == 15.0
    assert heartbeat.answered(11.0) == Alive(6.0)
    assert heartbeat.answered(12.0) == Alive(None)


def test_r1_where_nothing_acknowledges_a_pong_proves() -> None:
    """A ping is sent at once, and its pong has a deadline of its own."""
    conversation = opened()

    assert conversation._ask_for_pong(at(1.0)) == Ping()
    assert conversation.deadline == 11.0
    assert list(conversation.pong(at(1.5))) == [Alive(0.5), Ready()]


def test_r1_without_that_pong_the_connection_is_of_no_use() -> None:
    """The subscription is not proved; the error says who did not answer."""
    conversation = opened()
    conversation._ask_for_pong(at(1.0))
    step = conversation._no_pong()

    assert isinstance(step.error, ConnectionLost)
    assert str(step.error).startswith("Upbit did not answer a ping sent after")
    assert conversation.deadline == NEVER

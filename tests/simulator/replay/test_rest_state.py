"""REST's reply between two recorded replies."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from assetstream import CoinW, Upbit
from assetstream.protocol import BalanceReport, Exchange
from assetstream.simulator.messages import Reply
from assetstream.simulator.replay.connections import RecordedReply
from assetstream.simulator.replay.rest_state import RestState
from tests.support.tapes import reply

EXCHANGES: dict[str, Exchange] = {
    "upbit": Upbit("k", "s", region="sg"),
    "coinw": CoinW("k", "s"),
}


class TapeState:
    """A tape, and the balances that REST shows at its present point."""

    def __init__(self, name: str) -> None:
        self._exchange = EXCHANGES[name]
        self._shown = RestState(name)

    def push(self, at: float, currency: str, amount: str, key: int = 0) -> None:
        report = BalanceReport(
            currency, Decimal(amount), Decimal(0), (key, 0) if key else None
        )
        self._shown.pushed([report], at)

    def answer(self, at: float, status: int = 200, **balances: str) -> None:
        body = reply(at, self._exchange.name, **balances)["text"].encode()
        content = Reply(status, body if status == 200 else b"broken")
        good = None
        if status == 200:
            good = self._exchange.read_replied(200, {}, body)
        self._shown.replied(RecordedReply(at, at - 0.1, content, good, settled=True))

    def connected(self) -> None:
        self._shown.connected()

    def end(self) -> None:
        self._shown.ended()

    @property
    def now(self) -> Any:
        shown = self._shown.reply
        if shown is None or shown.status != 200:
            return shown and shown.status
        read = self._exchange.read_replied(200, {}, shown.body)
        return {each.currency: str(each.available) for each in read.balances}


@pytest.fixture(params=list(EXCHANGES))
def tape(request: pytest.FixtureRequest) -> TapeState:
    """Make a tape in each form of replies."""
    return TapeState(request.param)


def test_what_was_pushed_since_is_shown(tape: TapeState) -> None:
    """Pushed currencies are updated or added in the reply."""
    assert tape.now is None
    tape.answer(0, BTC="1", XRP="5")
    tape.push(20, "BTC", "2")
    tape.push(21, "ETH", "0.00000015")

    assert tape.now == {"BTC": "2", "XRP": "5", "ETH": "1.5E-7"}


def test_a_later_reply_has_what_no_push_had(tape: TapeState) -> None:
    """A recorded reply is believed about a deposit without push (A2)."""
    tape.push(0, "BTC", "1")
    tape.answer(60, BTC="3")

    assert tape.now == {"BTC": "3"}


def test_a_reply_that_raced_with_a_push_does_not_undo_it(tape: TapeState) -> None:
    """A reply sent within 10 s of a push does not count (A2)."""
    tape.answer(0, BTC="1")
    tape.push(55, "BTC", "2")
    tape.answer(60, BTC="1")

    assert tape.now == {"BTC": "2"}


def test_a_lagging_reply_does_not_undo_a_push(tape: TapeState) -> None:
    """An earlier value within 60 s does not count (A3)."""
    tape.answer(0, BTC="1")
    tape.push(20, "BTC", "2")
    tape.answer(60, BTC="1")
    assert tape.now == {"BTC": "2"}
    tape.answer(90, BTC="1")

    assert tape.now == {"BTC": "1"}, "after so long it is no lag"


def test_a_new_connection_begins_with_its_own_read(tape: TapeState) -> None:
    """Pushes before the outage are older than the read (S1)."""
    tape.answer(0, BTC="1")
    tape.push(20, "BTC", "2")
    tape.connected()
    tape.answer(22, BTC="3")

    assert tape.now == {"BTC": "3"}


def test_a_push_that_came_late_changes_nothing(tape: TapeState) -> None:
    """The key of an older push is smaller (K1)."""
    tape.answer(0, BTC="1")
    tape.push(20, "BTC", "2", key=8)
    tape.push(21, "BTC", "9", key=7)

    assert tape.now == {"BTC": "2"}


def test_an_error_lasts_to_the_next_reply(tape: TapeState) -> None:
    """The last error lasts to the end of the tape."""
    tape.answer(0, BTC="1")
    tape.answer(60, status=500)
    assert tape.now == 500
    tape.push(61, "BTC", "2")
    tape.end()

    assert tape.now == {"BTC": "2"}


def test_an_unchanged_reply_is_shown_to_the_byte() -> None:
    """The tape may have been made for its spelling."""
    body = b'[ {"currency":"BTC", "balance":"1.50","locked":"0","new":1E-7} ]'
    shown = RestState("upbit")
    good = EXCHANGES["upbit"].read_replied(200, {}, body)
    shown.replied(RecordedReply(0, 0, Reply(200, body), good, settled=False))
    shown.pushed([BalanceReport("BTC", Decimal("1.5"), Decimal(0))], 20)
    assert shown.reply == Reply(200, body)
    shown.pushed([BalanceReport("BTC", Decimal(2), None)], 21)

    changed = shown.reply
    assert changed is not None
    assert json.loads(changed.body, parse_float=str) == [
        {"currency": "BTC", "balance": "2", "locked": "0", "new": "1E-7"}
    ]

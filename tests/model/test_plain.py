"""Events, figures and errors in plain values, as ``json.dumps`` takes them."""

from __future__ import annotations

import json
import math
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from assetstream import (
    AssetStreamError,
    CallbackError,
    ConnectionLost,
    GroupHealth,
    Health,
    Progress,
    State,
)
from assetstream.model.plain import plain
from tests.model.test_errors import EXAMPLES
from tests.model.test_events import EVENTS, GAP, NOON, balance, update

HEALTH = Health(
    state=State.STALE,
    uptime=2.5,
    in_doubt=("BTC",),
    doubts={"BTC": "REST said 5"},
    last_gap=GAP,
    error=ConnectionLost("no network", code=1006),
)
TOLD = [
    *EVENTS,
    HEALTH,
    GroupHealth.of({"a": HEALTH}, 4),
    Progress(1, 2, 3, 3),
    *EXAMPLES,
]


@pytest.mark.parametrize("thing", TOLD, ids=lambda thing: type(thing).__name__)
def test_all_that_a_user_is_told_has_a_dict(thing: Any) -> None:
    """It has every public field, and comes out of JSON as it went in."""
    fields = thing.to_dict()
    names = getattr(thing, "__struct_fields__", None) or vars(thing)

    assert {name for name in names if not name.startswith("_")} <= set(fields)
    assert json.loads(json.dumps(fields, allow_nan=False)) == fields


def test_amounts_are_text_with_all_their_digits() -> None:
    """No float and no exponent comes between."""
    amount = Decimal("1386929.37231066771348207123")
    fields = update(balance("0.5"), available=amount, locked=Decimal("1E-8")).to_dict()

    assert fields["available"] == "1386929.37231066771348207123"
    assert fields["locked"] == "0.00000001"
    assert fields["total"] == "1386929.37231067771348207123"
    assert fields["change"] == "1386928.87231067771348207123"
    assert fields["previous"] == balance("0.5").to_dict()


def test_times_are_iso_8601() -> None:
    """Python reads them back, in each of its releases."""
    fields = update(time=int(NOON.timestamp() * 1000)).to_dict()

    assert fields["received"] == "2026-01-01T12:00:00+00:00"
    assert datetime.fromisoformat(str(fields["time"])) == NOON
    assert update(time=None).to_dict()["time"] is None


def test_a_balance_says_how_good_it_is() -> None:
    """What is infinite is no number in JSON."""
    good = balance(standing=lambda _: (1.5, False, math.inf)).to_dict()
    alone = balance().to_dict()

    assert (good["age"], good["stale"], good["verified"]) == (1.5, False, None)
    assert (alone["age"], alone["stale"], alone["verified"]) == (None, True, None)


def test_states_sources_and_gaps_are_their_values() -> None:
    """An enum of texts is a text all the same."""
    fields = EVENTS[3].to_dict()

    assert (fields["previous"], fields["current"]) == ("STALE", "LIVE")
    assert type(fields["current"]) is str
    assert fields["gap"] == {
        "began": "2026-01-01T12:00:00+00:00",
        "ended": "2026-01-01T12:01:30+00:00",
        "recovered": 2,
        "duration": 90.0,
    }
    assert update().to_dict()["source"] == "STREAM"


def test_a_frame_is_text_whatever_it_holds() -> None:
    """Bytes that are no text are escaped."""
    assert update(raw=b'{"a":1}\xff').to_dict()["raw"] == '{"a":1}\\xff'


def test_an_error_says_its_class_its_text_and_its_facts() -> None:
    """Health has its error in the same form."""
    error = ConnectionLost("closed", remedy="Look.", code=1006, hints=("One.",))

    assert error.to_dict() == {
        "type": "ConnectionLost",
        "text": "closed; the stream tries again by itself. Look.",
        "problem": "closed",
        "remedy": "Look.",
        "hints": ["One."],
        "exchange": None,
        "account": None,
        "fatal": False,
        "retry_after": None,
        "repeated": 0,
        "code": 1006,
        "reason": "",
    }
    assert Health(state=State.STALE, error=error).to_dict()["error"] == error.to_dict()


class Hostile:
    """A handler whose every look is the user's code, and raises."""

    def __call__(self, event: object) -> None: ...

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__


def test_a_handler_is_its_name() -> None:
    """Neither its repr nor a ``to_dict`` of its own is called."""
    error = CallbackError("it raised", callback=Hostile(), update=update())

    assert error.to_dict()["callback"] == "Hostile"
    assert error.to_dict()["update"] == update().to_dict()
    assert plain(test_a_handler_is_its_name) == "test_a_handler_is_its_name"
    assert plain(AssetStreamError) == "AssetStreamError"


def test_a_changed_struct_keeps_its_dict() -> None:
    """It is made of the fields of the moment."""
    changed = msgspec.structs.replace(HEALTH, pending=3)

    assert changed.to_dict() == {**HEALTH.to_dict(), "pending": 3}

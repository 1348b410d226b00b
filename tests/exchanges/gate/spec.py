"""Gate for the contract suite."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Sequence

from msgspec import Struct

from assetstream.exchanges import Gate
from tests.support.spec import KEY, SECRET, Spec, frame, sample

__all__ = ["SPEC", "make_gate", "push_of"]


def make_gate(**options: Any) -> Gate:
    """Build a Gate account with made-up keys."""
    return Gate(KEY, SECRET, **{"region": "global", **options})


def push_of(*changes: object, **outer: object) -> bytes:
    """Make a push of these changes."""
    push = json.loads(sample("gate", "push_order"))
    return frame({**push, "result": changes, **outer})


def unreadable(currencies: Sequence[str]) -> bytes:
    """Make a push of these currencies, none of whose amounts can be read."""
    entry = {"available": "?", "freeze": "0"}
    return push_of(*({**entry, "currency": currency} for currency in currencies))


def without_channel() -> bytes:
    """Make a push that does not say what it is about."""
    push = json.loads(sample("gate", "push_order"))
    del push["channel"]
    return frame(push)


class Change(Struct, gc=False):
    timestamp_ms: str
    currency: str
    available: Decimal
    freeze: Decimal


class Push(Struct, gc=False):
    channel: str
    event: str
    result: list[Change]


SPEC = Spec(
    typed=Push,
    make=make_gate,
    acks=(sample("gate", "subscribe_ack"),),
    push=sample("gate", "push_order"),
    pushed=("USDT", "333355.4938", "6"),
    negative=push_of({"currency": "USDT", "available": "-1", "freeze": "0"}),
    other=b'{"time":1,"channel":"spot.orders","event":"update","result":[{"id":"3"}]}',
    reply=sample("gate", "rest_balances"),
    balances=2,
    void=b"[]",
    refusal=(401, sample("gate", "rest_error_key")),
    unreadable=unreadable,
    rest_error=lambda words: {"label": words, "message": words},
    frame_error=lambda words: {
        **{"channel": "spot.balances", "event": "subscribe", "id": words},
        "error": {"code": words, "message": words},
    },
    untyped=without_channel(),
    hints={
        "login_auth_fail": "Copy api_key again",
        "login_auth_key": "Copy api_key again",
        "login_auth_signature": "Copy secret_key again",
        "login_auth_words": "Copy api_key again",
        "login_auth_time": "clock",
    },
)

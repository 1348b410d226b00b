"""Binance for the contract suite."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Sequence

from msgspec import Struct, field

from assetstream.exchanges import Binance
from assetstream.model.errors import AuthenticationError
from tests.support.spec import KEY, SECRET, Spec, frame, sample

__all__ = ["SPEC", "make_binance", "push_of"]


def make_binance(**options: Any) -> Binance:
    """Build a Binance account with made-up keys."""
    return Binance(KEY, SECRET, **{"region": "global", **options})


def push_of(*positions: object, **fields: object) -> bytes:
    """Make a push of these balances."""
    times = {"E": 1728972148780, "u": 1728972148778}
    event = {"e": "outboundAccountPosition", **times, "B": positions, **fields}
    return frame({"subscriptionId": 0, "event": event})


def unreadable(currencies: Sequence[str]) -> bytes:
    """Make a push of these currencies, none of whose amounts can be read."""
    return push_of(*({"a": code, "f": "?", "l": "0"} for code in currencies))


# As the documents have it, in the envelope of the WebSocket API. Not among the samples:
# ``f`` and ``l`` are other things here than in an event about balances.
ORDER = frame(
    {
        "subscriptionId": 0,
        "event": {
            **{"e": "executionReport", "E": 1699405658658, "s": "ETHBTC", "S": "BUY"},
            **{"c": "mUvoqJxFIILMdfAW5iGSOW", "o": "LIMIT", "f": "GTC", "g": -1},
            **{"q": "1.04000000", "p": "0.13264410", "x": "NEW", "X": "NEW"},
            **{"l": "0.00000000", "z": "0.00000000", "T": 1699405658657, "t": -1},
        },
    }
)
REFUSED = "Testnet and demo trading have keys of their own"


class Position(Struct, gc=False):
    asset: str = field(name="a")
    free: Decimal = field(name="f")
    locked: Decimal = field(name="l")


class Event(Struct, gc=False):
    kind: str = field(name="e")
    sent: int = field(name="E")
    updated: int = field(name="u")
    positions: list[Position] = field(name="B")


class Push(Struct, gc=False):
    event: Event


SPEC = Spec(
    typed=Push,
    make=make_binance,
    acks=(sample("binance", "subscribe_ack"),),
    push=sample("binance", "push_eth"),
    pushed=("ETH", "10358.473951", "12.75"),
    other=ORDER,
    reply=sample("binance", "rest_account"),
    balances=2,
    void=b'{"updateTime":0,"accountType":"SPOT","balances":[]}',
    refusal=(401, sample("binance", "rest_refused")),
    unreadable=unreadable,
    rest_error=lambda words: {"code": words, "msg": words},
    frame_error=lambda words: {
        **{"id": "subscribe", "status": 400},
        "error": {"code": words, "msg": words},
    },
    # It does not say which of key, address and permission it is.
    unpermitted=AuthenticationError,
    key_kinds={"ed25519": {"ed25519": True}},
    key_form_is_law=True,
    untyped=sample("binance", "push_eth").replace(b'"e":"outbound', b'"x":"outbound'),
    hints={
        "login_key_rejected": REFUSED,
        "login_key_unknown": REFUSED,
        "login_key_format": "Copy api_key again",
        "login_signature": "Copy secret_key again",
        "login_time": "this machine's clock is right",
    },
)

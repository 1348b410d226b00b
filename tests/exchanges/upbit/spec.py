"""Upbit for the contract suite."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Sequence

from msgspec import Struct

from assetstream.exchanges import Upbit
from tests.support.spec import KEY, SECRET, Spec, frame, sample

__all__ = ["SPEC", "make_upbit"]


def make_upbit(**options: Any) -> Upbit:
    """Build an Upbit account with made-up keys."""
    return Upbit(KEY, SECRET, **{"region": "sg", **options})


def unreadable(currencies: Sequence[str]) -> bytes:
    """Make a push of these currencies, none of whose amounts can be read."""
    entry = {"balance": "?", "available": "?", "hold": "0"}
    entries = [{**entry, "currency": currency} for currency in currencies]
    return frame({**json.loads(sample("upbit", "push_default")), "assets": entries})


#: Fault of the simulator that refuses a login -> what the first hint is about.
HINTS = {
    "login_no_authorization_token": "proxy",
    "login_invalid_query_payload": "proxy",
    "login_jwt_verification": r"Copy secret_key again",
    "login_invalid_access_key": r"one region only.* of sg",
    "login_expired_access_key": "one year",
    "login_nonce_used": "new nonce",
    "login_no_authorization_ip": "public IP address",
    "login_no_authorization_i_p": "public IP address",
    "login_out_of_scope": "View Account",
    "login_out_of_scope_401": "View Account",
    "login_thirdparty_agreement_required": "sharing of data",
    "login_invalid_auth": "one region only",
}


class Asset(Struct, gc=False):
    currency: str
    balance: Decimal
    locked: Decimal


class Push(Struct, gc=False):
    type: str
    asset_uuid: str
    assets: list[Asset]
    asset_timestamp: int
    timestamp: int


SPEC = Spec(
    typed=Push,
    make=make_upbit,
    acks=(sample("upbit", "list_default"),),
    push=sample("upbit", "push_default"),
    pushed=("SGD", "1386929.37231066771348207123", "10329.670127489597585685"),
    other=b'{"type":"myOrder","code":"KRW-BTC"}',
    reply=sample("upbit", "rest_accounts"),
    balances=2,
    void=b"[]",
    refusal=(401, sample("upbit", "rest_error_ip")),
    unreadable=unreadable,
    rest_error=lambda words: {"error": {"name": words, "message": words}},
    frame_error=lambda words: {"error": {"name": words, "message": words}},
    hints=HINTS,
    # Upbit's own word for a request that can never be right.
    fatal_faults=frozenset({"subscribe_refused"}),
)

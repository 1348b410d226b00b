"""A ``Spec`` of each exchange for the contract suite, and sample payloads.

A new exchange adds one to ``SPECS``; the suite fails until it is there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Sequence

from assetstream.exchanges import CoinW, Upbit
from assetstream.protocol import (
    Conversation,
    Exchange,
    Instant,
    Memory,
    Report,
    Send,
    Step,
)

SAMPLES = Path(__file__).parents[1] / "exchanges" / "samples"

KEY = "K3yAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
SECRET = "S3cretBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
NONCE = "11111111-2222-4333-8444-555555555555"


#: The exchange's time at the monotonic time 0: the first of January 2026.
START_MS = 1_767_225_600_000


def at(now: float) -> Instant:
    """Return the instant at a monotonic time."""
    return Instant(now, START_MS + int(now * 1000))


def keys_of(exchange: Exchange) -> tuple[str, ...]:
    """Return the credentials that the exchange was made with, the public key first."""
    return tuple(exchange.credentials[name] for name in exchange.key_names)


def adapter_at(
    own: Exchange, *, ws_url: str = "", rest_url: str = "", keys: Sequence[str] = ()
) -> Exchange:
    """Return an adapter as ``own`` is, but with other URLs or keys."""
    urls = {"ws_url": ws_url or own.ws_url, "rest_url": rest_url or own.rest_url}
    keys = keys or keys_of(own)
    if own.name == "upbit":
        return Upbit(*keys, region="sg", **urls)
    return CoinW(*keys, **urls)


def sample(exchange: str, name: str) -> bytes:
    """Return a sample payload's bytes, as on the wire."""
    return (SAMPLES / exchange / f"{name}.json").read_bytes().strip()


def frame(value: object) -> bytes:
    """Make a frame of a JSON value."""
    return json.dumps(value).encode()


def sent(steps: Sequence[Step]) -> list[Any]:
    """Return the decoded texts of the ``Send`` steps."""
    return [json.loads(step.text) for step in steps if isinstance(step, Send)]


def kinds(steps: Sequence[Step]) -> list[str]:
    """Return the names of the steps' classes."""
    return [type(step).__name__ for step in steps]


def reported(steps: Sequence[Step]) -> list[Any]:
    """Return every balance of the steps' reports."""
    return [b for step in steps if isinstance(step, Report) for b in step.balances]


def make_upbit(**options: Any) -> Upbit:
    """Build an Upbit account with made-up keys."""
    return Upbit(KEY, SECRET, **{"region": "sg", **options})


def make_coinw(**options: Any) -> CoinW:
    """Build a CoinW account with made-up keys."""
    return CoinW(KEY, SECRET, **options)


@dataclass(frozen=True)
class Spec:
    """One exchange as the contract suite sees it."""

    make: Callable[..., Exchange]
    #: Environment variables of the key and of the secret.
    variables: tuple[str, str]
    #: Frames that make a fresh, opened conversation ready.
    acks: tuple[bytes, ...]
    #: A push of one currency, and its currency and amounts.
    push: bytes
    pushed: tuple[str, str, str]
    #: A push of that currency with an amount below zero; b"": of -1 in the place of
    #: the available amount.
    negative: bytes = field(default=b"", kw_only=True)
    #: A frame that is about something else.
    other: bytes
    #: A good answer of REST, and how many balances it has.
    reply: bytes
    balances: int
    #: A good answer of REST that holds nothing.
    void: bytes
    #: An error of REST about the key, and its HTTP status.
    refusal: tuple[int, bytes]


SPECS: dict[str, Spec] = {
    "upbit": Spec(
        make=make_upbit,
        variables=("UPBIT_ACCESS_KEY", "UPBIT_SECRET_KEY"),
        acks=(sample("upbit", "list_default"),),
        push=sample("upbit", "push_default"),
        pushed=("SGD", "1386929.37231066771348207123", "10329.670127489597585685"),
        other=b'{"type":"myOrder","code":"KRW-BTC"}',
        reply=sample("upbit", "rest_accounts"),
        balances=2,
        void=b"[]",
        refusal=(401, sample("upbit", "rest_error_ip")),
    ),
    "coinw": Spec(
        make=make_coinw,
        variables=("COINW_API_KEY", "COINW_SECRET_KEY"),
        acks=(sample("coinw", "login_ack"), sample("coinw", "subscribe_ack")),
        push=sample("coinw", "push_usdt"),
        pushed=("USDT", "12.59490035", "0"),
        other=b'{"biz":"exchange","type":"order","data":{"orderId":1}}',
        reply=sample("coinw", "rest_balances"),
        balances=2,
        void=b'{"code":"200","data":{},"msg":"SUCCESS","success":true}',
        refusal=(200, b'{"code":"6000","msg":"auth","success":false}'),
    ),
}


#: Fault of the simulator that refuses a login -> what the first hint is about.
FIRST_HINTS = {
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
    "login_refused": "Copy api_key and secret_key",
    "login_refused_msg": "Copy api_key and secret_key",
    "login_refused_type": "Copy api_key and secret_key",
    "login_refused_bare": "Copy api_key and secret_key",
    "login_refused_no_code": "Copy api_key and secret_key",
}


def opened(exchange: Exchange, memory: Memory | None = None) -> Conversation:
    """Return a conversation that was opened at time 0."""
    conversation = exchange.conversation({} if memory is None else memory)
    conversation.connect(at(0.0), NONCE)
    conversation.opened(at(0.0), NONCE)
    return conversation


def ready(name: str) -> Conversation:
    """Return a conversation of a registered exchange that is ready."""
    conversation = opened(SPECS[name].make())
    conversation.received(SPECS[name].acks, at(0.1))
    return conversation

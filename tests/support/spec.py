"""The description of an exchange for the contract suite, and sample payloads."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from assetstream.exchanges import build
from assetstream.model.errors import ExchangeError, PermissionDenied
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


def keys_for(exchange: type[Exchange]) -> dict[str, str]:
    """Return made-up keys by the names of the constructor's parameters."""
    more = (f"M0re{number}CCCCCCCCCCCCCCCCCCCCCC" for number in count())
    return dict(zip(exchange.key_names, chain((KEY, SECRET), more), strict=False))


def located(exchange: type[Exchange]) -> dict[str, str]:
    """Return the arguments that an exchange needs besides its keys."""
    return {"region": exchange.regions[0]} if exchange.regions else {}


def adapter_at(
    own: Exchange, *, ws_url: str = "", rest_url: str = "", keys: Sequence[str] = ()
) -> Exchange:
    """Return an adapter as ``own`` is, but with other URLs or keys."""
    options = {"ws_url": ws_url or own.ws_url, "rest_url": rest_url or own.rest_url}
    options |= dict(zip(own.key_names, keys or keys_of(own), strict=True))
    if own.regions:
        options["region"] = vars(own)["region"]
    return build(own.name, **options)


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


@dataclass(frozen=True)
class Spec:
    """One exchange as the contract suite sees it."""

    make: Callable[..., Exchange]
    #: Frames that make a fresh, opened conversation ready.
    acks: tuple[bytes, ...]
    #: A push of one currency, and its currency and amounts.
    push: bytes
    pushed: tuple[str, str, str]
    #: A push as msgspec alone would decode it: what is read of it, amounts as Decimal.
    typed: type[Any] = field(kw_only=True)
    #: A push of that currency with an amount below zero; b"": of -1 in the place of
    #: the available amount.
    negative: bytes = field(default=b"", kw_only=True)
    #: A push of these currencies, none of whose amounts can be read.
    unreadable: Callable[[Sequence[str]], bytes] = field(kw_only=True)
    #: A push without what says that it is one; b"": without its ``type``.
    untyped: bytes = field(default=b"", kw_only=True)
    #: Nothing acknowledges: the pong of the first ping proves the subscription.
    proved_by_pong: bool = field(default=False, kw_only=True)
    #: Faults of the simulator that end a stream, rightly.
    fatal_faults: frozenset[str] = field(default=frozenset(), kw_only=True)
    #: Fault of the simulator that refuses a login -> what the first hint is about.
    hints: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    #: A refusal by REST, and one in a frame, each with this text in all its words.
    rest_error: Callable[[str], object] = field(kw_only=True)
    frame_error: Callable[[str], object] = field(kw_only=True)
    #: The refusal of a key that may not read balances.
    unpermitted: type[ExchangeError] = field(default=PermissionDenied, kw_only=True)
    #: Other kinds of credentials: options of its simulated account, by their names.
    key_kinds: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict, kw_only=True
    )
    #: A key of any other form than its own is refused for that.
    key_form_is_law: bool = field(default=False, kw_only=True)
    #: A frame that is about something else.
    other: bytes
    #: A good answer of REST, and how many balances it has.
    reply: bytes
    balances: int
    #: A good answer of REST that holds nothing.
    void: bytes
    #: An error of REST about the key, and its HTTP status.
    refusal: tuple[int, bytes]


def opened(exchange: Exchange, memory: Memory | None = None) -> Conversation:
    """Return a conversation that was opened at time 0."""
    conversation = exchange.conversation({} if memory is None else memory)
    conversation.connect(at(0.0), NONCE)
    conversation.opened(at(0.0), NONCE)
    return conversation


def proved(spec: Spec) -> Conversation:
    """Return a conversation whose subscription is proved."""
    conversation = opened(spec.make())
    conversation.received(spec.acks, at(0.1))
    if spec.proved_by_pong:
        conversation.pong(at(0.1))
    return conversation

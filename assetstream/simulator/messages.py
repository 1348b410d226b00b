"""Messages between the server and the simulated exchanges, as plain data."""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Any, Callable, Mapping
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

__all__ = [
    "Kind",
    "Message",
    "Reply",
    "Request",
    "RequestRefused",
    "amend",
    "exact",
    "exact_json",
    "json_of",
]

#: Decodes JSON of any shape, fractions as ``Decimal``; ``exact_json`` writes it.
exact: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=Decimal)
exact_json = msgspec.json.Encoder(decimal_format="number").encode


def amend(
    entries: list[Any],
    newer: Mapping[str, tuple[Decimal, Decimal]],
    named: str,
    amounts: Callable[[Decimal, Decimal], Mapping[str, Any]],
) -> None:
    """Put newer balances into the entries of a reply; add those that it lacks.

    Args:
        entries: what a reply lists; what is no object is left as it is.
        newer: (available, locked) by currency, in upper case.
        named: the field of an entry that has the currency.
        amounts: makes the fields of an entry that have the amounts.
    """
    rest = dict(newer)
    for entry in entries:
        if isinstance(entry, dict):
            held = rest.pop(str(entry.get(named)).upper(), None)
            if held is not None:
                entry.update(amounts(*held))
    entries += [{named: code, **amounts(*held)} for code, held in rest.items()]


def json_of(payload: bytes) -> Any:
    """Return the JSON of a client's frame; None: it is none, or null."""
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


class Kind(str, enum.Enum):
    """Kind of a frame sent to a client, as ``Simulator.withhold`` takes them.

    Attributes:
        PUSH: a balance.
        LOGIN: the answer to a login.
        SUBSCRIPTION: the answer to a subscription or its end.
        LIST: the answer to a question for the subscriptions.
        STATUS: the answer to a ping in the exchange's own form.
        PONG: the answer to a WebSocket ping.
        ERROR: an error.
    """

    PUSH = "push"
    LOGIN = "login"
    SUBSCRIPTION = "subscription"
    LIST = "list"
    STATUS = "status"
    PONG = "pong"
    ERROR = "error"


class Message(Struct, frozen=True):
    """A data frame for a client.

    Attributes:
        kind: the kind of its content.
        payload: its content.
        binary: True for a binary frame, False for a text frame.
        accepted: of an answer to a login or subscription, True if it was accepted and
            False if it was refused; None for all other frames.
    """

    kind: Kind
    payload: bytes
    binary: bool = False
    accepted: bool | None = None


class Request(Struct, frozen=True):
    """An HTTP request. Its repr shows neither headers nor query: both may sign.

    Attributes:
        method: ``"GET"`` or ``"POST"``.
        path: without the query.
        query: percent-encoded, as the client sent it.
        headers: with names in lower case.
        body: its bytes.
        address: the client's IP address.
        exchange: the simulated exchange its path belongs to, "" for none.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    address: str
    exchange: str

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Parameters of the query, decoded, in their order."""
        return parse_qsl(self.query, keep_blank_values=True)

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path}>"


class Reply(Struct, frozen=True):
    """An HTTP answer; ``Date``, ``Content-Length`` and ``Connection`` are added.

    Attributes:
        status: its code.
        body: its bytes.
        headers: those beside the ones that are added.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}

    @classmethod
    def json(cls, status: int, content: object, **headers: str) -> Reply:
        """Make a reply of ``status`` with ``content`` as JSON.

        Args:
            status: its code.
            content: encoded as JSON.
            headers: by name, with underscores in place of hyphens.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named["Content-Type"] = "application/json;charset=utf-8"
        return cls(status, msgspec.json.encode(content), named)


class RequestRefused(Exception):
    """A request gets ``reply`` in place of what it asked for."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply

"""The simulated exchanges that speak Upbit's dialect, as far as they are alike."""

from __future__ import annotations

from abc import abstractmethod
from decimal import Decimal
from typing import Any, ClassVar, Mapping

from assetstream.simulator.account import Account
from assetstream.simulator.context import Context
from assetstream.simulator.ledger import Balances, LedgerChange, plain
from assetstream.simulator.messages import (
    Kind,
    Reply,
    RequestRefused,
    amend,
    exact,
    exact_json,
    json_of,
)
from assetstream.simulator.session import ExchangeSession, Transport

__all__ = [
    "INTERNAL_ERROR",
    "FrameStamps",
    "RequestError",
    "TicketSession",
    "amended",
    "named_refusal",
    "rest_entries",
]

#: Measured: 150 to 180 ms from the error to the close.
CLOSE_DELAY = 0.15
#: An error that is not about the client.
INTERNAL_ERROR = b'{"error":{"name":"INTERNAL_ERROR","message":"internal error"}}'


class RequestError(Exception):
    """Error that a request gets, by its name."""


class TicketSession(ExchangeSession):
    """Requests with a ticket, PING and errors of one connection.

    Attributes:
        errors: the words of each error that a request may get, by its name.
        status_delay: until the first answer to PING; seconds.
    """

    errors: ClassVar[Mapping[str, str]]
    status_delay: float = 0.0
    binary = True
    account: Account

    def __init__(
        self, context: Context, connection: Transport, account: Account
    ) -> None:
        super().__init__(context, connection, account)
        self.style = "DEFAULT"
        self._status_runs = False
        self._failed = False

    def idle(self, now: float) -> float:
        """Seconds since anything was sent or received."""
        return now - max(self.connection.last_received, self.connection.last_sent)

    def received(self, payload: bytes) -> None:
        """Answer a request, or the text PING."""
        if self._failed:
            return
        if payload.strip() == b"PING":
            if not self._status_runs:
                self._status_runs = True
                self._begin_status()
            return
        try:
            self._request(payload)
        except RequestError as error:
            self.fail(str(error))

    @abstractmethod
    def _request(self, payload: bytes) -> None:
        """Carry out the request in ``payload``; ``_parts`` returns its objects.

        Raises:
            RequestError: it is refused.
        """

    def _check_allowed(self) -> None:
        """Let a fault refuse a good subscription."""
        if not self.context.points.allow("subscription", self.account):
            raise RequestError("INVALID_PARAM")

    def _replace(self, types: list[dict[str, Any]]) -> None:
        """Push what these ask for; a new subscription does not add to the old one."""
        if any(item["type"] == "myAsset" for item in types):
            self.account.subscribe(self)
        else:
            self.account.unsubscribe(self)

    def _begin_status(self) -> None:
        if self.status_delay:
            self.connection.call_later(self.status_delay, self._send_status)
        else:
            self._send_status()

    def _send_status(self) -> None:
        self._send(Kind.STATUS, {"status": "UP"})
        self.connection.call_later(self.context.status_interval, self._send_status)

    def fail(self, name: str) -> None:
        """Send the error ``name``, once, and then close normally, by code 1000.

        Call it on the connection's thread.
        """
        if self._failed:
            return
        self._failed = True
        self._send(Kind.ERROR, {"error": {"name": name, "message": self.errors[name]}})
        self.connection.call_later(CLOSE_DELAY, self.connection.close)

    @staticmethod
    def _parts(payload: bytes) -> list[dict[str, Any]]:
        """Return the objects of a request."""
        items = json_of(payload)
        if not isinstance(items, list) or not all(isinstance(x, dict) for x in items):
            raise RequestError("WRONG_FORMAT")
        return items


class FrameStamps:
    """Times of frames; that of one currency never goes back."""

    def __init__(self) -> None:
        self._latest: dict[str, int] = {}

    def next(self, change: LedgerChange, place: int) -> int:
        """Return the time of the frame of the change's entry at that place."""
        currency = change.entries[place].currency
        stamp = max(change.time_ms + place, self._latest.get(currency, 0))
        self._latest[currency] = stamp
        return stamp


def rest_entries(balances: Balances, quote: str) -> list[dict[str, Any]]:
    """Return the entries of ``GET /v1/accounts``: of what is held only.

    Args:
        balances: of the account.
        quote: the currency that prices are in.
    """
    return [
        {
            "currency": currency,
            **_listed(available, locked),
            "avg_buy_price": "0",
            "avg_buy_price_modified": False,
            "unit_currency": quote,
        }
        for currency, (available, locked) in balances.items()
        if available or locked
    ]


def _listed(available: Decimal, locked: Decimal) -> dict[str, str]:
    return {"balance": plain(available), "locked": plain(locked)}


def amended(body: bytes, newer: Mapping[str, tuple[Decimal, Decimal]]) -> bytes:
    """Return a recorded reply of balances with newer ones in it."""
    items = exact.decode(body) or []
    amend(items, newer, "currency", _listed)
    return exact_json(items)


def named_refusal(
    refusals: Mapping[str, tuple[int, str]],
    name: str,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> RequestRefused:
    """Make the REST error of that name; upgrades are refused by the same.

    Args:
        refusals: HTTP status and text of each.
        name: one of them.
        status: replaces the usual one.
        headers: by name, with underscores in place of hyphens.
    """
    usual, message = refusals[name]
    error = {"error": {"name": name, "message": message}}
    return RequestRefused(Reply.json(status or usual, error, **headers or {}))

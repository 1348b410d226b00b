"""Data that passes between the runtime and an exchange's adapter."""

from __future__ import annotations

import ipaddress
import math
from decimal import Decimal
from typing import Any, Mapping

from msgspec import Struct

__all__ = [
    "NEVER",
    "BalanceReport",
    "Connect",
    "Fields",
    "HttpCall",
    "Instant",
    "Limits",
    "Memory",
    "Rate",
    "Snapshot",
    "is_loopback",
]

#: What an adapter keeps between the connections of one stream.
Memory = dict[str, Any]

NEVER = math.inf


class Instant(Struct, frozen=True, gc=False):
    """The present, as an adapter is given it: it reads no clock of its own.

    Attributes:
        now: monotonic seconds.
        ms: the exchange's own time as far as it is known; milliseconds since 1970.
    """

    now: float
    ms: int


class Fields(Struct, frozen=True, kw_only=True):
    """The names of the fields in an exchange's messages, of REST and of the stream.

    A recording disguises whatever is in no field that is named here, or does not look
    like it; the simulator and the replay find amounts and times by them.

    Attributes:
        amounts: amounts of a currency.
        prices: other numbers that a scrambled recording must hide.
        times: milliseconds since 1970.
        seconds: seconds since 1970.
        ordered: numbers whose order decides which of two pushes is newer (K1).
        currencies: codes of currencies; those that name whose an amount is come first.
        kinds: kinds of messages, and other words of the exchange's own.
        codes: codes of errors that are numbers; those that are words are ``kinds``.
        texts: words for people.
    """

    amounts: tuple[str, ...] = ()
    prices: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    seconds: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


class BalanceReport(Struct, frozen=True, gc=False):
    """The exchange's report about one currency, in one push or one REST item.

    Attributes:
        currency: upper-case code.
        available: amount free for orders, or None if the exchange left it out (K4).
        locked: amount held by orders or withdrawals, or None if it left that out.
        key: the exchange's order of changes, newest greatest; its first item is the
            change's time in milliseconds since 1970, at most the year 9999, both items
            are 0 or more; None if it gave no time (K1).
        update_id: the exchange's identifier of the change, or None.
        raw: the frame's bytes, or the REST item's.
    """

    currency: str
    available: Decimal | None
    locked: Decimal | None
    key: tuple[int, int] | None = None
    update_id: str | None = None
    raw: bytes = b""


class Snapshot(Struct, frozen=True):
    """All balances, read by REST.

    Attributes:
        balances: the entries that were understood.
        unreadable: currencies whose entry was not understood; "" if not even
            the currency was.
    """

    balances: tuple[BalanceReport, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """True if what it does not name is zero: each entry names its currency (S2)."""
        return "" not in self.unreadable


class HttpCall(Struct, frozen=True):
    """One HTTPS request. Its repr shows neither headers nor query: both may sign."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""

    @property
    def endpoint(self) -> str:
        """The URL without its query."""
        return self.url.partition("?")[0]

    def __repr__(self) -> str:
        return f"<HttpCall {self.method} {self.endpoint}>"


class Connect(Struct, frozen=True):
    """The URL and the headers of a WebSocket to be opened. Its repr shows no header."""

    url: str
    headers: Mapping[str, str] = {}
    #: The header ``Origin``; None: no such header.
    origin: str | None = None

    def __repr__(self) -> str:
        return f"<Connect {self.url.partition('?')[0]}>"


class Rate(Struct, frozen=True):
    """So many times in so many seconds, whichever seconds these are."""

    count: int
    seconds: float

    @property
    def pace(self) -> float:
        """Seconds from one time to the next, if all are evenly spread."""
        return self.seconds / self.count

    def part(self, share: float) -> Rate:
        """Return a rate of which several, whose shares make one, keep this one.

        Args:
            share: above 0, and up to 1.
        """
        count = int(self.count * share)
        if count:
            return Rate(count, self.seconds)
        return Rate(1, self.pace / share)


class Limits(Struct, frozen=True):
    """The rates that the exchange allows, and the intervals that its connection needs.

    Attributes:
        connects: handshakes that one stream may begin; it spreads them evenly.
        reads: REST reads that one stream may send; it spreads them evenly.
        ping_interval: from one ping to the next, or up to a twentieth less, so that the
            pings of many connections fall together; seconds.
        pong_timeout: how long a ping may stay unanswered; seconds (L1).
        audit_interval: between two comparisons with REST, if the user names no other;
            seconds (A1).
        audit_interval_locked: the same while anything is locked; seconds; None: no
            different.
        connects_together: handshakes that all streams of a place may begin. Where it is
            counted over a minute or more, they need not be spread over all of it.
        reads_together: REST reads that they may send.
    """

    connects: Rate
    reads: Rate
    ping_interval: float
    pong_timeout: float
    audit_interval: float
    audit_interval_locked: float | None = None
    connects_together: Rate = Rate(1, 1.0)
    reads_together: Rate = Rate(5, 1.0)


def is_loopback(host: str) -> bool:
    """Tell whether a host's name or address can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""Errors for refusals and losses that every exchange here explains alike."""

from __future__ import annotations

import re
from typing import Mapping, NamedTuple, Union

from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    RateLimited,
)
from assetstream.protocol.http_date import http_date

__all__ = [
    "ADDRESS",
    "BLOCKED_S",
    "CLOCK_OFF",
    "LONGEST_WAIT_S",
    "PASSING",
    "PROXY_HINT",
    "REQUEST",
    "UNKNOWN",
    "Meaning",
    "Refusal",
    "connection_lost",
    "foreign_answer",
    "is_own",
    "refusal",
    "retry_after",
    "unavailable",
    "unsigned_401",
    "web_page",
]

#: HTTP 418: a block that grows with each repetition; its length is not always given.
BLOCKED_S = 60.0
#: A wait that is longer is garbage, or outlasts what it is for: it is tried once a day.
LONGEST_WAIT_S = 86_400.0

#: The two statuses that may be about the key, as gateways write them.
STATUSES = frozenset({"401", "403", "unauthorized", "forbidden"})

SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", re.ASCII)

# The beginning of a page of the web. Some pages have no head at all.
PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*"
    rb"<(?:!--|(?:!doctype html|html|head|title|meta|script|body|center|h1)\b)",
    re.IGNORECASE,
)
TITLE = re.compile(rb"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
# Neither is searched for in somebody's megabytes.
HEAD_OF_PAGE = 1 << 12


#: A refusal in the exchange's own words.
Refusal = Union[ExchangeError, RateLimited]


class Meaning(NamedTuple):
    """The meaning of one of an exchange's error codes to the user.

    Attributes:
        kind: the class of the error.
        fatal: trying again cannot help.
        cause: the likely cause in a few words; "" if the exchange's words are all
            that is known.
        remedy: what to do, in whole sentences; "" if there is nothing to do.
        hints: all causes with their remedies, the likeliest first, a sentence each.
        key_in_doubt: the key itself may be wrong, so its form is a hint, too.
        clock_off: the time of the request was wrong (T2).

    Cause, remedy and hints may hold the exchange's ``placeholders`` in braces.
    """

    kind: type[ExchangeError] | type[RateLimited]
    fatal: bool
    cause: str
    remedy: str = ""
    hints: tuple[str, ...] = ()
    key_in_doubt: bool = False
    clock_off: bool = False


#: The meaning of codes for a time that the exchange does not accept.
CLOCK_OFF = Meaning(
    ExchangeError,
    False,
    "the time of the request is not the exchange's, or it was on its way for too long",
    "Let the system set this machine's clock.",
    (
        "See that this machine's clock is right, and let the system set it (NTP); a "
        "proxy that delays requests may be the cause, too.",
    ),
    clock_off=True,
)

#: The meaning of codes for what ends by itself.
PASSING = Meaning(ExchangeError, False, "a temporary fault at {title} is likely")
#: The meaning of codes for a request of another form than the exchange's.
REQUEST = Meaning(
    ExchangeError,
    False,
    "{title} did not understand the request",
    "A proxy may change requests, or {title} changed its protocol: update assetstream, "
    "or report it.",
)
#: The meaning of codes that are not listed.
UNKNOWN = Meaning(
    ExchangeError,
    False,
    "assetstream does not know this code",
    "Look the code up in {title}'s documents, and check the key and its permissions.",
)
PROXY_HINT = (
    "A proxy or a virus scanner that reads along may have changed the request: try "
    "another network, or without the proxy."
)
_ADDRESS_HINTS = (
    "Add this machine's public IP address to the key's list, under API management on "
    "{title}'s site.",
    "Behind a proxy or a VPN it is the address of that which counts, and an address "
    "from an internet provider changes: look up the present one.",
)
#: The meaning of codes for an address that the key's list lacks.
ADDRESS = Meaning(
    AuthenticationError,
    True,
    "this machine's public IP address is not on the key's list",
    "Add it under API management on {title}'s site.",
    _ADDRESS_HINTS,
)


def refusal(
    exchange: KeyedExchange,
    meaning: Meaning,
    code: str,
    message: str,
    doing: str,
    wait: float | None = None,
) -> Refusal:
    """Make the error for a refusal in the exchange's own words.

    ``wait``: seconds the exchange asked to wait, if it did.
    """
    code, message = exchange.own_words(code), exchange.own_words(message)
    words = ": ".join(part for part in (code, message) if part) or "no reason given"
    cause = f": {meaning.cause}" if meaning.cause else ""
    cause = cause.format_map(exchange.placeholders)
    error = meaning.kind(
        f"{exchange.title} refused {doing} ({words}){cause}",
        remedy=meaning.remedy.format_map(exchange.placeholders),
        hints=_hints(exchange, meaning),
        code=code,
        message=message,
        exchange=exchange.name,
        fatal=meaning.fatal,
        # No server means that it may be asked again at once.
        retry_after=wait or None,
    )
    if isinstance(error, ExchangeError):
        error.clock_off = meaning.clock_off
    return error


def _hints(exchange: KeyedExchange, meaning: Meaning) -> tuple[str, ...]:
    hints = [hint.format_map(exchange.placeholders) for hint in meaning.hints]
    if not meaning.key_in_doubt:
        return tuple(hints)
    sources = exchange.sources.values()
    if all(map(str.isupper, sources)):  # as variables are, and parameters are not
        hints.append(
            f"Key and secret come from {' and '.join(sources)} of the environment: see "
            "that this program is given the ones you mean, and both of the same key."
        )
    return *exchange.key_hints(), *hints


def unavailable(
    exchange: KeyedExchange,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    doing: str,
) -> AssetStreamError | None:
    """Explain a status that does not concern the account: never fatal.

    Returns None for any other status.
    """
    wait = retry_after(headers)
    if status in (418, 429):
        blocked = status == 418
        page = _title(exchange, body)
        return RateLimited(
            f"{exchange.title} limits requests (HTTP {status}) at {doing}"
            + (": blocked for a while after too many" if blocked else "")
            + ("" if page is None else f"; the answer is {page}, of a firewall"),
            remedy="Run fewer programs with the same key or address: all of them "
            "count.",
            # No server means that it may be asked again at once.
            retry_after=wait or (BLOCKED_S if blocked else None),
            code=str(status),
            message=exchange.own_words(body),
            exchange=exchange.name,
        )
    if status >= 500:
        # Usually a 503 that announces when the maintenance ends (L3).
        return ConnectionLost(
            f"{exchange.title} is not available (HTTP {status}) at {doing}: "
            "maintenance or a temporary fault",
            remedy=f"Look at {exchange.title}'s notices.",
            code=status,
            reason=exchange.own_words(body),
            exchange=exchange.name,
            retry_after=wait,
        )
    return None


def web_page(
    exchange: KeyedExchange,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    doing: str,
    cause: str = "maintenance, a firewall or, in a guest network, its login page",
    remedy: str = "Look at {title}'s notices, or open its site in a browser on this "
    "machine to see what answers there.",
) -> ConnectionLost | None:
    """Explain an answer in HTML, whatever its status: never fatal.

    Returns None for any other, and for the statuses that limit requests.

    Args:
        cause: the likely cause, in words, with placeholders.
        remedy: what to do about it, in whole sentences, with placeholders.
    """
    page = _title(exchange, body)
    if page is None or status in (418, 429):
        return None
    places = exchange.placeholders
    return ConnectionLost(
        f"{page} (HTTP {status}) came in place of {exchange.title}'s own answer at "
        f"{doing}: {cause.format_map(places)}",
        remedy=remedy.format_map(places),
        code=status,
        reason=exchange.own_words(body),
        exchange=exchange.name,
        retry_after=retry_after(headers),
    )


def _title(exchange: KeyedExchange, body: bytes) -> str | None:
    """Name the page that ``body`` is; None if it is none."""
    if not PAGE.match(body[:HEAD_OF_PAGE]):
        return None
    found = TITLE.search(body[:HEAD_OF_PAGE])
    # Redacted before it is unescaped, and after: an echo may be escaped in the page.
    title = exchange.own_words(found[1]) if found else ""
    from html import unescape  # here: it loads the names of 2,000 letters

    title = exchange.own_words(unescape(title))
    return f'a web page, "{title}"' if title else "a web page"


def is_own(status: int, code: str, form: re.Pattern[str]) -> bool:
    """True if an answer with a code is the exchange's own, as its form shows.

    A gateway's JSON may have the same fields, and repeats the status in its words. Of
    consequence is that only in 401 and 403, which may be fatal: the others pass.

    Args:
        form: what each code of the exchange looks like.
    """
    if status not in (401, 403):
        return True
    return code not in STATUSES and form.fullmatch(code) is not None


def unsigned_401(
    exchange: KeyedExchange,
    key: Meaning,
    body: bytes,
    doing: str,
    wait: float | None = None,
) -> Refusal:
    """Explain a 401 that is not in the exchange's own words: never fatal.

    It is likely about the key, but a proxy or a captive portal may say the same.

    Args:
        key: the meaning of a refused key.
    """
    doubted = key._replace(
        fatal=False,
        cause=f"not in {exchange.title}'s own words, so the key may be wrong, or a "
        "proxy on the way answers",
    )
    return refusal(exchange, doubted, "401", exchange.own_words(body), doing, wait)


def foreign_answer(
    exchange: KeyedExchange,
    status: int,
    body: bytes,
    doing: str,
    cause: str = "a firewall, a proxy or a wrong rest_url or ws_url is likely",
    remedy: str = "Check both URLs, and what is on the way to the exchange.",
    wait: float | None = None,
) -> ConnectionLost:
    """Explain an answer that is not in the exchange's own form: never fatal.

    Firewalls, proxies and captive portals answer so; the key may be perfectly good.

    Args:
        cause: the likely cause, in words, with placeholders.
        remedy: what to do about it, in a sentence.
    """
    cause = cause.format_map(exchange.placeholders)
    return ConnectionLost(
        f"HTTP {status} at {doing}, not in {exchange.title}'s own words: {cause}",
        remedy=remedy,
        code=status,
        reason=exchange.own_words(body),
        exchange=exchange.name,
        retry_after=wait,
    )


def connection_lost(
    exchange: KeyedExchange, code: int | None, reason: str
) -> ConnectionLost:
    """Explain a close by the peer: never fatal."""
    reason = exchange.own_words(reason)
    how = "without a close frame" if code is None else f"with code {code}"
    # L2: nobody here asked for it, so 1000 is a loss like any other.
    return ConnectionLost(
        f"{exchange.title} closed the connection {how}"
        + (f" ({reason})" if reason else ""),
        remedy="Look for maintenance, an unsteady network, or another program with the "
        "same key.",
        code=code,
        reason=reason,
        exchange=exchange.name,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After`` as seconds, a day at most; None if absent or not understood.

    A date is measured against the reply's own ``Date``, so no clock is needed and a
    wrong one does no harm.
    """
    value = headers.get("retry-after", "").strip()
    if SECONDS.fullmatch(value):
        return min(float(value), LONGEST_WAIT_S)
    until, since = http_date(value), http_date(headers.get("date"))
    if until is None or since is None:
        return None
    wait = (until - since).total_seconds()
    return min(max(0.0, wait), LONGEST_WAIT_S)

"""The meaning of OKX's error codes, and what the user can do about each.

Codes from 60000 up come in frames, those from 50000 up in HTTP answers, and a login may
be refused by either. The lists are those of OKX's documents of July 2026; where its
pages contradict each other, both readings are kept.
"""

from __future__ import annotations

import re
from typing import Mapping

from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.exchanges.common.refusals import (
    CLOCK_OFF,
    PROXY_HINT,
    UNKNOWN,
    Meaning,
    Refusal,
    foreign_answer,
    is_own,
    refusal,
    retry_after,
    unavailable,
    unsigned_401,
    web_page,
)
from assetstream.exchanges.okx.frames import Event
from assetstream.exchanges.okx.rest import read_envelope
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)

__all__ = [
    "CODES",
    "KNOWN_KEY_CODES",
    "UPGRADE",
    "explain_answer",
    "explain_code",
    "subscription_ended",
]

#: The notice that the connection will be closed within a minute.
UPGRADE = "64008"

_REGION = "A key is good for one of OKX's sites only: region={region!r} may be wrong."
_WRONG_REGION = (
    "A key is good for one of OKX's sites, and there for real or for demo trading: "
    "if it is not of {region}, pass its region= ({regions}; --region on the command "
    "line)."
)
_COPY_KEY = (
    "Copy {api_key} again from OKX's site, and see that {secret_key} was not put in "
    "its place. A key that may trade or withdraw, has no list of IP addresses and was "
    "not used for 14 days is deleted by OKX: make a new one."
)
_COPY_SECRET = (
    "Copy {secret_key} again: it belongs to one key and is shown only once; if it is "
    "lost, make a new key."
)
_PASSPHRASE_HINT = (
    "Set {passphrase} to what you chose when you made the key; it is not your password "
    "at OKX. Nobody can look it up: if it is lost, make a new key."
)
_ADDRESS_HINT = (
    "Add this machine's public IP address to the key's list on OKX's site; behind a "
    "proxy or a VPN it is the address of that which counts."
)
_LOGIN = Meaning(
    AuthenticationError,
    True,
    "",
    "Check api_key, secret_key and passphrase. " + _REGION,
    (_WRONG_REGION, _COPY_KEY, _COPY_SECRET, _PASSPHRASE_HINT, _ADDRESS_HINT),
    key_in_doubt=True,
)
_KEY = Meaning(
    AuthenticationError,
    True,
    "the key is not known at this site",
    "Check api_key. " + _REGION,
    (_WRONG_REGION, _COPY_KEY),
    key_in_doubt=True,
)
_ENVIRONMENT = Meaning(
    AuthenticationError,
    True,
    "the key is for demo trading and this is not, or the other way round",
    "Pass the region= that the key is of ({regions}).",
    (_WRONG_REGION,),
)
_SECRET = Meaning(
    AuthenticationError,
    True,
    "the signature is wrong",
    "Check secret_key.",
    (_COPY_SECRET, PROXY_HINT),
    key_in_doubt=True,
)
_PASSPHRASE = Meaning(
    AuthenticationError,
    True,
    "the passphrase is wrong",
    "Check passphrase: you chose it when you made the key.",
    (_PASSPHRASE_HINT,),
    key_in_doubt=True,
)
_ADDRESS = Meaning(
    AuthenticationError,
    True,
    "this machine's public IP address is not on the key's list",
    "Add it to the key on OKX's site.",
    (_ADDRESS_HINT,),
)
_HEADERS = Meaning(
    AuthenticationError,
    True,
    "a header did not arrive: a proxy may have removed it",
    "Try another network, or without the proxy.",
    (PROXY_HINT,),
)
_SCOPE = Meaning(
    PermissionDenied,
    True,
    "the key may not read the account",
    "Make a key that may.",
    ("Make a key with the permission 'Read' on OKX's site; it needs no other.",),
)
_BLOCKED = Meaning(
    PermissionDenied,
    True,
    "OKX has blocked this account or its API keys",
    "Ask OKX's customer service.",
    ("Log in on OKX's site and see what it says of the account.",),
)
_COUNTRY = Meaning(
    PermissionDenied,
    True,
    "OKX does not serve the place that this machine's IP address is from",
    "Use another of OKX's sites, or another network.",
    (_WRONG_REGION,),
)
_LIMIT = Meaning(
    RateLimited,
    False,
    "too many requests or connections with this key",
    "Run fewer programs with the same key: all of them count.",
)
_PASSING = Meaning(
    ExchangeError,
    False,
    "a temporary fault at OKX is likely",
    "If this repeats, look at OKX's notices.",
    ("Nothing is wrong with the key: the next try may well pass.",),
)
_REQUEST = Meaning(
    ExchangeError,
    False,
    "OKX did not understand the request",
    "See that ws_url and rest_url are those of OKX's private WebSocket and REST. A "
    "proxy may change requests, or OKX changed its protocol: update assetstream, or "
    "report it.",
)

CODES: Mapping[str, Meaning] = {
    # In frames.
    "60004": CLOCK_OFF,
    "60005": _KEY,
    "60006": CLOCK_OFF,
    "60007": _SECRET,
    "60008": _REQUEST,
    "60009": _LOGIN,
    "60011": _PASSING,  # Nothing was asked for before the login was accepted.
    "60012": _REQUEST,
    "60013": _REQUEST,
    "60014": _LIMIT,
    "60018": _REQUEST,
    "60019": _REQUEST,
    "60020": _LIMIT,
    "60023": _LIMIT,
    "60024": _PASSPHRASE,
    "60025": _LIMIT,
    "60027": _REQUEST,
    "60028": _REQUEST,
    # One page: the key does not exist. The other: a second login, which is never sent.
    "60031": _KEY,
    "60032": _KEY,
    "60033": _REQUEST,
    # Nothing was sent for 30 s.
    "60015": _PASSING,
    "63999": _PASSING,
    "64007": _PASSING,
    # In HTTP answers.
    "50001": _PASSING,
    "50004": _PASSING,
    "50007": _BLOCKED,
    "50008": _BLOCKED,
    "50011": _LIMIT,
    "50013": _PASSING,
    "50026": _PASSING,
    "50030": _SCOPE,
    "50035": _ADDRESS,
    "50040": _LIMIT,
    "50100": _BLOCKED,
    "50101": _ENVIRONMENT,
    "50102": CLOCK_OFF,
    "50103": _HEADERS,
    "50104": _HEADERS,
    "50105": _PASSPHRASE,
    "50106": _HEADERS,
    "50107": _HEADERS,
    "50110": _ADDRESS,
    "50111": _KEY,
    "50112": CLOCK_OFF,
    "50113": _SECRET,
    "50114": _LOGIN,
    "50119": _KEY,
    "50120": _SCOPE,
    "50121": _COUNTRY,
}

#: The form of codes that are not listed.
OWN_CODE = re.compile("[0-9]{5}", re.ASCII)

#: The codes that OKX gives only for a key that it knows: the region is right.
KNOWN_KEY_CODES = frozenset(
    {
        *("60007", "60024", "50030", "50035", "50100", "50105", "50110", "50113"),
        "50120",
    }
)


def explain_code(
    exchange: KeyedExchange,
    code: str,
    message: str,
    doing: str,
    *,
    unknown: Meaning = UNKNOWN,
    wait: float | None = None,
) -> Refusal:
    """Make the error for one of OKX's own; ``unknown`` is for codes not listed."""
    return refusal(exchange, CODES.get(code, unknown), code, message, doing, wait)


def subscription_ended(exchange: KeyedExchange, event: Event) -> AssetStreamError:
    """Make the error for a subscription that OKX has ended by itself."""
    if event.name == "unsubscribe":
        return ConnectionLost(
            "OKX ended the subscription without being asked",
            remedy="If this repeats, look at OKX's notices.",
            reason=exchange.own_words(event.message),
            exchange=exchange.name,
        )
    return RateLimited(
        "OKX ended the subscription: it allows 30 connections to one account's "
        "balances",
        remedy="Run fewer programs with keys of this account: all of them count.",
        code=exchange.own_words(event.code),
        message=exchange.own_words(event.message),
        exchange=exchange.name,
    )


def explain_answer(
    exchange: KeyedExchange,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    doing: str,
) -> AssetStreamError:
    """Make the error for an HTTP answer that was not what was asked for."""
    reply, wait = read_envelope(body), retry_after(headers)
    code, text = (reply.code_text, reply.words) if reply else ("", "")
    if code in CODES:
        return explain_code(exchange, code, text, doing, wait=wait)
    page = web_page(exchange, status, headers, body, doing)
    outage = page or unavailable(exchange, status, headers, body, doing)
    if outage is not None:
        return outage
    if code not in ("", "0") and is_own(status, code, OWN_CODE):
        # A 401 is about the key, and a 403 of OKX's own forbids.
        unknown = {401: _LOGIN, 403: _SCOPE}.get(status, UNKNOWN)
        return explain_code(exchange, code, text, doing, unknown=unknown, wait=wait)
    if status == 401:
        return unsigned_401(exchange, _LOGIN, body, doing, wait)
    if status in (200, 201):
        return exchange.unreadable("the answer is no reply of balances", body)
    return foreign_answer(exchange, status, body, doing, wait=wait)

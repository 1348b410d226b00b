"""The meaning of CoinW's error codes, and what the user can do about each.

No list of the WebSocket's codes is published, and no frame of a refused login either;
the codes come from REST, from captures and from other clients' fixes.
"""

from __future__ import annotations

import re
from typing import Mapping

from assetstream.exchanges.coinw.frames import LOGIN, RequestAnswer
from assetstream.exchanges.coinw.rest import read_envelope
from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.exchanges.common.refusals import (
    PASSING,
    REQUEST,
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
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    PermissionDenied,
    RateLimited,
)

__all__ = ["CODES", "explain_answer", "explain_refusal"]


_KEY = Meaning(
    AuthenticationError,
    True,
    "",
    "Check api_key and secret_key, and the key's list of IP addresses, on CoinW's "
    "site.",
    (
        "Copy {api_key} and {secret_key} again from API management on CoinW's site, "
        "both of the same key; CoinW does not say which of the two is wrong.",
        "If the key is bound to IP addresses, add this machine's public one; behind a "
        "proxy or a VPN it is the address of that which counts.",
        "See on CoinW's site whether the key is in force and may read spot balances.",
    ),
    key_in_doubt=True,
)
_SCOPE = Meaning(
    PermissionDenied,
    True,
    "the key lacks the permission to read spot balances",
    "Make a key that has it.",
    (
        "Make a key that may read the spot account, under API management on CoinW's "
        "site; it needs no other permission.",
    ),
)
_LIMIT = Meaning(
    RateLimited,
    False,
    "too many requests",
    "Run fewer programs with the same key: all of them count.",
)

#: Likely cause and remedy of a 403 that is not CoinW's own.
_FORBIDDEN = {
    "cause": "a firewall refuses this network, or the Origin header ({origin})",
    "remedy": "Try another network, or another origin=.",
}

CODES: Mapping[str, Meaning] = {
    "29001": _LIMIT,
    "429": _LIMIT,
    # Also the answer to a malformed request; the text is "Rate Limit".
    "1001": _LIMIT,
    "1003": _KEY,
    "6000": _KEY,
    "6001": _KEY,
    "6003": _SCOPE,
    # "Internet error", "API not exist", "Parameter error", permissions, key, signature.
    "10001": PASSING,
    "10002": REQUEST,
    "10003": REQUEST,
    "10004": _SCOPE,
    "10005": _SCOPE,
    "10006": _KEY,
    "10007": _KEY,
    # "User API error": the document gives no cause; the key is the likeliest.
    "-103": _KEY,
    "-200": PASSING,
    "500": PASSING,
    "-3": REQUEST,
    "402": REQUEST,
    "1007": REQUEST,
}

#: The form of codes that are not listed.
OWN_CODE = re.compile("-?[0-9]{1,6}", re.ASCII)


def explain_code(
    exchange: KeyedExchange,
    code: str,
    message: str,
    doing: str,
    *,
    unknown: Meaning = UNKNOWN,
    wait: float | None = None,
) -> Refusal:
    """Make the error for one of CoinW's own; ``unknown`` is for codes not listed."""
    meaning = CODES.get(code)
    if meaning is None:
        meaning = _SCOPE if "permission" in message.lower() else unknown
    return refusal(exchange, meaning, code, message, doing, wait)


def explain_refusal(
    exchange: KeyedExchange, answer: RequestAnswer, request: str | None
) -> Refusal:
    """Make the error for a refusal in a frame; ``request``: what it answers.

    A refused login is about the key unless its code says otherwise. A refused
    subscription without a telling code may be a passing fault: not fatal.
    """
    code, message = answer.code, answer.message
    if request == LOGIN:
        if CODES.get(code) is REQUEST:
            # All that a login's request can have wrong is the key in it.
            return refusal(exchange, _KEY, code, message, "the login")
        return explain_code(exchange, code, message, "the login", unknown=_KEY)
    doing = "a request" if request is None else "the subscription"
    return explain_code(exchange, code, message, doing)


def explain_answer(
    exchange: KeyedExchange,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    doing: str,
) -> AssetStreamError:
    """Make the error for an HTTP answer that was not what was asked for."""
    reply, wait = read_envelope(body), retry_after(headers)
    own = reply is not None and reply.own
    code, text = (reply.code_text, reply.words) if reply and own else ("", "")
    if code in CODES:
        return explain_code(exchange, code, text, doing, wait=wait)
    why = _FORBIDDEN if status == 403 else {}
    page = web_page(exchange, status, headers, body, doing, **why)
    outage = page or unavailable(exchange, status, headers, body, doing)
    if outage is not None:
        return outage
    if own and is_own(status, code, OWN_CODE):
        # A 401 is about the key, and a 403 of CoinW's own forbids.
        unknown = {401: _KEY, 403: _SCOPE}.get(status, UNKNOWN)
        return explain_code(exchange, code, text, doing, unknown=unknown, wait=wait)
    if status == 401:
        return unsigned_401(exchange, _KEY, body, doing, wait)
    if status in (200, 201):
        return exchange.unreadable("the answer is no reply of balances", body)
    return foreign_answer(exchange, status, body, doing, wait=wait, **why)

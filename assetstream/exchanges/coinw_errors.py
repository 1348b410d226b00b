"""CoinW's refusals: what each code means, and what the user can do about it.

No list of the WebSocket's codes is published, and no frame of a refused login either;
the codes come from REST, from captures and from other clients' fixes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping

from assetstream.errors import (
    AssetStreamError,
    AuthenticationError,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)
from assetstream.exchanges.answers import (
    Meaning,
    not_available,
    not_its_own,
    refusal,
    retry_after,
)
from assetstream.exchanges.coinw_frames import LOGIN, Answered
from assetstream.exchanges.coinw_replies import Reply

if TYPE_CHECKING:
    from assetstream.exchanges.coinw import CoinW

__all__ = ["CODES", "explain_answer", "explain_code", "explain_refusal"]


_KEY = Meaning(
    AuthenticationError,
    True,
    "check api_key and secret_key, and the key's list of IP addresses, on CoinW's site",
)
_SCOPE = Meaning(
    PermissionDenied,
    True,
    "the key lacks the permission to read spot balances: make a key that has it",
)
_LIMIT = Meaning(
    RateLimited, False, "too many requests; other programs with the same key count too"
)
_PASSING = Meaning(ExchangeError, False, "a temporary fault at CoinW is likely")
_REQUEST = Meaning(ExchangeError, False, "the request was not understood")
_UNKNOWN = Meaning(ExchangeError, False, "the code is not known")

CODES: Mapping[str, Meaning] = {
    "29001": _LIMIT,
    # Also the answer to what is no request at all; the text says "Rate Limit".
    "1001": _LIMIT,
    "1003": _KEY,
    "6000": _KEY,
    "6001": _KEY,
    "6003": _SCOPE,
    **{str(code): _KEY for code in range(10001, 10008)},
    # "User API error": the document gives no cause; the key is the likeliest.
    "-103": _KEY,
    "-200": _PASSING,
    "500": _PASSING,
    "-3": _REQUEST,
    "402": _REQUEST,
    "1007": _REQUEST,
}


def explain_code(
    exchange: CoinW,
    code: str,
    message: str,
    doing: str,
    *,
    unknown: Meaning = _UNKNOWN,
    wait: float | None = None,
) -> ExchangeError:
    """Make the error for one of CoinW's own; ``unknown`` is for codes not listed."""
    meaning = CODES.get(code)
    if meaning is None:
        meaning = _SCOPE if "permission" in message.lower() else unknown
    return refusal(exchange, meaning, code, message, doing, wait)


def explain_refusal(
    exchange: CoinW, answer: Answered, request: str | None
) -> ExchangeError:
    """Make the error for a refusal in a frame; ``request``: what it answers.

    A refused login is about the key unless its code says otherwise. A refused
    subscription without a telling code may be a passing fault: not fatal.
    """
    code, message = answer.code, answer.message
    if request == LOGIN:
        if CODES.get(code) is _REQUEST:
            # All that a login's request can have wrong is the key in it.
            return refusal(exchange, _KEY, code, message, "the login")
        return explain_code(exchange, code, message, "the login", unknown=_KEY)
    doing = "a request" if request is None else "the subscription"
    return explain_code(exchange, code, message, doing)


def explain_answer(
    exchange: CoinW,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    reply: Reply | None,
    doing: str,
) -> AssetStreamError:
    """Make the error for an HTTP answer that was not what was asked for.

    ``reply`` is its body as CoinW's own envelope, None if it is nothing of the kind.
    """
    own = reply is not None and reply.own
    code, text = (reply.code_text, reply.words) if reply and own else ("", "")
    if own and code in CODES:
        return explain_code(exchange, code, text, doing, wait=retry_after(headers))
    unavailable = not_available(exchange, status, headers, body, doing)
    if unavailable is not None:
        return unavailable
    if status == 401:
        return explain_code(exchange, code or "401", text, doing, unknown=_KEY)
    if own:
        forbidden = _SCOPE if status == 403 else _UNKNOWN
        return explain_code(exchange, code, text, doing, unknown=forbidden)
    if status == 403:
        return not_its_own(
            exchange,
            status,
            body,
            doing,
            "a firewall refuses this network, or the Origin header "
            f"({exchange.origin})",
        )
    if status in (200, 201):
        return exchange.unreadable("the answer is no reply of balances", body)
    return not_its_own(
        exchange, status, body, doing, "a firewall, a proxy or a wrong URL is likely"
    )

"""The meaning of Bybit's codes, and what the user can do about each.

Answers on the WebSocket have a code in their newer form only; the older one has words.
"""

from __future__ import annotations

from typing import Mapping

from assetstream.exchanges.bybit.frames import AUTH, SUBSCRIBE, OperationAnswer
from assetstream.exchanges.bybit.rest import read_envelope
from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.exchanges.common.refusals import (
    ADDRESS,
    CLOCK_OFF,
    PASSING,
    REQUEST,
    UNKNOWN,
    Meaning,
    Refusal,
    foreign_answer,
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

__all__ = ["CODES", "KNOWN_KEY_CODES", "explain_answer", "explain_refusal"]

#: Seconds that Bybit shuts out an address that asked too often.
SHUT_OUT_S = 600.0

_WRONG_REGION = (
    "A key is good for the site it was made on only, and testnet and demo trading have "
    "keys of their own: if it is not that of {region}, pass its region= ({regions}; "
    "--region on the command line)."
)
_COPY_KEY = (
    "Copy {api_key} again from API management on Bybit's site, and see that "
    "{secret_key} was not put in its place; a key that was deleted has to be made anew."
)
_COPY_SECRET = (
    "Copy {secret_key} again: it belongs to one API key and is shown only once; if it "
    "is lost, make a new key. It must be of a key that Bybit generated (HMAC), not of "
    "your own RSA pair."
)
_KEY = Meaning(
    AuthenticationError,
    True,
    "",
    "Check api_key, secret_key and the key's list of IP addresses. A key is good for "
    "one site only: region={region!r} may be wrong.",
    (_WRONG_REGION, _COPY_KEY, _COPY_SECRET, ADDRESS.hints[0]),
    key_in_doubt=True,
)
_SCOPE = Meaning(
    PermissionDenied,
    True,
    "the key lacks the permission to read the unified account",
    "Make a key that has it.",
    (
        "Make a key that may read the unified trading account, under API management on "
        "Bybit's site; a read-only key is enough.",
    ),
)
_LIMIT = Meaning(
    RateLimited,
    False,
    "too many requests",
    "Run fewer programs with the same account or address: all of them count.",
)

CODES: Mapping[str, Meaning] = {
    "10000": PASSING,
    "10001": REQUEST,
    "10002": CLOCK_OFF,
    "10003": Meaning(
        AuthenticationError,
        True,
        "the key is not known",
        "Check api_key. A key is good for one site only: region={region!r} may be "
        "wrong.",
        (_WRONG_REGION, _COPY_KEY),
        key_in_doubt=True,
    ),
    "10004": Meaning(
        AuthenticationError,
        True,
        "the signature is wrong",
        "Check secret_key.",
        (_COPY_SECRET,),
        key_in_doubt=True,
    ),
    "10005": _SCOPE,
    "10006": _LIMIT,
    "10007": _KEY,
    "10008": Meaning(
        PermissionDenied,
        True,
        "the account is banned, or is not of the kind that may ask this",
        "Log in on Bybit's site, and look what it says about the account.",
    ),
    # Of a whole country, or of an address for a while: it may end by itself.
    "10009": Meaning(
        PermissionDenied,
        False,
        "Bybit does not serve this machine's address",
        "Try another network; Bybit does not serve every country.",
    ),
    "10010": ADDRESS,
    "10014": PASSING,
    "10016": PASSING,
    "10017": REQUEST,
    "10018": _LIMIT,
    "10024": Meaning(
        PermissionDenied,
        True,
        "Bybit's compliance rules forbid it",
        "Log in on Bybit's site, and look what it asks of you.",
    ),
    "10028": Meaning(
        PermissionDenied,
        True,
        "the account is not a unified trading account",
        "Upgrade it to one on Bybit's site: no other kind is supported.",
    ),
    "33004": Meaning(
        AuthenticationError,
        True,
        "the key has expired",
        "Make a new one.",
        (
            "Make a new key under API management on Bybit's site: a key that is bound "
            "to no IP address lasts three months.",
        ),
    ),
}

#: Words of answers without a listed code -> the code that others have. The first that
#: fits: many name the API key, whatever they are about.
WORDS: Mapping[str, str] = {
    "key has expired": "33004",
    "unmatched ip": "10010",
    "user has been banned": "10008",
    "ip has been banned": "10009",
    "permission": "10005",
    "too many": "10006",
    "frequen": "10006",
    "rate limit": "10006",
    "restart": "10016",
    "apikey": "10003",
    "api key": "10003",
    "api_key": "10003",
    "sign": "10004",
    "expired": "10002",
    "timestamp": "10002",
    "time window": "10002",
    "internal": "10016",
    "system": "10016",
    "server": "10016",
}

#: The codes that Bybit gives only for a key that it knows: the region is right.
KNOWN_KEY_CODES = frozenset({"10004", "10005", "10010", "10028", "33004"})

#: Likely cause and remedy of a 403 that is not Bybit's own.
_FORBIDDEN = {
    "cause": "a firewall refuses this network or its country, or too many requests "
    "came from it",
    "remedy": "Bybit does not serve every country, and shuts out an address for 10 "
    "minutes after too many requests: wait, or try another network.",
}


def explain_refusal(
    exchange: KeyedExchange, answer: OperationAnswer, operation: str
) -> Refusal:
    """Make the error for a refusal in a frame; ``operation``: what it refuses.

    A refused login is about the key unless its code or its words say otherwise.
    """
    code, words = answer.code, answer.message.lower()
    known = next((c for part, c in WORDS.items() if part in words), "")
    known = code if code in CODES else known
    if operation == AUTH:
        # All that a login's request can have wrong is the key in it.
        meaning = CODES.get(known, _KEY)
        meaning = _KEY if meaning is REQUEST else meaning
        return refusal(exchange, meaning, code, answer.message, "the login")
    doing = "the subscription" if operation == SUBSCRIBE else "a request"
    meaning = CODES.get(known, UNKNOWN if code else REQUEST)
    return refusal(exchange, meaning, code, answer.message, doing)


def explain_answer(
    exchange: KeyedExchange,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    doing: str,
) -> AssetStreamError:
    """Make the error for an HTTP answer that was not what was asked for."""
    reply, wait = read_envelope(body), retry_after(headers)
    code, words = (reply.code, reply.words) if reply else ("", "")
    if code in CODES:
        return refusal(exchange, CODES[code], code, words, doing, wait)
    why = _FORBIDDEN if status == 403 else {}
    page = web_page(exchange, status, headers, body, doing, **why)
    if status == 403 and b"too frequent" in body.lower():
        message = "access too frequent" if page else exchange.own_words(body)
        return refusal(exchange, _LIMIT, "403", message, doing, wait or SHUT_OUT_S)
    outage = page or unavailable(exchange, status, headers, body, doing)
    if outage is not None:
        return outage
    if code not in ("", "0"):
        # A 401 is about the key, and a 403 of Bybit's own forbids.
        unknown = {401: _KEY, 403: _SCOPE}.get(status, UNKNOWN)
        return refusal(exchange, unknown, code, words, doing, wait)
    if status == 401:
        return unsigned_401(exchange, _KEY, body, doing, wait)
    if status in (200, 201):
        return exchange.unreadable("the answer is no reply of balances", body)
    return foreign_answer(exchange, status, body, doing, wait=wait, **why)

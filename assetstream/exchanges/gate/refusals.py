"""The meaning of Gate's labels and codes, and what the user can do about each.

An HTTP answer has a label. A frame has one of a few codes, and often the HTTP answer of
Gate's own login service, with its label, inside its words.
"""

from __future__ import annotations

import re
from typing import Mapping

from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.exchanges.common.refusals import (
    ADDRESS,
    CLOCK_OFF,
    PASSING,
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
from assetstream.exchanges.common.values import Unreadable, decode, text
from assetstream.exchanges.gate.frames import SubscriptionAnswer
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)

__all__ = [
    "CODES",
    "KNOWN_KEY_CODES",
    "LABELS",
    "WORDS",
    "explain_answer",
    "explain_refusal",
]

_REGION = "The test network has keys of its own: region={region!r} may be wrong."
_WRONG_REGION = (
    "The test network has keys of its own: if the key is not of {region}, pass its "
    "region= ({regions}; --region on the command line)."
)
_COPY_KEY = (
    "Copy {api_key} again from API management on Gate's site, and see that "
    "{secret_key} was not put in its place. It must be an APIv4 key; one that was "
    "deleted, or has expired, has to be made anew."
)
_COPY_SECRET = (
    "Copy {secret_key} again: it belongs to one key and is shown only once; if it is "
    "lost, make a new key."
)
_KEY = Meaning(
    AuthenticationError,
    True,
    "",
    "Check api_key, secret_key, and the key's list of IP addresses. " + _REGION,
    (_COPY_KEY, _COPY_SECRET, _WRONG_REGION, ADDRESS.hints[0]),
    key_in_doubt=True,
)
_SCOPE = Meaning(
    PermissionDenied,
    True,
    "the key lacks the permission to read the spot account",
    "Make a key that has it.",
    (
        "Make an APIv4 key with the permission 'Spot', read only, under API management "
        "on Gate's site; it needs no other.",
    ),
)
_BLOCKED = Meaning(
    PermissionDenied,
    True,
    "Gate has locked the account",
    "Log in on Gate's site, and look what it says about the account.",
)
_LIMIT = Meaning(
    RateLimited,
    False,
    "too many requests",
    "Run fewer programs with the same account: all of them count.",
)
_REQUEST = Meaning(
    ExchangeError,
    False,
    "Gate did not understand the request",
    "See that ws_url and rest_url are those of Gate's spot WebSocket and REST. A proxy "
    "may change requests, or Gate changed its protocol: update assetstream, or report "
    "it.",
)

#: Of HTTP answers, and of the words of frames that quote them.
LABELS: Mapping[str, Meaning] = {
    "INVALID_KEY": Meaning(
        AuthenticationError,
        True,
        "the key is not known",
        "Check api_key. " + _REGION,
        (_COPY_KEY, _WRONG_REGION),
        key_in_doubt=True,
    ),
    "INVALID_SIGNATURE": Meaning(
        AuthenticationError,
        True,
        "the signature is wrong",
        "Check secret_key.",
        (_COPY_SECRET, PROXY_HINT),
        key_in_doubt=True,
    ),
    "INVALID_CREDENTIALS": _KEY,
    "MISSING_REQUIRED_HEADER": Meaning(
        AuthenticationError,
        True,
        "a header did not arrive: a proxy may have removed it",
        "Try another network, or without the proxy.",
        (PROXY_HINT,),
    ),
    "REQUEST_EXPIRED": CLOCK_OFF,
    "IP_FORBIDDEN": ADDRESS,
    "FORBIDDEN": _SCOPE,
    "READ_ONLY": _SCOPE,
    "ACCOUNT_LOCKED": _BLOCKED,
    "SUB_ACCOUNT_LOCKED": _BLOCKED,
    "TOO_MANY_REQUESTS": _LIMIT,
    "TOO_BUSY": PASSING,
    "INTERNAL": PASSING,
    "SERVER_ERROR": PASSING,
}

#: Of frames.
CODES: Mapping[str, Meaning] = {
    "1": _REQUEST,
    "2": _REQUEST,
    "3": PASSING,
    "4": _KEY,
    # Not in the documents; another client takes them for refused keys.
    "6": _KEY,
    "11": _KEY,
}

#: Words of frames that quote no label -> the label that fits. The first that is found.
WORDS: Mapping[str, str] = {
    # The login service itself failed.
    "status : 5": "SERVER_ERROR",
    "timestamp": "REQUEST_EXPIRED",
    "request expired": "REQUEST_EXPIRED",
    "invalid key": "INVALID_KEY",
    "signature": "INVALID_SIGNATURE",
    "whitelist": "IP_FORBIDDEN",
    "permission": "FORBIDDEN",
    "too many": "TOO_MANY_REQUESTS",
    # Also as "auth faild", with code 2.
    "auth fai": "INVALID_CREDENTIALS",
}

#: The form of labels that are not listed.
OWN_LABEL = re.compile("[A-Z][A-Z0-9_]*", re.ASCII)

#: The labels that Gate gives only for a key that it knows: the region is right.
KNOWN_KEY_CODES = frozenset(
    {"INVALID_SIGNATURE", "IP_FORBIDDEN", "FORBIDDEN", "READ_ONLY"}
)

LABEL = re.compile(rf"\b(?:{'|'.join(LABELS)})\b")

#: Likely cause and remedy of a 403 that is not Gate's own.
_FORBIDDEN = {
    "cause": "a firewall refuses this network or its country",
    "remedy": "Gate does not serve every country: try another network.",
}


def explain_refusal(
    exchange: KeyedExchange, answer: SubscriptionAnswer, doing: str
) -> Refusal:
    """Make the error for a refusal in a frame; ``doing``: what it refuses.

    A label in the words says more than the code: the same refusal of a key has come
    with the codes 2 and 4.
    """
    code, message = answer.code, answer.message
    quoted = LABEL.search(message)
    if quoted:
        return refusal(exchange, LABELS[quoted[0]], quoted[0], message, doing)
    words = message.lower()
    label = next((label for part, label in WORDS.items() if part in words), None)
    meaning = CODES.get(code, UNKNOWN) if label is None else LABELS[label]
    return refusal(exchange, meaning, code, message, doing)


def explain_answer(
    exchange: KeyedExchange,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    doing: str,
) -> AssetStreamError:
    """Make the error for an HTTP answer that was not what was asked for."""
    (label, words), wait = _read_error(body), retry_after(headers)
    if label in LABELS:
        return refusal(exchange, LABELS[label], label, words, doing, wait)
    why = _FORBIDDEN if status == 403 else {}
    page = web_page(exchange, status, headers, body, doing, **why)
    outage = page or unavailable(exchange, status, headers, body, doing)
    if outage is not None:
        return outage
    if label and is_own(status, label, OWN_LABEL):
        # A 401 is about the key, a 403 of Gate's own forbids, and what a 400 does not
        # understand is the request.
        meanings = {400: _REQUEST, 401: _KEY, 403: _SCOPE}
        meaning = meanings.get(status, UNKNOWN)
        return refusal(exchange, meaning, label, words, doing, wait)
    if status == 401:
        return unsigned_401(exchange, _KEY, body, doing, wait)
    if status in (200, 201):
        return exchange.unreadable("the answer is no list of balances", body)
    return foreign_answer(exchange, status, body, doing, wait=wait, **why)


def _read_error(body: bytes) -> tuple[str, str]:
    """Return the label and the words of an error of Gate's; "" if it is none."""
    try:
        answer = decode(body)
    except Unreadable:
        return "", ""
    if not isinstance(answer, dict):
        return "", ""
    return text(answer.get("label")), text(answer.get("message"))

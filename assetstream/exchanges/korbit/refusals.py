"""The meaning of Korbit's codes, and what the user can do about each.

An HTTP answer has its code in the place of the words. The documents list few that are
about keys: of any other the status decides.
"""

from __future__ import annotations

import re
from typing import Mapping

from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.exchanges.common.refusals import (
    CLOCK_OFF,
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
from assetstream.exchanges.korbit.frames import ControlMessage
from assetstream.exchanges.korbit.rest import read_error
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    PermissionDenied,
)

__all__ = ["CODES", "explain_answer", "explain_refusal"]

_COPY_KEY = (
    "Copy {api_key} again from the developers' page on Korbit's site, and see that "
    "{secret_key} was not put in its place; a key expires after a year, and has to be "
    "made anew."
)
_COPY_SECRET = (
    "Copy {secret_key} again: it belongs to one API key and is shown only once; if it "
    "is lost, make a new key, of the type HMAC-SHA256."
)
_PERMISSION_HINT = (
    "Give the key the permission to read balances (자산 조회, readBalances) on "
    "Korbit's site; it needs no other, and a change takes up to a minute."
)
_ADDRESS_HINT = (
    "Add this machine's public IP address to the key's list on Korbit's site; behind a "
    "proxy or a VPN it is the address of that which counts."
)
_KEY = Meaning(
    AuthenticationError,
    True,
    "the key or the signature is wrong",
    "Check api_key and secret_key.",
    (_COPY_SECRET, _COPY_KEY),
    key_in_doubt=True,
)
# Korbit's 403 does not say which of the two.
_SCOPE = Meaning(
    PermissionDenied,
    True,
    "the key's permissions, or this machine's IP address",
    "Check both on Korbit's site.",
    (_PERMISSION_HINT, _ADDRESS_HINT),
)

CODES: Mapping[str, Meaning] = {
    # In HTTP answers.
    "EXCEED_TIME_WINDOW": CLOCK_OFF,
    "KEY_NOT_FOUND": Meaning(
        AuthenticationError,
        True,
        "the key is not known",
        "Check api_key.",
        (_COPY_KEY,),
        key_in_doubt=True,
    ),
    "BAD_REQUEST": REQUEST,
    "TRY_AGAIN": PASSING,
    # In frames.
    "INVALID_REQUEST": REQUEST,
}

#: The form of codes that are not listed.
OWN_CODE = re.compile("[A-Z][A-Z_]*", re.ASCII)


def explain_refusal(
    exchange: KeyedExchange, answer: ControlMessage, doing: str
) -> Refusal:
    """Make the error for a refusal in a frame; ``doing``: what it refuses."""
    # A request of another form than Korbit's is refused in words alone.
    unknown = UNKNOWN if answer.code else REQUEST
    meaning = CODES.get(answer.code, unknown)
    return refusal(exchange, meaning, answer.code, answer.message, doing)


def explain_answer(
    exchange: KeyedExchange,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    doing: str,
) -> AssetStreamError:
    """Make the error for an HTTP answer that was not what was asked for."""
    code, wait = read_error(body), retry_after(headers)
    page = web_page(exchange, status, headers, body, doing)
    outage = page or unavailable(exchange, status, headers, body, doing)
    if outage is not None:
        return outage
    if code and is_own(status, code, OWN_CODE):
        meanings = {400: REQUEST, 401: _KEY, 403: _SCOPE}
        meaning = CODES.get(code, meanings.get(status, UNKNOWN))
        return refusal(exchange, meaning, code, "", doing, wait)
    if status == 401:
        return unsigned_401(exchange, _KEY, body, doing, wait)
    if status in (200, 201):
        return exchange.unreadable("the answer is no list of balances", body)
    return foreign_answer(exchange, status, body, doing, wait=wait)

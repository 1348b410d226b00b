"""The meaning of Binance's codes, and what the user can do about each.

They are the same on the WebSocket and by REST.
"""

from __future__ import annotations

import re
from typing import Mapping

from assetstream.exchanges.binance.frames import IdentifiedAnswer
from assetstream.exchanges.binance.rest import read_error
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
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)

__all__ = ["CODES", "KNOWN_KEY_CODES", "explain_answer", "explain_refusal"]

_ADDRESS_HINT = (
    "If the key is bound to IP addresses, add this machine's public one, under API "
    "management on Binance's site; behind a proxy or a VPN it is the address of that "
    "which counts."
)
_WRONG_REGION = (
    "Testnet and demo trading have keys of their own: if the key is not of {region}, "
    "pass its region= ({regions}; --region on the command line)."
)
_COPY_KEY = (
    "Copy {api_key} again from API management on Binance's site, and see that "
    "{secret_key} was not put in its place; a key that was deleted has to be made anew."
)
_COPY_SECRET = (
    "Copy {secret_key} again: it belongs to one API key and is shown only once; if it "
    "is lost, make a new key. Of an Ed25519 key it is the private key whose public one "
    "was given to Binance."
)
_PERMISSION_HINT = (
    'See that the key has "Enable Reading"; it needs no other permission.'
)
_KEY = Meaning(
    AuthenticationError,
    True,
    "",
    "Check api_key and secret_key. A key is good for one network only: "
    "region={region!r} may be wrong.",
    (_WRONG_REGION, _COPY_KEY, _COPY_SECRET, _ADDRESS_HINT),
    key_in_doubt=True,
)
_UNKNOWN_KEY = Meaning(
    AuthenticationError,
    True,
    "the key is not known",
    "Check api_key. A key is good for one network only: region={region!r} may be "
    "wrong.",
    (_WRONG_REGION, _COPY_KEY),
    key_in_doubt=True,
)
_SCOPE = Meaning(
    PermissionDenied,
    True,
    "the key may not do this",
    'Give it "Enable Reading" on Binance\'s site.',
    (_PERMISSION_HINT, _ADDRESS_HINT),
)
_COUNTRY = Meaning(
    PermissionDenied,
    False,
    "Binance does not serve this machine's country or network",
    "Try another network; Binance does not serve every country.",
)
_FIREWALL = Meaning(
    ExchangeError,
    False,
    "Binance's firewall refuses this network or its country, or too many requests came "
    "from it",
    "Wait some minutes, or try another network; Binance does not serve every country.",
)
_LIMIT = Meaning(
    RateLimited,
    False,
    "too many requests or connections",
    "Run fewer programs with the same address: all of them count.",
)

CODES: Mapping[str, Meaning] = {
    "-1000": PASSING,
    "-1001": PASSING,
    "-1002": _SCOPE,
    "-1003": _LIMIT,
    "-1006": PASSING,
    "-1007": PASSING,
    "-1008": PASSING,
    "-1016": PASSING,
    "-1020": REQUEST,
    "-1021": CLOCK_OFF,
    "-1022": Meaning(
        AuthenticationError,
        True,
        "the signature is wrong",
        "Check secret_key.",
        (_COPY_SECRET,),
        key_in_doubt=True,
    ),
    "-1034": _LIMIT,
    "-1099": _KEY,
    **{str(code): REQUEST for code in range(-1131, -1099)},
    "-2008": _UNKNOWN_KEY,
    "-2014": Meaning(
        AuthenticationError,
        True,
        "the key has not the form of a key",
        "Check api_key.",
        (_COPY_KEY,),
        key_in_doubt=True,
    ),
    # Binance does not say which of the three.
    "-2015": Meaning(
        AuthenticationError,
        True,
        "the key, this machine's IP address or the key's permissions",
        "Check all three on Binance's site. A key is good for one network only: "
        "region={region!r} may be wrong.",
        (_WRONG_REGION, _ADDRESS_HINT, _PERMISSION_HINT, _COPY_KEY),
        key_in_doubt=True,
    ),
    # A subscription that there is already, or no more: the next connection has none.
    "-2035": PASSING,
    "-2036": PASSING,
}

#: The form of codes that are not listed.
OWN_CODE = re.compile("-[0-9]+", re.ASCII)

#: The codes that Binance gives only for a key that it knows: the region is right.
KNOWN_KEY_CODES = frozenset({"-1022"})

#: Likely cause and remedy of a 403 that is not in Binance's own words.
_FORBIDDEN = {"cause": _FIREWALL.cause, "remedy": _FIREWALL.remedy}


def explain_refusal(
    exchange: KeyedExchange, answer: IdentifiedAnswer, doing: str, wait: float | None
) -> Refusal:
    """Make the error for a refusal in a frame.

    Args:
        doing: what is refused, in words.
        wait: seconds that Binance asks to wait, if it does.
    """
    unknown = _by_status(answer.status)
    meaning = CODES.get(answer.code, unknown)
    return refusal(exchange, meaning, answer.code, answer.message, doing, wait)


def _by_status(status: int) -> Meaning:
    """Return the meaning of a code that is not listed."""
    if status >= 500:
        return PASSING
    meanings = {401: _KEY, 403: _FIREWALL, 418: _LIMIT, 429: _LIMIT}
    return meanings.get(status, UNKNOWN)


def explain_answer(
    exchange: KeyedExchange,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    doing: str,
) -> AssetStreamError:
    """Make the error for an HTTP answer that was not what was asked for."""
    own, wait = read_error(body), retry_after(headers)
    code, words = (own.code_text, own.words) if own else ("", "")
    if status == 451:
        return refusal(exchange, _COUNTRY, "451", words, doing, wait)
    if code in CODES and status not in (418, 429) and status < 500:
        return refusal(exchange, CODES[code], code, words, doing, wait)
    why = _FORBIDDEN if status == 403 else {}
    page = web_page(exchange, status, headers, body, doing, **why)
    outage = page or unavailable(exchange, status, headers, body, doing)
    if outage is not None:
        return outage
    if own is not None and is_own(status, code, OWN_CODE):
        return refusal(exchange, _by_status(status), code, words, doing, wait)
    if status == 401:
        return unsigned_401(exchange, _KEY, body, doing, wait)
    if status in (200, 201):
        return exchange.unreadable("the answer is no account with balances", body)
    return foreign_answer(exchange, status, body, doing, wait=wait, **why)

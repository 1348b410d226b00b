"""The meaning of Upbit's error names, and what the user can do about each."""

from __future__ import annotations

from typing import Mapping

from assetstream.exchanges.common import named_errors
from assetstream.exchanges.common.named_errors import NamedErrors
from assetstream.exchanges.common.refusals import ADDRESS, PROXY_HINT, Meaning
from assetstream.model.errors import (
    AuthenticationError,
    PermissionDenied,
    RateLimited,
)

__all__ = ["ERRORS", "KNOWN_KEY_CODES", "NAMES"]

_REGION = (
    "A key is good for the region it was made in only: region={region!r} may be wrong."
)
_WRONG_REGION = (
    "A key is good for one region only: if it was made on another of Upbit's sites "
    "than that of {region}, pass its region= ({regions}; --region on the command "
    "line)."
)
_COPY_KEY = (
    "Copy {access_key} again from API management on Upbit's site, and see that "
    "{secret_key} was not put in its place; a key that was deleted or is over a year "
    "old has to be made anew."
)
_COPY_SECRET = (
    "Copy {secret_key} again: it belongs to one access key and is shown only once; if "
    "it is lost, make a new key."
)
_KEY = Meaning(
    AuthenticationError,
    True,
    "",
    "Check access_key, secret_key and the key's list of IP addresses. " + _REGION,
    (_WRONG_REGION, _COPY_KEY, _COPY_SECRET, ADDRESS.hints[0]),
    key_in_doubt=True,
)
_SCOPE = Meaning(
    PermissionDenied,
    True,
    "the key lacks the permission 'View Account'",
    "Make a key that has it.",
    (
        "Make a key with the permission 'View Account' (in Korea: 자산조회) under API "
        "management on Upbit's site; it needs no other.",
    ),
)

NAMES: Mapping[str, Meaning] = {
    **named_errors.NAMES,
    # In frames.
    "INVALID_AUTH": _KEY,
    "TOO_MANY_REQUEST": Meaning(
        RateLimited,
        False,
        "too many messages or connections with this key",
        "Run fewer programs with the same key.",
    ),
    # In HTTP answers.
    "jwt_verification": Meaning(
        AuthenticationError,
        True,
        "the token's signature is wrong",
        "Check secret_key, and algorithm if you set it.",
        (
            _COPY_SECRET,
            "If you set algorithm=, leave it out: HS256 is what every region takes.",
            _WRONG_REGION,
        ),
        key_in_doubt=True,
    ),
    "expired_access_key": Meaning(
        AuthenticationError,
        True,
        "the key has expired (keys last one year)",
        "Make a new one.",
        (
            "Make a new key under API management on Upbit's site: keys last one year, "
            "and cannot be prolonged.",
        ),
    ),
    "invalid_access_key": Meaning(
        AuthenticationError,
        True,
        "the key is not known",
        "Check access_key. " + _REGION,
        (_WRONG_REGION, _COPY_KEY),
        key_in_doubt=True,
    ),
    "nonce_used": Meaning(
        AuthenticationError,
        False,
        "a nonce came twice",
        "If a proxy on the way sends requests twice, go without it.",
        (
            "Nothing is wrong with the key: the next try uses a new nonce. If it "
            "repeats, a proxy on the way sends requests twice: go without it.",
        ),
    ),
    "no_authorization_ip": ADDRESS,
    # The spelling of older pages.
    "no_authorization_i_p": ADDRESS,
    "no_authorization_token": Meaning(
        AuthenticationError,
        True,
        "the Authorization header did not arrive: a proxy may have removed it",
        "Try another network, or without the proxy.",
        (PROXY_HINT,),
    ),
    "out_of_scope": _SCOPE,
    "thirdparty_agreement_required": Meaning(
        PermissionDenied,
        True,
        "you have not agreed to the sharing of data",
        "Agree to it on Upbit's site.",
        ("Log in on Upbit's site and agree there to the sharing of data.",),
    ),
}

#: The names that Upbit gives only for a key that it knows: the region is right.
KNOWN_KEY_CODES = frozenset(
    {
        "expired_access_key",
        "no_authorization_ip",
        "no_authorization_i_p",
        "nonce_used",
        "out_of_scope",
        "thirdparty_agreement_required",
    }
)

ERRORS = NamedErrors(NAMES, key=_KEY, forbidden=_SCOPE)

"""The meaning of Bithumb's error names, and what the user can do about each."""

from __future__ import annotations

from typing import Mapping

from assetstream.exchanges.common import named_errors
from assetstream.exchanges.common.named_errors import NamedErrors
from assetstream.exchanges.common.refusals import ADDRESS, CLOCK_OFF, Meaning
from assetstream.model.errors import AuthenticationError, PermissionDenied

__all__ = ["ERRORS", "NAMES"]

_COPY_KEY = (
    "Copy {access_key} again from API management on Bithumb's site, and see that "
    "{secret_key} was not put in its place; it has to be a key of API 2.0."
)
_COPY_SECRET = (
    "Copy {secret_key} again: it belongs to one API key and is shown only once; if it "
    "is lost, make a new key."
)
_KEY = Meaning(
    AuthenticationError,
    True,
    "",
    "Check access_key, secret_key and the key's list of IP addresses.",
    (_COPY_KEY, _COPY_SECRET, ADDRESS.hints[0]),
    key_in_doubt=True,
)
_FORBIDDEN = Meaning(
    PermissionDenied,
    True,
    "Bithumb has restricted this account or this function",
    "Ask Bithumb's support.",
    ("Ask Bithumb's support: the key itself is not refused.",),
)

# From the documents' table of errors and, of frames, from the public socket; there is
# no name for a key that is not known.
NAMES: Mapping[str, Meaning] = {
    **named_errors.NAMES,
    "jwt_verification": Meaning(
        AuthenticationError,
        True,
        "the token's signature is wrong, or the key is not known",
        "Check access_key and secret_key.",
        (_COPY_SECRET, _COPY_KEY),
        key_in_doubt=True,
    ),
    "expired_jwt": CLOCK_OFF,
    "NotAllowIP": ADDRESS,
    "out_of_scope": Meaning(
        PermissionDenied,
        True,
        "the key lacks the permission to read balances",
        "Make a key that has it.",
        (
            "Make a key with the permission to read assets (자산조회) under API "
            "management on Bithumb's site; it needs no other.",
        ),
    ),
    "blocked_member_id": _FORBIDDEN,
}

ERRORS = NamedErrors(NAMES, key=_KEY, forbidden=_FORBIDDEN)

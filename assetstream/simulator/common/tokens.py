"""Reads JSON Web Tokens as an exchange does."""

from __future__ import annotations

from typing import Any

import msgspec
from jwt import InvalidTokenError, PyJWS
from jwt.algorithms import HMACAlgorithm

__all__ = ["bearer", "claims_of", "proves"]


class ShortKeyHMAC(HMACAlgorithm):
    """Takes 40-character secrets without the warning that HS512 wants 64."""

    def check_key_length(self, key: Any) -> str | None:
        """Accept any length: the exchange chooses how long its keys are."""
        return None


# An own reader: PyJWT's global one belongs to the whole process.
_jws = PyJWS(algorithms=[])
_jws.register_algorithm("HS256", ShortKeyHMAC(HMACAlgorithm.SHA256))
_jws.register_algorithm("HS512", ShortKeyHMAC(HMACAlgorithm.SHA512))


def bearer(authorization: str) -> str:
    """Return the token of an ``Authorization`` header; "" if it has none."""
    scheme, _, token = authorization.partition(" ")
    return token if scheme.lower() == "bearer" else ""


def claims_of(token: str) -> Any:
    """Return a token's claims, unproved: they name the key that proves them.

    Raises:
        ValueError: it is no token.
    """
    try:
        unproved = _jws.decode(token, options={"verify_signature": False})
        return msgspec.json.decode(unproved)
    except (InvalidTokenError, msgspec.DecodeError, UnicodeDecodeError):
        # Without a cause, whose traceback would hold the token.
        raise ValueError("no token") from None


def proves(token: str, secret: str, *algorithms: str) -> bool:
    """Return whether it was signed with the secret, by one of the algorithms."""
    try:
        _jws.decode(token, secret, algorithms=list(algorithms))
    except InvalidTokenError:
        return False
    return True

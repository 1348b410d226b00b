"""Signs JSON Web Tokens. This is the only module of the package that imports PyJWT."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from assetstream.libraries import PYJWT, importing

with importing(PYJWT):
    import jwt

__all__ = ["sign"]


class RawSecretHmac(jwt.algorithms.HMACAlgorithm):  # pyright: ignore[reportUntypedBaseClass, reportAttributeAccessIssue]
    """HMAC over the secret as it is.

    PyJWT, where it checks lengths, would warn of Upbit's 40 characters with each token,
    and nobody but the exchange can make a secret longer.
    """

    def prepare_key(self, key: Any) -> bytes:
        return key if isinstance(key, bytes) else str(key).encode()

    def check_key_length(self, key: Any) -> None:
        return None

    def sign(self, msg: bytes, key: Any) -> bytes:
        return hmac.new(key, msg, self.hash_alg).digest()


# An own signer: PyJWT's global one belongs to the whole process.
_signer = jwt.PyJWS(algorithms=[])
_signer.register_algorithm("HS256", RawSecretHmac(hashlib.sha256))
_signer.register_algorithm("HS512", RawSecretHmac(hashlib.sha512))


def sign(claims: bytes, secret: str, algorithm: str) -> str:
    """Return the token that carries these claims."""
    return _signer.encode(claims, secret, algorithm=algorithm)

"""OKX's signature, and the time that it is good for."""

from __future__ import annotations

import base64
import hashlib
import hmac

__all__ = ["LOGIN", "WINDOW_S", "signature"]

#: What a login signs after its time.
LOGIN = "GET/users/self/verify"
#: Seconds that a signed time may be away from the exchange's.
WINDOW_S = 30.0


def signature(time: str, request: str, secret_key: str) -> str:
    """Sign by HMAC-SHA256, in base64, over the time and the request."""
    text = f"{time}{request}".encode()
    digest = hmac.digest(secret_key.encode(), text, hashlib.sha256)
    return base64.b64encode(digest).decode()

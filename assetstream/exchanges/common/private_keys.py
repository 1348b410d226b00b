"""Ed25519 private keys, which users make themselves, in place of an exchange's secret.

Such a key is 48 bytes, of which 16 are the same in all of them (RFC 8410), so a PEM
file has a single line of base64 between its two others, and that line alone is as good.
"""

from __future__ import annotations

import base64
import importlib.util
import re
from typing import Any

from assetstream.exchanges.common.values import Unreadable

__all__ = ["Ed25519Signer", "is_installed", "one_line", "private_key"]

#: What stands before the key itself, and the length of all.
PLAIN = bytes.fromhex("302e020100300506032b657004220420"), 48
#: The same where the public key follows, as some programs write it.
WITH_PUBLIC_KEY = bytes.fromhex("3051020101300506032b657004220420"), 83
SEED = slice(16, 48)

PEM = re.compile(r"-----BEGIN(\w*)PRIVATEKEY-----([\w+/=]+)-----END\1PRIVATEKEY-----")


def one_line(key: str) -> str:
    """Return the text of a PEM file without its line breaks, any other as it is."""
    if not key.lstrip().startswith("-----BEGIN"):
        return key
    # Where a value has one line only, line breaks are often written as backslash and n.
    return "".join(key.replace("\\n", " ").split())


def private_key(text: str) -> str | None:
    """Return the one line of base64 that is an Ed25519 private key; None: it is none.

    Args:
        text: as ``one_line`` leaves it.

    Raises:
        Unreadable: the text of a PEM file, but not of an Ed25519 private key.
    """
    pem = PEM.fullmatch(text)
    seed = _seed(pem[2] if pem else text)
    if seed is not None:
        return base64.b64encode(PLAIN[0] + seed).decode()
    if pem and pem[1] == "ENCRYPTED":
        raise Unreadable("is encrypted: decrypt it, by `openssl pkey -in FILE`")
    if pem:
        raise Unreadable("is a private key, but not an Ed25519 one")
    if text.startswith("-----BEGIN"):
        raise Unreadable("is not the whole file of a private key")
    return None


def _seed(body: str) -> bytes | None:
    try:
        data = base64.b64decode(body, validate=True)
    except ValueError:
        return None
    return data[SEED] if (data[:16], len(data)) in (PLAIN, WITH_PUBLIC_KEY) else None


def is_installed() -> bool:
    """Return whether there is the library that signs; it is not imported."""
    return importlib.util.find_spec("cryptography") is not None


class Ed25519Signer:
    """Signs texts; its repr shows no part of the key, which ``private_key`` has made.

    The library is imported by the first signature: it takes as long to load as all of
    this package.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._loaded: Any = None

    def __call__(self, text: str) -> str:
        """Return the signature over ``text``, in base64."""
        if self._loaded is None:
            from cryptography.hazmat.primitives.asymmetric import ed25519

            seed = base64.b64decode(self._key)[SEED]
            self._loaded = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
        return base64.b64encode(self._loaded.sign(text.encode())).decode()

    def __repr__(self) -> str:
        return "<Ed25519Signer>"

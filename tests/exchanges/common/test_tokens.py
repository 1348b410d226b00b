"""JSON Web Tokens, signed without touching what belongs to the whole process."""

from __future__ import annotations

import importlib.util
import warnings
from typing import Any

import jwt
from jwt.algorithms import HMACAlgorithm

from assetstream.exchanges.common import tokens


def test_signing_leaves_the_process_as_it_was() -> None:
    """Neither PyJWT's global algorithms nor the warning filters are changed."""
    filters = list(warnings.filters)
    # As on its first import, beside the module that all others use.
    spec = importlib.util.find_spec(tokens.__name__)
    assert spec is not None
    assert spec.loader is not None
    fresh: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    for name in ("HS256", "HS512"):
        assert fresh.sign(b"{}", "s", name).count(".") == 2
        assert type(jwt.api_jws.get_algorithm_by_name(name)) is HMACAlgorithm
    assert warnings.filters == filters


def test_a_known_token_is_made_again() -> None:
    """The example of jwt.io, which nearly every library's documents repeat."""
    claims = b'{"sub":"1234567890","name":"John Doe","iat":1516239022}'

    assert tokens.sign(claims, "your-256-bit-secret", "HS256") == (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
        "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ."
        "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
    )

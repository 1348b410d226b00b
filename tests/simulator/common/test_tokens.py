"""Tokens, read as an exchange does."""

from __future__ import annotations

import jwt
import pytest

from assetstream.simulator.common.tokens import bearer, claims_of, proves

SECRET = "s" * 64


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer a.b.c", "a.b.c"),
        ("bearer a.b.c", "a.b.c"),
        ("Basic a", ""),
        ("Bearer", ""),
        ("", ""),
    ],
)
def test_a_token_is_taken_out_of_its_header(header: str, token: str) -> None:
    """Any other way to prove oneself is none."""
    assert bearer(header) == token


def test_claims_are_read_before_they_are_proved() -> None:
    """They name the key that proves them."""
    token = jwt.encode({"a": 1}, SECRET, "HS256")

    assert claims_of(token) == {"a": 1}
    for odd in ("", "a.b.c", token[:-20].replace(".", "")):
        with pytest.raises(ValueError, match="no token"):
            claims_of(odd)


def test_only_the_right_secret_proves_them() -> None:
    """By one of the algorithms that are allowed."""
    token = jwt.encode({"a": 1}, SECRET, "HS512")

    assert proves(token, SECRET, "HS256", "HS512")
    assert not proves(token, SECRET, "HS256")
    assert not proves(token, "x" * 64, "HS512")
    assert not proves(jwt.encode({"a": 1}, "", "none"), SECRET, "HS256")

"""Tokens in headers: what they carry, and that nobody sees one."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from tests.support.specs import KEY, NONCE, SECRET, at, make_upbit


def part(data: bytes) -> bytes:
    """Encode a part of a token as RFC 7515 says, with nothing of ours."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def test_a_token_is_what_rfc_7515_says() -> None:
    """HS256 over the raw secret; the access key comes first, and no blank is in it."""
    header = part(b'{"alg":"HS256","typ":"JWT"}')
    claims = part(f'{{"access_key":"{KEY}","nonce":"{NONCE}"}}'.encode())
    signed = header + b"." + claims
    signature = part(hmac.digest(SECRET.encode(), signed, hashlib.sha256))

    assert make_upbit().authorization(at(0.0), NONCE) == {
        "Authorization": f"Bearer {(signed + b'.' + signature).decode()}"
    }


@pytest.mark.parametrize("length", [10, 60, 1000])
def test_a_token_is_redacted_even_if_it_is_cut_off(length: int) -> None:
    """The access key stands behind the first dot."""
    exchange = make_upbit()
    header = exchange.authorization(at(0.0), NONCE)["Authorization"]
    echo = header.removeprefix("Bearer ")[:length].encode()

    assert exchange.redacted(b"<" + echo + b">") == b"<***>"

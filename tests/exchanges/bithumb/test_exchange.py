"""Bithumb: addresses, and tokens that say the time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

from assetstream.model.errors import ConnectionLost
from tests.exchanges.bithumb.spec import make_bithumb
from tests.support.specs import KEY, NONCE, SECRET, START_MS, at


def part(data: bytes) -> str:
    """Encode a part of a token as RFC 7515 says, with nothing of ours."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(seconds: float) -> str:
    """Make the token of a moment by hand.

    The payload is that of the documents' example ("요청 포맷" and "인증 헤더 만들기" of
    apidocs.bithumb.com): access_key, nonce and timestamp in ms, signed by HS256.
    """
    claims = {
        "access_key": KEY,
        "nonce": NONCE,
        "timestamp": START_MS + int(seconds * 1000),
    }
    payload = json.dumps(claims, separators=(",", ":")).encode()
    signed = ".".join(map(part, (b'{"alg":"HS256","typ":"JWT"}', payload)))
    signature = hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256)
    return f"{signed}.{part(signature)}"


def test_it_has_one_place() -> None:
    """The private socket is of the second version; there is no test network."""
    exchange = make_bithumb()

    assert exchange.ws_url == "wss://ws-api.bithumb.com/websocket/v2/private"
    assert exchange.read(at(0.0), NONCE).url == "https://api.bithumb.com/v1/accounts"
    assert exchange.elsewhere() == {}


def test_the_handshake_carries_the_token_of_its_moment() -> None:
    """One header, no Origin; the time is the exchange's, to the millisecond."""
    connect = make_bithumb().conversation({}).connect(at(1.5), NONCE)

    assert connect.headers == {"Authorization": f"Bearer {token(1.5)}"}
    assert connect.origin is None


def test_the_read_is_signed_in_its_header_only() -> None:
    """Without parameters there is no hash of them in the token."""
    call = make_bithumb().read(at(2.0), NONCE)

    assert (call.method, call.body) == ("GET", b"")
    assert call.headers == {
        "Accept": "application/json",
        "Authorization": f"Bearer {token(2.0)}",
    }


def test_an_echoed_token_is_redacted() -> None:
    """The access key stands in it in base64."""
    error = make_bithumb().conversation({}).refused(400, {}, token(0.0).encode())

    assert isinstance(error, ConnectionLost)
    assert error.reason == "***"

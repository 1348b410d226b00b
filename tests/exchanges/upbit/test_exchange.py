"""Upbit: addresses, tokens, regions."""

from __future__ import annotations

import warnings
from typing import Any, get_args, get_type_hints

import jwt
import pytest

from assetstream.exchanges import Upbit
from assetstream.exchanges.upbit import exchange as upbit
from assetstream.model.errors import AuthenticationError, ConnectionLost
from tests.support.specs import KEY, NONCE, SECRET, at, make_upbit


def _claims(headers: Any, algorithm: str) -> Any:
    scheme, token = headers["Authorization"].split()
    assert scheme == "Bearer"
    # PyJWT warns of the short secret when it verifies, too: that is the test's matter.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jwt.decode(token, SECRET, algorithms=[algorithm])


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("sg", "sg-api.upbit.com"),
        ("id", "id-api.upbit.com"),
        ("th", "th-api.upbit.com"),
        ("kr", "api.upbit.com"),
    ],
)
def test_each_region_has_its_host(region: str, host: str) -> None:
    """A key is only ever sent to its region."""
    exchange = make_upbit(region=region)

    assert exchange.ws_url == f"wss://{host}/websocket/v1/private"
    assert exchange.read(at(0.0), NONCE).url == f"https://{host}/v1/accounts"


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
@pytest.mark.parametrize("secret", [SECRET, "short"])
def test_tokens_verify_and_nothing_warns(algorithm: str, secret: str) -> None:
    """Key and nonce, signed over the raw secret, without a warning about its length."""
    exchange = type(make_upbit())(KEY, secret, region="sg", algorithm=algorithm)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        headers = exchange.conversation({}).connect(at(0.0), NONCE).headers

    token = headers["Authorization"].removeprefix("Bearer ")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        claims = jwt.decode(token, secret, algorithms=[algorithm])
    assert claims == {"access_key": KEY, "nonce": NONCE}
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "JWT"}


def test_a_secret_is_used_as_raw_bytes() -> None:
    """A secret that looks like a PEM or JSON key is used, too."""
    secret = '{"kty":"oct"}'
    token = type(make_upbit())(KEY, secret, region="sg").authorization(at(0.0), NONCE)

    assert token["Authorization"].count(".") == 2


def test_the_handshake_carries_one_header_and_no_origin() -> None:
    """With an Origin, Upbit would take one request in 10 s."""
    connect = make_upbit().conversation({}).connect(at(0.0), NONCE)

    assert list(connect.headers) == ["Authorization"]
    assert connect.origin is None
    assert _claims(connect.headers, "HS256")["nonce"] == NONCE


def test_the_read_is_signed_in_its_header_only() -> None:
    """The read has no query and no body, and asks for JSON."""
    call = make_upbit().read(at(0.0), NONCE)

    assert (call.method, call.body) == ("GET", b"")
    assert "?" not in call.url
    assert set(call.headers) == {"Authorization", "Accept"}
    assert _claims(call.headers, "HS256") == {"access_key": KEY, "nonce": NONCE}


def test_tokens_are_redacted() -> None:
    """An echoed token never reaches a message."""
    exchange = make_upbit()
    header = exchange.authorization(at(0.0), NONCE)["Authorization"]
    error = exchange.conversation({}).refused(400, {}, f"<{header}>".encode())

    assert isinstance(error, ConnectionLost)
    assert error.reason == "<Bearer ***>"


def test_type_checkers_know_every_choice() -> None:
    """An editor offers exactly the choices that the constructor takes."""
    hints = get_type_hints(upbit.Upbit.__init__)

    assert get_args(hints["region"]) == get_args(upbit.Region) == tuple(upbit.HOSTS)
    assert get_args(hints["format"]) == get_args(upbit.Format) == tuple(upbit.FORMATS)
    assert get_args(hints["algorithm"]) == upbit.ALGORITHMS


LETTERS = "0123456789" * 4


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("no_authorization_ip", True),
        ("expired_access_key", True),
        ("out_of_scope", True),
        ("invalid_access_key", False),
        ("jwt_verification", False),
        ("INVALID_AUTH", False),
    ],
)
def test_a_refusal_shows_whether_the_region_is_right(name: str, known: bool) -> None:
    """Some refusals prove that the region knows the key."""
    error = AuthenticationError("refused", code=name)

    assert make_upbit().knows_key(error) is known


def test_a_key_behind_a_gateway_has_no_other_regions() -> None:
    """No real host should see the key of a gateway or of a simulator."""
    place = "127.0.0.1:8080"
    exchange = make_upbit(ws_url=f"ws://{place}/ws", rest_url=f"http://{place}")

    assert exchange.elsewhere() == {}


def test_a_real_key_has_other_regions() -> None:
    """Each region has its own TLS host; the key's own is left out."""
    elsewhere = Upbit(LETTERS, LETTERS[::-1], region="kr").elsewhere()

    assert {region: other.rest_url for region, other in elsewhere.items()} == {
        region: f"https://{region}-api.upbit.com" for region in ("sg", "id", "th")
    }
    assert all(other.ws_url.startswith("wss://") for other in elsewhere.values())

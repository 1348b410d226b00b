"""Upbit: addresses, tokens, the REST read and its refusals."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from decimal import Decimal
from typing import Any, get_args, get_type_hints

import jwt
import pytest

from assetstream.exchanges.upbit import exchange as upbit
from assetstream.exchanges.upbit.refusals import NAMES
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    ProtocolError,
    RateLimited,
)
from tests.support.specs import KEY, NONCE, SECRET, at, frame, make_upbit, sample


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
    """Even one that looks like a PEM or JSON key, which PyJWT would refuse."""
    secret = '{"kty":"oct"}'
    token = type(make_upbit())(KEY, secret, region="sg").authorization(NONCE)

    assert token["Authorization"].count(".") == 2


def test_signing_leaves_the_process_as_it_was() -> None:
    """Neither PyJWT's global algorithms nor the warning filters are changed."""
    code = (
        "import warnings, jwt.api_jws as j; f = list(warnings.filters);"
        "a = j._jws_global_obj.get_algorithm_by_name('HS512');"
        "from assetstream.exchanges import Upbit;"
        "from assetstream.protocol import Instant;"
        "Upbit('k', 's', region='sg', algorithm='HS512').read(Instant(0.0, 0), 'n');"
        "assert j._jws_global_obj.get_algorithm_by_name('HS512') is a;"
        "assert warnings.filters == f"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_the_handshake_carries_one_header_and_no_origin() -> None:
    """With an Origin, Upbit would take one request in 10 s."""
    connect = make_upbit().conversation({}).connect(at(0.0), NONCE)

    assert list(connect.headers) == ["Authorization"]
    assert connect.origin is None
    assert _claims(connect.headers, "HS256")["nonce"] == NONCE


def test_the_read_is_signed_in_its_header_only() -> None:
    """No query, no body, JSON asked for."""
    call = make_upbit().read(at(0.0), NONCE)

    assert (call.method, call.body) == ("GET", b"")
    assert "?" not in call.url
    assert set(call.headers) == {"Authorization", "Accept"}
    assert _claims(call.headers, "HS256") == {"access_key": KEY, "nonce": NONCE}


def test_accounts_are_read_exactly() -> None:
    """Spellings of zero and of whole amounts stay as sent."""
    snapshot = make_upbit().read_replied(201, {}, sample("upbit", "rest_accounts"))

    krw, xrp = snapshot.balances
    assert (krw.currency, str(krw.available)) == ("KRW", "1000000.0")
    assert (xrp.currency, str(xrp.available)) == ("XRP", "140000000")
    assert (str(krw.locked), str(xrp.locked)) == ("0.0", "0")
    assert json.loads(krw.raw)["unit_currency"] == "KRW"


@pytest.mark.parametrize(
    ("bad", "currency"),
    [
        ({"currency": "XRP", "balance": "NaN", "locked": "0"}, "XRP"),
        ({"currency": "XRP", "balance": None, "locked": "0"}, "XRP"),
        ({"currency": "XRP", "balance": "1"}, "XRP"),
        ({"currency": "xrp", "balance": "-1", "locked": "0"}, "XRP"),
        ({"balance": "1", "locked": "0"}, ""),
        ("XRP", ""),
        (None, ""),
    ],
)
def test_a_bad_entry_costs_its_own_currency(bad: Any, currency: str) -> None:
    """S2: the others are read; the snapshot is not complete."""
    good = {"currency": "btc", "balance": 1.5, "locked": 0}
    snapshot = make_upbit().read_replied(200, {}, frame([good, bad]))

    assert [(b.currency, b.available) for b in snapshot.balances] == [
        ("BTC", Decimal("1.5"))
    ]
    assert snapshot.unreadable == (currency,)
    assert not snapshot.complete


def test_a_currency_twice_is_unreadable() -> None:
    """Which of two entries is right, nobody can tell."""
    entry = {"currency": "BTC", "balance": "1", "locked": "0"}
    other = {**entry, "currency": "XRP"}
    for entries in ([entry, other, entry], [entry, entry, entry, other]):
        snapshot = make_upbit().read_replied(200, {}, frame(entries))

        assert [b.currency for b in snapshot.balances] == ["XRP"]
        assert snapshot.unreadable == ("BTC",)


@pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b" [ ] ", b"{ }\n"])
def test_nothing_is_an_empty_snapshot(body: bytes) -> None:
    """S2: null and empty data need a second read."""
    assert make_upbit().read_replied(200, {}, body).empty


@pytest.mark.parametrize("body", [b"5", b'"x"', b'{"a":1}', b"[1", b"\xff", b"0"])
def test_anything_else_is_not_understood(body: bytes) -> None:
    """A reply that is no list is a ProtocolError that keeps it."""
    with pytest.raises(ProtocolError) as caught:
        make_upbit().read_replied(200, {}, body)

    assert caught.value.frame == body


FATAL: dict[str, type[AssetStreamError]] = {
    "INVALID_AUTH": AuthenticationError,
    "WRONG_FORMAT": ExchangeError,
    "NO_TICKET": ExchangeError,
    "NO_TYPE": ExchangeError,
    "NO_CODES": ExchangeError,
    "INVALID_PARAM": ExchangeError,
    "invalid_query_payload": AuthenticationError,
    "jwt_verification": AuthenticationError,
    "expired_access_key": AuthenticationError,
    "invalid_access_key": AuthenticationError,
    "no_authorization_ip": AuthenticationError,
    "no_authorization_i_p": AuthenticationError,
    "no_authorization_token": AuthenticationError,
    "out_of_scope": PermissionDenied,
    "thirdparty_agreement_required": PermissionDenied,
}
PASSING: dict[str, type[AssetStreamError]] = {
    "TOO_MANY_REQUEST": RateLimited,
    "nonce_used": AuthenticationError,
}


def test_every_known_name_is_tested() -> None:
    """A new name in the table needs a line here."""
    assert set(NAMES) == {*FATAL, *PASSING}


@pytest.mark.parametrize(("name", "kind"), [*FATAL.items(), *PASSING.items()])
def test_the_name_decides_not_the_status(
    name: str, kind: type[AssetStreamError]
) -> None:
    """The same name means the same with 401 and 403, at handshake and REST."""
    exchange = make_upbit()
    body = frame({"error": {"message": "words", "name": name}})
    errors: list[Exception] = []
    for status in (200, 400, 401, 403):
        errors.append(exchange.conversation({}).refused(status, {}, body))
        with pytest.raises((ExchangeError, RateLimited)) as caught:
            exchange.read_replied(status, {}, body)
        errors.append(caught.value)

    for error in errors:
        assert type(error) is kind
        assert isinstance(error, (ExchangeError, RateLimited))
        assert (error.code, error.message) == (name, "words")
        assert error.fatal is (name in FATAL)
        assert error.exchange == "upbit"


def test_a_wrong_region_is_named_as_a_cause() -> None:
    """The commonest cause of a 401 is the other region's host."""
    error = make_upbit(region="kr").conversation({}).refused(401, {}, b"")

    assert "region='kr' may be wrong" in str(error)


def test_a_bad_address_tells_the_remedy() -> None:
    """The user learns where to add the address."""
    body = sample("upbit", "rest_error_ip")
    error = make_upbit().conversation({}).refused(401, {}, body)

    assert "IP address" in str(error)
    assert "This is not a verified IP." in str(error)


@pytest.mark.parametrize(
    ("status", "kind", "fatal"),
    [
        (400, ExchangeError, False),
        (401, AuthenticationError, True),
        (403, PermissionDenied, True),
        (404, ExchangeError, False),
        (500, ConnectionLost, False),
    ],
)
@pytest.mark.parametrize("name", ["brand_new", 404])
def test_unknown_names_are_judged_by_status(
    name: Any, status: int, kind: type[Exception], fatal: bool
) -> None:
    """Only 401 and Upbit's own 403 stop the stream; a name may be an integer."""
    body = frame({"error": {"name": name, "message": "?"}})
    error = make_upbit().conversation({}).refused(status, {}, body)

    assert type(error) is kind
    assert error.fatal is fatal


def test_tokens_are_redacted() -> None:
    """An echoed token never reaches a message."""
    exchange = make_upbit()
    header = exchange.authorization(NONCE)["Authorization"]
    error = exchange.conversation({}).refused(400, {}, f"<{header}>".encode())

    assert isinstance(error, ConnectionLost)
    assert error.reason == "<Bearer ***>"


def test_type_checkers_know_every_choice() -> None:
    """What an editor offers is what the constructor takes."""
    hints = get_type_hints(upbit.Upbit.__init__)

    assert get_args(hints["region"]) == get_args(upbit.Region) == tuple(upbit.HOSTS)
    assert get_args(hints["format"]) == get_args(upbit.Format) == tuple(upbit.FORMATS)
    assert get_args(hints["algorithm"]) == upbit.ALGORITHMS

"""Korbit: addresses, the signed query, redaction."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from assetstream.protocol import Instant
from tests.exchanges.korbit.spec import make_korbit
from tests.support.specs import KEY, NONCE, SECRET, at

MOMENT = Instant(5.0, 1_785_312_047_205)


def query() -> str:
    """Make the query of the moment as Korbit's documents say, with nothing of ours.

    HMAC-SHA256 in hexadecimal digits, over the parameters as they are sent; the
    signature is appended.
    """
    text = "timestamp=1785312047205&recvWindow=10000"
    signature = hmac.digest(SECRET.encode(), text.encode(), hashlib.sha256).hex()
    return f"{text}&signature={signature}"


def test_it_has_one_place() -> None:
    """The hosts of its new name; there is no test network."""
    exchange = make_korbit()

    assert exchange.ws_url == "wss://ws-api.digitalx.miraeasset.com/v2/private"
    assert exchange.rest_url == "https://api.digitalx.miraeasset.com"
    assert exchange.elsewhere() == {}


def test_the_handshake_is_signed_in_its_query() -> None:
    """The key goes into a header; neither is shown."""
    connect = make_korbit().conversation({}).connect(MOMENT, NONCE)

    assert connect.url == make_korbit().ws_url + "?" + query()
    assert (connect.headers, connect.origin) == ({"X-KAPI-KEY": KEY}, None)
    assert repr(connect) == f"<Connect {make_korbit().ws_url}>"


def test_the_read_is_signed_alike() -> None:
    """With its own time."""
    call = make_korbit().read(MOMENT, NONCE)
    url = urlsplit(call.url)

    assert (call.method, call.body) == ("GET", b"")
    assert (url.netloc, url.path) == ("api.digitalx.miraeasset.com", "/v2/balance")
    assert url.query == query()
    assert call.headers == {"Accept": "application/json", "X-KAPI-KEY": KEY}


def test_signatures_are_redacted_wherever_they_are_echoed() -> None:
    """Each is made anew, so they are known by their form."""
    exchange = make_korbit()
    signature = exchange.query(at(0.0)).rpartition("=")[2]
    for echo in (signature, signature.upper()):
        for text in (f"<{echo}>", f'["{echo}"]', f"signature={echo}&x=1"):
            shown = exchange.redacted(text.encode())
            assert echo.encode() not in shown
            assert b"***" in shown
    # Longer ones are none.
    assert exchange.redacted(b"a" * 65) == b"a" * 65


def test_keys_of_any_form_are_no_fault() -> None:
    """The forms are not published."""
    assert make_korbit().key_hints() == ()

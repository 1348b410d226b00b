"""The mask between an exchange's messages and the tape."""

from __future__ import annotations

import base64
import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetstream import CoinW, Upbit
from assetstream.protocol import Exchange
from assetstream.recording.mask import Mask
from tests.support.specs import SPECS

SAMPLES = Path(__file__).parents[1] / "exchanges" / "samples"
KEY, SECRET = "k" * 20 + "+/7" + "q" * 17, "s3cr3t" * 6 + "Zz9="
UPBIT = Upbit(KEY, SECRET, region="sg")
PATHS = sorted(SAMPLES.glob("*/*.json"))


def exchange_of(path: Path) -> Exchange:
    """Return the exchange that a sample is of."""
    return SPECS[path.parent.name].make()


@pytest.fixture
def mask() -> Mask:
    """Return a mask that keeps amounts."""
    return Mask(UPBIT, ["my savings"], scramble=False)


@pytest.fixture
def scramble() -> Mask:
    """Return a mask that scrambles amounts."""
    return Mask(UPBIT, [], scramble=True)


def masked(mask: Mask, content: Any) -> Any:
    """Return JSON after the mask."""
    return json.loads(mask.data(json.dumps(content).encode()))


@pytest.mark.parametrize(
    "path",
    [path for path in PATHS if path.parent.name in ("upbit", "coinw")],
    ids=lambda p: f"{p.parent.name}/{p.stem}",
)
def test_of_the_known_frames_only_identifiers_change(path: Path) -> None:
    """All else stays to the byte."""
    mask = Mask(exchange_of(path), ["my savings"], scramble=False)
    raw = path.read_bytes().strip()
    shown = mask.data(raw)
    personal = [b"asset_uuid", b"astuid", b"ledger_id"]

    assert len(shown) == len(raw)
    if any(name in raw for name in personal):
        assert shown != raw
    same = sum(a == b for a, b in zip(raw, shown, strict=True))
    # An identifier has 36 characters; the ticket in these samples one.
    ticket = b"LIST_SUBSCRIPTIONS" in raw
    assert same >= len(raw) - (36 if shown != raw and not ticket else ticket)


@pytest.mark.parametrize("path", PATHS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_of_every_known_frame_what_its_exchange_names_is_kept(path: Path) -> None:
    """A recording without it could be neither read nor replayed."""
    exchange = exchange_of(path)
    raw = path.read_bytes().strip()
    shown = Mask(exchange, [], scramble=False).data(raw)
    fields = exchange.fields
    names = {
        *(*fields.amounts, *fields.times, *fields.seconds, *fields.currencies),
        *(*fields.kinds, *fields.codes),
    }

    assert list(values(json.loads(shown), names)) == list(
        values(json.loads(raw), names)
    )


def values(content: Any, names: set[str]) -> Iterator[Any]:
    """Yield the values of these names."""
    if isinstance(content, dict):
        for name, value in content.items():
            if name in names and isinstance(value, (str, int, float)):
                yield value
            yield from values(value, names)
    if isinstance(content, list):
        for value in content:
            yield from values(value, names)


@pytest.mark.parametrize("path", PATHS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_scrambled_frames_stay_readable(path: Path) -> None:
    """The structure stays, amounts change, and zero is zero."""
    scramble = Mask(exchange_of(path), [], scramble=True)
    raw = path.read_bytes()
    before = json.loads(raw, parse_float=Decimal)
    after = json.loads(scramble.data(raw), parse_float=Decimal)

    assert shape(after) == shape(before)


def shape(content: Any) -> Any:
    """Return the names, and which of the numbers are zero."""
    if isinstance(content, dict):
        return {name: shape(value) for name, value in content.items()}
    if isinstance(content, list):
        return [shape(value) for value in content]
    try:
        return Decimal(str(content)) == 0
    except ArithmeticError:
        return type(content)


def test_what_is_not_known_is_taken_for_personal(mask: Mask) -> None:
    """Unknown fields keep only name and shape."""
    given = {
        "type": "myAsset",
        "uid": 40718832,
        "owner": {"nick": "minsu", "mail": "minsu@example.com", "active": True},
        "account": "A-17-Q92X-55",
        "balance": "12.5",
    }
    shown = masked(mask, given)

    assert shown["type"] == "myAsset"
    assert shown["balance"] == "12.5"
    assert shown["owner"]["active"] is True
    assert shown["uid"] != 40718832
    assert len(str(shown["uid"])) == 8
    for word in ("minsu", "example", "A-17-Q92X-55"):
        assert word not in json.dumps(shown)


def test_a_name_that_is_an_identifier_is_masked_too(mask: Mask) -> None:
    """Some interfaces use identifiers as names."""
    assert "40718832" not in str(masked(mask, {"40718832": {"BTC": 1}}))


def test_the_same_identifier_has_the_same_mask_everywhere(mask: Mask) -> None:
    """Frames and words have the same mask."""
    identifier = "0f8fad5b-d9cb-469f-a165-70867728950e"
    frame = masked(mask, {"type": "myAsset", "asset_uuid": identifier})

    assert mask.words(f"about {identifier}.") == f"about {frame['asset_uuid']}."


@pytest.mark.parametrize(
    "frame",
    [
        '{{"error": {{"message": "{0}"}}}}',
        '{{"type": "{0}"}}',
        "<html>{0}</html>",
        '{{"data": "{{\\"message\\": \\"{0}\\"}}"}}',
        'cut off: {{"msg": "{0}',
        '{{"msg": "\\u0020{0}',
    ],
)
@pytest.mark.parametrize("form", ["plain", "base64", "inside base64", "escaped"])
def test_no_credential_gets_through(mask: Mask, frame: str, form: str) -> None:
    """Credentials are found plain, escaped or in base64, in any frame."""
    for secret in (KEY, SECRET):
        written = {
            "plain": secret,
            "base64": base64.b64encode(secret.encode()).decode(),
            "inside base64": base64.b64encode(f"x:{secret}:y".encode()).decode(),
            "escaped": json.dumps(secret)[1:-1].replace("/", "\\/"),
        }[form]
        shown = mask.data(frame.format(written).encode()).decode()

        assert written not in shown
        for part in (secret[:10], secret[-10:], written[4:16]):
            assert part not in shown


def test_the_accounts_label_is_hidden(mask: Mask) -> None:
    """A user's own label can reveal more than a key."""
    assert mask.words("my savings: lost at 10 s") == "***: lost at 10 s"


def test_bytes_that_are_no_text_are_masked_as_such(mask: Mask) -> None:
    """Readable parts are masked; the other bytes stay."""
    shown = mask.data(b'\xff\xfe{"uid": 40718832, "balance": "1.5"' + KEY.encode())

    assert shown.startswith(b"\xff\xfe")
    assert b"40718832" not in shown
    assert KEY.encode() not in shown


def test_only_harmless_header_fields_are_kept(mask: Mask) -> None:
    """Cookies, addresses and traces are left out."""
    given = {
        "Date": "Wed, 25 Nov 2026 20:10:19 GMT",
        "Retry-After": "120",
        "Set-Cookie": "session=1",
        "X-Request-Id": "f00",
        "Authorization": f"Bearer {KEY}",
        "Server": f"edge {KEY}",
    }

    assert mask.headers(given) == {
        "date": "Wed, 25 Nov 2026 20:10:19 GMT",
        "retry-after": "120",
        "server": "edge ***",
    }


def test_amounts_of_one_currency_are_scaled_alike() -> None:
    """Pushes and REST replies share the factor of a currency."""
    scramble = Mask(CoinW(KEY, SECRET), [], scramble=True)
    push = b'{"data":{"available":"2","currency":"BTC","hold":"0"},"type":"assets"}'
    rest = b'{"data":{"BTC":{"onOrders":"4","available":"2"},"XRP":{"onOrders":"2"}}}'
    pushed = json.loads(scramble.data(push))["data"]
    read = json.loads(scramble.data(rest))["data"]

    assert pushed["available"] == read["BTC"]["available"] != "2"
    assert Decimal(read["BTC"]["onOrders"]) == 2 * Decimal(read["BTC"]["available"])
    assert read["XRP"]["onOrders"] != read["BTC"]["available"]
    assert pushed["hold"] == "0"


@pytest.mark.parametrize(
    "frame",
    [
        b'{"assets":[{"currency":"BTC","balance":123456789.0123,"loc',
        b'{"assets":[{"balance":123456789.0123}]}',
        b'{"assets":[{"currency":"BTC","balance":"123456789.0123 BTC"}]}',
        b"balance: 123456789.0123",
        b'{"fresh":123456789.0123}',
        b'{"msg":"you have 123456789.0123"}',
        b'{"data":"{\\"currency\\":\\"BTC\\",\\"available\\":\\"123456789.0123\\"}"}',
        b'\xff{"currency":"BTC","balance":123456789.0123}',
    ],
)
def test_no_amount_gets_through_a_frame_of_another_form(
    scramble: Mask, frame: bytes
) -> None:
    """All digits of numbers without a known meaning are replaced."""
    shown = scramble.data(frame)

    assert b"123456789" not in shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=50)
@given(JSON, st.booleans())
def test_json_stays_json(content: Any, scrambled: bool) -> None:
    """Any JSON keeps its structure."""
    mask = Mask(CoinW(KEY, SECRET), [], scramble=scrambled)
    frame = json.dumps(content).encode()
    shown = json.loads(mask.data(frame))

    assert kinds(shown) == kinds(content)


def kinds(content: Any) -> Any:
    """Return the structure without names."""
    if isinstance(content, dict):
        # Two names may come to be the same.
        return dict
    if isinstance(content, list):
        return [kinds(value) for value in content]
    return (
        float if isinstance(content, int) and content not in (0, 1) else type(content)
    )


@given(st.binary(), st.booleans())
def test_nothing_that_comes_is_too_odd(data: bytes, scrambled: bool) -> None:
    """Any bytes can be recorded."""
    mask = Mask(UPBIT, [], scramble=scrambled)

    assert len(mask.data(data)) >= 0
    assert isinstance(mask.words(data.decode(errors="replace")), str)


def test_a_label_is_hidden_in_our_own_words_only() -> None:
    """In a frame the same letters mean something else."""
    mask = Mask(UPBIT, ["type"], scramble=False)

    assert masked(mask, {"type": "myAsset"}) == {"type": "myAsset"}
    assert mask.words("type: lost") == "***: lost"


@pytest.mark.parametrize(
    "data",
    [
        b"a" * 100_000,
        b"a." * 50_000,
        b"@" + b"a" * 100_000,
        b"1:" * 50_000,
        b'{"a":' * 20_000,
    ],
)
def test_hostile_data_takes_no_long_time(mask: Mask, data: bytes) -> None:
    """No search may take time quadratic in its length."""
    began = time.process_time()
    mask.data(data)
    mask.words(data.decode())

    assert time.process_time() - began < 10.0


def test_short_addresses_and_whole_labels() -> None:
    """IPv6 addresses without zeros are masked; parts of words are not."""
    mask = Mask(CoinW("k" * 20, "s" * 20), ["main"], scramble=False)

    shown = mask.words("maintenance of main, seen by fe80::1 at 12:30:15")
    assert shown.startswith("maintenance of ***, seen by ")
    assert "fe80::1" not in shown
    assert shown.endswith(" at 12:30:15")

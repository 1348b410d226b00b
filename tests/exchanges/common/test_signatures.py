"""Signatures are known in whatever a refusal quotes."""

from __future__ import annotations

import json
from typing import Callable
from urllib.parse import quote

import pytest

from assetstream.exchanges.common.signatures import base64_signature, hex_signature

HEX = "0123456789abcdefABCDEF0123456789"
BASE64 = "+aZ/09bC+/" * 2 + "=="
NAMED = {"+": "&plus;", "/": "&sol;", "=": "&equals;"}
FORMS: list[Callable[[str], str]] = [
    lambda text: text,
    lambda text: quote(text, safe=""),
    lambda text: quote(quote(text, safe=""), safe=""),
    lambda text: quote(quote(quote(text, safe=""))),
    lambda text: json.dumps(json.dumps({"a": text})),
    lambda text: json.dumps({"a": f"\n{text}"}),
    lambda text: quote(json.dumps([text])),
    lambda text: text.replace("/", "\\/"),
    lambda text: "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in text),
    lambda text: quote(text, safe="").replace("%", "\\u0025"),
    lambda text: "".join(c if c.isalnum() else f"&#{ord(c)};" for c in text),
    lambda text: "".join(c if c.isalnum() else f"&#x{ord(c):X};" for c in text),
    lambda text: "".join(c if c.isalnum() else f"&amp;#x00{ord(c):x};" for c in text),
    lambda text: "".join(NAMED.get(c, c) for c in text),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", ["sign=", '"', " ", "a+b ", "x&sign="])
def test_a_signature_is_found_in_every_form(
    before: str, form: Callable[[str], str]
) -> None:
    """An escape that ends with a letter or a digit may stand before it."""
    for signature, pattern in (
        (HEX, hex_signature(32)),
        (BASE64, base64_signature(20, 2)),
    ):
        quoted = form(f"{before}{signature}&").encode()
        redacted = pattern.sub(b"***", quoted)

        assert redacted.count(b"***") == 1
        assert signature[:6].encode() not in redacted
        assert signature[-8:-2].encode() not in redacted


@pytest.mark.parametrize(
    "text", [HEX[1:], f"{HEX}0", f"g{HEX}", f"{HEX}g", "%3D" + HEX[1:]]
)
def test_what_only_resembles_one_in_hex_stays(text: str) -> None:
    """Exactly so many digits, not part of a word, are a signature."""
    assert hex_signature(32).search(text.encode()) is None


@pytest.mark.parametrize("text", [BASE64[1:], f"a{BASE64}", BASE64[:-1], f"+{BASE64}"])
def test_what_only_resembles_one_in_base64_stays(text: str) -> None:
    """Exactly so many letters and signs of equality, alone, are a signature."""
    assert base64_signature(20, 2).search(text.encode()) is None

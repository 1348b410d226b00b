"""The positions of values in a JSON text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetstream.recording.scan import scan, unquoted


def found_in(text: str) -> list[tuple[str, str, str]]:
    """Return (value, its key, the key above it)."""
    tokens, _, values = scan(text)
    return [(tokens[v.place], v.key, v.parent) for v in values]


def test_each_value_knows_where_it_stands() -> None:
    """A value has its key, also through arrays, and its object's key."""
    text = '{"data": {"BTC": {"hold": "1", "l": [2, {"x": null}]}}, "n": -1.5e3}'

    assert found_in(text) == [
        ('"1"', "hold", "BTC"),
        ("2", "l", "BTC"),
        ("null", "x", "l"),
        ("-1.5e3", "n", ""),
    ]


def test_the_strings_of_an_object_are_known_whatever_their_order() -> None:
    """An amount before its currency belongs to that currency."""
    _, _, values = scan('[{"available": 1, "currency": "BTC"}, {"available": 2}]')

    assert [v.siblings.get("currency") for v in values if v.key == "available"] == [
        "BTC",
        None,
    ]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"b": "cut o',
        '{"a": {"b": 1}}}}], "c": 2',
        '{"a" 1 "b": undefined, \x00}',
        '"\\',
        "",
    ],
)
def test_what_is_no_json_is_scanned_all_the_same(text: str) -> None:
    """Bytes that are no JSON are scanned without loss."""
    assert "".join(scan(text)[0]) == text


@given(st.text())
def test_the_tokens_are_the_whole_text(text: str) -> None:
    """The tokens of any text join to that text."""
    assert "".join(scan(text)[0]) == text


@given(st.text())
def test_a_string_is_read_as_json_reads_it(text: str) -> None:
    """Escapes are decoded; half of a surrogate pair stays half."""
    for escaped in (True, False):
        written = json.dumps(text, ensure_ascii=escaped)
        read = unquoted(written)
        assert read.encode("utf-16", "surrogatepass") == text.encode(
            "utf-16", "surrogatepass"
        )

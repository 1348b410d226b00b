"""``Mask``: disguises everything in a message that is not known to be harmless.

Harmless are names of fields, kinds of messages, currency codes, times, error codes, the
exchange's texts, and amounts unless they are to be scrambled. Nothing here raises,
whatever the message is.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Iterable, Mapping

from assetstream.protocol import Exchange
from assetstream.recording.disguise import Disguise
from assetstream.recording.scan import NUMBER, Value, scan, unquoted

__all__ = ["Mask"]

TIME = re.compile(r"[0-9]{10,17}(?:\.[0-9]{1,9})?")
CURRENCY = re.compile(r"(?=.*[^\W\d])[\w$.-]{1,20}")
KIND = re.compile(r"[A-Za-z_.-]{1,24}")
CODE = re.compile(r"-?[0-9]{1,7}")
#: Values that are about nobody.
HARMLESS = {"", "0", "true", "false", "null", "NaN", "Infinity", "-Infinity", "***"}
#: A key stays if it looks like a name or a currency.
KEY = re.compile(r"(?=.*[^\W\d])[\w$.-]{1,28}")
JSON = re.compile(r'\s*(?:[{\["]|[0-9.eE+-]+\s*$)')
#: Header fields that are about nobody.
HEADERS = ("content-type", "date", "remaining-req", "retry-after", "server")


class Mask:
    """Masks all traffic between an account and its exchange.

    Args:
        exchange: the adapter, which has the credentials.
        labels: other texts that must not be on the tape: the account's label.
        scramble: multiply amounts, one factor for each currency.
    """

    def __init__(
        self, exchange: Exchange, labels: Iterable[str], *, scramble: bool
    ) -> None:
        self._exchange = exchange
        fields = self._fields = exchange.fields
        self._numbers = frozenset(fields.amounts + fields.prices)
        self._shapes = {
            **dict.fromkeys(fields.times + fields.seconds, TIME),
            **dict.fromkeys(fields.currencies, CURRENCY),
            **dict.fromkeys(fields.kinds, KIND),
            **dict.fromkeys(fields.codes, CODE),
        }
        self._scramble = scramble
        self._disguise = Disguise()
        encoded = (
            form for text in exchange.credentials.values() for form in _in_base64(text)
        )
        self._encoded = _any_of(encoded)
        # Only our own texts contain labels; a frame has the same letters by chance.
        self._labels = _any_of(labels, whole=True)

    def data(self, data: bytes) -> bytes:
        """Mask a frame, or the body of a reply."""
        data = self._redacted(data)
        try:
            return self._text(data.decode()).encode(errors="replace")
        except UnicodeDecodeError:
            # Every byte is some character of latin-1, so every byte is masked.
            return self._text(data.decode("latin-1")).encode("latin-1", "replace")

    def words(self, text: str) -> str:
        """Mask a text for people: a reason, or an error."""
        data = self._labels.sub(b"***", text.encode(errors="replace"))
        return self._prose(self._redacted(data).decode(errors="replace"))

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the harmless headers, masked."""
        named = {name.lower(): value for name, value in headers.items()}
        return {
            name: self._disguise.prose(self._without_secrets(named[name]))
            for name in HEADERS
            if name in named
        }

    def _redacted(self, data: bytes) -> bytes:
        return self._encoded.sub(b"***", self._exchange.redacted(data))

    def _without_secrets(self, text: str) -> str:
        return self._redacted(text.encode(errors="replace")).decode(errors="replace")

    def _text(self, text: str) -> str:
        if not JSON.match(text):
            return self._prose(text)
        tokens, keys, values = scan(text)
        for place in keys:
            key = unquoted(tokens[place])
            if not KEY.fullmatch(key) or self._disguise.prose(key) != key:
                tokens[place] = _quoted(self._disguise.opaque(key))
        for value in values:
            tokens[value.place] = self._value(tokens[value.place], value)
        return "".join(tokens)

    def _value(self, token: str, value: Value) -> str:
        """Return the token, to the byte, if it is harmless, else another one."""
        if token[0] != '"':
            return self._masked(token, value)
        text = unquoted(token)
        if "\\" in token:
            text = self._without_secrets(text)
        masked = self._masked(text, value)
        return token if masked == unquoted(token) else _quoted(masked)

    def _masked(self, text: str, value: Value) -> str:
        key = value.key
        if text in HARMLESS:
            return text
        if key in self._numbers:
            return self._amount(text, value)
        if key in self._shapes and self._shapes[key].fullmatch(text):
            return text
        if (
            key in self._fields.ordered
            and text.isascii()
            and text.isdecimal()
            and len(text) < 40
        ):
            return str(self._disguise.ordered(int(text)))
        if key in self._fields.texts or (key == "name" and value.parent == "error"):
            return self._prose(text)
        if key == "data" and text[0] in "{[":
            return self._text(text)  # JSON within JSON, in CoinW's other topics
        return self._disguise.opaque(text)

    def _amount(self, text: str, value: Value) -> str:
        if not NUMBER.fullmatch(text):
            return self._disguise.opaque(text)
        if not self._scramble:
            return text
        known = value.siblings
        named = (known[name] for name in self._fields.currencies if known.get(name))
        unit = next(named, value.parent)
        if not unit or not KEY.fullmatch(unit):
            return self._disguise.opaque(text)
        if value.key in self._fields.prices:
            unit = f"price of {unit}"  # a unit of its own, with its own factor
        return self._disguise.scaled(unit.upper(), text)

    def _prose(self, text: str) -> str:
        if self._scramble:
            return self._disguise.numberless(text)
        return self._disguise.prose(text)


def _any_of(texts: Iterable[str], *, whole: bool = False) -> re.Pattern[bytes]:
    """Make a pattern of the texts, the longest first; ``whole``: whole words only."""
    found = sorted({*texts} - {""}, key=len, reverse=True)
    pattern = "|".join(map(re.escape, found)).encode() or rb"(?!)"
    return re.compile(rb"(?<!\w)(?:%b)(?!\w)" % pattern if whole else pattern)


def _in_base64(text: str) -> list[str]:
    """Return the part of its base64 that is the same wherever the text begins."""
    found = []
    for offset in range(3):
        data = b"\0" * offset + text.encode()
        encoded = base64.b64encode(data).decode().rstrip("=")
        # The first characters, and the last, depend on the bytes around the text.
        core = encoded[(0, 2, 3)[offset] : len(data) * 8 // 6]
        found += [core, core.translate(str.maketrans("+/", "-_"))]
    return [core for core in found if len(core) >= 8]


def _quoted(text: str) -> str:
    """Write a JSON string; escapes what cannot be printed, lone surrogates too."""
    return json.dumps(text, ensure_ascii=not text.isprintable())

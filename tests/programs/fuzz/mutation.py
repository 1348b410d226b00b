"""Mutations of an input: in its JSON, its frames, its bytes."""

from __future__ import annotations

import json
import random
from typing import Any, Sequence

from tests.programs.fuzz.corpus import CHUNKED, LINES, SEPARATOR, STREAM, TARGETS
from tests.programs.fuzz.wire import Number, loads

__all__ = ["LONGEST", "mutate"]

#: Inputs are no longer, bytes: what is wrong with more is wrong with less.
LONGEST = 1 << 12
#: Texts that have been some parser's undoing; written into JSON as they are.
VALUES = (
    *("null", "true", "false", "0", "-0", "-1", "1e999999999999999999999", "1E-999"),
    *("NaN", "Infinity", "-Infinity", "1" * 65, "1" * 700, "0." + "0" * 70 + "1"),
    *("1.", "01", "+1", "0x1", "1_000", "9223372036854775808", "253402300800000"),
    *('""', '"NaN"', '"-0.0"', '"1e5"', '" 1"', '"\u0661"', '"1E+64"', '"0E-65"'),
    *(r'"\ud800"', r'"\udc00\ud800"', r'"\u0000"', '"\0"', '"\ufeff"', '"\u00df"'),
    *('"' + "A" * 64 + '"', '"' + "A" * 70 + '"', "[]", "{}", "[[]]", "[{}]"),
    *("[" * 1500, "[" * 600 + "]" * 600, '{"a":' * 500, '"btc"', '"BTC"'),
    *('"myAsset"', '"assets"', '"exchange"', '"UP"', '"login"', '"LIST_SUBSCRIPTIONS"'),
    *('{"name":"INVALID_AUTH"}', '["myAsset"]', '"spot"', '"margin"', '"200"'),
)
NAMES = (
    *("event", "channel", "data", "type", "biz", "result", "error", "name", "status"),
    *("method", "mthd", "rslt", "assets", "ast", "currency", "cu", "balance", "b"),
    *("locked", "l", "hold", "available", "onOrders", "time", "ledger_id", "account"),
    *("asset_timestamp", "asttms", "timestamp", "tms", "ty", "code", "msg", "success"),
    *("errorCode", "failed", "", "\0", "btc", "BTC"),
)
BYTES = (b"\xef\xbb\xbf", b"\0", b"\xff", b"\xed\xa0\x80", b"\x81", b"\xf4\x90\x80\x80")
HEADERS = (
    *(b"0", b"1e9", b"-1", b"9" * 400, b"Wed, 99 Oct 2026 07:28:00 +9999999"),
    *(b"Wed, 21 Oct 99999 07:28:00 GMT", b"\xb2", b"1 Jan 0001 00:00 -2359"),
)
#: Targets whose inputs are no JSON, and what inputs are put together from.
PIECES: dict[str, Sequence[bytes]] = {
    "frames": STREAM,
    "control": [SEPARATOR + bytes([kind]) + b"%d" % kind for kind in range(4)],
    "head": [b"\r\n" + line + b"\r\n" for line in LINES] + [b"\r\n\r\n"],
    "chunked": [*CHUNKED, b"\r\n", b"0\r\n\r\n", b"7f\r\n"],
}


class Literal(str):
    """A text that is written into JSON as it is."""


def mutate(target: str, data: bytes, source: random.Random) -> bytes:
    """Return a mutated copy of ``data``."""
    head = TARGETS[target].head
    first, rest = data[:head], data[head:]
    if source.random() < 0.1:
        first = source.randbytes(head)
    for _ in range(source.choice((1, 1, 1, 2, 4))):
        if source.random() < 0.25:
            rest = _bytes(rest, source)
        elif target in PIECES:
            rest = _piece(rest, PIECES[target], source)
        else:
            rest = _part(target, rest, source)
    return (first + rest)[:LONGEST]


def _bytes(data: bytes, source: random.Random) -> bytes:
    at = source.randint(0, len(data))
    to = min(len(data), at + source.choice((0, 1, 1, 4, 100)))
    kind = source.randrange(4)
    if kind == 0:
        return data[:at] + data[to:]
    if kind == 1:
        return data[:to] + data[at:to] * source.choice((1, 2, 50)) + data[to:]
    if kind == 2 and at < len(data):
        return data[:at] + bytes([data[at] ^ 1 << source.randrange(8)]) + data[at + 1 :]
    return data[:at] + source.choice(BYTES) + data[to:]


def _piece(data: bytes, pieces: Sequence[bytes], source: random.Random) -> bytes:
    """Insert a piece anywhere, most often first or last."""
    at = source.choice((0, len(data), len(data), source.randint(0, len(data))))
    return data[:at] + source.choice(pieces) + data[at:]


def _part(target: str, data: bytes, source: random.Random) -> bytes:
    parts = data.split(SEPARATOR)
    at = source.randrange(len(parts))
    if target == "rest" and at < 2:
        parts[at] = source.choice(HEADERS)
        return SEPARATOR.join(parts)
    if target == "adapters" and source.random() < 0.1:
        parts.insert(at, parts[source.randrange(len(parts))])
    try:
        decoded = loads(parts[at])
    except (ValueError, RecursionError):
        parts[at] = _bytes(parts[at], source)
    else:
        try:
            text = write(_changed(decoded, source))
        except RecursionError:
            return data  # as deep as it goes
        parts[at] = text.encode(errors="replace")
    return SEPARATOR.join(parts)


def _changed(value: Any, source: random.Random) -> Any:
    """Change one place, at any depth."""
    if isinstance(value, dict) and value and source.random() < 0.85:
        items = [list(item) for item in getattr(value, "all", value.items())]
        chosen = source.randrange(len(items))
        kind = source.random()
        if kind < 0.6:
            items[chosen][1] = _changed(items[chosen][1], source)
        elif kind < 0.7:
            del items[chosen]
        elif kind < 0.8:
            items[chosen][0] = source.choice(NAMES)
        else:
            name = items[chosen][0] if kind < 0.9 else source.choice(NAMES)
            items.insert(chosen, [name, _value(source)])
        return Members(items)
    if isinstance(value, list) and value and source.random() < 0.85:
        chosen, copy = source.randrange(len(value)), list(value)
        kind = source.random()
        if kind < 0.7:
            copy[chosen] = _changed(copy[chosen], source)
        elif kind < 0.8:
            del copy[chosen]
        else:
            copy.insert(chosen, _value(source) if kind < 0.9 else copy[chosen])
            copy[:] = copy * source.choice((1, 1, 1, 30))
        return copy
    kind = source.random()
    if kind < 0.1:
        return [value]
    if kind < 0.2:
        return write(value)  # as JSON text
    return _value(source)


class Members(list[Any]):
    """An object's members; some may come twice."""


def _value(source: random.Random) -> Literal:
    return Literal(source.choice(VALUES))


def write(value: Any) -> str:
    """Write JSON, numbers and ``Literal`` texts as they are."""
    if isinstance(value, (Literal, Number)):
        return str(value)
    if isinstance(value, (dict, Members)):
        items = value if isinstance(value, Members) else getattr(value, "all", ())
        return "{" + ",".join(f"{json.dumps(k)}:{write(v)}" for k, v in items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write, value)) + "]"
    return json.dumps(value)

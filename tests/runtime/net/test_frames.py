"""Cutting bytes into frames."""

from __future__ import annotations

import random

import pytest

from assetstream.runtime.net.frames import BadFrame, Scanner, Split, Why, split
from tests.support.raw_server import BINARY, CLOSE, PING, TEXT, frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 70000])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_plain_data_frames_are_cut_out(size: int, opcode: int) -> None:
    """Every form of the length is understood, for text and binary."""
    payload = b"x" * size
    data = frame(payload, opcode) * 2
    found = split(data, 0, False)
    assert found == Split([payload, payload], len(data), len(data) + 2, Why.MORE)


@pytest.mark.parametrize("size", [0, 5, 126, 65536])
def test_an_incomplete_frame_waits(size: int) -> None:
    """The frames before it are found, with the number of bytes missing."""
    first, second = frame(b"first"), frame(b"x" * size)
    for cut in {1, 2, 3, 4, 9, len(second) - 1} - {0}:
        if cut >= len(second):
            continue
        found = split(first + second[:cut], 0, False)
        assert found.payloads == [b"first"]
        assert found.why is Why.MORE
        assert found.position == len(first)
        assert len(first) + cut < found.end <= len(first) + len(second)


@pytest.mark.parametrize(
    "other",
    [frame(b"x", PING), frame(b"x", final=False), b"\xc1\x01x", b"\x83\x01x"],
    ids=["control", "fragment", "reserved bit", "reserved opcode"],
)
def test_other_frames_are_cut_out_whole(other: bytes) -> None:
    """Splitting stops at a frame that is not plain data, with its end."""
    first = frame(b"first")
    found = split(first + other + first, 0, False)
    assert found.payloads == [b"first"]
    assert found.why is Why.OTHER
    assert (found.position, found.end) == (len(first), len(first) + len(other))


def test_nothing_is_plain_within_a_fragmented_message() -> None:
    """Inside a fragmented message the library reads data frames, too."""
    assert split(frame(b"x"), 0, True).why is Why.OTHER


def test_oversize_is_known_from_the_header() -> None:
    """A payload over the limit is refused before its first byte."""
    assert split(frame(b"x" * 70000)[:10], 0, False, 69999).why is Why.OVERSIZE
    assert split(frame(b"x" * 70000)[:10], 0, False, 70000).why is Why.MORE


def test_masked_frames_are_refused() -> None:
    """A server must not mask (RFC 6455, 5.1)."""
    assert split(b"\x81\x81\0\0\0\0x", 0, False).why is Why.MASKED


def test_the_scanner_finds_the_same_however_the_bytes_are_cut() -> None:
    """Byte by byte, or in random pieces, the same frames are found in order."""
    frames = [frame(b"a"), frame(b"x" * 70000), frame(b"p", PING), frame(b"b" * 300)]
    frames += [frame(b"1", final=False), frame(b"p", PING), frame(b"2", 0)]
    data = b"".join([*frames, frame(b"last")])
    expected = [b"a", b"x" * 70000, frames[2], b"b" * 300, *frames[4:7], b"last"]
    for seed in range(20):
        cut = random.Random(seed)
        scanner, found, position = Scanner(), [], 0
        while position < len(data):
            size = cut.choice([1, 2, 7, 1000, 100_000])
            for item in scanner.scan(data[position : position + size]):
                found += item if isinstance(item, list) else [item]
            position += size
        assert found == expected


def test_fragments_are_limited_in_sum() -> None:
    """Many small fragments do not get past the limit of a message."""
    scanner = Scanner(limit=100)
    part = frame(b"x" * 40, 0, final=False)
    with pytest.raises(BadFrame, match="fragments"):
        list(scanner.scan(frame(b"x" * 40, final=False) + part + part))


def test_finished_messages_do_not_add_up() -> None:
    """The limit is for one message; many fragmented ones pass."""
    scanner = Scanner(limit=100)
    message = frame(b"x" * 40, final=False) + frame(b"x" * 40, 0)
    found = list(scanner.scan((message + frame(b"p", CLOSE)) * 10))
    assert len(found) == 30


def plainly(data: bytes, position: int, fragmented: bool, limit: int) -> Split:
    """Return the expected result of ``split``, written as RFC 6455, 5.2 reads."""
    payloads: list[bytes] = []
    while True:
        header, rest = data[position : position + 2], data[position + 2 :]
        if len(header) < 2:
            return Split(payloads, position, position + 2, Why.MORE)
        short, more = header[1] & 0x7F, {126: 2, 127: 8}.get(header[1] & 0x7F, 0)
        start = position + 2 + more
        if header[1] & 0x80:
            return Split(payloads, position, position + 2, Why.MASKED)
        if len(rest) < more:
            return Split(payloads, position, start, Why.MORE)
        length = int.from_bytes(rest[:more], "big") if more else short
        if more == 8 and length > limit:
            return Split(payloads, position, start, Why.OVERSIZE)
        if start + length > len(data):
            return Split(payloads, position, start + length, Why.MORE)
        if fragmented or header[0] not in (0x81, 0x82):
            return Split(payloads, position, start + length, Why.OTHER)
        payloads.append(data[start : start + length])
        position = start + length


def random_bytes(source: random.Random) -> bytes:
    """Good frames, headers that lie, and noise, cut anywhere."""
    data = b""
    for _ in range(source.randint(0, 6)):
        size = source.choice((0, 1, 125, 126, 127, 300, 70_000))
        kind = source.random()
        if kind < 0.7:
            opcode = source.choice((TEXT, TEXT, BINARY, CLOSE, PING, 0, 3))
            data += frame(bytes(size), opcode, final=source.random() < 0.9)
        elif kind < 0.9:
            data += bytes((source.choice((0x81, 0x82, 0xC1)), source.randrange(256)))
        else:
            data += source.randbytes(source.randint(1, 12))
    return data[: len(data) - source.choice((0, 0, 1, 2, 3, 4, 5))]


def test_it_splits_any_bytes_as_the_rfc_demands() -> None:
    """The fast loop equals a plain reading of every header."""
    for seed in range(5000):
        source = random.Random(seed)
        data, fragmented = random_bytes(source), source.random() < 0.2
        limit = source.choice((69_999, 70_000))
        expected = plainly(data, 0, fragmented, limit)
        assert split(data, 0, fragmented, limit) == expected, f"seed {seed}"

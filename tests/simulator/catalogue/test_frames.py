"""Faults of the framing, seen by a plain client."""

from __future__ import annotations

from typing import Callable

import pytest

from assetstream.simulator.catalogue import frames
from tests.support.clients import (
    bearer,
    coinw_client,
    upbit_client,
    upbit_subscriber,
)
from tests.support.fault_cases import Case, ended, shows, silent

MIB = 1024 * 1024


@shows("half_frame")
def half_frame(case: Case) -> None:
    client = case.raw_subscriber()
    with client.sock:
        with case.on():
            assert client.until(b'{"half":') == b'\x81\x64{"half":'
            case.upbit.deposit("BTC", 1)
            assert silent(client.sock)
        assert ended(client)
    assert client.received == b""


@shows("huge_frame")
def huge_frame(case: Case) -> None:
    with upbit_subscriber(case.upbit) as careful, case.on(size=20 * MIB):
        _, closed = careful.until_closed()
        client = case.raw()
        with client.sock:
            client.upgrade(bearer(case.upbit))
            left = 20 * MIB + 10 - len(client.received)
            while left:
                left -= len(client.sock.recv(min(left, MIB)))
            assert silent(client.sock)
    assert closed.sent is not None
    assert closed.sent.code == 1009


@shows("one_byte_pieces")
def one_byte_pieces(case: Case) -> None:
    client = case.raw_subscriber()
    with client.sock, case.on():
        # Pieces may pile up before they are read, but hardly each time; a frame sent
        # as one would always be read to its end.
        for _ in range(1000):
            case.upbit.deposit("BTC", 1)
            data = client.sock.recv(65536)
            if not data.endswith(b"}"):
                return
    raise AssertionError("every frame came whole")


@shows("fragments")
def fragments(case: Case) -> None:
    client = case.raw_subscriber()
    with client.sock, case.on():
        case.upbit.deposit("BTC", 1)
        first, second = (client.until(b"\x89\x07between") for _ in range(2))
        last = client.until(b'"REALTIME"}')
    assert (first[0], second[0], last[0]) == (0x02, 0x00, 0x80)
    with upbit_subscriber(case.upbit) as whole, case.on():
        case.upbit.deposit("BTC", 1)
        assert whole.receive()["assets"][0]["balance"] == "2.5"


@shows("rsv_bits")
def rsv_bits(case: Case) -> None:
    """Each of the three bits is set, RSV1 included."""
    with case.on():
        for first in (0xC1, 0xA1, 0x91):
            client = case.raw()
            with client.sock:
                client.upgrade(bearer(case.upbit))
                assert client.until(b"{}") == bytes([first, 2]) + b"{}"
    with case.on():
        for _ in range(3):
            with upbit_client(case.upbit) as compressed:
                _, closed = compressed.until_closed()
            assert closed.sent is not None
            assert closed.sent.code == 1002


@shows("invalid_utf8", "masked_frame")
def against_the_rules(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client, case.on():
        _, closed = client.until_closed()
        with coinw_client(case.coinw) as new:
            _, closed_too = new.until_closed()
    assert closed.sent is not None
    assert closed_too.sent is not None
    code = 1007 if case.name == "invalid_utf8" else 1002
    assert closed.sent.code == closed_too.sent.code == code


@pytest.mark.parametrize("name", frames.FAULTS)
def test_a_fault_is_seen_and_ends(
    name: str, check_fault: Callable[[str], None]
) -> None:
    """A client sees the fault; switched off, it has no effect."""
    check_fault(name)

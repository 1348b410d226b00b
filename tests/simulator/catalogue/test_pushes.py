"""Faults of the pushes, seen by a plain client."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import Callable

import pytest

from assetstream.simulator.catalogue import pushes
from tests.support.clients import (
    accounts,
    coinw_subscriber,
    upbit_client,
    upbit_subscriber,
)
from tests.support.fault_cases import LIST, UP, Case, pushed, shows

#: Bytes found in Upbit's and in CoinW's frames.
ALTERED: dict[str, tuple[bytes, bytes]] = {
    "garbage_json": (b"<garbage>{]", b"<garbage>{]"),
    "truncated_json": (b'{"type":"myAsset"', b'{"biz":"exchange"'),
    "deep_nesting": (b"[" * 100_000, b"[" * 100_000),
    "nan_amounts": (b'"balance":NaN,', b'"available":"NaN"'),
    "infinite_amounts": (b'"balance":Infinity,', b'"available":"Infinity"'),
    "negative_amounts": (b'"locked":-1}', b'"hold":"-1"'),
    "huge_exponents": (b'"locked":1E+999999999}', b'"hold":"1E+999999999"'),
}


@shows(*ALTERED)
def altered(case: Case) -> None:
    with case.on():
        with upbit_subscriber(case.upbit) as client:
            case.upbit.deposit("BTC", 1)
            from_upbit = client.raw()
        with coinw_subscriber(case.coinw) as client:
            case.coinw.deposit("BTC", 1)
            from_coinw = client.raw()
    assert isinstance(from_upbit, bytes)
    assert isinstance(from_coinw, str)
    assert ALTERED[case.name][0] in from_upbit
    assert ALTERED[case.name][1] in from_coinw.encode()
    whole = case.name.endswith(("amounts", "exponents"))
    assert from_upbit.endswith(b"}") is from_coinw.endswith("}") is whole


@shows("clock_jump")
def clock_jump(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client, case.on(seconds=7200):
        case.upbit.deposit("BTC", 1)
        from_upbit = client.receive()
        _, headers, _ = accounts(case.upbit)
        # At the upgrade, too.
        with upbit_client(case.upbit) as new:
            assert new.connection.response is not None
            upgraded = new.connection.response.headers["Date"]
    times = [int(from_upbit[name]) / 1000 for name in ("asset_timestamp", "timestamp")]
    times += [parsedate_to_datetime(x).timestamp() for x in (headers["date"], upgraded)]
    assert all(moment > time.time() + 7000 for moment in times)


@shows("pushes_duplicated")
def pushes_duplicated(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client, case.on():
        case.upbit.deposit("BTC", 1)
        assert client.raw() == client.raw()


@shows("pushes_reordered")
def pushes_reordered(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client:
        with case.on():
            for _ in range(3):
                case.upbit.deposit("BTC", 1)
            assert pushed(client, 2) == ["2.5", "1.5"]
            assert client.ask("PING") == UP
        assert pushed(client, 1) == ["3.5"]


@shows("pushes_delayed")
def pushes_delayed(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client:
        with case.on():
            for _ in range(2):
                case.upbit.deposit("BTC", 1)
            assert client.ask("PING") == UP
            assert pushed(client, 2) == ["1.5", "2.5"]
        with case.on(seconds=60):
            case.upbit.deposit("BTC", 1)
        assert pushed(client, 1) == ["3.5"]


@shows("pushes_withheld")
def pushes_withheld(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client:
        with case.on():
            for _ in range(2):
                case.upbit.deposit("BTC", 1)
            assert client.ask("PING") == UP
        case.upbit.deposit("BTC", 1)
        assert pushed(client, 3) == ["1.5", "2.5", "3.5"]


@shows("pong_withheld")
def pong_withheld(case: Case) -> None:
    with upbit_client(case.upbit) as client, case.on():
        pong = client.connection.ping("a")
        client.send("PING")
        assert "result" in client.ask(LIST)
        assert not pong.is_set()


@shows("pushes_lost")
def pushes_lost(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client:
        for share, fewest, most in ((1, 0, 0), (0, 100, 100), (0.5, 30, 70)):
            with case.on(share=share):
                for _ in range(100):
                    case.upbit.deposit("BTC", 1)
                pushed = 0
                client.send("PING" if share == 1 else LIST)
                while "assets" in client.receive():
                    pushed += 1
            assert fewest <= pushed <= most


@pytest.mark.parametrize("name", pushes.FAULTS)
def test_a_fault_is_seen_and_ends(
    name: str, check_fault: Callable[[str], None]
) -> None:
    """A client sees the fault; switched off, it has no effect."""
    check_fault(name)

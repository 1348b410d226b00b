"""Faults that end connections, seen by a plain client."""

from __future__ import annotations

from typing import Callable

import pytest
from websockets.exceptions import ConnectionClosedOK, InvalidStatus

from assetstream.simulator.catalogue import closes
from tests.support.clients import (
    accounts,
    coinw_client,
    coinw_subscriber,
    upbit_client,
    upbit_subscriber,
)
from tests.support.fault_cases import Case, shows


@shows(*(name for name in closes.FAULTS if name[-4:].isdecimal()))
def close(case: Case) -> None:
    code = int(case.name.removeprefix("close_"))
    with (
        upbit_subscriber(case.upbit) as client,
        case.on(),
        # At CoinW, struck before it has logged in.
        coinw_client(case.coinw) as new,
    ):
        ends = [client.until_closed()[1], new.until_closed()[1]]
    for end in ends:
        assert end.rcvd is not None
        assert end.rcvd.code == code


@shows("close_after_error")
def close_after_error(case: Case) -> None:
    with coinw_subscriber(case.coinw) as client, case.on():
        assert client.receive()["errorCode"] == 500
        with pytest.raises(ConnectionClosedOK):
            client.raw()
        with upbit_client(case.upbit) as new:
            assert new.receive()["error"]["name"]
            with pytest.raises(ConnectionClosedOK):
                new.raw()


@shows("maintenance")
def maintenance(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client, case.on():
        _, closed = client.until_closed()
        with pytest.raises(InvalidStatus) as refused:
            coinw_client(case.coinw)
        status, headers, body = accounts(case.upbit)
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1012
    assert refused.value.response.status_code == status == 503
    assert headers["retry-after"] == "1"
    assert b"<html>" in body


@pytest.mark.parametrize("name", closes.FAULTS)
def test_a_fault_is_seen_and_ends(
    name: str, check_fault: Callable[[str], None]
) -> None:
    """A client sees the fault; switched off, it has no effect."""
    check_fault(name)

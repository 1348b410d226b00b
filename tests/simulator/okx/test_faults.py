"""Faults of the simulated OKX, seen by a plain client."""

from __future__ import annotations

from typing import Callable

import pytest

from assetstream.simulator import Account
from assetstream.simulator.catalogue import create
from assetstream.simulator.okx.faults import FAULTS, LOGIN_REFUSALS
from tests.simulator.okx.client import (
    login,
    okx_account,
    okx_client,
    okx_subscriber,
)
from tests.support.clients import upbit_subscriber
from tests.support.clock import TimeMachine
from tests.support.fault_cases import Case, shows


@shows(*(f"login_{code}" for code in LOGIN_REFUSALS))
def login_refused(case: Case) -> None:
    account = okx_account(case.exchange)
    with case.on():
        with okx_client(account) as client:
            answer = client.ask(login(account))
            assert (answer["event"], answer["code"]) == ("error", case.name[6:])
            assert client.ask(login(account, passphrase="x"))["code"] == "60024"
        # And nobody else is.
        with upbit_subscriber(case.upbit):
            pass
    with okx_subscriber(account):
        pass


@shows("notice_64008")
def notice_64008(case: Case) -> None:
    account = okx_account(case.exchange)
    still = TimeMachine(speed=0.0).installed()
    with still as time_machine, okx_subscriber(account) as client:
        with case.on():
            assert client.receive()["code"] == "64008"
        time_machine.jump(29)
        client.send("ping")
        assert client.raw() == "pong"
        time_machine.jump(29)
        account.deposit("BTC", 1)
        assert client.receive()["eventType"] == "event_update"
        time_machine.jump(3)
        account.deposit("BTC", 1)
        frames, closed = client.until_closed()
    assert len(frames) <= 1
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1001


@shows("subscription_too_many")
def subscription_too_many(case: Case) -> None:
    account = okx_account(case.exchange)
    with okx_subscriber(account) as client:
        with case.on():
            assert client.receive()["event"] == "channel-conn-count-error"
        assert account.subscribers == 0
        client.send("ping")
        assert client.raw() == "pong"


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_seen_and_ends(
    name: str, check_fault: Callable[[str], None]
) -> None:
    """A client sees the fault; switched off, it has no effect."""
    check_fault(name)


@pytest.mark.parametrize("name", FAULTS)
def test_it_happens_nowhere_else(name: str, upbit: Account) -> None:
    """The words are the exchange's own."""
    with pytest.raises(ValueError, match="cannot happen at upbit"):
        create(name, upbit)

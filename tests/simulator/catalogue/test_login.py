"""Faults between the upgrade and the first balance, seen by a plain client."""

from __future__ import annotations

from typing import Callable

import pytest

from assetstream.simulator.catalogue.login import FAULTS
from assetstream.simulator.registry import FAULTS as OWN
from tests.support.clients import (
    SUB,
    coinw_client,
    login,
    upbit_client,
    upbit_subscriber,
)
from tests.support.fault_cases import LIST, SUBSCRIBE, UP, Case, shows


@shows("subscribe_refused")
def subscribe_refused(case: Case) -> None:
    with case.on():
        with upbit_client(case.upbit) as client:
            assert client.ask(SUBSCRIBE)["error"]["name"] == "INVALID_PARAM"
        with coinw_client(case.coinw) as client:
            client.ask(login(case.coinw))
            assert client.ask(SUB)["data"]["errorCode"] == 1007
    assert case.upbit.subscribers == case.coinw.subscribers == 0


@shows("subscribe_unanswered")
def subscribe_unanswered(case: Case) -> None:
    with case.on():
        with upbit_subscriber(case.upbit) as client:
            client.send(LIST)
            assert client.ask("PING") == UP
        with coinw_client(case.coinw) as client:
            client.ask(login(case.coinw))
            client.send(SUB)
            assert client.ask({"event": "ping"}) == {"event": "pong"}


@shows("subscribe_mute")
def subscribe_mute(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client:
        with case.on():
            case.upbit.deposit("BTC", 1)
            assert client.ask(LIST)["result"] == [{"type": "myAsset"}]
        case.upbit.deposit("BTC", 1)
        assert client.receive()["assets"][0]["balance"] == "2.5"


@shows("first_use_silence")
def first_use_silence(case: Case) -> None:
    with upbit_subscriber(case.upbit) as old:
        with case.on():
            silenced = upbit_subscriber(case.upbit)
        with silenced, upbit_subscriber(case.upbit) as new:
            case.upbit.deposit("BTC", 1)
            assert new.receive()["assets"] == old.receive()["assets"]
            assert "result" in silenced.ask(LIST)


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - OWN.keys()))
def test_a_fault_is_seen_and_ends(
    name: str, check_fault: Callable[[str], None]
) -> None:
    """A client sees the fault; switched off, it has no effect."""
    check_fault(name)

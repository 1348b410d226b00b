"""Refused logins of the simulated CoinW, seen by a plain client."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from assetstream.simulator import Account
from assetstream.simulator.catalogue import create
from assetstream.simulator.coinw.faults import FAULTS
from tests.support.clients import coinw_client, login, upbit_subscriber
from tests.support.fault_cases import Case, shows

WORDS = "Authentication failed"
#: Answers to a login.
ANSWERS: dict[str, dict[str, Any]] = {
    "login_refused": {
        "data": {"result": False, "errorCode": 1003, "errorMsg": WORDS},
        "channel": "login",
    },
    "login_refused_msg": {
        "data": {"result": False, "errorCode": 1003, "msg": WORDS},
        "channel": "login",
    },
    "login_refused_type": {
        "data": {"result": False, "errorCode": 1003, "errorMsg": WORDS},
        "type": "login",
    },
    "login_refused_bare": {"result": False, "errorCode": 1003, "errorMsg": WORDS},
    "login_refused_no_code": {"result": False},
}


@shows(*ANSWERS)
def login_refused(case: Case) -> None:
    with case.on(), coinw_client(case.coinw) as client:
        assert client.ask(login(case.coinw)) == ANSWERS[case.name]
        # And nobody else is.
        with upbit_subscriber(case.upbit):
            pass


@shows("login_unanswered")
def login_unanswered(case: Case) -> None:
    with case.on(), coinw_client(case.coinw) as client:
        client.send(login(case.coinw))
        assert client.ask({"event": "ping"}) == {"event": "pong"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_seen_and_ends(
    name: str, check_fault: Callable[[str], None]
) -> None:
    """A client sees the fault; switched off, it has no effect."""
    check_fault(name)


@pytest.mark.parametrize("name", FAULTS)
def test_it_happens_nowhere_else(name: str, upbit: Account) -> None:
    """Its words are the exchange's own."""
    with pytest.raises(ValueError, match="cannot happen at upbit"):
        create(name, upbit)

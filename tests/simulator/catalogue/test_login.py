"""Faults between the upgrade and the first balance, seen by a plain client."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest
from websockets.exceptions import ConnectionClosedOK, InvalidStatus

from assetstream.simulator.catalogue.login import FAULTS
from tests.support.clients import (
    SUB,
    coinw_client,
    login,
    upbit_client,
    upbit_subscriber,
)
from tests.support.fault_cases import LIST, SUBSCRIBE, UP, Case, shows

#: Refusals of an upgrade: the status, and the name in the body.
UPGRADES = {
    "login_no_authorization_token": (401, "no_authorization_token"),
    "login_invalid_query_payload": (401, "invalid_query_payload"),
    "login_jwt_verification": (401, "jwt_verification"),
    "login_invalid_access_key": (401, "invalid_access_key"),
    "login_expired_access_key": (401, "expired_access_key"),
    "login_nonce_used": (401, "nonce_used"),
    "login_no_authorization_ip": (401, "no_authorization_ip"),
    "login_no_authorization_i_p": (401, "no_authorization_i_p"),
    "login_out_of_scope": (403, "out_of_scope"),
    "login_out_of_scope_401": (401, "out_of_scope"),
    "login_thirdparty_agreement_required": (403, "thirdparty_agreement_required"),
}
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


@shows(*UPGRADES)
def upgrade_refused(case: Case) -> None:
    with case.on(), pytest.raises(InvalidStatus) as refused:
        upbit_client(case.upbit)
    response = refused.value.response
    name = json.loads(response.body or b"")["error"]["name"]
    assert (response.status_code, name) == UPGRADES[case.name]


@shows("login_invalid_auth")
def login_invalid_auth(case: Case) -> None:
    with case.on(), upbit_client(case.upbit) as client:
        assert client.ask("PING") == UP
        client.send(SUBSCRIBE)
        client.send(LIST)
        assert client.receive()["error"]["name"] == "INVALID_AUTH"
        with pytest.raises(ConnectionClosedOK):
            client.raw()
    assert not case.upbit.subscribers


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


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_seen_and_ends(
    name: str, check_fault: Callable[[str], None]
) -> None:
    """A client sees the fault; switched off, it has no effect."""
    check_fault(name)

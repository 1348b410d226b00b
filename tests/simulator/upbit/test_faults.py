"""Refused logins of the simulated Upbit, seen by a plain client."""

from __future__ import annotations

import json
from typing import Callable

import pytest
from websockets.exceptions import ConnectionClosedOK, InvalidStatus

from assetstream.simulator import Account
from assetstream.simulator.catalogue import create
from assetstream.simulator.upbit.faults import FAULTS
from tests.support.clients import upbit_client
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


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_seen_and_ends(
    name: str, check_fault: Callable[[str], None]
) -> None:
    """A client sees the fault; switched off, it has no effect."""
    check_fault(name)


@pytest.mark.parametrize("name", FAULTS)
def test_it_happens_nowhere_else(name: str, coinw: Account) -> None:
    """Its words are the exchange's own."""
    with pytest.raises(ValueError, match="cannot happen at coinw"):
        create(name, coinw)

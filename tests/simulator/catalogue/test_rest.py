"""Faults of REST, seen by a plain client."""

from __future__ import annotations

import json
from typing import Callable

import pytest

from assetstream.runtime.loop import clock
from assetstream.simulator.catalogue import rest
from tests.support.clients import accounts, bearer, call, complete_balances
from tests.support.clock import fast_time
from tests.support.fault_cases import Case, shows


@shows("rest_slow")
def rest_slow(case: Case) -> None:
    with fast_time(), case.on(seconds=2.0):
        began = clock.now()
        assert accounts(case.upbit)[0] == 200
        assert clock.now() - began >= 2.0


@shows("rest_stale")
def rest_stale(case: Case) -> None:
    with case.on():
        case.upbit.deposit("BTC", 1)
        assert accounts(case.upbit)[2][1]["balance"] == "0.5"
    assert accounts(case.upbit)[2][1]["balance"] == "1.5"


@shows("rest_failing")
def rest_failing(case: Case) -> None:
    with case.on():
        assert accounts(case.upbit)[0] == 500


@shows("rest_rate_limited")
def rest_rate_limited(case: Case) -> None:
    with case.on():
        status, headers, body = accounts(case.upbit)
        assert complete_balances(case.coinw)["code"] == 29001
    assert (status, headers["retry-after"]) == (429, "1")
    assert body["error"]["name"] == "too_many_requests"


@shows("rest_garbage")
def rest_garbage(case: Case) -> None:
    with case.on():
        url, headers = case.exchange.url, bearer(case.upbit)
        status, _, body = call(url, "GET", "/v1/accounts", headers, raw=True)
    assert status == 200
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(body)


@shows("rest_omitting")
def rest_omitting(case: Case) -> None:
    with case.on():
        assert [item["currency"] for item in accounts(case.upbit)[2]] == ["SGD"]
    with case.on(currencies=["USDT"]):
        assert list(complete_balances(case.coinw)["data"]) == ["BTC"]


@pytest.mark.parametrize("name", rest.FAULTS)
def test_a_fault_is_seen_and_ends(
    name: str, check_fault: Callable[[str], None]
) -> None:
    """A client sees the fault; switched off, it has no effect."""
    check_fault(name)

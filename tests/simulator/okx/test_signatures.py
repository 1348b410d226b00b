"""The signature of the simulated OKX, and its time."""

from __future__ import annotations

import pytest

from assetstream.simulator import Simulator
from assetstream.simulator.okx.signatures import LOGIN, server_time, signature
from tests.simulator.okx.client import okx_account
from tests.support.clock import TimeMachine

#: The secret of the examples in OKX's documents, which is nobody's.
SECRET = "22582BD0CFF14C41EDBF1AB98506286D"


@pytest.mark.parametrize(
    ("time", "request_line", "expected"),
    [
        # As in tests/exchanges/okx/test_exchange.py, which names the sources.
        (
            "2020-12-08T09:08:57.715Z",
            "GET/api/v5/account/balance?ccy=BTC",
            "HiZhvSfMtWJA3uUIVXV3a/bSXNPCWvYFXoGCVS8V4zY=",
        ),
        ("1704876947", LOGIN, "5/36BgGV6m/6pmdc20zdqk0mzF5ZalmzzPD2fo3wavU="),
    ],
)
def test_the_worked_values_of_the_signature(
    time: str, request_line: str, expected: str
) -> None:
    """The simulator computes it apart from the adapter, which it checks."""
    assert signature(time, request_line, SECRET) == expected


def test_the_time_is_the_simulated_exchange_s() -> None:
    """A fault may have set its clock wrong."""
    with TimeMachine(speed=0.0).installed(), Simulator() as exchange:
        context = okx_account(exchange).context
        before = server_time(context)
        with exchange.fault("clock_jump", seconds=100):
            assert server_time(context) == before + 100

"""The signature of the simulated OKX."""

from __future__ import annotations

import pytest

from assetstream.simulator.okx.signatures import LOGIN, signature

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

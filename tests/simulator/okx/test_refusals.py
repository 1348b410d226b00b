"""The errors of the simulated OKX are those that the adapter knows."""

from __future__ import annotations

import pytest

from assetstream.exchanges.okx.refusals import CODES
from assetstream.simulator.okx.refusals import ERRORS, error, failed


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_is_one_that_is_explained(code: str) -> None:
    """In a frame, or in an answer of REST, in the same words."""
    status, words = ERRORS[code]

    assert code in CODES
    assert error(code)["msg"] == words
    assert failed(code).status == status
    assert words.encode() in failed(code).body.replace(b'\\"', b'"')

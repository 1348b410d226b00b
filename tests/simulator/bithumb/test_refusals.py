"""Refusals in Bithumb's own words."""

from __future__ import annotations

import json

import pytest

from assetstream.simulator.bithumb.refusals import REFUSALS, refused


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_has_its_name_and_its_status(name: str) -> None:
    """Name and words in the form that the documents have."""
    reply = refused(name).reply

    assert json.loads(reply.body) == {
        "error": {"name": name, "message": REFUSALS[name][1]}
    }
    assert reply.status == REFUSALS[name][0]
    assert "Retry-After" not in reply.headers


def test_a_wait_is_told() -> None:
    """In seconds."""
    assert refused("too_many_requests", 1.5).reply.headers["Retry-After"] == "1.5"

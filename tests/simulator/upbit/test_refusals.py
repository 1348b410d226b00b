"""Refusals in Upbit's own words."""

from __future__ import annotations

import json

import pytest

from assetstream.simulator.upbit.refusals import REFUSALS, refused


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_has_its_name_and_its_status(name: str) -> None:
    """The name decides; some come with another status, too."""
    reply = refused(name).reply

    assert json.loads(reply.body)["error"]["name"] == name
    assert reply.status == REFUSALS[name][0]
    assert refused(name, status=401).reply.status == 401
    assert "Remaining-Req" not in reply.headers


def test_the_requests_that_are_left_are_told() -> None:
    """Only ``sec`` means anything."""
    headers = refused("too_many_requests", remaining=0).reply.headers

    assert headers["Remaining-Req"].endswith("sec=0")

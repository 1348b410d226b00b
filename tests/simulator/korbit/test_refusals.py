"""Refusals of the simulated Korbit."""

from __future__ import annotations

import json

from assetstream.simulator.korbit.refusals import failed, refused


def test_a_refusal_has_korbits_form() -> None:
    """The code stands in the place of the words."""
    reply = failed("TOO_MANY_REQUESTS", Retry_After="1")

    assert (reply.status, reply.headers["Retry-After"]) == (429, "1")
    assert json.loads(reply.body) == {
        "success": False,
        "error": {"message": "TOO_MANY_REQUESTS"},
    }
    assert refused("KEY_NOT_FOUND").reply == failed("KEY_NOT_FOUND")

"""Messages as plain data."""

from __future__ import annotations

import pytest

from assetstream.simulator import Reply, Request
from assetstream.simulator.messages import RequestRefused, json_of


def test_a_request_shows_nothing_that_signs() -> None:
    """The repr has neither headers nor query."""
    request = Request(
        method="GET",
        path="/v1/accounts",
        query="sign=SECRET&empty=&a=%2B",
        headers={"authorization": "Bearer SECRET"},
        body=b"SECRET",
        address="127.0.0.1",
        exchange="upbit",
    )

    assert repr(request) == "<Request GET /v1/accounts>"
    assert request.parameters == [("sign", "SECRET"), ("empty", ""), ("a", "+")]


def test_a_reply_of_json() -> None:
    """Names of headers have hyphens."""
    reply = Reply.json(429, {"error": "é"}, Retry_After="1")

    assert (reply.status, reply.body) == (429, '{"error":"é"}'.encode())
    assert reply.headers == {
        "Retry-After": "1",
        "Content-Type": "application/json;charset=utf-8",
    }
    assert RequestRefused(reply).reply is reply


@pytest.mark.parametrize("payload", [b"", b"{", b'"\xff"', b"null"])
def test_a_frame_may_be_no_json(payload: bytes) -> None:
    """Nothing is raised, and nothing is made of it."""
    assert json_of(payload) is None
    assert json_of(b'{"a":[1]}') == {"a": [1]}

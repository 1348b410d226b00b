"""The values that runtime and adapter exchange."""

from __future__ import annotations

import gc

import pytest

from assetstream.protocol import BalanceReport, Connect, HttpCall, Instant, Snapshot
from assetstream.protocol.values import Rate, is_loopback


def test_an_instant_is_immutable_and_nothing_for_the_collector() -> None:
    """One is made for every read of a socket, so it must be cheap."""
    instant = Instant(1.5, 1_767_225_600_000)

    assert not gc.is_tracked(instant)
    with pytest.raises(AttributeError):
        instant.now = 2.0  # type: ignore[misc]


def test_requests_show_neither_headers_nor_query() -> None:
    """Both may hold signatures."""
    call = HttpCall("GET", "https://example.com/v1?sign=S3cret", {"X-Sign": "S3cret"})
    connect = Connect("wss://example.com/v1?sign=S3cret", {"X-Sign": "S3cret"})

    assert repr(call) == "<HttpCall GET https://example.com/v1>"
    assert repr(connect) == "<Connect wss://example.com/v1>"


def test_s2_a_snapshot_is_complete_if_every_entry_has_a_name() -> None:
    """An entry without one may be any that is missing."""
    report = BalanceReport("BTC", None, None)

    assert Snapshot((report,)).complete
    assert Snapshot((report,), unreadable=("ETH",)).complete
    assert not Snapshot((), unreadable=("ETH", "")).complete


@pytest.mark.parametrize(
    ("rate", "share", "part"),
    [
        (Rate(5, 1.0), 0.5, Rate(2, 1.0)),
        (Rate(70, 10.0), 0.5, Rate(35, 10.0)),
        (Rate(5, 1.0), 1, Rate(5, 1.0)),
        (Rate(1, 1.0), 0.5, Rate(1, 2.0)),
        (Rate(2, 3.0), 0.25, Rate(1, 6.0)),
    ],
)
def test_l4_parts_keep_the_limit_together(rate: Rate, share: float, part: Rate) -> None:
    """At every moment: a burst of each is no more than one of all."""
    assert rate.part(share) == part


@pytest.mark.parametrize(
    ("host", "here"),
    [
        *((host, True) for host in ("localhost", "127.0.0.1", "127.8.9.1", "::1")),
        *((host, False) for host in ("", "a.localhost", "localhost.com", "10.0.0.1")),
    ],
)
def test_this_machine_is_distinguished_from_others(host: str, here: bool) -> None:
    """A name that a resolver may answer as it likes is not this machine's."""
    assert is_loopback(host) is here

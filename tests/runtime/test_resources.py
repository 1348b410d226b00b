"""Resources that the streams of one thread set share."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from msgspec.structs import replace

from assetstream import CoinW, Upbit
from assetstream.runtime.net.rest_client import Adapter
from assetstream.runtime.resources import SharedResources
from assetstream.runtime.settings import Settings, make_settings


def settings(**options: Any) -> Settings:
    chosen = make_settings(
        Upbit("key", "secret", region="sg"),
        account="a",
        audit_interval="exchange",
        connect_timeout=10.0,
        max_pending=10,
        history=0,
        proxy=None,
        ssl_context=None,
    )
    return replace(chosen, **options)


def test_rest_connections_are_shared_by_those_who_connect_alike() -> None:
    """Another context or proxy has connections of its own.

    (tests/streams/test_group_faults: nor with one at the address of one that is gone.)
    """
    shared, context = (
        SharedResources("test", 1),
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )
    plain = shared.adapter(settings())
    assert shared.adapter(settings(account="b", history=3)) is plain
    own = shared.adapter(settings(ssl_context=context))
    proxied = shared.adapter(settings(proxy="http://proxy:1"))
    assert len({plain, own, proxied}) == 3
    assert shared.adapter(settings(ssl_context=context)) is own


def test_d5_rest_connections_end_with_the_last_stream_that_used_them() -> None:
    """A group whose members come and go keeps nothing of those that have gone."""
    shared = SharedResources("test", 1)
    kept = shared.adapter(settings())
    for number in range(1000):
        one = settings(proxy=f"http://proxy:{number}")
        first = shared.adapter(one)
        assert shared.adapter(one) is first
        shared.release(one)
        assert shared.adapter(one) is first
        shared.release(one)
        shared.release(one)

    assert shared._adapters == {(None, None): kept}
    assert shared._users == {(None, None): 1}


class Member:
    """A member of a place that never asks for a turn."""

    def grant(self, ticket: int) -> None:
        raise AssertionError("it never asked")

    def share(self, least_interval: float) -> None:
        assert least_interval > 0


def test_l4_a_place_has_one_queue_for_all_sets_of_threads() -> None:
    """Its time is the longest of those that this set has asked for."""
    shared = SharedResources("test", 1)
    assert shared.connect_time() == shared.audit_time() == 0.0
    for exchange in (Upbit("key", "secret", region="sg"), CoinW("key", "secret")):
        place = shared.place(exchange, settings())
        assert SharedResources("other", 1).place(exchange, settings()) is place
        for _ in range(10):
            place.join(Member())
    assert shared.connect_time() == place.connect_time > 0.0, "CoinW's limit is lower"
    assert shared.audit_time() == place.audit_time > 0.0


def test_d5_connections_are_closed_behind_their_last_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A group whose accounts come and go keeps none that nobody uses."""
    closed: list[Adapter] = []
    monkeypatch.setattr(Adapter, "close", lambda adapter: closed.append(adapter))
    shared = SharedResources("test", 1)
    plain = shared.adapter(settings())
    assert shared.adapter(settings()) is plain
    shared.release(settings())
    assert closed == []
    for number in range(1000):
        proxied = settings(proxy=f"http://proxy:{number}")
        shared.adapter(proxied)
        shared.release(proxied)
    assert len(closed) == 1000
    assert list(shared._adapters.values()) == [plain]
    shared.release(settings())
    assert closed[-1] is plain
    assert not shared._adapters
    assert not shared._users

"""Observers of the traffic between a stream and its exchange."""

from __future__ import annotations

from typing import Mapping, Sequence

from assetstream import AssetStream
from assetstream.protocol import Connect, HttpCall, Ready, Step
from assetstream.protocol.observer import Observer, observed
from assetstream.simulator.account import Account
from tests.support.specs import keys_of


class Names(Observer):
    """Notes the name of each event."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def connecting(self, connect: Connect) -> None:
        self.seen.append("connecting")

    def opened(self) -> None:
        self.seen.append("opened")

    def received(self, frames: Sequence[bytes]) -> None:
        self.seen.append("received")

    def answered(self, steps: Sequence[Step]) -> None:
        self.seen += ["ready" for step in steps if isinstance(step, Ready)]

    def reading(self, call: HttpCall) -> None:
        self.seen.append("reading")

    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        self.seen.append(f"replied {status}")


def test_an_observer_sees_a_stream_become_live(account: Account) -> None:
    """Each event comes once and in order; the stream is undisturbed."""
    names = Names()
    with AssetStream(observed(account.exchange(), names)) as stream:
        assert stream.balance("BTC").total == 1

    first = list(dict.fromkeys(names.seen))[:6]
    assert first == [
        *("connecting", "opened", "received", "ready", "reading", "replied 200")
    ]


def test_an_observed_exchange_shows_as_little(account: Account) -> None:
    """Repr and redaction are the exchange's own."""
    exchange = account.exchange()
    seen = observed(exchange, Observer())

    assert repr(seen) == repr(exchange)
    assert seen.fingerprint == exchange.fingerprint
    secret = keys_of(exchange)[1].encode()
    assert seen.redacted(b"x" + secret) == b"x***"

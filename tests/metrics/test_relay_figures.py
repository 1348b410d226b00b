"""The figures of a relay."""

from __future__ import annotations

from assetstream import Relay, RelayHealth, StreamGroup
from assetstream.metrics.relay_figures import (
    RELAY_COUNTERS,
    RelaySource,
    figures_of,
)
from assetstream.simulator.account import Account


def test_a_relay_is_what_is_shown(account: Account) -> None:
    """Its health has each field; nothing of it runs."""
    relay = Relay("unix:///nowhere", {"alice": account.exchange()})
    assert isinstance(relay, RelaySource)
    assert not isinstance(StreamGroup(), RelaySource)

    figures = figures_of(relay)
    relay.stop()

    assert figures["owned_accounts"] == 0
    assert {*RELAY_COUNTERS} <= {*RelayHealth.__struct_fields__}

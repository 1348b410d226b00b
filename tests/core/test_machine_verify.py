"""``verify`` asks the machine for an audit now, and ``Present`` tells what came of it.

Each test begins with its rule's label.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from assetstream.core.entry import DENIALS
from assetstream.core.outcomes import Abandoned
from assetstream.core.present import UNNAMED
from assetstream.core.reads import AUDIT_PACE
from tests.core.test_machine import Driven, at
from tests.support.specs import START_MS


def holds(**amounts: str) -> bytes:
    """Return Upbit's answer of these currencies, nothing locked."""
    entries = [
        {"currency": code, "balance": amount, "locked": "0"}
        for code, amount in amounts.items()
    ]
    return json.dumps(entries).encode()


def push(now: float, **amounts: str) -> bytes:
    """Return Upbit's push of these currencies, dated ``now``."""
    ms = START_MS + int(now * 1000)
    assets = [
        {"currency": code, "balance": amount, "locked": "0"}
        for code, amount in amounts.items()
    ]
    return json.dumps(
        {
            "type": "myAsset",
            "asset_uuid": "u",
            "assets": assets,
            "asset_timestamp": ms,
            "timestamp": ms,
            "stream_type": "REALTIME",
        }
    ).encode()


def live(**options: Any) -> Driven:
    """Return a machine that is LIVE since 0, with 7 BTC."""
    driven = Driven("upbit", **options)
    driven.prove(0.0)
    driven.read(0.0, holds(BTC="7"))
    # The tests go on 20 to 30 s later.
    driven.machine.pong(at(25.0))
    return driven


@pytest.mark.parametrize("interval", [60.0, None])
def test_a1_an_audit_is_made_at_once(interval: float | None) -> None:
    """Switched off or not: it was asked for."""
    driven = live(audit_interval=interval)
    if interval:
        for now in (5.0, 15.0):  # the first audits
            driven.read(now, holds(BTC="7"))
    driven.machine.verify(at(30.0))

    assert driven.machine.deadline <= 30.0
    driven.read(30.0, holds(BTC="7"))
    assert driven.present.audited_at == 30.0


def test_a6_not_two_within_five_seconds() -> None:
    """However often it is asked for."""
    driven = Driven("upbit", audit_interval=None).live()
    for now in (1.0, 1.5, 2.0):
        driven.machine.verify(at(now))

    assert driven.machine.deadline == AUDIT_PACE
    driven.read(AUDIT_PACE)
    assert driven.present.audited_at == AUDIT_PACE
    assert driven.machine.deadline > 2 * AUDIT_PACE, "one audit answers all of them"


@pytest.mark.parametrize("snapshot", [True, False])
def test_a6_one_that_is_under_way_is_too_old(snapshot: bool) -> None:
    """It was asked for before; another follows, after a snapshot as well."""
    driven = Driven("upbit", audit_interval=None)
    driven.prove(0.0)
    if not snapshot:
        driven.read(0.0, holds(BTC="7"))
        driven.machine.verify(at(20.0))
    asked = 0.0 if snapshot else 20.0
    fetch = driven.fetch(asked)
    driven.machine.verify(at(asked + 0.1))
    driven.reply(fetch, asked, holds(BTC="7"))
    assert driven.present.audited_at == asked

    assert driven.machine.deadline == asked + AUDIT_PACE
    driven.read(asked + AUDIT_PACE, holds(BTC="7"))
    assert driven.present.audited_at == asked + AUDIT_PACE


def test_a2_a_second_read_belongs_to_it() -> None:
    """Only then is everything judged."""
    driven = live()
    driven.machine.frames([push(26.0, XRP="1")], at(26.0))  # pushes work
    driven.machine.verify(at(30.0))
    driven.read(30.0, holds(BTC="5", XRP="1"))
    assert driven.present.audited_at == 0.0
    assert driven.machine.deadline == 32.0
    driven.read(32.0, holds(BTC="5", XRP="1"))

    assert driven.present.audited_at == 32.0
    assert driven.present.balances["BTC"].available == 5


def test_a2_so_does_the_patience_with_a_push_on_its_way() -> None:
    """What differs from a push, and may be older, is weighed 2 s later."""
    driven = live()
    driven.machine.frames([push(29.0, BTC="9")], at(29.0))
    driven.machine.verify(at(30.0))
    driven.read(30.0, holds(BTC="7.5"))
    assert driven.present.audited_at == 0.0
    assert driven.machine.deadline == 32.0
    driven.machine.due(at(32.0))

    assert driven.present.audited_at == 30.0
    assert driven.present.in_doubt() == ("BTC",)
    assert driven.machine.doubt("BTC", at(33.0)).startswith("REST said 7.5 at ")
    assert driven.machine.doubt("ETH", at(33.0)) == ""


def test_a5_a_connection_that_is_made_anew_belongs_to_it() -> None:
    """Its snapshot is the read that counts."""
    driven = live()
    driven.machine.verify(at(30.0))
    for now in (30.0, 32.0):
        effects = driven.read(now, holds(BTC="5"))
    assert driven.present.audited_at == 0.0
    driven.end(effects, Abandoned(), 32.0)
    driven.prove(40.0)
    driven.read(40.0, holds(BTC="5"))

    assert driven.present.audited_at == 40.0


def test_w1_the_patience_of_a_lost_connection_counts_no_more() -> None:
    """Its read was not judged."""
    driven = live()
    driven.machine.frames([push(29.0, BTC="9")], at(29.0))
    driven.machine.verify(at(30.0))
    driven.read(30.0, holds(BTC="7.5"))
    ended = driven.machine.stop("", at(31.0))
    assert ended
    driven.machine.due(at(40.0))

    assert driven.present.audited_at == 0.0


def test_without_a_connection_the_next_snapshot_is_as_good() -> None:
    """Nothing else is asked for."""
    driven = Driven("upbit", audit_interval=None)
    driven.dial(0.0)
    driven.machine.verify(at(0.5))
    driven.machine.opened(driven.connection, {}, 0.5, at(1.0))
    driven.machine.frames(driven.spec.acks, at(1.0))
    driven.read(1.0, holds(BTC="7"))

    assert driven.present.audited_at == 1.0
    assert driven.machine.deadline > 10.0


def test_a_balance_is_verified_by_a_read_that_agrees() -> None:
    """Seconds count from when it was asked for; what is not held counts, too."""
    driven = live()
    driven.now = 30.0
    assert driven.present.balances["BTC"].verified == 30.0
    driven.machine.verify(at(30.0))
    driven.read(30.0, holds(BTC="7"))
    driven.now = 31.0

    assert driven.present.balances["BTC"].verified == 1.0
    eth = driven.present.balance("ETH")
    assert eth is not None
    assert eth.verified == 1.0
    # A push is newer than the read; of a currency not named so far, none agrees yet.
    driven.machine.frames([push(31.0, BTC="8", XRP="1")], at(31.0))
    driven.now = 32.0
    assert driven.present.balances["BTC"].verified == 2.0
    assert driven.present.balances["XRP"].verified == float("inf")
    assert eth.verified == 2.0


def test_w2_the_balance_that_a_read_replaces_is_not_verified_by_it() -> None:
    """It was shown while the read was judged."""
    driven = live()
    seen: list[float] = []
    old = driven.present.balances["BTC"]
    driven.now = 33.0
    publish = driven.machine._book.publish

    def watch(shown: Any = None) -> None:
        seen.append(old.verified)
        publish(shown)
        seen.append(old.verified)

    driven.machine._book.publish = watch  # type: ignore[method-assign]
    driven.machine.verify(at(30.0))
    driven.read(30.0, holds(BTC="5"))
    driven.read(32.0, holds(BTC="5"))

    assert min(seen) >= 33.0
    assert driven.present.balances["BTC"].verified == 1.0


def test_a8_what_rest_denies_is_not_verified() -> None:
    """REST has just said something else."""
    driven = live()
    entry = driven.machine._book.enter("BTC")
    entry.denied = DENIALS - 1
    driven.machine.frames([push(29.0, BTC="9")], at(29.0))
    driven.machine.verify(at(45.0))
    for now in (45.0, 47.0):
        driven.read(now, holds(BTC="5"))
    driven.now = 48.0

    assert entry.disputed
    assert driven.present.balances["BTC"].available == 9
    assert driven.present.balances["BTC"].verified == 48.0


def test_s2_what_a_read_does_not_name_is_verified_if_it_was_read_whole() -> None:
    """An entry without a name might have been anything."""
    driven = live()
    before = driven.present.verified_at[UNNAMED]
    driven.machine.verify(at(30.0))
    driven.read(30.0, b'[{"currency": "BTC", "balance": "7", "locked": "0"}, {}]')
    assert driven.present.verified_at[UNNAMED] == before
    assert driven.present.verified_at["BTC"] == 30.0

"""``python -m tests.programs.audit_table`` in small, and the count of each column."""

from __future__ import annotations

import random
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from assetstream.core.effects import HangUp, Publish
from assetstream.model.errors import AssetStreamError
from assetstream.model.events import AssetUpdate, Source, StateChange
from assetstream.model.states import State
from tests.programs import audit_table
from tests.programs.audit_table import ACCOUNTS, LAGS, Figures, audited, figures, main
from tests.support.world.exchange import Push
from tests.support.world.rest import Answer
from tests.support.world.world import Account, World


def live_world() -> tuple[World, Account]:
    """Return a LIVE stream that a push has given 2 BTC."""
    world = World("upbit")
    account = world.open_account(random.Random(0))
    account.change("BTC", (Decimal(1), Decimal(0)), Push(()))
    world.advance(20.0)
    account.start()
    world.advance(2.0)
    account.change("BTC", (Decimal(2), Decimal(0)), Push())
    world.advance(1.0)
    assert account.is_live
    assert account.shown("BTC") == account.ledger.now["BTC"]
    return world, account


def wrong(account: Account, source: Source) -> AssetUpdate:
    """Return the update that a lagging replica would lead to: BTC is 1 again."""
    return AssetUpdate(
        exchange="upbit",
        account="simulated",
        currency="BTC",
        available=Decimal(1),
        locked=Decimal(0),
        time=None,
        received=datetime.now(timezone.utc),
        source=source,
        previous=account.present.balance("BTC"),
    )


@pytest.mark.parametrize(
    ("doubted", "counted", "found"),
    [
        (False, "destroyed by AUDIT", ["destroyed"]),
        (True, "destroyed by AUDIT (marked)", []),
    ],
)
def test_what_an_audit_makes_wrong_is_counted(
    doubted: bool, counted: str, found: list[str]
) -> None:
    """A wrong balance counts apart when it is marked stale."""
    world, account = live_world()
    if doubted:
        account.present.doubts = {"BTC": world.timeline.now}
    update = wrong(account, Source.AUDIT)
    answer = Answer(AssetStreamError("not looked at"))
    account.promise.replied(answer, world.timeline.now, [Publish([update])])

    counts = account.promise.counts
    assert {k for k in counts if k.startswith("destroyed")} == {counted}
    assert counts[counted] == 1
    assert [finding.kind for finding in world.findings] == found
    assert bool(figures(world).destroyed) == bool(found)
    assert bool(figures(world).marked) == (not found)


@pytest.mark.parametrize("by_audit", [True, False])
def test_what_the_snapshot_after_an_audits_reconnect_undoes_is_counted(
    by_audit: bool,
) -> None:
    """A snapshot after any other loss of the connection does not count."""
    world, account = live_world()
    answer = Answer(AssetStreamError("not looked at"))
    if by_audit:
        account.promise.replied(answer, world.timeline.now, [HangUp(1)])
    else:
        account.lose_connection()
    change = StateChange("upbit", "simulated", State.STALE, State.LIVE, "read")
    undone = Publish([wrong(account, Source.RECOVERED), change])
    account.promise.replied(answer, world.timeline.now, [undone])
    account.promise.replied(answer, world.timeline.now, [undone])

    assert figures(world).undone == int(by_audit)
    assert [f.kind for f in world.findings] == ["undone"] * by_audit


def test_lives_are_added_up() -> None:
    """Counts are added; of times the worst is kept."""
    one = Figures(1, 2, 3, 4, 5.0, 6.0, 7, 8, 9, 10)
    other = Figures(10, 20, 30, 40, 50.0, -60.0, 70, 80, 90, 100)

    assert one + other == Figures(11, 22, 33, 44, 50.0, -60.0, 77, 88, 99, 110)
    assert Figures(marked=1, reconnects=1).good
    assert not Figures(undone=1).good
    assert not Figures(destroyed=1).good
    assert not Figures(overdue=1).good
    assert not Figures(found=1).good


def test_the_columns_can_fill() -> None:
    """With replicas 30 s behind, beyond the promise, every column has a count."""
    total = Figures()
    for account in ("unpushed, slow", "goes mute"):
        for seed in range(10):
            total = total + audited(account, 30.0, seed)

    assert total.destroyed
    assert total.undone
    assert total.reconnects


def test_the_table_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table has every lag and account, and explains its times."""
    # Two of each: what matters here is how they are shown.
    lags, accounts = LAGS[-2:], {name: ACCOUNTS[name] for name in ("slow", "faults")}
    monkeypatch.setattr(audit_table, "LAGS", lags)
    monkeypatch.setattr(audit_table, "ACCOUNTS", accounts)
    assert main(["--seeds", "1", "--processes", "1"]) == 0

    head, _, table = capsys.readouterr().out.partition("\n\n")
    columns, *lines = table.splitlines()
    assert "counted from the last of these" in head
    for column in ("destroyed", "marked stale", "undone", "reconnects"):
        assert column in columns
    assert len(lines) == len(lags) * len(accounts) + 2
    assert [line for line in lines if "beyond the promise: shown, not judged" in line]
    assert lines[-1].split()[:4] == ["10", "s", "all,", "promised"]

"""Faults of the machine that the simulated world found, one test each."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from tests.support.world.exchange import Push
from tests.support.world.world import Account, World

LOST = Push(())


def amounts(available: int) -> tuple[Decimal, Decimal]:
    """Return an amount of which nothing is locked."""
    return Decimal(available), Decimal(0)


def live(exchange: str, audit_interval: float) -> tuple[World, Account]:
    """Return an account with BTC 1 and ETH 1, LIVE for a minute."""
    world = World(exchange, traced=True)
    account = world.open_account(random.Random(0), audit_interval=audit_interval)
    for code in ("BTC", "ETH"):
        account.change(code, amounts(1), LOST)
    world.advance(20.0)
    account.start()
    world.advance(60.0)
    assert account.is_live
    return world, account


@pytest.mark.parametrize("exchange", ["upbit", "coinw"])
def test_a9_what_is_over_waits_while_another_currency_is_corrected(
    exchange: str,
) -> None:
    """ETH waits for five reads over 60 s, in doubt; BTC takes two."""
    world, account = live(exchange, audit_interval=300.0)
    account.change("ETH", amounts(2), Push())
    world.advance(1.0)
    account.change("ETH", amounts(1), LOST)
    account.change("BTC", amounts(5), LOST)
    # An unreadable frame asks for an audit 10 s later.
    account.change("XRP", amounts(1), Push((0.0,), "entry"))
    world.advance(20.0)
    assert account.shown("BTC") == amounts(5)
    assert account.shown("ETH") == amounts(2)
    assert account.present.in_doubt() == ("ETH",)

    world.advance(70.0)

    assert account.shown("ETH") == amounts(1), "\n".join(world.trace())
    assert not world.findings

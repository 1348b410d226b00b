"""The owners of a fleet's accounts, as the engine has them at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, NamedTuple

from assetstream.model.errors import ProtocolError
from assetstream.model.states import State
from assetstream.sharing.entries import SharedAccount
from assetstream.sharing.pulses import LEASE

if TYPE_CHECKING:
    from assetstream.sharing.engine import Engine

__all__ = ["OwnedAccount", "survey", "table"]


class OwnedAccount(NamedTuple):
    """One account of a fleet.

    Attributes:
        account: its label.
        exchange: the exchange's name; "" if none has ever owned it.
        owner: the worker that the engine names; "": none.
        alive: that worker was heard of within a lease.
        since: for how long it has owned the account; seconds; None: no worker does.
        lag: since the engine has had that worker's last word; seconds; None: for more
            than a minute.
        state: the account's, by its owner's last word; None: none was ever given, or it
            cannot be read.
        reason: why it is in that state, or what cannot be read.
    """

    account: str
    exchange: str = ""
    owner: str = ""
    alive: bool = False
    since: float | None = None
    lag: float | None = None
    state: State | None = None
    reason: str = "no worker has ever owned it"


def survey(engine: Engine) -> list[OwnedAccount]:
    """Read all accounts of a fleet, sorted by their labels."""
    found = engine.snapshot(engine.accounts())
    owners = {
        each.head.owner for each in found.values() if isinstance(each, SharedAccount)
    }
    now, words = engine.words(sorted(owners - {""}))
    return table(found, now, words)


def table(
    found: Mapping[str, SharedAccount | ProtocolError | None],
    now: int,
    words: Mapping[str, int],
) -> list[OwnedAccount]:
    """Say of each account who owns it, and since when.

    Args:
        found: the accounts, as the engine has them.
        now: the engine's time; milliseconds.
        words: worker -> when it was last heard of; milliseconds.
    """
    rows = []
    for account, each in found.items():
        if each is None:
            rows.append(OwnedAccount(account))
        elif isinstance(each, ProtocolError):
            rows.append(OwnedAccount(account, reason=each.problem))
        else:
            head, told = each.head, words.get(each.head.owner)
            lag = None if told is None else max(0, now - told) / 1000
            # A token is the time at which it was given, or a little more.
            since = max(0, now - head.token) / 1000
            rows.append(
                OwnedAccount(
                    account,
                    head.exchange,
                    head.owner,
                    lag is not None and lag <= LEASE,
                    since if head.owner else None,
                    lag,
                    head.state,
                    head.reason,
                )
            )
    return rows

"""Faults between the upgrade and the first balance: logins and subscriptions."""

from __future__ import annotations

from typing import Mapping

from assetstream.simulator.account import Account
from assetstream.simulator.catalogue.common import (
    FaultEntry,
    ForAccount,
    OncePerConnection,
    withholds,
)
from assetstream.simulator.connection import Connection
from assetstream.simulator.messages import Kind
from assetstream.simulator.registry import FAULTS as EXCHANGES_FAULTS

__all__ = ["FAULTS", "RefuseLogins"]


class RefuseLogins(ForAccount):
    """Refuses good credentials, as the exchange refuses bad ones."""

    def login(self, account: Account) -> bool:
        """Return False."""
        return not self._strikes(account)


class RefuseSubscriptions(ForAccount):
    """Refuses good subscriptions."""

    def subscription(self, account: Account) -> bool:
        """Return False."""
        return not self._strikes(account)


class FirstUseSilence(OncePerConnection):
    """Never pushes to connections that open meanwhile, though all seems well."""

    def strike(self, connection: Connection) -> None:
        """Silence ``connection``, unless it has subscribed already."""
        session = connection.session
        if session is not None and not session.subscribed:
            session.silent = True


FAULTS: Mapping[str, FaultEntry] = {
    **EXCHANGES_FAULTS,
    "subscribe_refused": FaultEntry(
        "good subscriptions are refused",
        RefuseSubscriptions,
    ),
    "subscribe_unanswered": FaultEntry(
        "neither subscriptions nor questions for them are answered",
        withholds(Kind.SUBSCRIPTION, Kind.LIST),
    ),
    "subscribe_mute": FaultEntry(
        "subscriptions are acknowledged, and nothing is pushed; those pushes are lost",
        withholds(Kind.PUSH),
    ),
    "first_use_silence": FaultEntry(
        "a connection that subscribes meanwhile is acknowledged and gets no push, "
        "also after the end: only a new connection does",
        FirstUseSilence,
    ),
}

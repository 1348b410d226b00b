"""Faults between the upgrade and the first balance: logins and subscriptions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Iterable, Mapping

import msgspec

from assetstream.simulator.catalogue.common import Entry, Scoped, Strike
from assetstream.simulator.coinw_session import NOT_AUTHENTICATED, bare
from assetstream.simulator.faults import RefuseLogins, Withhold
from assetstream.simulator.messages import Kind, Message, Reply, Request
from assetstream.simulator.upbit import REFUSALS, refused

if TYPE_CHECKING:
    from assetstream.simulator.account import Account
    from assetstream.simulator.websocket import Connection

__all__ = ["FAULTS"]

#: The refusals of Upbit that are about the key or the token.
KEY_REFUSALS = [name for name, (status, _) in REFUSALS.items() if status in (401, 403)]


class RefusedByName(Scoped):
    """Upbit refuses the token in the upgrade's header."""

    def __init__(self, account: Account | None = None, *, name: str) -> None:
        super().__init__(account)
        self._reply = refused(name).reply

    def upgrade(self, request: Request) -> Reply | None:
        """The refusal, in Upbit's own words."""
        mine = request.exchange == "upbit" and self._meant(request)
        return self._reply if mine else None


class RefusedBare(RefuseLogins):
    """CoinW refuses a login without saying that it is the login."""

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """The bare failure in place of the login's answer."""
        if message.kind is Kind.LOGIN and b'"result":false' in message.payload:
            failure = msgspec.json.encode(bare(*NOT_AUTHENTICATED))
            return (Message(Kind.ERROR, failure),)
        return (message,)


class RefuseSubscriptions(Scoped):
    """Good subscriptions are refused."""

    def subscription(self, account: Account) -> bool:
        """False for the account meant."""
        return self._account not in (None, account)


class FirstUseSilence(Strike):
    """Connections that open meanwhile never get a push, though all seems well."""

    def strike(self, connection: Connection) -> None:
        """Subscribe it to nothing."""
        # Those that have subscribed before are no first use.
        session = connection.session
        if session is not None and not session.subscribed:
            session.silent = True


def withholds(*kinds: Kind) -> partial[Withhold]:
    """Make the maker of a fault that sends nothing of these kinds."""
    return partial(_withhold, kinds)


def _withhold(kinds: Iterable[Kind], account: Account | None = None) -> Withhold:
    return Withhold(kinds, account)


FAULTS: Mapping[str, Entry] = {
    "login_refused": Entry(
        "good credentials are refused: 401 invalid_access_key (Upbit), 1003 (CoinW)",
        RefuseLogins,
    ),
    **{
        f"login_{name}": Entry(
            f"the upgrade is refused by {REFUSALS[name][0]} {name}",
            partial(RefusedByName, name=name),
            "upbit",
        )
        for name in KEY_REFUSALS
    },
    "login_refused_bare": Entry(
        "logins are refused by a failure that does not say what it answers",
        RefusedBare,
        "coinw",
    ),
    "login_unanswered": Entry(
        "logins are never answered", withholds(Kind.LOGIN), "coinw"
    ),
    "subscribe_refused": Entry(
        "good subscriptions are refused: INVALID_PARAM (Upbit), 1007 (CoinW)",
        RefuseSubscriptions,
    ),
    "subscribe_unanswered": Entry(
        "neither subscriptions (CoinW) nor LIST_SUBSCRIPTIONS (Upbit) are answered",
        withholds(Kind.SUBSCRIPTION, Kind.LIST),
    ),
    "subscribe_mute": Entry(
        "subscriptions are acknowledged, and nothing is pushed; those pushes are lost",
        withholds(Kind.PUSH),
    ),
    "first_use_silence": Entry(
        "a connection that subscribes meanwhile is acknowledged and gets no push, "
        "also after the end: only a new connection does",
        FirstUseSilence,
    ),
}

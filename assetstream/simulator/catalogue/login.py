"""Faults between the upgrade and the first balance: logins and subscriptions."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Iterable, Mapping

import msgspec

from assetstream.simulator.catalogue.common import Entry, Scoped, Strike
from assetstream.simulator.coinw.session import NOT_AUTHENTICATED, bare
from assetstream.simulator.messages import Kind, Message, Reply, Request
from assetstream.simulator.misbehaviour import Withhold
from assetstream.simulator.upbit.session import UpbitSession
from assetstream.simulator.upbit.venue import REFUSALS, refused

if TYPE_CHECKING:
    from assetstream.simulator.account import Account
    from assetstream.simulator.connection import Connection

__all__ = ["FAULTS"]

#: The refusals of Upbit that are about the key or the token: fault, name, status.
KEY_REFUSALS = [
    *(
        (f"login_{name}", name, status)
        for name, (status, _) in REFUSALS.items()
        if status in (401, 403)
    ),
    # Met with either status: it is the name that tells.
    ("login_out_of_scope_401", "out_of_scope", 401),
]
CODE, WORDS = NOT_AUTHENTICATED
#: How CoinW, or what others made of it, says no to a login: form, and the answer.
FORMS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "login_refused": (
        "1003 in the login's answer",
        {"data": bare(CODE, WORDS), "channel": "login"},
    ),
    "login_refused_msg": (
        "an answer with msg in place of errorMsg",
        {
            "data": {"result": False, "errorCode": CODE, "msg": WORDS},
            "channel": "login",
        },
    ),
    "login_refused_type": (
        "an answer of the type login that has no channel",
        {"data": bare(CODE, WORDS), "type": "login"},
    ),
    "login_refused_bare": (
        "a failure that does not say what it answers",
        bare(CODE, WORDS),
    ),
    "login_refused_no_code": (
        "a bare false, with neither a code nor what it answers",
        {"result": False},
    ),
}


class RefusedByName(Scoped):
    """Upbit refuses the token in the upgrade's header."""

    def __init__(
        self, account: Account | None = None, *, name: str, status: int
    ) -> None:
        super().__init__(account)
        self._reply = refused(name, status=status).reply

    def upgrade(self, request: Request) -> Reply | None:
        """The refusal, in Upbit's own words."""
        mine = request.exchange == "upbit" and self._meant(request)
        return self._reply if mine else None


class RefusedInBand(Scoped):
    """Upbit takes the upgrade, and refuses in a frame what is asked then."""

    def received(self, connection: Connection, payload: bytes) -> bytes | None:
        """The error in place of what was to come of it."""
        session = connection.session
        asks = payload.strip() != b"PING"
        if isinstance(session, UpbitSession) and self._mine(connection) and asks:
            session.fail("INVALID_AUTH")
            return None
        return payload


class RefusedLogin(Scoped):
    """CoinW refuses good credentials, in a form of its own."""

    def __init__(
        self, account: Account | None = None, *, answer: Mapping[str, Any]
    ) -> None:
        super().__init__(account)
        self._answer = Message(Kind.LOGIN, msgspec.json.encode(answer))
        # Threads of connections that are about to send the answer.
        self._refusing: set[int] = set()

    def login(self, account: Account) -> bool:
        """False for the account meant."""
        if account.name != "coinw" or self._account not in (None, account):
            return True
        self._refusing.add(threading.get_ident())
        return False

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """The form in place of the answer; bad credentials are refused as ever."""
        here = threading.get_ident()
        if message.kind is not Kind.LOGIN or here not in self._refusing:
            return (message,)
        self._refusing.discard(here)
        return (self._answer,)


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
    **{
        fault: Entry(
            f"the upgrade is refused by {status} {name}",
            partial(RefusedByName, name=name, status=status),
            "upbit",
        )
        for fault, name, status in KEY_REFUSALS
    },
    "login_invalid_auth": Entry(
        "requests are answered by a frame with the error INVALID_AUTH, and a close",
        RefusedInBand,
        "upbit",
    ),
    **{
        fault: Entry(
            f"good logins are refused by {form}",
            partial(RefusedLogin, answer=answer),
            "coinw",
        )
        for fault, (form, answer) in FORMS.items()
    },
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

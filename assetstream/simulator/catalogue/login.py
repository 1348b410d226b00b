"""Faults between the upgrade and the first balance: logins and subscriptions."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any, Iterable, Mapping

import msgspec

from assetstream.simulator.account import Account
from assetstream.simulator.catalogue.common import (
    FaultEntry,
    ForAccount,
    OncePerConnection,
    withholds,
)
from assetstream.simulator.catalogue.handshake import UpgradeReply
from assetstream.simulator.coinw.session import NOT_AUTHENTICATED, bare
from assetstream.simulator.connection import Connection
from assetstream.simulator.messages import Kind, Message
from assetstream.simulator.upbit.session import UpbitSession
from assetstream.simulator.upbit.venue import REFUSALS, refused

__all__ = ["FAULTS", "RefuseLogins"]

#: The refusals of Upbit that are about the key or the token: fault, name, status.
KEY_REFUSALS = [
    *(
        (f"login_{name}", name, status)
        for name, (status, _) in REFUSALS.items()
        if status in (401, 403)
    ),
    # Upbit uses either status; the name decides.
    ("login_out_of_scope_401", "out_of_scope", 401),
]
CODE, WORDS = NOT_AUTHENTICATED
#: Answers by which CoinW refuses a login, seen or described by others, with the form.
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


class RefuseUpgrades(UpgradeReply):
    """Refuses the token in the header of Upbit's upgrade, in Upbit's own words."""

    def __init__(
        self, account: Account | None = None, *, name: str, status: int
    ) -> None:
        reply = refused(name, status=status).reply
        super().__init__(account, reply=reply, exchange="upbit")


class RefuseRequests(ForAccount):
    """Takes Upbit's upgrade, and refuses by a frame every request that follows."""

    def received(self, connection: Connection, payload: bytes) -> bytes | None:
        """Answer by the error."""
        session = connection.session
        asks = payload.strip() != b"PING"
        if (
            isinstance(session, UpbitSession)
            and self._strikes(connection.account)
            and asks
        ):
            session.fail("INVALID_AUTH")
            return None
        return payload


class AnswerLogins(ForAccount):
    """Refuses good credentials at CoinW, by a given answer."""

    def __init__(
        self, account: Account | None = None, *, answer: Mapping[str, Any]
    ) -> None:
        super().__init__(account)
        self._answer = Message(Kind.LOGIN, msgspec.json.encode(answer), accepted=False)
        # Threads of the connections that are about to send the answer.
        self._refusing: set[int] = set()

    def login(self, account: Account) -> bool:
        """Return False."""
        if account.name != "coinw" or not self._strikes(account):
            return True
        self._refusing.add(threading.get_ident())
        return False

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """Replace the answer; bad credentials are refused as ever."""
        here = threading.get_ident()
        if message.kind is not Kind.LOGIN or here not in self._refusing:
            return (message,)
        self._refusing.discard(here)
        return (self._answer,)


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
    **{
        fault: FaultEntry(
            f"the upgrade is refused by {status} {name}",
            partial(RefuseUpgrades, name=name, status=status),
            "upbit",
        )
        for fault, name, status in KEY_REFUSALS
    },
    "login_invalid_auth": FaultEntry(
        "requests are answered by a frame with the error INVALID_AUTH, and a close",
        RefuseRequests,
        "upbit",
    ),
    **{
        fault: FaultEntry(
            f"good logins are refused by {form}",
            partial(AnswerLogins, answer=answer),
            "coinw",
        )
        for fault, (form, answer) in FORMS.items()
    },
    "login_unanswered": FaultEntry(
        "logins are never answered", withholds(Kind.LOGIN), "coinw"
    ),
    "subscribe_refused": FaultEntry(
        "good subscriptions are refused: INVALID_PARAM (Upbit), 1007 (CoinW)",
        RefuseSubscriptions,
    ),
    "subscribe_unanswered": FaultEntry(
        "neither subscriptions (CoinW) nor LIST_SUBSCRIPTIONS (Upbit) are answered",
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

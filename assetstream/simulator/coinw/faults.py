"""Faults that can happen at the simulated CoinW only: refused logins."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any, Iterable, Mapping

import msgspec

from assetstream.simulator.account import Account
from assetstream.simulator.catalogue.common import FaultEntry, ForAccount, withholds
from assetstream.simulator.coinw.session import NOT_AUTHENTICATED, bare
from assetstream.simulator.connection import Connection
from assetstream.simulator.messages import Kind, Message

__all__ = ["FAULTS", "FORMS"]

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


FAULTS: Mapping[str, FaultEntry] = {
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
}

"""Faults that can happen at the simulated OKX only."""

from __future__ import annotations

from functools import partial
from typing import Mapping

import msgspec

from assetstream.simulator.catalogue.common import (
    AnnounceEnd,
    AnswerLogins,
    FaultEntry,
    OncePerConnection,
)
from assetstream.simulator.connection import Connection
from assetstream.simulator.messages import Kind, Message
from assetstream.simulator.okx.refusals import CONNECTION, ERRORS, error

__all__ = ["FAULTS", "LOGIN_REFUSALS"]

#: Codes by which a login may be refused.
LOGIN_REFUSALS = (
    *("60004", "60005", "60006", "60007", "60009", "60024", "60031", "60032"),
    *("63999", "50101", "50110"),
)
NOTICE = {
    "event": "notice",
    "code": "64008",
    "msg": "The connection will soon be closed for a service upgrade. Please "
    "reconnect.",
    "connId": CONNECTION,
}
END = msgspec.json.encode(
    {
        "event": "channel-conn-count-error",
        "channel": "account",
        "connCount": "30",
        "connId": CONNECTION,
    }
)


class EndSubscriptions(OncePerConnection):
    """Ends subscriptions, as OKX may where there are too many connections."""

    def strike(self, connection: Connection) -> None:
        """Push nothing more to ``connection``, and say so."""
        session = connection.session
        if session is not None and session.subscribed and session.account is not None:
            session.account.unsubscribe(session)
            connection.post(Message(Kind.ERROR, END))


FAULTS: Mapping[str, FaultEntry] = {
    **{
        f"login_{code}": FaultEntry(
            f"good logins are refused by {code}, {ERRORS[code][1]}".rstrip("."),
            partial(AnswerLogins, answer=error(code), exchange="okx"),
            "okx",
        )
        for code in LOGIN_REFUSALS
    },
    "notice_64008": FaultEntry(
        "every open connection, and each new one, is told 64008, and closed 60 s later",
        partial(AnnounceEnd, notice=NOTICE, exchange="okx", seconds=60.0, code=1001),
        "okx",
    ),
    "subscription_too_many": FaultEntry(
        "subscriptions in force are ended by channel-conn-count-error",
        partial(EndSubscriptions, exchange="okx"),
        "okx",
    ),
}

"""The contract between the runtime and an exchange's adapter.

An adapter is pure: it opens no socket, starts no thread, reads no clock, logs nothing.
The runtime gives it frames, pongs, deadlines and replies, each with the present as an
``Instant``, and carries out the steps that it returns.

``Exchange``      immutable: endpoints, credentials, limits, the REST read as data.
``Conversation``  one connection's protocol state, thrown away with the connection.
``Step``          the closed set of things a conversation may ask for.
"""

from __future__ import annotations

from assetstream.protocol.conversation import (
    Alive,
    Conversation,
    Fail,
    Ping,
    Ready,
    Renew,
    Report,
    Reread,
    Send,
    Step,
    Warn,
)
from assetstream.protocol.exchange import Exchange
from assetstream.protocol.values import (
    NEVER,
    BalanceReport,
    Connect,
    Fields,
    HttpCall,
    Instant,
    Limits,
    Memory,
    Rate,
    Snapshot,
)

__all__ = [
    "NEVER",
    "Alive",
    "BalanceReport",
    "Connect",
    "Conversation",
    "Exchange",
    "Fail",
    "Fields",
    "HttpCall",
    "Instant",
    "Limits",
    "Memory",
    "Ping",
    "Rate",
    "Ready",
    "Renew",
    "Report",
    "Reread",
    "Send",
    "Snapshot",
    "Step",
    "Warn",
]

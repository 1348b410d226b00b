"""Faults that can happen at the simulated Gate only."""

from __future__ import annotations

from functools import partial
from typing import Any, Mapping

from assetstream.exchanges.gate.frames import CHANNEL, SYSTEM
from assetstream.simulator.catalogue.common import (
    AnnounceEnd,
    AnswerLogins,
    FaultEntry,
)
from assetstream.simulator.gate.session import quoting, refusal

__all__ = ["FAULTS", "FORMS", "NOTICE"]

#: Refusals of good subscriptions, seen or described by others, with the form.
FORMS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "login_auth_fail": ("the documents' code 4", refusal(4, "Authentication fail")),
    "login_auth_key": (
        "code 2 and the label INVALID_KEY in its words",
        refusal(2, quoting("INVALID_KEY")),
    ),
    "login_auth_signature": (
        "code 4 and the label INVALID_SIGNATURE in its words",
        refusal(4, quoting("INVALID_SIGNATURE")),
    ),
    "login_auth_words": ("code 2 and words without a label", refusal(2, "auth faild")),
    "login_auth_time": (
        "code 4 and the label REQUEST_EXPIRED in its words",
        refusal(4, quoting("REQUEST_EXPIRED")),
    ),
}

NOTICE = {
    "time": 1770694860,
    "time_ms": 1770694860773,
    "channel": SYSTEM,
    "event": "update",
    "result": {
        "type": "upgrade",
        "msg": "The connection will soon be closed for a service upgrade. Please "
        "reconnect.",
    },
}
FAULTS: Mapping[str, FaultEntry] = {
    **{
        fault: FaultEntry(
            f"good subscriptions are refused by {form}",
            partial(
                AnswerLogins,
                answer={"channel": CHANNEL, "event": "subscribe", **content},
                exchange="gate",
            ),
            "gate",
        )
        for fault, (form, content) in FORMS.items()
    },
    "service_upgrade": FaultEntry(
        "each connection is told that it will be closed for a service upgrade, and is",
        partial(AnnounceEnd, notice=NOTICE, exchange="gate", seconds=2.0),
        "gate",
    ),
}

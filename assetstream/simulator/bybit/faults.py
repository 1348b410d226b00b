"""Faults that can happen at the simulated Bybit only: refused logins."""

from __future__ import annotations

from functools import partial
from typing import Any, Mapping

from assetstream.simulator.bybit.session import answer
from assetstream.simulator.catalogue.common import AnswerLogins, FaultEntry, withholds
from assetstream.simulator.messages import Kind

__all__ = ["FAULTS", "FORMS"]

#: Answers by which Bybit refuses a login, seen or described by others, with the form.
FORMS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "login_invalid_apikey": (
        "10003 in the newer form",
        answer("auth", 10003, coded=True),
    ),
    "login_invalid_words": (
        "words alone, in the older form",
        answer("auth", 10003, coded=False),
    ),
    "login_params_error": (
        "words that say no more than that something in it is wrong",
        answer("auth", 10001, coded=False),
    ),
    "login_request_expired": (
        "words that say that it came too late",
        answer("auth", 10002, coded=False),
    ),
}

FAULTS: Mapping[str, FaultEntry] = {
    **{
        fault: FaultEntry(
            f"good logins are refused by {form}",
            partial(AnswerLogins, answer=content, exchange="bybit"),
            "bybit",
        )
        for fault, (form, content) in FORMS.items()
    },
    "auth_unanswered": FaultEntry(
        "logins are never answered", withholds(Kind.LOGIN), "bybit"
    ),
}

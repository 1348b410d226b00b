"""Faults that can happen at the simulated CoinW only: refused logins."""

from __future__ import annotations

from functools import partial
from typing import Any, Mapping

from assetstream.simulator.catalogue.common import AnswerLogins, FaultEntry, withholds
from assetstream.simulator.coinw.session import NOT_AUTHENTICATED, bare
from assetstream.simulator.messages import Kind

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


FAULTS: Mapping[str, FaultEntry] = {
    **{
        fault: FaultEntry(
            f"good logins are refused by {form}",
            partial(AnswerLogins, answer=answer, exchange="coinw"),
            "coinw",
        )
        for fault, (form, answer) in FORMS.items()
    },
    "login_unanswered": FaultEntry(
        "logins are never answered", withholds(Kind.LOGIN), "coinw"
    ),
}

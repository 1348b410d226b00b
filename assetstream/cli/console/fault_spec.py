"""The way a command line writes faults.

``NAME``, then each of these if it is wanted, in this order::

    @5s             begins so long after the start; otherwise at once
    :10s            is on for so long; otherwise to the end
    ,exchange=upbit strikes that exchange's account only
    ,seconds=30     a parameter of its own, and more of them
"""

from __future__ import annotations

import difflib
import re
from typing import Any, Mapping

from msgspec import Struct

from assetstream.display import durations
from assetstream.display.words import listed
from assetstream.exchanges import EXCHANGES
from assetstream.simulator.catalogue import FAULTS

__all__ = ["FORM", "FaultSpec", "read_fault"]

FORM = "NAME[@5s][:10s][,exchange=upbit][,seconds=30]..."
HEAD = re.compile(r"(\w+)(?:@([^@:]*))?(?::([^@:]*))?")
#: A comma separates only where NAME= follows it: a value may hold commas itself.
SEPARATOR = re.compile(r",(?=\w+=)")


class FaultSpec(Struct, frozen=True):
    """A fault, its time and its target, as one ``--fault`` asks for them.

    Attributes:
        name: the fault's name in the catalogue.
        begins: seconds after the start.
        lasts: seconds; None: to the end.
        exchange: the only exchange whose account it strikes; "": every account.
        parameters: the fault's own.
    """

    name: str
    begins: float = 0.0
    lasts: float | None = None
    exchange: str = ""
    parameters: Mapping[str, Any] = {}


def read_fault(text: str, list_of_all: str) -> FaultSpec:
    """Read one fault.

    Args:
        text: the fault, as it was typed.
        list_of_all: what the user types for a list of all faults.

    Raises:
        ValueError: ``text`` is wrong; the error explains in one line where, and what
            may be meant.
    """
    head, *rest = SEPARATOR.split(text)
    found = HEAD.fullmatch(head)
    if found is None:
        raise ValueError(f"{text!r} is not of the form {FORM}")
    name, begins, lasts = found.groups()
    if name not in FAULTS:
        close = difflib.get_close_matches(name, FAULTS, 3, 0.5)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise ValueError(f"no fault is called {name!r}: {hint}{list_of_all} shows all")
    given: dict[str, str] = {}
    for part in rest:
        key, _, value = part.partition("=")
        if key in given:
            raise ValueError(f"{text!r} has {key} twice")
        given[key] = value
    exchange = given.pop("exchange", None)
    if exchange is not None:
        check_exchange(name, exchange)
    return FaultSpec(
        name,
        durations.seconds(begins) if begins is not None else 0.0,
        durations.seconds(lasts) if lasts is not None else None,
        exchange or "",
        {each: parameter(name, each, value) for each, value in given.items()},
    )


def check_exchange(name: str, exchange: str) -> None:
    """Raise ValueError if the fault cannot strike an account of that exchange."""
    if exchange not in EXCHANGES:
        raise ValueError(f"{exchange!r} is no exchange; {listed(EXCHANGES)} are")
    FAULTS[name].check(name, exchange)


def parameter(name: str, given: str, text: str) -> Any:
    """Read the value of one of the fault's own parameters."""
    parameters = FAULTS[name].parameters
    if given not in parameters:
        takes = [*(["exchange"] if FAULTS[name].scoped else []), *parameters]
        known = ", ".join(takes) or "nothing"
        raise ValueError(f"{name} does not take {given}: it takes {known}")
    try:
        return parameters[given](text)
    except ValueError as error:
        raise ValueError(f"{name}, {given}: {error}") from None

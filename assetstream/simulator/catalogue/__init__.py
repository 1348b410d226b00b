"""The catalogue: every fault that the simulator knows, by its name.

Each module disturbs one thing: ``tcp``, ``handshake``, ``login``, ``frames``,
``pushes``, ``rest`` and ``closes``. ``assetstream simulate --list-faults`` prints all.

A fault that strikes once per connection strikes every open one when it is switched on,
and each new one while it is on. Any other acts while it is on. Nothing that was due is
lost after the end, but for what a description names.
"""

from __future__ import annotations

import difflib
from types import MappingProxyType
from typing import Any, Mapping

from assetstream.simulator.account import Account
from assetstream.simulator.catalogue import (
    closes,
    frames,
    handshake,
    login,
    pushes,
    rest,
    tcp,
)
from assetstream.simulator.catalogue.common import FaultEntry
from assetstream.simulator.faults import Fault

__all__ = ["FAULTS", "FaultEntry", "create"]

#: Name and description, in the order in which a connection meets them.
FAULTS: Mapping[str, FaultEntry] = MappingProxyType(
    {
        **tcp.FAULTS,
        **handshake.FAULTS,
        **login.FAULTS,
        **closes.FAULTS,
        **frames.FAULTS,
        **pushes.FAULTS,
        **rest.FAULTS,
    }
)


def create(name: str, account: Account | None = None, **parameters: Any) -> Fault:
    """Make the fault of that name.

    Raises:
        ValueError: there is no such fault, or it cannot happen to that account.
        TypeError: it has no such parameter.
    """
    entry = FAULTS.get(name)
    if entry is None:
        close = difflib.get_close_matches(name, FAULTS, 3, 0.5)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise ValueError(
            f"no fault is called {name!r}: {hint}assetstream.simulator.FAULTS has all"
        )
    if account is not None:
        entry.check(name, account.name)
    return entry.make(account=account, **parameters)

"""The catalogue: every fault that the simulator knows, by its name.

The rooms are what they disturb: ``tcp``, ``handshake``, ``login``, ``frames``,
``pushes``, ``rest`` and ``closing``. ``assetstream simulate --list-faults``
prints it.

What strikes a connection once strikes every open one when it is switched on, and each
new one while it is on. The rest acts while it is on. After the end nothing is lost that
was due, unless the description says so.
"""

from __future__ import annotations

import difflib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Mapping

from assetstream.simulator.catalogue import (
    closing,
    frames,
    handshake,
    login,
    pushes,
    rest,
    tcp,
)
from assetstream.simulator.catalogue.common import Entry

if TYPE_CHECKING:
    from assetstream.simulator.account import Account
    from assetstream.simulator.faults import Fault

__all__ = ["FAULTS", "Entry", "create"]

#: Name and description, in the order in which a connection meets them.
FAULTS: Mapping[str, Entry] = MappingProxyType(
    {
        **tcp.FAULTS,
        **handshake.FAULTS,
        **login.FAULTS,
        **closing.FAULTS,
        **frames.FAULTS,
        **pushes.FAULTS,
        **rest.FAULTS,
    }
)


def create(name: str, account: Account | None = None, **parameters: Any) -> Fault:
    """Make the fault of that name.

    Raises:
        ValueError: there is none, or it cannot happen to that account.
        TypeError: it has no such parameter.
    """
    entry = FAULTS.get(name)
    if entry is None:
        close = difflib.get_close_matches(name, FAULTS, 3, 0.5)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise ValueError(
            f"no fault is called {name!r}: {hint}"
            "assetstream simulate --list-faults shows all"
        )
    if account is not None:
        entry.check(name, account.name)
    return entry.make(account=account, **parameters)

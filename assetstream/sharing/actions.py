"""The closed set of what a relay's machine has done: at the engine, or with streams.

Each action at the engine is answered before the next one is asked for. What is done
with a stream is not waited for.
"""

from __future__ import annotations

from typing import Mapping, Union

from msgspec import Struct

from assetstream.model.errors import AssetStreamError
from assetstream.sharing.entries import Pulse

__all__ = [
    "Action",
    "Begin",
    "Compose",
    "Enlist",
    "Finish",
    "GiveBack",
    "Inform",
    "Reach",
    "Rewrite",
    "Shut",
    "Survey",
    "Take",
    "Tell",
    "Wait",
    "Write",
]


# At the engine.


class Reach(Struct, frozen=True):
    """Connect; answered by ``reached``, as each of these may be by ``lost``."""


class Enlist(Struct, frozen=True):
    """Say which accounts there are; answered by ``enlisted``."""


class Tell(Struct, frozen=True):
    """Send a pulse; answered by ``told``.

    Attributes:
        pulse: what is told.
        first: it begins a lease.
    """

    pulse: Pulse
    first: bool


class Survey(Struct, frozen=True):
    """Read who has which account; answered by ``seen``."""


class Take(Struct, frozen=True):
    """Ask for accounts; answered by ``taken``."""

    accounts: tuple[str, ...]


class Write(Struct, frozen=True):
    """Write all that streams have said so far; answered by ``written``."""


class GiveBack(Struct, frozen=True):
    """Give accounts back; answered by ``given_back``.

    Attributes:
        tokens: account -> the token it is owned by.
        reason: told to readers.
        last: the worker ends.
    """

    tokens: Mapping[str, int]
    reason: str
    last: bool


# With streams.


class Compose(Struct, frozen=True):
    """Ask the threads of the streams for their word; answered by ``composed``."""

    number: int


class Begin(Struct, frozen=True):
    """Begin an account's stream; answered by ``refused`` if that cannot be done."""

    account: str


class Rewrite(Struct, frozen=True):
    """Have an account's whole book written before anything else of it."""

    account: str


class Shut(Struct, frozen=True):
    """End an account's stream; answered by ``ended``."""

    account: str
    reason: str


# Neither.


class Inform(Struct, frozen=True):
    """Tell the user of an error."""

    error: AssetStreamError


class Wait(Struct, frozen=True):
    """Wait for whatever comes, or until this time; seconds of the worker's clock."""

    until: float


class Finish(Struct, frozen=True):
    """End: there is nothing left to do."""


Action = Union[
    Reach,
    Enlist,
    Tell,
    Survey,
    Take,
    Write,
    GiveBack,
    Compose,
    Begin,
    Rewrite,
    Shut,
    Inform,
    Wait,
    Finish,
]

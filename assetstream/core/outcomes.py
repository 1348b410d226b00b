"""What became of a connection or of a REST call, as the runtime reports it."""

from __future__ import annotations

from typing import Mapping, Union

from msgspec import Struct

from assetstream.model.errors import AssetStreamError

__all__ = ["Abandoned", "Broken", "Closed", "Ending", "HttpReply", "Outcome", "Refused"]


class Refused(Struct, frozen=True):
    """The upgrade was answered with another status than 101; header names in lower
    case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Closed(Struct, frozen=True):
    """The peer ended an open connection; ``code`` is None if no Close frame came."""

    code: int | None
    reason: str = ""


class Broken(Struct, frozen=True):
    """No connection could be made, or it is of no use any more; the error says why."""

    error: AssetStreamError


class Abandoned(Struct, frozen=True):
    """We hung up, before or after the upgrade."""


#: How a connection ended.
Ending = Union[Refused, Closed, Broken, Abandoned]


class HttpReply(Struct, frozen=True):
    """An answer, whatever its status; header names in lower case, without cookies."""

    status: int
    headers: Mapping[str, str]
    body: bytes


#: How a REST call ended.
Outcome = Union[HttpReply, AssetStreamError]

"""The reasons for which a connection ends."""

from __future__ import annotations

from typing import Mapping, Union

from msgspec import Struct

from assetstream.model.errors import AssetStreamError

__all__ = ["Abandoned", "Broken", "CloseReason", "Closed", "Refused"]


class Refused(Struct, frozen=True):
    """The server answered the upgrade with another status than 101.

    Header names are in lower case, cookies left out; the body has 64 KB at most.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Closed(Struct, frozen=True):
    """The peer closed, or the connection broke.

    ``code`` is the close frame's, 1005 if that had none, None if no close frame came;
    ``reason`` the peer's words, or the system's if the connection broke.
    """

    code: int | None
    reason: str = ""


class Broken(Struct, frozen=True):
    """The connection could not be made, or the peer makes it useless."""

    error: AssetStreamError


class Abandoned(Struct, frozen=True):
    """We closed it, or gave it up while connecting."""


CloseReason = Union[Refused, Closed, Broken, Abandoned]

"""Outcomes of connections and of REST calls, as the runtime reports them."""

from __future__ import annotations

from typing import Mapping, Union

from msgspec import Struct

from assetstream.model.errors import AssetStreamError

__all__ = [
    "Abandoned",
    "Broken",
    "Closed",
    "Ending",
    "HttpReply",
    "Outcome",
    "Refused",
    "Unanswered",
]


class Refused(Struct, frozen=True):
    """The server answered the upgrade with another status than 101.

    Header names are in lower case, cookies left out; the body has 64 KB at most.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Closed(Struct, frozen=True):
    """The peer closed, or the connection broke.

    ``code`` is the Close frame's, 1005 if that had none, None if no Close frame came;
    ``reason`` the peer's words, or the system's if the connection broke.
    """

    code: int | None
    reason: str = ""


class Broken(Struct, frozen=True):
    """No connection could be made, or the open one is useless; by this error."""

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


class Unanswered(Struct, frozen=True):
    """A kept connection died as it was used again, which proves nothing.

    The call is to be signed and sent once more, in the ``left`` seconds that it has.
    """

    left: float


#: How a REST call ended.
Outcome = Union[HttpReply, AssetStreamError]

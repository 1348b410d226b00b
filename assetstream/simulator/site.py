"""What all rooms of one simulator share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Callable

from assetstream.simulator.counts import Board, Seen
from assetstream.simulator.faults import Faults
from assetstream.simulator.messages import Reply, Request

if TYPE_CHECKING:
    from assetstream.exchanges.upbit.exchange import Region
    from assetstream.simulator.account import Account
    from assetstream.simulator.connection import Connection
    from assetstream.simulator.server import Server

__all__ = ["Session", "Site", "Venue"]


class Site:
    """Address, counts, faults and settings of one simulator.

    Attributes:
        url: base URL of REST; "" until the simulator was started.
        server: who listens there; None until then.
        idle_timeout: seconds after which a silent connection is dropped.
        status_interval: seconds between two ``{"status":"UP"}``.
        rate_limits: False lets clients ask and connect as often as they like.
        region: which regional host of Upbit is played.
    """

    def __init__(
        self,
        *,
        idle_timeout: float,
        status_interval: float,
        rate_limits: bool,
        region: Region,
    ) -> None:
        self.board = Board()
        self.faults = Faults(self)
        self.server: Server | None = None
        self.seen = Seen()
        self.url = ""
        self.idle_timeout = idle_timeout
        self.status_interval = status_interval
        self.rate_limits = rate_limits
        self.region: Region = region

    @property
    def ws_url(self) -> str:
        """Base URL of the WebSockets: ``http`` becomes ``ws``, ``https`` ``wss``."""
        return self.url.replace("http", "ws", 1)

    def connections(self) -> list[Connection]:
        """The WebSockets that are neither gone nor going."""
        return self.server.open_connections() if self.server else []


class Session(ABC):
    """The exchange's side of one WebSocket; lives and dies with the connection.

    ``style`` names the form in which this client wants its balances; a ``silent`` one
    is subscribed and yet gets none.
    """

    #: The exchange that it speaks for.
    exchange: str

    def __init__(self, site: Site, connection: Connection) -> None:
        self.site = site
        self.connection = connection
        self.style = ""
        self.silent = False
        self.account: Account | None = None

    @abstractmethod
    def opened(self) -> None:
        """The connection is open."""

    @abstractmethod
    def received(self, payload: bytes) -> None:
        """A data frame came."""

    @abstractmethod
    def quiet(self, now: float) -> float:
        """For how many seconds nothing happened that keeps the connection alive."""

    @property
    def subscribed(self) -> bool:
        """Whether it is subscribed to its account's balances."""
        return self.account is not None and self.account.has_subscriber(self)

    def closed(self) -> None:
        """The connection is gone, or going: nothing more is to be pushed."""
        if self.account is not None:
            self.account.unsubscribe(self)

    def watch_idleness(self) -> None:
        """Drop the connection, with no close frame, once it was quiet for too long."""
        left = self.site.idle_timeout - self.quiet(self.connection.now())
        if left <= 0:
            self.connection.drop()
        else:
            self.connection.call_later(left, self.watch_idleness)


class Venue(ABC):
    """One exchange: who may connect, and what REST answers."""

    name: str

    @abstractmethod
    def owns(self, path: str) -> bool:
        """Whether requests to this path are for this exchange."""

    @abstractmethod
    def admit(self, request: Request) -> Callable[[Connection], Session]:
        """Let a WebSocket upgrade pass, and say who will serve it.

        Raises:
            Refused: it does not pass.
        """

    @abstractmethod
    def rest(self, request: Request) -> Reply:
        """Answer a REST request."""

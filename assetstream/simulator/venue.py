"""``Venue``: one simulated exchange as the server sees it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Callable, Mapping

from assetstream.exchanges import EXCHANGES
from assetstream.simulator.account import Account
from assetstream.simulator.context import Context
from assetstream.simulator.ledger import Balances
from assetstream.simulator.messages import Reply, Request
from assetstream.simulator.session import ExchangeSession, Transport

__all__ = ["Venue"]


class Venue(ABC):
    """One exchange: opens accounts, admits WebSockets and answers REST requests.

    Its requests have the path ``/NAME/...``, and the venue is given the rest of it.

    Attributes:
        name: the registered exchange's.
        starting_balances: of an account for a first look.
        binary: its pushes and errors are binary frames.
        error: the payload of an error that is not about the client.
        region: the regional host that is played; "" if the exchange has none.
        accounts: by their public keys.
        open: opens an account, given its number, the dice for its keys, what is
            available at the start by currency, and what makes an ``ApiKey`` of key and
            secret; the exchange's own options follow, by name.
    """

    name: str
    starting_balances: Mapping[str, str]
    binary: bool = False
    error: bytes
    open: Callable[..., Account]

    def __init__(self, context: Context) -> None:
        self._context = context
        regions = EXCHANGES[self.name].regions
        self.region = (
            context.region if context.region in regions else next(iter(regions), "")
        )
        self.accounts: dict[str, Any] = {}

    @staticmethod
    @abstractmethod
    def too_often(retry_after: float) -> Reply:
        """Make the refusal of a REST request that is one too many.

        Args:
            retry_after: seconds to wait, for exchanges that say so.
        """

    @staticmethod
    @abstractmethod
    def amended(body: bytes, newer: Mapping[str, tuple[Any, Any]]) -> bytes:
        """Return a recorded reply of balances with newer (available, locked) in it."""

    def _balances(self, account: Account) -> Balances:
        """Return the balances that REST shows of an account at this moment."""
        points = self._context.points
        balances = account.ledger.balances(points.seconds("lag", account))
        return points.replace("shown", account, balances)

    def owns(self, path: str) -> bool:
        """Return whether requests to this path, without a name, are for it, too."""
        return False

    @abstractmethod
    def admit(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Let a WebSocket upgrade pass; return the maker of its session.

        Raises:
            RequestRefused: it does not pass.
        """

    @abstractmethod
    def rest(self, request: Request) -> Reply:
        """Answer a REST request."""

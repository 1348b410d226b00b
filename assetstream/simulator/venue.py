"""``Venue``: one simulated exchange as the server sees it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Callable

from assetstream.simulator.account import Account
from assetstream.simulator.context import Context
from assetstream.simulator.ledger import Balances
from assetstream.simulator.messages import Reply, Request
from assetstream.simulator.session import ExchangeSession, Transport

__all__ = ["Venue"]


class Venue(ABC):
    """One exchange: admits WebSockets and answers REST requests."""

    name: str

    def __init__(self, context: Context) -> None:
        self._context = context

    def _balances(self, account: Account) -> Balances:
        """Return the balances that REST shows of an account at this moment."""
        points = self._context.points
        balances = account.ledger.balances(points.seconds("lag", account))
        return points.replace("shown", account, balances)

    @abstractmethod
    def owns(self, path: str) -> bool:
        """Return whether requests to this path are for this exchange."""

    @abstractmethod
    def admit(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Let a WebSocket upgrade pass; return the maker of its session.

        Raises:
            RequestRefused: it does not pass.
        """

    @abstractmethod
    def rest(self, request: Request) -> Reply:
        """Answer a REST request."""

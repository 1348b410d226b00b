"""``Venue``: one simulated exchange as the server sees it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Callable

from assetstream.simulator.messages import Reply, Request
from assetstream.simulator.session import ExchangeSession, Transport

__all__ = ["Venue"]


class Venue(ABC):
    """One exchange: admits WebSockets and answers REST requests."""

    name: str

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

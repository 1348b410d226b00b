"""Faults of REST: slow, stale, failing, limited, unreadable, incomplete."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import Iterable, Mapping

from assetstream.runtime.loop import clock
from assetstream.simulator.account import Account
from assetstream.simulator.catalogue.common import FaultEntry, FixedReply, ForAccount
from assetstream.simulator.catalogue.parameters import interval, names
from assetstream.simulator.ledger import Balances
from assetstream.simulator.messages import Reply, Request
from assetstream.simulator.registry import VENUES

__all__ = ["FAULTS", "LagBalances", "RestReply"]

GARBAGE = Reply(200, b"<garbage>{]", {"Content-Type": "application/json"})


class DelayReplies(ForAccount):
    """Answers some seconds late."""

    def __init__(self, account: Account | None = None, *, seconds: float = 2.0) -> None:
        super().__init__(account)
        self._seconds = seconds

    def rest(self, request: Request) -> Reply | None:
        """Wait, and leave the request alone."""
        if self._strikes_request(request):
            self._over.wait(clock.real_seconds(self._seconds))
        return None


class LagBalances(ForAccount):
    """Shows the balances of some seconds ago, like a replica that lags behind."""

    def __init__(
        self, account: Account | None = None, *, seconds: float = 10.0
    ) -> None:
        super().__init__(account)
        self._seconds = seconds

    def lag(self, account: Account) -> float:
        """Return the seconds."""
        return self._seconds if self._strikes(account) else 0.0


class RestReply(FixedReply):
    """Answers REST requests with one reply."""

    def rest(self, request: Request) -> Reply | None:
        """Return the reply."""
        return self._answer(request)


class RefuseReads(ForAccount):
    """Refuses every request as one too many, in the exchange's own words."""

    def __init__(
        self, account: Account | None = None, *, retry_after: float = 1
    ) -> None:
        super().__init__(account)
        self._replies = {
            name: venue.too_often(retry_after) for name, venue in VENUES.items()
        }

    def rest(self, request: Request) -> Reply | None:
        """Return the refusal."""
        return (
            self._replies.get(request.exchange)
            if self._strikes_request(request)
            else None
        )


class OmitCurrencies(ForAccount):
    """Leaves currencies out of the balances."""

    def __init__(
        self,
        account: Account | None = None,
        *,
        currencies: Iterable[str] | None = None,
    ) -> None:
        super().__init__(account)
        self._currencies = None if currencies is None else frozenset(currencies)

    def shown(self, account: Account, balances: Balances) -> Balances:
        """Return the balances without those currencies."""
        if not self._strikes(account):
            return balances
        if self._currencies is None:
            return dict(islice(balances.items(), 1))
        return {c: b for c, b in balances.items() if c not in self._currencies}


FAULTS: Mapping[str, FaultEntry] = {
    "rest_slow": FaultEntry(
        "REST answers seconds=2 late", DelayReplies, parameters={"seconds": interval}
    ),
    "rest_stale": FaultEntry(
        "REST shows the balances of seconds=10 ago",
        LagBalances,
        parameters={"seconds": interval},
    ),
    "rest_failing": FaultEntry(
        "REST answers 500", partial(RestReply, reply=Reply(500))
    ),
    "rest_rate_limited": FaultEntry(
        "REST refuses: too often; Retry-After: retry_after=1 seconds, if it has that",
        RefuseReads,
        parameters={"retry_after": interval},
    ),
    "rest_garbage": FaultEntry(
        "REST answers 200 and what is no JSON", partial(RestReply, reply=GARBAGE)
    ),
    "rest_omitting": FaultEntry(
        "REST leaves out currencies=..., by default all but the first",
        OmitCurrencies,
        parameters={"currencies": names},
    ),
}

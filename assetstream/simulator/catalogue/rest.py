"""Faults of REST: slow, stale, failing, limited, unreadable, incomplete."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Iterable, Mapping

from assetstream.simulator.catalogue.common import Entry, Scoped
from assetstream.simulator.catalogue.parameters import interval, names
from assetstream.simulator.coinw.venue import failed
from assetstream.simulator.faults import Balances
from assetstream.simulator.messages import Reply, Request
from assetstream.simulator.upbit.venue import refused

if TYPE_CHECKING:
    from assetstream.simulator.account import Account

__all__ = ["FAULTS"]


class Slow(Scoped):
    """Thinks for some seconds before it answers."""

    def __init__(self, account: Account | None = None, *, seconds: float = 2.0) -> None:
        super().__init__(account)
        self._seconds = seconds

    def rest(self, request: Request) -> Reply | None:
        """Nothing, after the wait."""
        if self._meant(request):
            self._over.wait(self._seconds)
        return None


class Stale(Scoped):
    """A replica that lags behind."""

    def __init__(
        self, account: Account | None = None, *, seconds: float = 10.0
    ) -> None:
        super().__init__(account)
        self._seconds = seconds

    def lag(self, account: Account) -> float:
        """The seconds, for the account meant."""
        return self._seconds if self._account in (None, account) else 0.0


class Says(Scoped):
    """Answers with one reply."""

    reply: Reply

    def rest(self, request: Request) -> Reply | None:
        """The reply."""
        return self.reply if self._meant(request) else None


class Failing(Says):
    """500."""

    reply = Reply(500)


class Garbage(Says):
    """200, and what cannot be read."""

    reply = Reply(200, b"<garbage>{]", {"Content-Type": "application/json"})


class Limited(Scoped):
    """Every request is one too many, in the exchange's own words."""

    def __init__(
        self, account: Account | None = None, *, retry_after: float = 1
    ) -> None:
        super().__init__(account)
        reply = refused("too_many_requests", remaining=0).reply
        headers = {**reply.headers, "Retry-After": f"{retry_after:g}"}
        self._replies = {
            "upbit": Reply(reply.status, reply.body, headers),
            "coinw": failed(29001, "API access frequently"),
        }

    def rest(self, request: Request) -> Reply | None:
        """The refusal."""
        return self._replies.get(request.exchange) if self._meant(request) else None


class Omitting(Scoped):
    """Leaves currencies out."""

    def __init__(
        self,
        account: Account | None = None,
        *,
        currencies: Iterable[str] | None = None,
    ) -> None:
        super().__init__(account)
        self._currencies = None if currencies is None else frozenset(currencies)

    def shown(self, account: Account, balances: Balances) -> Balances:
        """Balances without those currencies."""
        if self._account not in (None, account):
            return balances
        if self._currencies is None:
            return dict(islice(balances.items(), 1))
        return {c: b for c, b in balances.items() if c not in self._currencies}


FAULTS: Mapping[str, Entry] = {
    "rest_slow": Entry(
        "REST answers seconds=2 late", Slow, parameters={"seconds": interval}
    ),
    "rest_stale": Entry(
        "REST shows the balances of seconds=10 ago",
        Stale,
        parameters={"seconds": interval},
    ),
    "rest_failing": Entry("REST answers 500", Failing),
    "rest_rate_limited": Entry(
        "REST refuses: too often; with Retry-After: retry_after=1 seconds (Upbit)",
        Limited,
        parameters={"retry_after": interval},
    ),
    "rest_garbage": Entry("REST answers 200 and what is no JSON", Garbage),
    "rest_omitting": Entry(
        "REST leaves out currencies=..., by default all but the first",
        Omitting,
        parameters={"currencies": names},
    ),
}

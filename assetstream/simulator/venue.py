"""``Venue``: one simulated exchange as the server sees it."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from typing import Any, Callable, Generic, Iterable, Mapping, TypeVar, cast

from assetstream.exchanges import EXCHANGES
from assetstream.simulator.account import Account, ApiKey, Opening
from assetstream.simulator.context import Context
from assetstream.simulator.ledger import Amount, Balances
from assetstream.simulator.messages import Reply, Request, RequestRefused
from assetstream.simulator.session import ExchangeSession, Transport

__all__ = ["Venue"]

A = TypeVar("A", bound=Account)


class Venue(ABC, Generic[A]):
    """One exchange: opens accounts, admits WebSockets and answers REST requests.

    Its requests have the path ``/NAME/...``, and the venue is given the rest of it.

    Attributes:
        name: the registered exchange's.
        account_type: makes an account, given its ``Opening``; the exchange's own
            options follow, by name.
        read: method and path of the read of all balances.
        not_found: the reply to requests for anything else.
        starting_balances: of an account for a first look.
        binary: its pushes and errors are binary frames.
        error: the payload of an error that is not about the client.
        region: the regional host that is played; "" if the exchange has none.
        accounts: by their public keys.
    """

    name: str
    account_type: type[A]
    read: tuple[str, str]
    not_found: Reply
    starting_balances: Mapping[str, str]
    binary: bool = False
    error: bytes

    def __init__(self, context: Context) -> None:
        self._context = context
        regions = EXCHANGES[self.name].regions
        self.region = (
            context.region if context.region in regions else next(iter(regions), "")
        )
        self.accounts: dict[str, A] = {}

    def open(
        self,
        number: int,
        balances: Mapping[str, Amount],
        permissions: Iterable[str],
        allowed_ips: Iterable[str] | None,
        **options: Any,
    ) -> A:
        """Open an account.

        Args:
            number: 1 for the simulator's first account.
            balances: what is available at the start, by currency.
            permissions: what its key may do.
            allowed_ips: the only addresses it may be used from; None: any.
            options: the exchange's own; ``region`` where the exchange has regions:
                where the key is from, if not from the host that is played.

        Raises:
            TypeError: the exchange has no such option.
        """
        # An exchange without regions has no such option, which its account says.
        region = options.pop("region", None) if self.region else None
        rng = random.Random(f"{self._context.seed}/{number}")
        credentials = ApiKey(self._keys(rng, options), permissions, allowed_ips)
        opening = Opening(
            self._context, number, credentials, balances, region or self.region
        )
        # No account has the same options as another, hence no common signature.
        account = cast(Callable[..., A], self.account_type)(opening, **options)
        self.accounts[account.api_key] = account
        return account

    @staticmethod
    @abstractmethod
    def _keys(rng: random.Random, options: Mapping[str, Any]) -> tuple[str, ...]:
        """Draw the keys of an account with these options, the public one first."""

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

    def admit(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Let a WebSocket upgrade pass; return the maker of its session.

        Raises:
            RequestRefused: it does not pass.
        """
        if not self._is_socket(request.path):
            raise RequestRefused(self.not_found)
        return self._admitted(request)

    def _is_socket(self, path: str) -> bool:
        """Return whether it is the path of the WebSocket."""
        return path == self.account_type.ws_path

    @abstractmethod
    def _admitted(self, request: Request) -> Callable[[Transport], ExchangeSession]:
        """Return the maker of the session of an upgrade of the right path.

        Raises:
            RequestRefused: it does not pass.
        """

    def rest(self, request: Request) -> Reply:
        """Answer a REST request."""
        if (request.method, request.path) != self.read:
            return self.not_found
        try:
            account = self._reader(request)
        except RequestRefused as refusal:
            return refusal.reply
        reply = self._context.points.reply("read", account)
        return self._listing(account, request) if reply is None else reply

    @abstractmethod
    def _reader(self, request: Request) -> A:
        """Return the account that a read is for, and count the read.

        Raises:
            RequestRefused: it proves no account, or is one too many.
        """

    @abstractmethod
    def _listing(self, account: A, request: Request) -> Reply:
        """Make the reply that lists the balances of an account."""

    def _allows_read(self, account: A) -> bool:
        """Count a read of an account; return False if it is one too many."""
        self._context.signal.count("reads", account.seen)
        return not self._context.rate_limits or account.reads.use()

    def _account_of(self, key: str) -> A | None:
        """Return the account of a public key that the host which is played knows."""
        account = self.accounts.get(key)
        here = account is not None and account.region == self.region
        return account if here else None

"""``Simulator``: the object a user holds."""

from __future__ import annotations

import random
import ssl
import string
import uuid
from types import TracebackType
from typing import Callable, Iterable, Mapping, Sequence

from assetstream.exchanges.upbit.exchange import HOSTS, Region
from assetstream.model.errors import ConfigurationError
from assetstream.simulator.account import Account, Terms
from assetstream.simulator.coinw.venue import CoinWAccount, CoinWVenue
from assetstream.simulator.connection import Connection
from assetstream.simulator.counts import Seen
from assetstream.simulator.ledger import Amount
from assetstream.simulator.server import Server
from assetstream.simulator.site import Site
from assetstream.simulator.switches import Switches
from assetstream.simulator.upbit.venue import UpbitAccount, UpbitVenue

__all__ = ["STARTING_BALANCES", "Simulator"]

#: What an account for a first look may begin with, by exchange.
STARTING_BALANCES: Mapping[str, Mapping[str, str]] = {
    "upbit": {"SGD": "10000", "BTC": "0.5", "XRP": "2500"},
    "coinw": {"USDT": "10000", "BTC": "0.5", "ETH": "4"},
}

KEY_LETTERS = string.ascii_letters + string.digits


class Simulator(Switches):
    """Upbit and CoinW on one port of 127.0.0.1, from ``start()`` to ``stop()``.

    Use it as a context manager. Accounts may be added before or after the start.
    Whatever makes it misbehave returns a ``Switch``: on at once, off at the end of its
    ``with`` block or by ``off()``.

    Args:
        port: the port to listen on; 0 takes a free one.
        ssl_context: a server's context turns http and ws into https and wss.
        seed: keys and traders are the same for the same seed.
        region: the regional host of Upbit that is played: a key of another is refused.
        idle_timeout: seconds after which a silent WebSocket is dropped.
        status_interval: seconds between two ``{"status":"UP"}`` of Upbit.
        rate_limits: False lets clients ask and connect as often as they like.

    Raises:
        ConfigurationError: there is no such region.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
        seed: int = 0,
        region: Region = "sg",
        idle_timeout: float = 60.0,
        status_interval: float = 10.0,
        rate_limits: bool = True,
    ) -> None:
        if region not in HOSTS:
            known = ", ".join(map(repr, HOSTS))
            raise ConfigurationError(f"region must be one of {known}, not {region!r}")
        self._site = Site(
            idle_timeout=idle_timeout,
            status_interval=status_interval,
            rate_limits=rate_limits,
            region=region,
        )
        self._port = port
        self._ssl_context = ssl_context
        self._seed = seed
        self._venues = (UpbitVenue(self._site), CoinWVenue(self._site))
        self._accounts: list[Account] = []
        self._server: Server | None = None
        self._stopped = False

    def start(self) -> Simulator:
        """Listen. Once it returns, clients can connect.

        Raises:
            RuntimeError: it was started already.
            OSError: the port is taken.
        """
        if self._server is not None:
            raise RuntimeError("the simulator was started already")
        server = Server(self._port, self._ssl_context, self._site, self._venues)
        scheme = "https" if self._ssl_context else "http"
        self._site.url = f"{scheme}://127.0.0.1:{server.server_port}"
        server.accept()
        self._server = self._site.server = server
        return self

    def stop(self) -> None:
        """Stop traders, cut connections, free the port, join every thread.

        May be called twice, and before ``start()``.
        """
        for account in self._accounts:
            account.stop_traders()
        if self._server is not None and not self._stopped:
            self._stopped = True
            # No client's thread may be held up in one.
            self._site.faults.clear()
            self._server.close()

    @property
    def url(self) -> str:
        """Base URL of REST, ``http://127.0.0.1:PORT``."""
        return self._started_site().url

    @property
    def ws_url(self) -> str:
        """Base URL of the WebSockets, ``ws://127.0.0.1:PORT``."""
        return self._started_site().ws_url

    def upbit(
        self,
        balances: Mapping[str, Amount] | None = None,
        *,
        permissions: Iterable[str] = ("view",),
        allowed_ips: Iterable[str] | None = None,
        region: Region | None = None,
        first_use_silence: bool = False,
        exponents: bool = False,
    ) -> UpbitAccount:
        """Open an account on the simulated Upbit.

        Args:
            balances: what is available at the start, by currency.
            permissions: what the key may do; without "view" it reads no balances.
            allowed_ips: the only addresses it may be used from; None: any.
            region: where the key is from, if not from the host that is played.
            first_use_silence: push nothing to the first connection that subscribes.
            exponents: write some amounts like ``1.5E-7``.
        """
        rng, number = self._dice()
        access_key, secret_key = letters(rng, 40), letters(rng, 40)
        seed = f"{self._seed}/{number}"
        account = UpbitAccount(
            self._site,
            Terms(number, access_key, secret_key, permissions, allowed_ips, seed),
            balances or {},
            region=region or self._site.region,
            first_use_silence=first_use_silence,
            exponents=exponents,
        )
        self._venues[0].accounts[access_key] = account
        self._accounts.append(account)
        return account

    def coinw(
        self,
        balances: Mapping[str, Amount] | None = None,
        *,
        permissions: Iterable[str] = ("view",),
        allowed_ips: Iterable[str] | None = None,
        push_deposits: bool = True,
        silent_unsub: bool = False,
    ) -> CoinWAccount:
        """Open an account on the simulated CoinW.

        Args:
            balances: what is available at the start, by currency.
            permissions: what the key may do; without "view" it reads no balances.
            allowed_ips: the only addresses it may be used from; None: any.
            push_deposits: push deposits, withdrawals and transfers, too.
            silent_unsub: do not acknowledge the end of a subscription.
        """
        rng, number = self._dice()
        api_key = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        secret_key = letters(rng, 48)
        seed = f"{self._seed}/{number}"
        account = CoinWAccount(
            self._site,
            Terms(number, api_key, secret_key, permissions, allowed_ips, seed),
            balances or {},
            push_deposits=push_deposits,
            silent_unsub=silent_unsub,
        )
        self._venues[1].accounts[api_key] = account
        self._accounts.append(account)
        return account

    @property
    def seen(self) -> Seen:
        """Counts of what came in since the start; ``account.seen`` has an account's."""
        return self._site.seen

    @property
    def connections(self) -> int:
        """How many WebSockets are open."""
        return len(self._open())

    def wait_for_connections(self, count: int = 1, timeout: float = 5.0) -> None:
        """Return once ``count`` or more WebSockets are open (0: once none is).

        Args:
            timeout: seconds to wait.

        Raises:
            TimeoutError: not within ``timeout`` seconds.
        """
        self._site.board.wait_for(
            lambda: self.connections >= count if count else not self.connections,
            timeout,
            lambda: f"waited for {count} connections, there are {self.connections}",
        )

    def wait_for(self, met: Callable[[Seen], object], timeout: float = 5.0) -> None:
        """Return once ``met(seen)`` is true; it is asked at each connection, frame, ...

        Args:
            met: called with what was ``seen``, in the calling thread.
            timeout: seconds to wait.

        Raises:
            TimeoutError: not within ``timeout`` seconds.
        """
        seen = self._site.seen
        self._site.board.wait_for(
            lambda: met(seen), timeout, lambda: f"the condition was not met: {seen}"
        )

    def _open(self, account: Account | None = None) -> Sequence[Connection]:
        found = self._site.connections()
        return [c for c in found if account is None or c.account is account]

    def _dice(self) -> tuple[random.Random, int]:
        """What the next account's keys are made of, and its number."""
        number = len(self._accounts) + 1
        return random.Random(f"{self._seed}/{number}"), number

    def _started_site(self) -> Site:
        if self._server is None:
            raise RuntimeError("the simulator was not started: it has no address yet")
        return self._site

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = self._site.url or "not started"
        return f"<Simulator {where} connections={self.connections}>"


def letters(rng: random.Random, length: int) -> str:
    """A key of that length."""
    return "".join(rng.choices(KEY_LETTERS, k=length))

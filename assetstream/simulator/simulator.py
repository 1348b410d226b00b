"""``Simulator``: every exchange on one port, as a user holds them."""

from __future__ import annotations

import ssl
from types import MappingProxyType
from typing import Any, Callable, Iterable, Mapping

from assetstream.exchanges import EXCHANGES
from assetstream.exchanges.upbit.exchange import Region
from assetstream.model.errors import ConfigurationError
from assetstream.simulator.account import Account
from assetstream.simulator.catalogue import create
from assetstream.simulator.catalogue.common import Withhold
from assetstream.simulator.catalogue.handshake import UpgradeReply
from assetstream.simulator.catalogue.login import RefuseLogins
from assetstream.simulator.catalogue.rest import LagBalances, RestReply
from assetstream.simulator.coinw.account import CoinWAccount
from assetstream.simulator.context import Context
from assetstream.simulator.counts import Seen
from assetstream.simulator.faults import Faults
from assetstream.simulator.ledger import Amount
from assetstream.simulator.messages import Kind, Reply
from assetstream.simulator.registry import VENUES
from assetstream.simulator.server import SimulatorServer
from assetstream.simulator.switch import Switch
from assetstream.simulator.upbit.account import UpbitAccount

__all__ = ["STARTING_BALANCES", "Simulator"]

#: Balances of an account for a first look, by exchange.
STARTING_BALANCES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {name: venue.starting_balances for name, venue in VENUES.items()}
)


class Simulator:
    """Every exchange on one port of 127.0.0.1, from ``start()`` to ``stop()``.

    Use it as a context manager. ``open`` opens an account on any exchange, before or
    after the start; ``upbit`` and ``coinw`` do so with their options spelt out.
    All that makes it misbehave returns a ``Switch``: it is on at once, and off at the
    end of its ``with`` block or by ``off()``.

    Args:
        port: the port to listen on; 0 takes a free one.
        ssl_context: a server's context turns http and ws into https and wss.
        seed: keys and traders are the same for the same seed.
        region: the regional host that is played, by exchanges that have it; the others
            play their first. A key that was opened for another region is refused. What
            region a client names is not seen, but for OKX's demo trading: it chooses a
            host, and the simulator's URL stands in place of that.
        idle_timeout: seconds after which a silent WebSocket is dropped.
        status_interval: seconds between two of the exchange's own answers to a ping,
            where it goes on answering.
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
        region: str = "sg",
        idle_timeout: float = 60.0,
        status_interval: float = 10.0,
        rate_limits: bool = True,
    ) -> None:
        regions = [x for exchange in EXCHANGES.values() for x in exchange.regions]
        if region not in regions:
            known = ", ".join(map(repr, dict.fromkeys(regions)))
            raise ConfigurationError(f"region must be one of {known}, not {region!r}")
        self._context = Context(
            seed=seed,
            idle_timeout=idle_timeout,
            status_interval=status_interval,
            rate_limits=rate_limits,
            region=region,
        )
        self._tls = ssl_context is not None
        self._venues = {name: make(self._context) for name, make in VENUES.items()}
        self._server = SimulatorServer(port, ssl_context, self._context, self._venues)
        self._faults = Faults(self._context.points, self._server)
        self._accounts: list[Account] = []
        self._stopped = False

    def start(self) -> Simulator:
        """Listen. Once it returns, clients can connect.

        Raises:
            RuntimeError: it was started already.
            OSError: the port is taken.
        """
        if self._server.started:
            raise RuntimeError("the simulator was started already")
        self._server.listen()
        scheme = "https" if self._tls else "http"
        self._context.url = f"{scheme}://127.0.0.1:{self._server.server_port}"
        return self

    def stop(self) -> None:
        """Stop traders, cut connections, free the port, join every thread.

        May be called twice, and before ``start()``.
        """
        for account in self._accounts:
            account.stop_traders()
        if self._server.started and not self._stopped:
            self._stopped = True
            # First of all: a fault may hold up a client's thread.
            self._faults.clear()
            self._server.close()

    @property
    def url(self) -> str:
        """Base URL of REST, ``http://127.0.0.1:PORT``."""
        return self._started().url

    @property
    def ws_url(self) -> str:
        """Base URL of the WebSockets, ``ws://127.0.0.1:PORT``."""
        return self._started().ws_url

    def open(
        self,
        exchange: str,
        balances: Mapping[str, Amount] | None = None,
        *,
        permissions: Iterable[str] = ("view",),
        allowed_ips: Iterable[str] | None = None,
        **options: Any,
    ) -> Account:
        """Open an account on a simulated exchange.

        Args:
            exchange: its name, ``"okx"`` for one: a key of ``STARTING_BALANCES``.
            balances: what is available at the start, by currency.
            permissions: what the key may do; without "view" it reads no balances.
            allowed_ips: the only addresses it may be used from; None: any.
            options: the exchange's own, which ``help(account)`` describes; and
                ``region`` where the exchange has regions: where the key is from, if not
                from the host that is played.

        Raises:
            ConfigurationError: there is no such exchange.
            TypeError: it has no such option.
        """
        venue = self._venues.get(exchange)
        if venue is None:
            known = ", ".join(map(repr, self._venues))
            raise ConfigurationError(
                f"exchange must be one of {known}, not {exchange!r}"
            )

        number = len(self._accounts) + 1
        account: Account = venue.open(
            number, balances or {}, permissions, allowed_ips, **options
        )
        self._accounts.append(account)
        return account

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
        account = self.open(
            "upbit",
            balances,
            permissions=permissions,
            allowed_ips=allowed_ips,
            region=region,
            first_use_silence=first_use_silence,
            exponents=exponents,
        )
        assert isinstance(account, UpbitAccount)
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
        account = self.open(
            "coinw",
            balances,
            permissions=permissions,
            allowed_ips=allowed_ips,
            push_deposits=push_deposits,
            silent_unsub=silent_unsub,
        )
        assert isinstance(account, CoinWAccount)
        return account

    @property
    def seen(self) -> Seen:
        """Counts of what came in since the start; ``account.seen`` has an account's."""
        return self._context.seen

    @property
    def connections(self) -> int:
        """Number of WebSockets that are open."""
        return len(self._server.connections())

    def wait_for_connections(self, count: int = 1, timeout: float = 5.0) -> None:
        """Return once ``count`` or more WebSockets are open (0: once none is).

        Args:
            timeout: seconds to wait.

        Raises:
            TimeoutError: not within ``timeout`` seconds.
        """
        self._context.signal.wait_for(
            lambda: self.connections >= count if count else not self.connections,
            timeout,
            lambda: f"waited for {count} connections, there are {self.connections}",
        )

    def wait_for(self, met: Callable[[Seen], object], timeout: float = 5.0) -> None:
        """Return once ``met(seen)`` is true; called at each connection, frame, ...

        Args:
            met: called with the counts, in the calling thread.
            timeout: seconds to wait.

        Raises:
            TimeoutError: not within ``timeout`` seconds.
        """
        seen = self._context.seen
        self._context.signal.wait_for(
            lambda: met(seen), timeout, lambda: f"the condition was not met: {seen}"
        )

    def drop_connections(
        self, *, reset: bool = False, account: Account | None = None
    ) -> int:
        """Cut all connections (or an account's) without a close frame; return how many.

        Args:
            reset: by RST instead of FIN.
            account: cut this account's only.
        """
        cut = self._server.connections(account)
        for connection in cut:
            connection.drop(reset=reset)
        return len(cut)

    def close_connections(
        self, code: int = 1000, reason: str = "", *, account: Account | None = None
    ) -> int:
        """Close all connections (or an account's) by a close frame; return how many.

        Args:
            code: of the close frame.
            reason: the close frame's text.
            account: close this account's only.
        """
        closed = self._server.connections(account)
        for connection in closed:
            connection.close(code, reason)
        return len(closed)

    @property
    def faults(self) -> Faults:
        """Switches faults of your own on: ``with exchange.faults.add(fault):``."""
        return self._faults

    def fault(
        self, name: str, account: Account | None = None, **parameters: Any
    ) -> Switch:
        """Switch on a fault of the catalogue, ``assetstream.simulator.FAULTS``.

        Args:
            name: ``"silent_drop"``, ``"upgrade_503"``, ``"rest_stale"``, ...
            account: the only account that it happens to. As far as requests of HTTP
                are concerned, this means all accounts of its exchange.
            parameters: the fault's own; its description names them.

        Raises:
            ValueError: there is no such fault, or it cannot happen to that account.
            TypeError: it has no such parameter.
        """
        return self.faults.add(create(name, account, **parameters))

    def withhold(self, *kinds: Kind, account: Account | None = None) -> Switch:
        """Send no frames of these ``kinds``: ``Kind.LIST``, ``Kind.PONG``, ...

        Args:
            account: the only one that it happens to.
        """
        return self.faults.add(Withhold(account, kinds=kinds))

    def refuse_upgrades(
        self,
        status: int = 503,
        body: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
        *,
        exchange: str | None = None,
    ) -> Switch:
        """Answer WebSocket upgrades with ``status``, ``body`` and ``headers``.

        Args:
            exchange: the name of the only one that it happens to; None: all.
        """
        reply = make_reply(status, body, headers)
        return self.faults.add(UpgradeReply(reply=reply, exchange=exchange))

    def rest_answers(
        self,
        status: int,
        body: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
        *,
        exchange: str | None = None,
    ) -> Switch:
        """Answer REST requests with ``status``, ``body`` and ``headers``.

        Args:
            exchange: the name of the only one that it happens to; None: all.
        """
        reply = make_reply(status, body, headers)
        return self.faults.add(RestReply(reply=reply, exchange=exchange))

    def lag_rest(self, seconds: float) -> Switch:
        """Let REST show the balances of ``seconds`` ago, like a slow replica."""
        return self.faults.add(LagBalances(seconds=seconds))

    def refuse_logins(self, account: Account | None = None) -> Switch:
        """Refuse good credentials on WebSockets; REST accepts them still.

        Args:
            account: the only one that it happens to; None: all.
        """
        return self.faults.add(RefuseLogins(account))

    def _started(self) -> Context:
        if not self._server.started:
            raise RuntimeError("the simulator was not started: it has no address yet")
        return self._context

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = self._context.url or "not started"
        return f"<Simulator {where} connections={self.connections}>"


def make_reply(
    status: int, body: bytes | str, headers: Mapping[str, str] | None
) -> Reply:
    """Make the reply that a user described."""
    content = body.encode() if isinstance(body, str) else body
    return Reply(status, content, headers or {})

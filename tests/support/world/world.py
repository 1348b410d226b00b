"""All of it together: one place at one exchange, and the accounts that share it."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Callable, Collection, Sequence

from assetstream.core.machine import StreamMachine
from assetstream.core.outcomes import Broken
from assetstream.core.present import Present
from assetstream.model.errors import ConnectionLost
from assetstream.model.states import State
from tests.support.world.clocks import Clocks
from tests.support.world.driver import Driver
from tests.support.world.exchange import ExchangeSide, Push
from tests.support.world.findings import Finding, Findings
from tests.support.world.ledger import CURRENCIES, Amounts
from tests.support.world.luck import Luck
from tests.support.world.place import Place
from tests.support.world.rest import Replicas
from tests.support.world.timeline import Timeline
from tests.support.world.wire import Wire
from tests.support.world.wires import WIRES

__all__ = ["Account", "World"]


class Account:
    """One account at the simulated exchange, and the stream that follows it.

    Attributes:
        driver: runs the machine.
        side: the exchange's side of it.
        ledger: what is true.
        promise: judges its balances.
        findings: what was found.
    """

    def __init__(
        self,
        world: World,
        luck: Luck,
        rng: random.Random,
        audit_interval: float | None,
        adaptive: bool,
        codes: Sequence[str],
        excused: Collection[str],
    ) -> None:
        self._world = world
        timeline, clocks, wire = world.timeline, world.clocks, world.wire
        self.luck = luck
        self.findings = Findings(timeline, traced=world.traced)
        self.side = ExchangeSide(timeline, clocks, wire, luck, codes)
        self.ledger = self.side.ledger

        def machine(present: Present, nonce: Callable[[], str]) -> StreamMachine:
            return StreamMachine(
                wire.exchange,
                present,
                audit_interval=audit_interval,
                adaptive=adaptive,
                random=rng.random,
                nonce=nonce,
            )

        replicas = Replicas(self.ledger, wire, clocks)
        self.driver = Driver(
            timeline,
            clocks,
            world.place,
            self.side,
            replicas,
            luck,
            self.findings,
            machine,
            excused=excused,
        )
        self.machine = self.driver.machine
        self.present = self.driver.present
        self.promise = self.driver.promise

    # What a test does to it.

    def start(self) -> None:
        """Start the stream."""
        self.driver.start()

    def stop(self) -> None:
        """Ask the stream to stop."""
        self.driver.stop()

    def change(self, currency: str, amounts: Amounts, push: Push) -> None:
        """Let the truth change, and push it."""
        if amounts == self.ledger.now[currency]:
            return
        self.promise.pass_time()
        self.promise.truth_changes(currency)
        self.findings.note(currency, "=", f"{amounts[0]}/{amounts[1]}", push)
        self.side.change(currency, amounts, push)
        self.promise.truth_changed(currency)

    def lose_connection(self) -> None:
        """Let the connection be lost, with whatever is under way."""
        connection = self.driver.connection
        if connection is not None and connection.open:
            self.findings.note("disconnected")
            connection.lose(Broken(ConnectionLost("the simulated network")))

    def go_mute(self) -> None:
        """Let the connection live and push nothing any more."""
        self.findings.note("mute")
        self.side.mute = True

    # What is asked of it.

    @property
    def is_connected(self) -> bool:
        """A connection is open."""
        connection = self.driver.connection
        return connection is not None and connection.open

    @property
    def is_live(self) -> bool:
        """The stream says LIVE."""
        return self.present.state_at(self._world.timeline.now) is State.LIVE

    @property
    def detection_time(self) -> float:
        """The time that ``health()`` would show; inf if audits are switched off."""
        shown = self.machine.detection_time(self._world.timeline.now)
        return math.inf if shown is None else shown

    def shown(self, currency: str) -> Amounts | None:
        """The amounts that the stream shows of a currency; None if it shows none."""
        return self.promise.shown(currency)

    def counts(self) -> Counter[str]:
        """Counts of what happened."""
        return self.promise.counts + Counter(audits=self.present.audits)

    def is_well(self, calm: float) -> bool:
        """True if the stream is LIVE or over, and no doubt is older than ``calm``."""
        if self.present.state.final:
            return True
        since = self.present.doubts.values()
        return self.is_live and all(began >= calm for began in since)

    def must_be_well(self, calm: float) -> None:
        """Note a finding unless the stream is LIVE, or over, without old doubts.

        Args:
            calm: since when nothing goes wrong: no older doubt may be left.
        """
        if self.is_well(calm):
            return
        for code, since in self.present.doubts.items():
            if since < calm:
                entry = self.machine._book.entry(code)
                known = None if entry is None else entry.evidence
                opened = self.machine._book.absent.evidence.open
                opened = opened if known is None else known.open
                text = f"of {code or 'all others'} since {since - 1000:.3f}: {opened}"
                self.findings.add("doubt", text)
        if not self.is_live:
            self.findings.add(
                "stuck",
                f"{self.present.state} ({self.present.reason}) after calm minutes, "
                f"link {self.machine.link}",
            )

    def must_be_gone(self) -> None:
        """Note a finding unless the stream, which was stopped, has ended."""
        if not self.present.state.final or not self.driver.check.at_rest():
            self.findings.add(
                "stuck", f"{self.present.state}, link {self.machine.link} after stop()"
            )


class World:
    """One place at one exchange, in simulated time.

    Args:
        exchange: name of the exchange, or its forms.
        dates: the exchange sends ``Date`` headers.
        traced: what happens is noted; it takes time.

    Attributes:
        longest_peace: so long it took in peace until all was well.
    """

    def __init__(
        self, exchange: str | Wire, *, dates: bool = True, traced: bool = False
    ) -> None:
        self.traced = traced
        self.longest_peace = 0.0
        self.timeline = Timeline()
        self.clocks = Clocks(self.timeline, dates=dates)
        self.wire = WIRES[exchange] if isinstance(exchange, str) else exchange
        self.place = Place(self.timeline, self.wire.exchange.limits)
        self.accounts: list[Account] = []

    def open_account(
        self,
        rng: random.Random,
        luck: Luck | None = None,
        *,
        audit_interval: float | None = None,
        audited: bool = True,
        codes: Sequence[str] = CURRENCIES,
        excused: Collection[str] = (),
    ) -> Account:
        """Open an account and make its stream, not yet started.

        Args:
            rng: for the machine's jitter.
            luck: how things go for it.
            audit_interval: the user's own; None: the exchange's.
            audited: False switches audits off.
            codes: the currencies that it may hold.
            excused: what of the promise is not judged; see ``Promise``.
        """
        interval = audit_interval or self.wire.exchange.limits.audit_interval
        account = Account(
            self,
            luck or Luck(),
            rng,
            interval if audited else None,
            audit_interval is None,
            codes,
            excused,
        )
        self.accounts.append(account)
        return account

    def advance(self, seconds: float) -> None:
        """Let time pass, with all that happens in it."""
        self.timeline.advance(seconds)
        for account in self.accounts:
            account.promise.pass_time()

    @property
    def findings(self) -> list[Finding]:
        """The findings of every account."""
        return [finding for account in self.accounts for finding in account.findings]

    @property
    def calls(self) -> int:
        """Calls of the machine."""
        return sum(account.driver.calls for account in self.accounts)

    def trace(self) -> list[str]:
        """The notes of every account, one account after the other."""
        lines: list[str] = []
        for number, account in enumerate(self.accounts, 1):
            lines += [f"account {number}", *account.findings.trace()]
        return lines

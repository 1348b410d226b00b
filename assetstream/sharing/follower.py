"""Follows any number of accounts over one connection to the engine."""

from __future__ import annotations

import math
from functools import partial
from random import random
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, Protocol, Sequence

from assetstream.model.errors import AssetStreamError, ProtocolError
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.helpers import Helpers
from assetstream.runtime.net.cancel import shortage
from assetstream.runtime.reader_thread import ReaderThread
from assetstream.sharing.copybook import Copybook
from assetstream.sharing.engine_thread import EngineThread
from assetstream.sharing.entries import LogItem, SharedAccount
from assetstream.sharing.pulses import OwnerPulses
from assetstream.sharing.read_plan import (
    Compare,
    Follow,
    List,
    Open,
    ReadAnew,
    ReadPlan,
)

if TYPE_CHECKING:
    # It loads redis, which may be missing: then the user is told how to install it.
    from assetstream.sharing.engine import Engine, Followed, Position

__all__ = ["Follower", "Leader", "Member"]


class Member(Protocol):
    """Whoever has an account followed; told in the reader thread."""

    @property
    def book(self) -> Copybook:
        """The account as it is known."""
        raise NotImplementedError

    def post(self, call: Callable[[], None], /) -> None:
        """Have a call made in the reader thread, whose faults are the member's own."""

    def connecting(self) -> None:
        """Note an attempt to connect."""

    def restored(self, found: SharedAccount | ProtocolError | None) -> None:
        """Take the account as it was read anew; an error: it cannot be read."""

    def followed(
        self,
        items: Sequence[LogItem] | ProtocolError,
        complete: bool,
        pulses: OwnerPulses | ProtocolError | None,
    ) -> None:
        """Take what came; an error: it cannot be read."""

    def cut_off(self, error: AssetStreamError, told: bool) -> None:
        """Note that the engine is not heard of; for good if that is fatal.

        Args:
            error: why.
            told: the user is told of it by another.
        """


class Leader(Protocol):
    """Whoever knows of the connection for all members; told in the reader thread.

    They leave it to tell of the connection's errors.
    """

    def connected(self) -> None:
        """Note that the connection was made."""

    def listed(self, accounts: Sequence[str]) -> None:
        """Take the labels of all accounts, where they are asked for."""

    def cut_off(self, error: AssetStreamError) -> None:
        """Note that the engine is not heard of; for good if that is fatal."""


class Follower:
    """Follows accounts: makes the calls of a plan, and hands out what they bring.

    All is done in one reader thread, but for the calls themselves.

    Args:
        make: makes the connection.
        helpers: make the calls.
        reader_thread: of all members.
        leader: knows of the connection from ``begin`` to ``end``, members or not.
        listing: the fleet's accounts are asked for, for the leader.
    """

    def __init__(
        self,
        make: Callable[[], Engine],
        helpers: Helpers,
        reader_thread: ReaderThread,
        leader: Leader | None = None,
        listing: bool = False,
    ) -> None:
        self.leader = leader
        # It was begun, or somebody has joined.
        self._open = False
        self._make = make
        self._helpers = helpers
        self._reader = reader_thread.reader
        self._post = reader_thread.calls.post
        self._members: dict[str, Member] = {}
        self._books: dict[str, Copybook] = {}
        self._plan = ReadPlan(self._books, random, listing)
        # None: there is no connection, nor an attempt to make one.
        self._thread: EngineThread | None = None
        # A call is under way, or its outcome is being handed out.
        self._asking = False
        # Accounts of which only a part came (F4).
        self._partly: frozenset[str] = frozenset()

    @property
    def deadline(self) -> float:
        """Moment at which ``due`` must be called; seconds of ``clock.now``."""
        return math.inf if self._asking else self._plan.deadline

    def due(self) -> None:
        """Make the call that is due."""
        self._go_on()

    def begin(self) -> None:
        """Connect, whoever joins."""
        self._open = True
        self._reader.attach(self)
        if not self._asking:
            self._go_on()

    def end(self) -> None:
        """Close the connection, whoever has joined."""
        self._reader.detach(self)
        thread, self._thread = self._thread, None
        self._open = self._asking = False
        self._plan.disconnected()
        if thread is not None:
            thread.end()

    def join(self, account: str, member: Member) -> None:
        """Follow an account for a member."""
        self._members[account] = member
        self._books[account] = member.book
        self._plan.note(account)
        if self._asking:
            member.connecting()  # what is under way counts as its own
        self.begin()

    def leave(self, account: str, member: Member) -> None:
        """Follow an account no longer; the last to leave closes the connection."""
        if self._members.get(account) is not member:
            return
        del self._members[account], self._books[account]
        self._plan.note(account)
        if not self._members and self.leader is None:
            self.end()

    # One call after the other.

    def _go_on(self) -> None:
        """Make the next call, if it is time."""
        self._asking = False
        if not self._open:
            return
        request = self._plan.next(clock.now())
        if isinstance(request, Open):
            for member in self._members.values():
                member.connecting()
            self._ask(lambda engine: engine.connect(), self._connected)
        elif isinstance(request, Compare):
            accounts = request.accounts
            self._ask(lambda engine: engine.positions(accounts), self._compared)
        elif isinstance(request, ReadAnew):
            self._read(request.accounts)
        elif isinstance(request, Follow):
            logs, pulses = request.logs, request.pulses
            done = partial(self._followed, request)
            self._ask(lambda engine: engine.follow(logs, pulses), done)
        elif isinstance(request, List):
            self._ask(lambda engine: engine.accounts(), self._listed)
        self._reader.touch(self)

    def _read(self, accounts: Sequence[str]) -> None:
        done = partial(self._restored, accounts)
        self._ask(lambda engine: engine.snapshot(accounts), done)

    def _ask(
        self, make: Callable[[Engine], Any], done: Callable[[Any, float], None]
    ) -> None:
        """Have a call made; ``done`` is called with what it brings, and its time."""
        self._asking = True
        thread = self._thread
        if thread is None:
            thread = EngineThread(self._make(), self._helpers, self._post)
            try:
                thread.begin()
            except RuntimeError as error:
                self.fail(shortage(error))
                return
            self._thread = thread
        thread.call(make, partial(self._answered, thread, done))

    def _answered(
        self,
        thread: EngineThread,
        done: Callable[[Any, float], None],
        outcome: Any,
        asked: float,
    ) -> None:
        if thread is not self._thread:
            return  # it was ended meanwhile
        if isinstance(outcome, AssetStreamError):
            self.fail(outcome)
        else:
            done(outcome, asked)

    def fail(self, error: AssetStreamError) -> None:
        """Tell everybody of an error, which ends those for whom it is fatal."""
        self._plan.failed(error, clock.now())
        if self.leader is not None:
            self.leader.cut_off(error)
        for member in self._members.values():
            member.post(partial(member.cut_off, error, self.leader is not None))
        self._post(self._go_on)

    # What the calls have brought. Members are told first, each for itself; then it goes
    # on by what they know.

    def _connected(self, outcome: None, asked: float) -> None:
        self._plan.connected()
        if self.leader is not None:
            self.leader.connected()
        self._go_on()

    def _listed(self, accounts: Sequence[str], asked: float) -> None:
        self._plan.listed(clock.now())
        assert self.leader is not None
        self.leader.listed(accounts)
        self._go_on()

    def _compared(self, found: Mapping[str, Position], asked: float) -> None:
        for account, (token, seq) in found.items():
            if account in self._books:
                self._books[account].compare(token, seq)
        self._plan.compared(found)
        self._go_on()

    def _restored(
        self,
        accounts: Sequence[str],
        found: Mapping[str, SharedAccount | ProtocolError | None],
        asked: float,
    ) -> None:
        for account in accounts:
            member = self._members.get(account)
            if member is not None:
                member.post(partial(member.restored, found[account]))
        self._post(partial(self._read_anew, accounts))

    def _read_anew(self, accounts: Sequence[str]) -> None:
        self._plan.read_anew(accounts, clock.now())
        self._go_on()

    def _followed(self, request: Follow, found: Followed, asked: float) -> None:
        plan, partly = self._plan, self._partly
        plan.followed(request, found.pulses, found.places, asked)
        self._partly = found.partly
        # Whoever has news: of itself, or of its owner.
        changed = dict.fromkeys((*found.logs, *partly))
        for owner in found.pulses:
            changed.update(dict.fromkeys(plan.owned(owner)))
        for account in changed:
            member = self._members.get(account)
            if member is None:
                continue
            owner = member.book.owner
            told = found.pulses.get(owner)
            pulses = told if isinstance(told, ProtocolError) else plan.pulses(owner)
            items, complete = found.logs.get(account, ()), account not in found.partly
            member.post(partial(member.followed, items, complete, pulses))
        self._post(partial(self._taken, found.logs))

    def _taken(self, accounts: Iterable[str]) -> None:
        """Go on after accounts were given what came."""
        for account in accounts:
            self._plan.note(account)
        self._go_on()

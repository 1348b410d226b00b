"""The next call to the engine of one who reads accounts, given all answers so far.

Pure: one call follows the other, and what each has brought is noted here. Whoever makes
the calls keeps the copybooks, and gives them what came.

1.  Connect. All that is known of places is forgotten, for behind a new connection there
    may be another engine (V1, F3).
2.  Compare the accounts that were known before.
3.  Read anew what is lost, or was never read (F1).
4.  Follow the logs of all others, and the pulses of their owners. Such a call costs by
    the accounts it names, whether they have news or not; so it waits until some have
    come together where the accounts are many.
"""

from __future__ import annotations

import math
from typing import Callable, Iterable, Iterator, Mapping, NamedTuple, Sequence, Union

from assetstream.model.errors import AssetStreamError, ProtocolError
from assetstream.sharing.copybook import Copybook
from assetstream.sharing.entries import Pulse
from assetstream.sharing.pulses import INTERVAL, OwnerPulses

__all__ = ["Compare", "Follow", "List", "Open", "ReadAnew", "ReadPlan", "Request"]

#: The first wait for another attempt to connect is this at most, the longest that;
#: seconds. An engine bears a thousand attempts in a second, and accounts are STALE.
FIRST_WAIT = 0.1
LONGEST_WAIT = 1.0
#: Seconds between two looks at what is not there, or cannot be read: they double.
FIRST_LOOK = INTERVAL
LONGEST_LOOK = 2.0
#: Seconds between two looks for accounts that are new.
LIST_INTERVAL = 1.0
#: Seconds from one call that follows accounts to the next, for each account: to name it
#: takes us, and the engine, a quarter of that.
PACE = 1e-5


class Open(NamedTuple):
    """Connect, or connect anew."""


class List(NamedTuple):
    """Ask which accounts the fleet has."""


class Compare(NamedTuple):
    """Ask where accounts are (F3)."""

    accounts: Sequence[str]


class ReadAnew(NamedTuple):
    """Read accounts as they are (F1)."""

    accounts: Sequence[str]


class Follow(NamedTuple):
    """Ask for what came since these places: account -> id, worker -> id."""

    logs: Mapping[str, str]
    pulses: Mapping[str, str]


Request = Union[Open, List, Compare, ReadAnew, Follow]


def waits(random: Callable[[], float]) -> Iterator[float]:
    """Yield seconds between attempts to connect: exponential, half of it by chance."""
    bound = FIRST_WAIT
    while True:
        yield bound * (0.5 + random() / 2)
        bound = min(bound * 2, LONGEST_WAIT)


class Look(NamedTuple):
    """Another look at an account that is lost: when, and how long after the last."""

    at: float
    after: float


class ReadPlan:
    """Decides what a reader asks the engine for. Times are monotonic seconds.

    What a turn costs is what has changed: a thousand idle accounts are not looked at.

    Args:
        copybooks: account -> what is known of it; they may come and go, and ``note``
            must be called of each that does, or that was given what came.
        random: returns a number from 0 (included) to 1 (excluded).
        listing: the fleet's accounts are asked for as well.

    Attributes:
        deadline: when there is something to ask, once there was not.
        served: the engine has answered all that is needed, if only once.
    """

    def __init__(
        self,
        copybooks: Mapping[str, Copybook],
        random: Callable[[], float],
        listing: bool = False,
    ) -> None:
        self._copybooks = copybooks
        # Accounts that have to be read anew, in order, and the places of all others.
        self._lost: dict[str, None] = {}
        self._logs: dict[str, str] = {}
        # Account -> owner, and owner -> accounts, of those that are followed.
        self._owner: dict[str, str] = {}
        self._owned: dict[str, dict[str, None]] = {}
        self._random = random
        self._waits = waits(random)
        self._connected = False
        self._compare = False
        self._connect_at = -math.inf
        self._list_at = -math.inf if listing else math.inf
        self._follow_at = -math.inf
        # Accounts that are not there, or cannot be read.
        self._looks: dict[str, Look] = {}
        self._owners: dict[str, OwnerPulses] = {}
        self._places: dict[str, str] = {}
        self.deadline = math.inf
        self.served = False
        for account in copybooks:
            self.note(account)

    def note(self, account: str) -> None:
        """Note what is known of an account by now, if there is one."""
        book = self._copybooks.get(account)
        before = self._owner.pop(account, None)
        if before is not None:
            self._owned[before].pop(account, None)
            if not self._owned[before]:
                del self._owned[before]
        if book is None or book.lost:
            self._logs.pop(account, None)
        if book is None:
            self._lost.pop(account, None)
            self._looks.pop(account, None)
        elif book.lost:
            self._lost[account] = None
        else:
            self._lost.pop(account, None)
            self._logs[account] = book.last_id
            self._owner[account] = book.owner
            self._owned.setdefault(book.owner, {})[account] = None

    def owned(self, owner: str) -> Iterable[str]:
        """Return the accounts of an owner that are followed."""
        return self._owned.get(owner, ())

    def pulses(self, owner: str) -> OwnerPulses | None:
        """Return what an owner has told; None of one that is not followed."""
        return self._owners.get(owner)

    def next(self, now: float) -> Request | None:
        """Return the next call; None: nothing is to be asked before ``deadline``."""
        self.deadline = math.inf
        if not self._connected:
            if now >= self._connect_at:
                return Open()
            self.deadline = self._connect_at
            return None
        if self._compare and self._logs:
            return Compare([*self._logs])
        if now >= self._list_at:
            return List()
        lost = [
            name
            for name in self._lost
            if name not in self._looks or now >= self._looks[name].at
        ]
        if lost:
            return ReadAnew(lost)
        if self._logs and now >= self._follow_at:
            return self._follow()
        looks = (self._looks[name].at for name in self._lost)
        follow_at = self._follow_at if self._logs else math.inf
        self.deadline = min(*looks, self._list_at, follow_at)
        return None

    def _follow(self) -> Follow:
        owners = self._owned.keys() - {""}
        dated = self._owners
        self._owners = {name: dated.get(name) or OwnerPulses() for name in owners}
        self._places = {name: self._places.get(name, "0") for name in owners}
        # Both go to another thread.
        return Follow(self._logs.copy(), self._places)

    # What the calls have brought.

    def connected(self) -> None:
        """Begin anew: behind a new connection there may be another engine (V1)."""
        self._connected = self._compare = True
        self._places = {}
        for pulses in self._owners.values():
            pulses.interrupted()

    def disconnected(self) -> None:
        """Note that the connection was closed, for nobody needed it any more."""
        self._connected = False
        self._connect_at = -math.inf

    def compared(self, accounts: Iterable[str]) -> None:
        """Note that these were compared."""
        self._compare = False
        for account in accounts:
            self.note(account)

    def listed(self, now: float) -> None:
        """Note that the fleet's accounts are known."""
        self._list_at = now + LIST_INTERVAL

    def read_anew(self, accounts: Sequence[str], now: float) -> None:
        """Note which of these are lost still: they are looked at again later.

        Args:
            accounts: that were asked for.
            now: the time.
        """
        # Whoever comes later has nothing to be compared.
        self._compare = False
        for name in accounts:
            book = self._copybooks.get(name)
            look = self._looks.pop(name, None)
            self.note(name)
            if book is not None and book.lost:
                after = FIRST_LOOK if look is None else look.after * 2
                after = min(after, LONGEST_LOOK)
                self._looks[name] = Look(now + after, after)
        self._serve()

    def followed(
        self,
        request: Follow,
        pulses: Mapping[str, Sequence[Pulse] | ProtocolError],
        places: Mapping[str, str],
        asked: float,
    ) -> None:
        """Date the pulses that came, and those that did not (V1).

        The accounts are given what came after this, and then noted.

        Args:
            request: what was asked for.
            pulses: worker -> what came; an error: it cannot be read.
            places: worker -> the place of the last one that came.
            asked: just before the request was sent.
        """
        for owner in request.pulses:
            came = pulses.get(owner, ())
            mine = self._owners[owner]
            if isinstance(came, ProtocolError):
                mine.interrupted()
            else:
                mine.came(came, asked)
        self._places = {**self._places, **places}
        self._follow_at = asked + len(request.logs) * PACE
        self._serve()

    def failed(self, error: AssetStreamError, now: float) -> None:
        """Note that a call has failed, and the connection is closed.

        Before the first answer, what is fatal stays so: somebody is there to mend it.
        Later an operator may, and it is tried again.
        """
        self._connected = False
        self._connect_at = now + next(self._waits)
        if self.served:
            error.fatal = False

    def _serve(self) -> None:
        self.served = True
        self._waits = waits(self._random)

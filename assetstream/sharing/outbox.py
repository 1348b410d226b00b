"""The events of one account's stream until they are in the engine (P1, P4)."""

from __future__ import annotations

from collections import deque
from copy import copy
from typing import Any, Callable, Container, Sequence

import msgspec

from assetstream.core.present import Present
from assetstream.model.errors import AssetStreamError
from assetstream.model.events import AssetUpdate, StateChange
from assetstream.model.states import State
from assetstream.runtime.mailbox import CallbackMailbox, Item
from assetstream.sharing.entries import (
    BookEntry,
    Entry,
    ErrorEntry,
    ErrorFacts,
    ResetEntry,
    StateEntry,
    book_entry,
    facts_of,
    update_entry,
)

__all__ = ["Outbox"]

#: An entry, and of an update what the book shows of it.
Written = tuple[Entry, BookEntry | None]


class DoubtedUpdate(AssetUpdate, frozen=True):
    """An update of a currency that is in doubt with it.

    Attributes:
        doubted: as in ``UpdateEntry``.
    """

    doubted: int = 0


class ExplainedChange(StateChange, frozen=True):
    """A change of state with the error that is to blame.

    Attributes:
        error: as in ``StateEntry``.
    """

    error: ErrorFacts | None = None


class Outbox:
    """Takes what one stream says, in its order, for the one thread that writes it.

    The stream's reader thread fills it and never waits; it is bounded and folds, as
    what waits for handlers does (D1). Until ``reset``, and after ``mute``, nothing is
    taken: what it would be added to is not known to the engine (P3).

    Args:
        account: its label.
        redact: takes credentials out of a text.
        most: events kept apart before folding begins.
        number: returns that of the next pulse.
        wake: called with this when there is something, after ``take`` had found
            nothing.
        over: called when the stream has ended, with the account and the error.
    """

    with_book = False

    def __init__(
        self,
        account: str,
        redact: Callable[[bytes], bytes],
        most: int,
        number: Callable[[], int],
        wake: Callable[[Outbox], None],
        over: Callable[[str, BaseException | None], None],
    ) -> None:
        self.account = account
        self._redact, self._most, self._number = redact, most, number
        self._wake, self._over = wake, over
        self._present: Present | None = None
        # Filled by the reader thread; None while muted.
        self._filling: CallbackMailbox | None = None
        # Whole books with what has come since, of which the newest counts.
        self._begun: deque[tuple[ResetEntry, CallbackMailbox]] = deque(maxlen=1)
        # Emptied by the thread that writes.
        self._emptying: CallbackMailbox | None = None
        self._folded = 0

    # In the reader thread.

    def reset(self, present: Present) -> None:
        """Begin anew with the whole book: nothing that came before counts (P3)."""
        self._present = present
        state = present.state
        book = present.balances.copy()
        entry = ResetEntry(
            {code: book_entry(balance) for code, balance in book.items()},
            State.CONNECTING if state is State.NEW else state,
            self._text(present.reason),
            self._facts(),
        )
        mailbox = CallbackMailbox(self._most)
        mailbox.wake = self._ring
        self._begun.append((entry, mailbox))
        self._filling = mailbox
        self._ring()

    def begin(self, items: Sequence[AssetUpdate | StateChange]) -> None:
        """Take nothing: ``reset`` has it all."""

    def put(self, items: Sequence[AssetUpdate | StateChange], step: int) -> bool:
        """Take what happened in a step (P1)."""
        mailbox = self._filling
        if mailbox is not None and items:
            present = self._present
            assert present is not None
            doubts = present.doubts
            for item in items:
                if type(item) is not AssetUpdate or item.currency in doubts:
                    items = [self._explained(each, doubts) for each in items]
                    break
            mailbox.put(items)
        return True

    def note(self, event: StateChange | AssetStreamError) -> None:
        """Take an error; changes of state come by ``put``."""
        mailbox = self._filling
        if mailbox is not None and isinstance(event, AssetStreamError):
            # A copy: it counts those that are like it while it waits here.
            mailbox.put([copy(event)])

    def end(self, error: BaseException | None) -> None:
        """Take the end."""
        self._over(self.account, error)

    def _explained(
        self, item: AssetUpdate | StateChange, doubts: Container[str]
    ) -> AssetUpdate | StateChange:
        if isinstance(item, AssetUpdate):
            if item.currency not in doubts:
                return item
            return DoubtedUpdate(**_fields(item), doubted=self._number())
        return ExplainedChange(**_fields(item), error=self._facts())

    def _ring(self) -> None:
        self._wake(self)

    # In the thread that writes.

    @property
    def folded(self) -> int:
        """Updates that newer ones stand for."""
        now = self._emptying
        return self._folded + (now.folded if now is not None else 0)

    def mute(self) -> None:
        """Take nothing until ``reset``, and let go of what is here."""
        self._filling = None
        self._begun.clear()
        self._let_go()

    def take(self) -> list[Written]:
        """Take all that there is, in its order."""
        written: list[Written] = []
        if self._begun:
            entry, mailbox = self._begun.pop()
            self._let_go()
            self._emptying = mailbox
            written.append((entry, None))
        mailbox_now = self._emptying
        if mailbox_now is not None:
            while batch := mailbox_now.take():
                written += map(self._entry, batch)
                mailbox_now.delivered += len(batch)
        return written

    def _let_go(self) -> None:
        if self._emptying is not None:
            self._folded += self._emptying.folded
            self._emptying = None

    def _entry(self, item: Item) -> Written:
        if isinstance(item, AssetUpdate):
            doubted = item.doubted if isinstance(item, DoubtedUpdate) else 0
            return update_entry(item, doubted), book_entry(item)
        if isinstance(item, StateChange):
            error = item.error if isinstance(item, ExplainedChange) else None
            return StateEntry(item.current, self._text(item.reason), error), None
        assert isinstance(item, AssetStreamError)
        facts = facts_of(item)
        assert facts is not None
        return ErrorEntry(self._clean(facts)), None

    # In either.

    def _facts(self) -> ErrorFacts | None:
        """Return what is to be told of the present error."""
        error = self._present.error if self._present is not None else None
        facts = facts_of(error)
        return None if facts is None else self._clean(facts)

    def _clean(self, facts: ErrorFacts) -> ErrorFacts:
        """Take credentials out of all that an error says (P4)."""
        text = self._redact(msgspec.json.encode(facts))
        return msgspec.json.decode(text, type=ErrorFacts)

    def _text(self, text: str) -> str:
        return self._redact(text.encode()).decode()


def _fields(event: AssetUpdate | StateChange) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}

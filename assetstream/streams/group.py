"""``StreamGroup``: many accounts in one process, on a few threads."""

from __future__ import annotations

import threading
from contextlib import suppress
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import (
    Any,
    Callable,
    Generic,
    Iterable,
    Iterator,
    Mapping,
    NoReturn,
    Sequence,
    TypeVar,
)

from assetstream.display.html import as_html
from assetstream.display.page import Line, Page
from assetstream.model.balances import GroupBalances
from assetstream.model.errors import (
    AssetStreamError,
    ConfigurationError,
)
from assetstream.model.events import AssetUpdate, StateChange, exact_sum
from assetstream.model.health import GroupHealth, Progress, group_words
from assetstream.model.public import make_public
from assetstream.notebook.screen import Screen
from assetstream.runtime import settings
from assetstream.runtime.dispatcher import Handlers
from assetstream.runtime.loop.sigterm import stopped_by_sigterm
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.stream_run import StreamRun
from assetstream.streams.accounts import AccountSnapshot, group_page
from assetstream.streams.conditions import verify
from assetstream.streams.group_run import GroupRun
from assetstream.streams.handlers import HandlerMethods, Result
from assetstream.streams.live_pages import LivePages
from assetstream.streams.stream import (
    START_TIMEOUT,
    AssetStream,
    Stream,
    end_table,
    read_account,
    run_of,
)

__all__ = ["Group", "StreamGroup"]

Member = TypeVar("Member", bound=Stream, covariant=True)
Self = TypeVar("Self", bound="Group[Any]")


class Group(HandlerMethods, Generic[Member]):
    """The live balances of many accounts, wherever they come from.

    All that every group can do is here: make it the type of a parameter that may be any
    of them. Nobody makes a ``Group`` itself: ``StreamGroup`` is the one whose streams
    are connected to exchanges.

    Args:
        workers: threads that call handlers.
        fleet: finds the accounts, from the start to the end; given by the class that is
            made, as is the next.
        handlers: of the user's, to be.

    Raises:
        ConfigurationError: ``workers`` is wrong.
    """

    def __init__(
        self,
        workers: int,
        fleet: StreamRun | None = None,
        handlers: Handlers | None = None,
    ) -> None:
        self._streams: dict[str, Any] = {}  # Member, which is covariant
        self._handlers = Handlers() if handlers is None else handlers
        # Held while streams or handlers come and go, never while anything is waited
        # for; reentrant, as all locks that a signal handler could meet.
        self._lock = threading.RLock()
        self._run = GroupRun(self, settings.check_workers(workers), fleet)
        self._screen = Screen(
            "group",
            partial(LivePages, self._snapshots, self._page),
            lambda: self._run.over,
            self._put_on_screen,
        )

    # What it knows.

    @property
    def streams(self) -> Mapping[str, Member]:
        """account -> its stream, at this moment."""
        return MappingProxyType(self._streams.copy())

    def __len__(self) -> int:
        return len(self._streams)

    def __getitem__(self, account: str) -> Member:
        stream: Member = self._streams[account]
        return stream

    def __contains__(self, account: object) -> bool:
        """True of the label of an account, and of a stream, that is in the group."""
        if isinstance(account, Stream):
            return self._streams.get(account.account) is account
        return account in self._streams

    def __iter__(self) -> Iterator[Member]:
        """Iterate over the streams of this moment."""
        return iter(self.streams.values())

    def __bool__(self) -> bool:
        return True

    @property
    def balances(self) -> GroupBalances:
        """account -> currency -> balance: the accounts of this moment, each live.

        ``balances.to_pandas()`` makes a table.
        """
        return GroupBalances(self.streams)

    def total(
        self,
        currency: str,
        max_age: float | None = None,
        verified: float | None = None,
    ) -> Decimal:
        """The sum of a currency over all accounts, available and locked, exact.

        Args:
            currency: its code, in any case.
            max_age: seconds; as for ``AssetStream.balance``, of each account.
            verified: seconds; as for ``AssetStream.balance``, of each account.

        Raises:
            ConfigurationError: as ``AssetStream.balance``.
            StaleBalance: an account's number is not as good as that, or not known; a
                sum that left it out would be wrong. ``remove`` an account that failed.
        """
        found = (s.balance(currency, max_age, verified) for s in self.streams.values())
        return exact_sum(balance.total for balance in found)

    def verify(self, timeout: float | None = 10.0) -> None:
        """Have all balances compared with REST now; as ``AssetStream.verify``.

        ``remove`` an account that failed: its error is raised here.

        Args:
            timeout: seconds for all; the time that their turns take by the exchanges'
                limits comes on top. None for ever, 0 not at all.

        Raises:
            StreamTimeout: an account could not be judged in time; the text names it.
            AssetStreamError: an account failed, with its reason.
            StreamStateError: not started, an account was stopped, or called inside a
                callback.
        """
        self._run.lifecycle.refuse_in_callback("verify()")
        runs = [run_of(stream) for stream in self.streams.values()]
        verify(runs, timeout, self._run.audit_time() if timeout else 0.0)

    def health(self) -> GroupHealth:
        """The figures of this moment."""
        found = {account: s.health() for account, s in self.streams.items()}
        return GroupHealth.of(found, self._run.threads)

    # Handlers.

    def on_progress(
        self, handler: Callable[[Progress], Result]
    ) -> Callable[[Progress], Result]:
        """Add ``handler`` for ``Progress``, and return it.

        It is called when that changes next, on one of the group's callback threads.

        Raises:
            ConfigurationError: it can never be called well; the text says why.
        """
        settings.check_handler("on_progress", handler)
        self._run.on_progress.handlers.add(handler)
        return handler

    def off(self, handler: Callable[..., object]) -> None:
        super().off(handler)
        self._run.on_progress.handlers.remove(handler)

    # Accounts.

    def _put_in(self, stream: Stream) -> None:
        """Take in a stream that is NEW, under the lock; ``_begin_added`` must follow.

        Raises:
            StreamStateError: it is not NEW.
        """
        run = run_of(stream)
        run.adopt()
        # In this order: a handler that is added in between, by a signal handler,
        # is among those that are taken, or finds the stream (D5).
        self._streams[stream.account] = stream
        run.handlers.take(self._handlers)

    def _begin_added(self, stream: Stream) -> None:
        """Start a stream that was put in, if the group runs; or take it out again."""
        run = run_of(stream)
        try:
            self._run.add(run)
        except BaseException:
            with suppress(KeyError):  # another thread has removed it
                self._take_out(stream.account)
            run.request_stop()
            self._run.remove(run)
            raise

    def remove(self, account: str, timeout: float | None = 5.0) -> bool:
        """Stop one account's stream and forget it; as ``AssetStream.stop``.

        Its label may be given to another stream at once.

        Args:
            account: its label.
            timeout: seconds to wait until its last callback has returned; None for
                ever, 0 not at all. In a handler of the group it does not wait.

        Returns:
            True if that was so in time; as ``AssetStream.stop``.

        Raises:
            KeyError: there is no such account.
            StreamStateError: in a forked process, which the group does not belong to.
        """
        self._run.lifecycle.refuse_in_child()
        stream = self._take_out(account)
        run = run_of(stream)
        # Before it ends: the end of the last account would be the group's.
        self._run.progress.remove(run)
        try:
            return stream.stop(timeout)
        finally:
            self._run.remove(run)

    def _take_out(self, account: str) -> Member:
        stream: Member = self._streams.pop(account)
        return stream

    # Its life.

    def start(self, wait: bool = True, timeout: float | None = START_TIMEOUT) -> None:
        """Connect every account, and keep its balances live from then on.

        Args:
            wait: return when every account has become LIVE or has failed; False returns
                at once.
            timeout: seconds to wait beyond the time that the exchanges' limits of
                connects take; None for ever, 0 not at all beyond it.

        One that fails, or is not LIVE in time, does not end the others: it is told of
        by ``on_error`` and ``on_state``, and a warning is logged.

        Raises:
            AssetStreamError: every account has failed; this is the first one's reason.
            StreamTimeout: no account was LIVE in time.
            StreamStateError: it was started or stopped before or meanwhile, or has no
                accounts.
            SystemExit, KeyboardInterrupt: a handler raised it.

        One that ``show()`` has begun is joined, and waited for. Whenever it raises for
        what happened after the start, every thread has ended.
        """
        self._run.lifecycle.start(self._run.begin)
        if wait:
            self._run.wait_settled(timeout)

    def run_forever(self) -> None:
        """Start if that was not done, and block until the group ends.

        Returns after ``stop()``, and when every account was stopped; after Ctrl-C, too,
        which stops it cleanly. SIGTERM ends it as it does ``AssetStream.run_forever``.

        Raises:
            AssetStreamError: no account goes on, and this is why the first one failed.
            StreamStateError: it was stopped before, or has no accounts.
            SystemExit, KeyboardInterrupt: a handler raised it.
        """
        run = self._run
        with stopped_by_sigterm(self.stop):
            if run.lifecycle.run(run.begin, run.wait_over, self.stop):
                failure = run.failure()
                self.stop()
                if failure is not None:
                    raise failure.with_traceback(None)

    def stop(self, timeout: float | None = 5.0) -> bool:
        """End every stream; from any thread, a handler or a signal handler.

        The last callback of each account is ``on_state``, with STOPPED or FAILED; the
        last of all may be one of ``on_progress``. After a True there is none.

        Args:
            timeout: seconds to wait for the threads; None for ever, 0 not at all.

        Returns:
            True if every thread has ended (from a handler, or a signal handler that
            comes in the middle of ``start`` or ``add``: will end with it). False if one
            has not, within ``timeout``: a handler still holds it, and where it stands
            has been logged (unless ``timeout`` is 0).
        """
        deadline = Deadline(timeout)
        ended = self._run.stop(timeout)
        members = list(self._streams.copy().values())
        in_handler = self._run.lifecycle.ends_with_caller

        def left() -> float | None:
            return None if in_handler else deadline.left()

        shown = [end_table(stream, left()) for stream in members]
        return all([self._screen.end(left()), *shown]) and ended

    def __enter__(self: Self) -> Self:
        self._run.join_or_begin()
        self._run.wait_settled(START_TIMEOUT)
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # What it looks like.

    def show(self) -> None:
        """Put a live table into the output of this cell; needs the extra ``notebook``.

        The table shows how many accounts are in which state, which are in trouble and
        why, every balance of a few accounts or the totals of many, the figures of
        ``health()`` and the last errors. ``group["alice"].show()`` shows one of many.
        It moves while no cell runs, four times a second at most, until the end, which
        it shows. Whatever ends it, it looks live for no longer than 8 s: all it says
        is of the moment that stands behind the states.

        One that is NEW is started, without waiting to be LIVE: the table shows how far
        it is, and errors as they come. (Where the next cell needs its balances,
        ``start()`` waits for them, before or after this.) Those errors, and what your
        ``on_asset`` handlers raise, do not go to stderr besides, unless logging was set
        up. Called again, in another cell too, it shows the same table there as well.
        Running a cell again that makes the group replaces the older one of the same key
        and host.

        In a terminal, where nothing can move, it prints the table of this moment.

        Raises:
            ConfigurationError: IPython is not installed.
            StreamStateError: it was stopped before, or has no accounts.
        """
        lifecycle = self._run.lifecycle
        start = partial(lifecycle.show, self._run.begin)
        self._screen.show(start if lifecycle.new else None, self.stop)

    def __repr__(self) -> str:
        if not self._owned_here:
            return f"<{type(self).__name__} of another process>"
        return f"<{type(self).__name__} {self._run.progress.progress()}>"

    def _repr_html_(self) -> str | None:
        if not self._owned_here:
            return None  # the plain repr says what can be said in a forked child
        return as_html(self._page(self._snapshots()))

    @property
    def _owned_here(self) -> bool:
        return self._run.lifecycle.owned_here

    def _change_handlers(self, change: Callable[[Handlers], None]) -> None:
        self._run.lifecycle.refuse_in_child()
        with self._lock:
            change(self._handlers)
            for stream in self._streams.copy().values():
                change(run_of(stream).handlers)

    def _feed(self) -> None:
        for stream in self._streams.copy().values():
            run_of(stream).feed()

    def _snapshots(self) -> list[AccountSnapshot]:
        return list(map(read_account, self.streams.values()))

    def _page(
        self, accounts: Sequence[AccountSnapshot], errors: Sequence[Line] = ()
    ) -> Page:
        found = {account.account: account.health for account in accounts}
        health = GroupHealth.of(found, self._run.threads)
        return group_page(accounts, list(group_words(health)), errors)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a group holds threads and sockets and is not pickled")


class StreamGroup(Group[AssetStream]):
    """The live balances of many accounts, on one exchange or several.

    What holds for a stream holds for each in the group; what differs is the cost: one
    thread reads all connections, a few make handshakes and REST calls, and ``workers``
    call handlers. No exchange's limit of connects or REST reads is broken, however many
    accounts there are: each waits for its turn, and audits of many accounts are further
    apart than those of one (``health()`` of each stream shows its interval).

    Accounts do not disturb each other. One that fails, whose server never answers or
    whose handler raises does not hold up another's balances. A handler that takes its
    time holds up the handlers of other accounts only while all ``workers`` are as busy.

    A stream in the group is still yours: ``group["alice"]`` is the one of that label.
    Read its balances, ``expect`` its updates, or ``stop()`` it; only the group starts
    it. ``in``, ``len`` and iteration go over the streams of the moment.

    Args:
        streams: with different accounts and keys, all of them NEW.
        on_asset: called with an ``AssetUpdate`` for every change of every account,
            besides the streams' own handlers. For one account the order is kept, and
            one call at a time; with several ``workers`` those of different accounts
            overlap.
        on_error: called with an ``AssetStreamError``, which names its account.
        on_state: called with a ``StateChange``.
        on_progress: called with the latest ``Progress`` when that has changed.
        workers: threads that call handlers.

    Raises:
        ConfigurationError: an argument is wrong; the text says which and why.
        StreamStateError: a stream is not NEW.
    """

    def __init__(
        self,
        streams: Iterable[AssetStream] = (),
        *,
        on_asset: Callable[[AssetUpdate], object] | None = None,
        on_error: Callable[[AssetStreamError], object] | None = None,
        on_state: Callable[[StateChange], object] | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        workers: int = 1,
    ) -> None:
        super().__init__(workers)
        # (digest of a key, host) -> the account that has it.
        self._keys: dict[tuple[str, str], str] = {}
        self._add_given(on_asset, on_error, on_state)
        if on_progress is not None:
            self.on_progress(on_progress)
        for stream in streams:
            self.add(stream)

    def add(self, stream: AssetStream) -> None:
        """Take in ``stream``, which is NEW; if the group runs, it is started.

        It is not awaited: use ``stream.wait_for`` or ``on_progress`` for that.

        Whatever it raises, the stream is not in the group then.

        Raises:
            ConfigurationError: it is no stream, or another has its account's label, or
                its key.
            StreamStateError: it is not NEW, or the group was stopped.
            RuntimeError: no thread could be made.
        """
        if not isinstance(stream, AssetStream):
            raise ConfigurationError(
                f"a StreamGroup takes AssetStream objects, not {type(stream).__name__}"
            )
        self._run.lifecycle.refuse_in_child()
        self._run.lifecycle.refuse_stopped()
        with self._lock:
            if stream.account in self._streams:
                raise ConfigurationError(
                    f"two accounts are called {stream.account!r}",
                    remedy="Give each stream another account=..., which tells their "
                    "events apart.",
                )
            key = stream.exchange.digest, stream.exchange.ws_url
            if key in self._keys:
                raise ConfigurationError(
                    f"{stream.account!r} has the key of {self._keys[key]!r}, which is "
                    "in the group",
                    remedy="One stream is enough for an account: add handlers to that "
                    "one, or remove() it before.",
                )
            self._put_in(stream)
            self._keys[key] = stream.account
        self._begin_added(stream)

    def _take_out(self, account: str) -> AssetStream:
        stream = super()._take_out(account)
        self._keys.pop((stream.exchange.digest, stream.exchange.ws_url), None)
        return stream


make_public(Group, StreamGroup)

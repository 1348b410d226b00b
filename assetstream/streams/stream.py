"""``AssetStream``, which a user holds, and ``Stream``, what all streams can do."""

from __future__ import annotations

import ssl
from contextlib import closing
from datetime import datetime, timezone
from functools import partial
from typing import (
    Callable,
    Literal,
    Mapping,
    NoReturn,
    Sequence,
    TypeVar,
)

from assetstream.display.html import as_html
from assetstream.display.page import Line, Page
from assetstream.display.words import counted
from assetstream.doctor.report import TIMEOUT, Diagnosis
from assetstream.model.balances import Balances
from assetstream.model.errors import (
    AssetStreamError,
    StaleBalance,
    StreamStateError,
)
from assetstream.model.events import AssetUpdate, Balance, StateChange
from assetstream.model.health import Health
from assetstream.model.history import History
from assetstream.model.public import make_public
from assetstream.model.states import State
from assetstream.notebook.screen import Screen
from assetstream.protocol import Exchange
from assetstream.protocol.observer import Observer
from assetstream.runtime import settings
from assetstream.runtime.dispatcher import Handlers
from assetstream.runtime.exchange_origin import ExchangeOrigin
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.sigterm import stopped_by_sigterm
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.stream_run import StreamRun
from assetstream.streams import registry
from assetstream.streams.accounts import AccountSnapshot, account_page
from assetstream.streams.conditions import Condition, verify, wait_until
from assetstream.streams.handlers import HandlerMethods
from assetstream.streams.live_pages import LivePages
from assetstream.streams.updates import Expectation, Predicate, Subscriber, Updates

__all__ = ["AssetStream", "Stream", "end_table", "read_account", "run_of"]

#: Seconds that ``start`` and ``with`` wait for LIVE.
START_TIMEOUT = 30.0

Self = TypeVar("Self", bound="Stream")


class Stream(HandlerMethods):
    """The live balances of one account, wherever they come from.

    All that every stream can do is here: make it the type of a parameter that may be
    any of them. Nobody makes a ``Stream`` itself: ``AssetStream`` is the one that is
    connected to an exchange.

    Args:
        run: from ``start()`` to ``stop()``; given by the class that is made.
    """

    def __init__(self, run: StreamRun) -> None:
        self._run = run
        self._screen = Screen(
            self.account,
            partial(LivePages, lambda: [read_account(self)], _page),
            lambda: self.state.final,
            self._put_on_screen,
        )

    # What it is made with, and what it knows.

    @property
    def account(self) -> str:
        """The label that every event carries."""
        return self._run.account

    @property
    def balances(self) -> Balances:
        """All known balances: immutable, consistent, kept over reconnects.

        A mapping of currency to ``Balance``; ``balances.to_pandas()`` makes a table.
        """
        engine = self._run.engine
        return Balances(engine.present.balances.copy() if engine else {})

    def balance(
        self,
        currency: str,
        max_age: float | None = None,
        verified: float | None = None,
    ) -> Balance:
        """One currency's balance; zeros for one never held.

        Without ``max_age`` and ``verified`` the number is given as it is known, marked
        ``stale`` where it may be out of date.

        Args:
            currency: its code, in any case.
            max_age: seconds; refused is what is stale or in doubt, in every state, and
                what no frame or pong has proved right within that time.
            verified: seconds; refused is, besides what is stale or in doubt, what no
                read by REST has agreed with, or set, within that time: the one to use
                where the exchange does not push everything (CoinW's deposits).

        Raises:
            ConfigurationError: ``currency`` is no code an exchange could have, or a
                market, or one of the others is no number.
            StaleBalance: it is not as good as that, or not known: no complete
                snapshot was merged yet, or what came could not be read.
        """
        engine = self._run.engine
        present = engine.present if engine else None
        code = settings.check_currency(currency, present.balances if present else ())
        settings.check_age("max_age", max_age)
        settings.check_age("verified", verified)
        found = present.balance(code) if present else None
        trouble = f"{code} is not known (yet)"
        while engine and present and found is not None:
            doubt = engine.doubt(code) if found.stale else ""
            trouble = settings.complaint(found, max_age, verified, doubt)
            newest = present.balance(code)
            # One that a push has just replaced is stale as an object.
            if not trouble or newest == found:
                break
            found = newest
        if found is not None and not trouble:
            return found
        state, error = self.state, self.error
        problem = f"{trouble}; the stream is {state}"
        remedy = "" if verified is None else "Call verify() before."
        if error is not None and state not in (State.LIVE, State.STOPPED):
            problem, remedy = f"{problem}: {error.problem}", error.remedy
        raise StaleBalance(
            problem,
            remedy=remedy,
            exchange=self._run.origin.name,
            account=self.account,
        )

    @property
    def history(self) -> History:
        """The last updates, oldest first, and the last gaps; kept after the end.

        A consistent copy, from any thread; how many it has at most is the argument
        ``history`` of the stream. ``history.to_pandas()`` and ``history.plot()`` make
        a table and a chart of it.
        """
        engine = self._run.engine
        return engine.recent.view() if engine else History()

    @property
    def state(self) -> State:
        """The present state, judged by the clock as well; see ``State``."""
        return self._run.state

    @property
    def error(self) -> AssetStreamError | None:
        """The error that failed it; or the last one, None once that is mended."""
        return self._run.error

    def raise_if_failed(self) -> None:
        """Do nothing unless the state is FAILED.

        Raises:
            AssetStreamError: it is; this is ``error``.
        """
        if self.state is State.FAILED and self.error is not None:
            raise self.error.with_traceback(None)

    def health(self) -> Health:
        """The figures of this moment, all of them read at once."""
        engine = self._run.engine
        if engine:
            return engine.health()
        now = datetime.fromtimestamp(clock.wall(), timezone.utc)
        return Health(at=now, state=self.state)

    # What it does.

    def start(self, wait: bool = True, timeout: float | None = START_TIMEOUT) -> None:
        """Connect, and keep the balances live from then on.

        Args:
            wait: return when LIVE; False returns at once.
            timeout: seconds to wait for LIVE; None for ever, 0 not at all. What may
                pass is retried meanwhile.

        Raises:
            AuthenticationError, PermissionDenied: the exchange refuses the key.
            AssetStreamError: another fatal error, such as a refused certificate.
            StreamTimeout: not LIVE in time; its cause is the last error.
            StreamStateError: it was started or stopped before, or it would wait for
                itself inside a callback.

        One that ``show()`` has begun is joined, and waited for. Whenever it raises for
        what happened after the start, every thread has ended.
        """
        self._run.lifecycle.start(self._begin)
        if wait:
            try:
                self._wait_live(timeout)
            except BaseException:
                self.stop()
                raise

    def run_forever(self) -> None:
        """Start if that was not done, and block until the stream ends.

        Returns after ``stop()`` or Ctrl-C, which stops it cleanly. So does SIGTERM in
        the main thread, if nobody handles it: the last callbacks are called, stdout,
        stderr and log handlers flushed, and then the process ends by the signal, so
        that no ``finally`` behind this call is run. (Windows has no SIGTERM.)

        Raises:
            AssetStreamError: the stream failed; this is the reason.
            StreamStateError: it was stopped before, or it would wait for itself inside
                a callback.
            SystemExit, KeyboardInterrupt: a handler raised it.
        """
        with stopped_by_sigterm(self.stop):
            self._run_forever()

    def _run_forever(self) -> None:
        lifecycle = self._run.lifecycle
        stopped_before = lifecycle.stop_requested
        try:
            engine = self._run.join_or_begin(self._begin)
            lifecycle.refuse_in_callback("run_forever()")
            engine.ended.wait(Deadline(None))
        except KeyboardInterrupt:
            self.stop()
            return
        except StreamStateError:
            if lifecycle.stop_requested and not stopped_before:
                return  # stop() came just before, from a handler or a signal handler.
            raise
        self._run.join(Deadline(5.0))
        if engine.interrupt is not None:
            raise engine.interrupt
        self.raise_if_failed()

    def stop(self, timeout: float | None = 5.0) -> bool:
        """End the stream; from any thread, a handler or a signal handler, in any state.

        Updates not yet delivered are dropped; the last callback is ``on_state`` with
        STOPPED. Calling it again does no harm.

        Args:
            timeout: seconds to wait for the threads; None for ever, 0 not at all.

        Returns:
            True if every thread has ended (from a handler: will end with it). False if
            one has not, within ``timeout``: a handler still holds it, and where it
            stands has been logged (unless ``timeout`` is 0); or, after a second, a
            notebook that does not take the last of its table.
        """
        deadline = Deadline(timeout)
        ended = self._run.stop(timeout)
        if ended:
            registry.forget(self)
        in_handler = self._run.lifecycle.ends_with_caller
        left = None if in_handler else deadline.left()
        return self._screen.end(left) and ended

    def __enter__(self: Self) -> Self:
        self._run.join_or_begin(self._begin)
        self._run.lifecycle.refuse_in_callback("`with`")
        try:
            self._wait_live(START_TIMEOUT)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def updates(self) -> Updates:
        """Iterate over all updates, the present book first, in the calling thread.

        Starts the stream if that was not done; it runs on when the iteration ends.

        Raises:
            StreamStateError: the stream was stopped.
        """
        self._run.join_or_begin(self._begin)
        return Updates(Subscriber(self._run, with_book=True))

    def __iter__(self) -> Updates:
        return self.updates()

    def wait_for(
        self, predicate: Predicate, timeout: float | None = None
    ) -> AssetUpdate:
        """Wait for the next update that meets ``predicate``.

        Args:
            predicate: called with each ``AssetUpdate``, in the calling thread.
            timeout: seconds; None for ever, 0 not at all.

        Raises:
            ConfigurationError: ``predicate`` cannot be called well; the text says why.
            StreamTimeout: none came in time.
            AssetStreamError: the stream failed, with its reason.
            StreamStateError: not started, stopped, or called inside a callback.
        """
        settings.check_handler("predicate", predicate)
        what = "an update that meets the condition"
        with closing(Subscriber(self._run)) as subscriber:
            return subscriber.until(predicate, timeout, snapshots=True, what=what)

    def wait_until(
        self, condition: Condition, timeout: float | None = None
    ) -> Mapping[str, Balance]:
        """Wait until ``condition`` is true of the balances while the stream is LIVE.

            held = stream.wait_until(lambda b: b["USDT"].available >= 100, timeout=60)

        One that is true already returns at once. A ``KeyError``, of a currency that is
        not held, counts as not true yet. What is in doubt counts as it is shown: where
        that matters, let the condition look at ``stale``.

        Args:
            condition: called with ``balances`` again and again, in the calling thread.
            timeout: seconds; None for ever, 0 not at all.

        Returns:
            The balances that have met it.

        Raises:
            ConfigurationError: ``condition`` cannot be called well; the text says why.
            StreamTimeout: it was not true in time; the text says what was held.
            AssetStreamError: the stream failed, with its reason.
            StreamStateError: not started, stopped, or called inside a callback.
        """
        settings.check_handler("condition", condition)
        return wait_until(self._run, condition, timeout)

    def verify(self, timeout: float | None = 10.0) -> None:
        """Have the balances compared with REST now: before money moves.

        An audit, out of its turn and though audits are switched off: one is made every
        5 s at most, and within the limits that all streams of the place share. It
        returns when every currency that may be judged was judged, and the stream is
        LIVE: a second read may belong to it, and a new connection where pushes were
        missing. What it could not make sure of is ``stale``, and stands in
        ``health().doubts``: ask for ``balance(currency, max_age=...)`` afterwards.

        Args:
            timeout: seconds; None for ever, 0 not at all.

        Raises:
            StreamTimeout: REST was not read, or not often enough, in time.
            AssetStreamError: the stream failed, with its reason.
            StreamStateError: not started, stopped, or called inside a callback.
        """
        verify([self._run], timeout)

    def expect(self, predicate: Predicate, timeout: float | None = None) -> Expectation:
        """Expect an update as the effect of a ``with`` block.

            with stream.expect(lambda u: u.currency == "BTC", timeout=30) as filled:
                place_order()
            filled.update

        It waits to be LIVE, arms itself, runs the block, and then waits for the first
        update since that meets ``predicate``; never a SNAPSHOT. If the block raises it
        does not wait.

        Args:
            predicate: called with each ``AssetUpdate``, in the thread of the block.
            timeout: seconds for each of the two waits; None for ever, 0 not at all.

        Raises:
            ConfigurationError: ``predicate`` cannot be called well; the text says why.
            StreamTimeout: not LIVE in time, or no such update came in time.
            AssetStreamError: the stream failed, with its reason.
            StreamStateError: not started, stopped, or called inside a callback.
        """
        settings.check_handler("predicate", predicate)
        return Expectation(lambda: Subscriber(self._run), predicate, timeout)

    def show(self) -> None:
        """Put a live table into the output of this cell; needs the extra ``notebook``.

        The table shows the state and why, every balance with its last change, its age
        and where it came from, the figures of ``health()`` and the last errors.
        It moves while no cell runs, four times a second at most, until the end, which
        it shows. Whatever ends it, it looks live for no longer than 8 s: all it says
        is of the moment that stands behind the state.

        One that is NEW is started, without waiting to be LIVE: the table shows how far
        it is, and errors as they come. (Where the next cell needs its balances,
        ``start()`` waits for them, before or after this.) Those errors, and what your
        ``on_asset`` handlers raise, do not go to stderr besides, unless logging was set
        up. Called again, in another cell too, it shows the same table there as well.
        Running a cell again that makes the stream replaces the older one of the same
        key and host.

        In a terminal, where nothing can move, it prints the table of this moment.

        Raises:
            ConfigurationError: IPython is not installed.
            StreamStateError: it is in a group that was not started.
        """
        start = partial(self._run.lifecycle.show, self._begin)
        self._screen.show(start if self.state is State.NEW else None, self.stop)

    def __repr__(self) -> str:
        if "_run" not in self.__dict__:  # shown by a crash in the constructor
            return f"<{type(self).__name__}>"
        if not self._owned_here:
            return f"<{type(self).__name__} {self.account} of another process>"
        health = self.health()
        if health.state is State.LIVE:
            words = f", {counted(len(self.balances), 'balance')}"
        else:
            words = f": {health.reason}" if health.reason else ""
        return f"<{type(self).__name__} {self.account} {health.state}{words}>"

    def _repr_html_(self) -> str | None:
        if not self._owned_here:
            return None  # the plain repr says what can be said in a forked child
        return as_html(account_page(read_account(self)))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a stream holds threads and sockets and is not pickled")

    @property
    def _owned_here(self) -> bool:
        return self._run.lifecycle.owned_here

    def _change_handlers(self, change: Callable[[Handlers], None]) -> None:
        change(self._run.handlers)

    def _feed(self) -> None:
        self._run.feed()

    def _begin(self) -> None:
        self._run.begin()
        try:
            registry.announce(self, [self._run])
            # One that fails by itself is forgotten though nobody stops it (D5).
            over = self._run.started().dispatcher.finished
            over.then(partial(registry.forget, self))
        except BaseException:
            self.stop()
            raise

    def _wait_live(self, timeout: float | None) -> None:
        with closing(Subscriber(self._run)) as subscriber:
            subscriber.until_live(timeout)


class AssetStream(Stream):
    """The live balances of one account on one exchange.

    One stream, one life: after ``stop()`` make a new one. Every method may be called
    from any thread. As a context manager it is LIVE inside, or raises what ``start``
    raises, and is stopped at the end; iterated over, it is its ``updates()``.

    Handlers are called in order, one at a time, on one thread of the stream's own,
    never on yours. They may take their time: the balances stay current, and past
    ``max_pending`` events that wait updates are folded to the latest per currency, and
    changes of state to one; errors that are alike are always one. A handler that raises
    does no harm: ``on_error`` is called with a ``CallbackError``. A handler may call
    ``stop()``, but not wait for the stream it is called by. One that is added later
    is called for what happens from then on.

    Inside IPython, starting a stream replaces an older one for the same key and host,
    so that a cell may be run again; elsewhere two are allowed, with a warning.

    Args:
        exchange: an ``Upbit`` or ``CoinW``, which holds the key.
        on_asset: called with an ``AssetUpdate`` for every change.
        on_error: called with an ``AssetStreamError``; without one, errors are logged to
            the logger ``assetstream``.
        on_state: called with a ``StateChange``; the last call is STOPPED or FAILED.
        account: label that every event carries; by default the exchange's name and a
            short fingerprint of the key.
        audit_interval: seconds between comparisons with REST; by default the exchange's
            own, which shortens where that is needed; None switches them off, and a
            change that was never pushed may then stay unknown.
        connect_timeout: seconds one connection may take, TLS and upgrade included.
        max_pending: events kept apart for slow handlers before they are folded; an
            iterator or a wait may fall ten times as many behind.
        history: updates that ``stream.history`` keeps, about 0.6 KB each; by default
            1,000, in a group 20; 0 for none.
        proxy: URL of an HTTP or SOCKS5 proxy, with user and password if it wants any;
            by default what HTTPS_PROXY, ALL_PROXY and NO_PROXY say.
        ssl_context: verifying, TLS 1.2 at least; used in place of the process's own,
            which trusts the system's authorities, those of certifi, and those that
            SSL_CERT_FILE, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE name.

    Raises:
        ConfigurationError: an argument is wrong; the text says which and why.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        on_asset: Callable[[AssetUpdate], object] | None = None,
        on_error: Callable[[AssetStreamError], object] | None = None,
        on_state: Callable[[StateChange], object] | None = None,
        account: str | None = None,
        audit_interval: float | Literal["exchange"] | None = "exchange",
        connect_timeout: float = 10.0,
        max_pending: int = 10_000,
        history: int | None = None,
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        settings.check_exchange(exchange)
        chosen = settings.make_settings(
            exchange,
            account=account,
            audit_interval=audit_interval,
            connect_timeout=connect_timeout,
            max_pending=max_pending,
            history=history,
            proxy=proxy,
            ssl_context=ssl_context,
        )
        self._exchange = exchange
        self._origin = ExchangeOrigin(exchange)
        super().__init__(StreamRun(self._origin, chosen, Handlers()))
        self._add_given(on_asset, on_error, on_state)

    @property
    def exchange(self) -> Exchange:
        """The exchange that it was made with."""
        return self._exchange

    def observe(
        self,
        observer: Observer,
        subscriber: Callable[[StateChange | AssetStreamError], None],
    ) -> None:
        """Report all that passes between the stream and its exchange; for recorders.

        Both are called on the stream's own thread, at once: they must not block. One
        that raises is called no more, and ``on_error`` with a ``CallbackError``.

        Args:
            observer: called with every frame, request and reply, secrets included.
            subscriber: called with every ``StateChange`` and ``AssetStreamError``.

        Raises:
            StreamStateError: the stream was started or stopped before.
        """
        self._run.witness(subscriber)
        self._origin.observers.add(observer)

    def diagnose(self, timeout: float | None = TIMEOUT) -> Diagnosis:
        """Find what is in the way of a live stream: ``print(stream.diagnose())``.

        Looks at the libraries, the network, the certificate, the clock, the key, REST
        and the WebSocket, in any state of the stream, and reads only. While the stream
        runs no second connection is made, for which the exchange might close the first:
        its own is looked at. ``assetstream doctor`` prints the same.

        Args:
            timeout: seconds that all steps may take; None for ever, which means as
                long as each may, 0 not at all. Steps that the time is not enough for
                are SKIPPED or RED, and say so.

        Returns:
            The checks, in their order, and the worst verdict of them.

        Raises:
            StreamStateError: called inside a callback of this stream.
        """
        # Imported here: hardly a program needs it.
        from assetstream.doctor.examination import Subject
        from assetstream.doctor.examine import diagnose

        engine = self._run.engine
        self._run.lifecycle.refuse_in_callback("diagnose()")
        subject = Subject(
            self.exchange,
            self.account,
            self._run.settings.proxy,
            self._run.settings.ssl_context,
            self.health if engine is not None and not self.state.final else None,
        )
        return diagnose(subject, timeout)


def read_account(stream: Stream) -> AccountSnapshot:
    """Describe a stream's account as it is now; from any thread."""
    health = stream.health()
    run = run_of(stream)
    engine, balances = run.engine, {}
    if engine is not None:
        for currency, balance in engine.present.balances.copy().items():
            balances[currency] = balance, engine.last_change(currency)
    account = AccountSnapshot.of(run.origin.name, stream.account, health, balances)
    return account._replace(raised=engine.dispatcher.last_raised if engine else None)


def end_table(stream: Stream, timeout: float | None) -> bool:
    """Have a stream's live table show the end; False if it has not in time."""
    return stream._screen.end(timeout)  # pyright: ignore[reportPrivateUsage]


def _page(accounts: Sequence[AccountSnapshot], errors: Sequence[Line]) -> Page:
    return account_page(accounts[0], errors)


def run_of(stream: Stream) -> StreamRun:
    """Return a stream's run, for the group that begins it."""
    return stream._run  # pyright: ignore[reportPrivateUsage]


make_public(AssetStream, Stream)

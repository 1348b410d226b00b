"""``RemoteStream``: the balances of an account that another process owns."""

from __future__ import annotations

import ssl
from typing import Callable

from assetstream.doctor.report import TIMEOUT, Diagnosis
from assetstream.model.errors import AssetStreamError, StaleBalance
from assetstream.model.events import AssetUpdate, Balance, StateChange
from assetstream.model.public import make_public
from assetstream.runtime import settings
from assetstream.runtime.dispatcher import Handlers
from assetstream.runtime.origin import Parts
from assetstream.runtime.stream_run import StreamRun
from assetstream.sharing.access import Access
from assetstream.sharing.follower import Follower
from assetstream.sharing.keys import check_label
from assetstream.sharing.pulses import HORIZON, check_horizon
from assetstream.sharing.remote_origin import RemoteOrigin
from assetstream.streams.stream import Stream

__all__ = ["RemoteStream", "group_member"]


class RemoteStream(Stream):
    """The live balances of one account that a worker somewhere owns and publishes.

    What holds for an ``AssetStream`` holds for this one: handlers are called in order,
    on one thread of the stream's own. But it has no key, and is connected to Redis or
    Valkey, where the owner writes. Any number of processes may have one of the same
    account. It needs the extra ``redis``.

    LIVE means: every balance that is not stale is what its owner held ``horizon``
    seconds ago at most, by this machine's own stopwatch, and the owner was LIVE then.
    No other clock is believed. When that cannot be shown any more it is STALE by
    itself, whether or not anybody answers. The ``age`` of a balance counts both ways.

    What differs besides:

    * An owner that is FAILED makes it STALE, with the owner's error: an operator may
      mend it, or another worker may take the account. It is FAILED itself only if the
      engine refuses it before it was ever served: its user, password, certificate or
      rights are wrong, or its release.
    * ``exchange`` is a name. ``health()`` has ``owner`` and ``lag``, and no figures of
      audits: its owner makes them.
    * ``verify()`` waits for the owner's word instead of REST, and no balance is ever
      ``verified``.

    Args:
        url: of the engine: redis://[user:password@]host[:port][/db], rediss:// for TLS,
            or unix:///path/to/socket; None: the variable ASSETSTREAM_ENGINE_URL has it.
        account: its label, as its owner gives it.
        fleet: name of the workers and accounts that belong together.
        on_asset: called with an ``AssetUpdate`` for every change.
        on_error: called with an ``AssetStreamError``, the owner's included, and with
            why it is not LIVE at first, if nobody vouches for the account; without one,
            errors are logged to the logger ``assetstream``.
        on_state: called with a ``StateChange``; the last call is STOPPED or FAILED.
        max_pending: events kept apart for slow handlers before they are folded.
        history: updates that ``stream.history`` keeps; by default 1,000.
        horizon: seconds for which an owner's word is believed, from 1 up to, and not
            with, 5, after which another worker may own the account.
        ssl_context: verifying, TLS 1.2 at least; in place of the process's own.

    Raises:
        ConfigurationError: an argument is wrong, or redis is not installed; the text
            says which and why.
    """

    def __init__(
        self,
        url: str | None,
        account: str,
        *,
        fleet: str = "default",
        on_asset: Callable[[AssetUpdate], object] | None = None,
        on_error: Callable[[AssetStreamError], object] | None = None,
        on_state: Callable[[StateChange], object] | None = None,
        max_pending: int = 10_000,
        history: int | None = None,
        horizon: float = HORIZON,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        access = Access(url, fleet, ssl_context)

        def follower(parts: Parts) -> Follower:
            helpers, reader_thread = parts.shared.helpers, parts.reader_thread
            return Follower(access.engine, helpers, reader_thread)

        self._set_up(access, account, follower, max_pending, history, horizon)
        self._add_given(on_asset, on_error, on_state)

    def _set_up(
        self,
        access: Access,
        account: str,
        follower: Callable[[Parts], Follower],
        max_pending: int,
        history: int | None,
        horizon: float,
    ) -> None:
        self._access = access
        chosen = settings.remote_settings(check_label(account), max_pending, history)
        origin = RemoteOrigin(follower, check_horizon(horizon))
        run = StreamRun(origin, chosen, Handlers(), type(self).__name__)
        super().__init__(run)

    @property
    def exchange(self) -> str:
        """Name of the exchange, as its owner tells it; "" before it has."""
        return self._run.origin.name

    def balance(
        self,
        currency: str,
        max_age: float | None = None,
        verified: float | None = None,
    ) -> Balance:
        """One currency's balance; zeros for one never held.

        Args:
            currency: its code, in any case.
            max_age: seconds; refused is what is stale or in doubt, and what its owner
                has not told to be right within that time.
            verified: seconds; refused, whatever it is: only its owner knows what REST
                has agreed with.

        Raises:
            ConfigurationError: as ``AssetStream.balance``.
            StaleBalance: it is not as good as that, or not known; or ``verified`` was
                given.
        """
        if verified is not None:
            settings.check_age("verified", verified)
            raise StaleBalance(
                "a remote stream does not know with what REST has agreed, and when",
                remedy="Ask for max_age, or ask the stream of the account's owner.",
                exchange=self.exchange,
                account=self.account,
            )
        return super().balance(currency, max_age)

    def verify(self, timeout: float | None = 10.0) -> None:
        """Have the owner vouch for the balances now: before money moves.

        It returns when the stream is LIVE by a word that its owner composed after the
        call, and all that the owner had told before is here: that takes about half a
        second. REST is not asked: the owner does that by its own plan, and what an
        audit of it changes, or puts in doubt, comes as everything does.

        Args:
            timeout: seconds; None for ever, 0 not at all.

        Raises:
            StreamTimeout: the owner was not heard of in time.
            AssetStreamError: the stream failed, with its reason.
            StreamStateError: not started, stopped, or called inside a callback.
        """
        super().verify(timeout)

    def diagnose(self, timeout: float | None = TIMEOUT) -> Diagnosis:
        """Find what is in the way of a live stream: ``print(stream.diagnose())``.

        Looks at the libraries, the engine (encryption, password, release, what it does
        when its memory is full or when it restarts), the account's owner, and how old
        that one's word is; in any state of the stream, over a connection of its own,
        and reads only. What the user of the engine may not ask for is SKIPPED.
        ``assetstream doctor --from`` prints the same.

        Args:
            timeout: seconds that all steps may take; None for ever, which means as
                long as each may, 0 not at all.

        Returns:
            The checks, in their order, and the worst verdict of them.

        Raises:
            StreamStateError: called inside a callback of this stream.
        """
        # Imported here: hardly a program needs it.
        from assetstream.sharing.engine_checks import diagnose_remote

        self._run.lifecycle.refuse_in_callback("diagnose()")
        return diagnose_remote(self._access, self.account, timeout)


def group_member(
    access: Access,
    account: str,
    follower: Callable[[Parts], Follower],
    max_pending: int,
    history: int | None,
    horizon: float,
) -> RemoteStream:
    """Make a stream that follows its account by a connection of its group's."""
    stream = RemoteStream.__new__(RemoteStream)
    stream._set_up(  # pyright: ignore[reportPrivateUsage]
        access, account, follower, max_pending, history, horizon
    )
    return stream


make_public(RemoteStream)

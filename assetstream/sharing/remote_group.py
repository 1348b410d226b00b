"""``RemoteGroup``: all accounts of a fleet over one connection."""

from __future__ import annotations

import ssl
from contextlib import suppress
from functools import partial
from typing import Callable, Iterable, Sequence

from assetstream.model.errors import (
    AssetStreamError,
    ConfigurationError,
    StreamStateError,
)
from assetstream.model.events import AssetUpdate, StateChange
from assetstream.model.health import Progress
from assetstream.model.public import make_public
from assetstream.runtime import settings
from assetstream.runtime.dispatcher import Handlers
from assetstream.runtime.origin import Parts
from assetstream.runtime.stream_run import StreamRun
from assetstream.sharing.access import Access
from assetstream.sharing.fleet import FleetOrigin
from assetstream.sharing.follower import Follower
from assetstream.sharing.keys import check_label
from assetstream.sharing.pulses import HORIZON, check_horizon
from assetstream.sharing.remote_stream import RemoteStream, group_member
from assetstream.streams.group import Group

__all__ = ["RemoteGroup"]


class RemoteGroup(Group[RemoteStream]):
    """The live balances of all accounts of a fleet, without a key, by one connection.

    What holds for a ``RemoteStream`` holds for each in the group, and what a
    ``StreamGroup`` can do this one can: ``group["alice"]`` is the stream of that label,
    and ``in``, ``len`` and iteration go over the streams of the moment.

    Without ``accounts`` it shows every account that a worker of the fleet has, and one
    that is new within about a second. It drops none by itself: one that no worker has
    any more is STALE, and says so; ``remove`` it.

    Errors of the connection to the engine are those of all accounts: ``on_error`` is
    called once for them, with an error that names no account.

    Args:
        url: of the engine, as for ``RemoteStream``.
        accounts: labels; None: all of the fleet.
        fleet: name of the workers and accounts that belong together.
        on_asset: called with an ``AssetUpdate`` for every change of every account. For
            one account the order is kept, and one call at a time; with several
            ``workers`` those of different accounts overlap.
        on_error: called with an ``AssetStreamError``; without one, errors are logged.
        on_state: called with a ``StateChange``.
        on_progress: called with the latest ``Progress`` when that has changed.
        workers: threads that call handlers.
        max_pending: events of an account kept apart for slow handlers before they are
            folded.
        history: updates of an account that its ``history`` keeps; by default 20.
        horizon: seconds for which an owner's word is believed, as for ``RemoteStream``.
        ssl_context: verifying, TLS 1.2 at least; in place of the process's own.

    Raises:
        ConfigurationError: an argument is wrong, or redis is not installed; the text
            says which and why.
    """

    def __init__(
        self,
        url: str | None = None,
        accounts: Iterable[str] | None = None,
        *,
        fleet: str = "default",
        on_asset: Callable[[AssetUpdate], object] | None = None,
        on_error: Callable[[AssetStreamError], object] | None = None,
        on_state: Callable[[StateChange], object] | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        workers: int = 1,
        max_pending: int = 10_000,
        history: int | None = None,
        horizon: float = HORIZON,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        chosen = None if accounts is None else _labels(accounts)
        self._access = Access(url, fleet, ssl_context)
        self._fleet = FleetOrigin(
            self._access, self._appeared if chosen is None else None
        )
        # Of what nobody else is told, the user's on_error is.
        handlers = Handlers()
        self._own_handlers = Handlers(error=handlers.error)
        label = f"fleet {fleet}"
        own = settings.remote_settings(label, max_pending, history)
        run = StreamRun(self._fleet, own, self._own_handlers, "RemoteGroup")
        super().__init__(workers, run, handlers)
        self._make = partial(
            group_member,
            self._access,
            follower=self._follower,
            max_pending=max_pending,
            history=history,
            horizon=check_horizon(horizon),
        )
        # Those that came by themselves, and do not come again once removed.
        self._seen: set[str] = set()
        self._add_given(on_asset, on_error, on_state)
        if on_progress is not None:
            self.on_progress(on_progress)
        for account in chosen or ():
            self.add(account)

    def add(self, account: str) -> None:
        """Take in an account by its label; if the group runs, it is followed at once.

        It is not awaited: use ``wait_for`` of its stream, or ``on_progress``, for that.

        Args:
            account: its label.

        Raises:
            ConfigurationError: it is no label, or is in the group.
            StreamStateError: the group was stopped.
        """
        self._run.lifecycle.refuse_in_child()
        self._run.lifecycle.refuse_stopped()
        stream = self._make(account)
        with self._lock:
            if account in self._streams:
                raise ConfigurationError(f"{account!r} is in the group already")
            self._seen.add(account)
            self._put_in(stream)
        self._begin_added(stream)

    def _appeared(self, accounts: Sequence[str]) -> None:
        """Take in the accounts that are new; in the reader thread."""
        for account in accounts:
            if account not in self._seen:
                # By whoever has just added it, or to a group that has just stopped.
                with suppress(ConfigurationError, StreamStateError):
                    self.add(account)

    def _follower(self, parts: Parts) -> Follower:
        follower = self._fleet.follower
        assert follower is not None  # the fleet begins before all accounts
        return follower

    def _change_handlers(self, change: Callable[[Handlers], None]) -> None:
        super()._change_handlers(change)
        self._own_handlers.on_screen = self._handlers.on_screen


def _labels(accounts: Iterable[str]) -> list[str]:
    """Return the labels of a choice; ConfigurationError if it is none."""
    if isinstance(accounts, str):
        raise ConfigurationError(
            f"accounts must be labels, not the text {accounts!r}",
            remedy=f"Pass [{accounts!r}].",
        )
    try:
        labels = [check_label(account) for account in accounts]
    except TypeError:
        raise ConfigurationError(
            f"accounts must be labels, or None, not {type(accounts).__name__}"
        ) from None
    if not labels:
        raise ConfigurationError(
            "no accounts were given", remedy="Leave accounts out to follow all."
        )
    return labels


make_public(RemoteGroup)

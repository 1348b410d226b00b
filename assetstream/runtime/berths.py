"""One reader of a group: its thread, and the streams that run there."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from assetstream.model.errors import StreamStateError
from assetstream.model.events import StateChange
from assetstream.protocol import Connect, Exchange
from assetstream.runtime.engine import Life, Settings
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.call_queue import CallQueue
from assetstream.runtime.loop.deadlines import HasDeadline
from assetstream.runtime.loop.helpers import Crew, Job
from assetstream.runtime.loop.reader import Reader
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.net.cancel import CancelToken, shortage
from assetstream.runtime.net.close_reason import Abandoned, Broken
from assetstream.runtime.net.connection import ClientConnection
from assetstream.runtime.net.rest_client import Adapter
from assetstream.runtime.rate_limits import Budget

if TYPE_CHECKING:
    from assetstream.runtime.fleet import Fleet

__all__ = ["Berths"]


class Berths:
    """The home of many lives: one reader, and its thread.

    Attributes:
        aboard: lives that have begun to begin, and have not ended; each use is one
            atomic step.
    """

    def __init__(self, fleet: Fleet, number: int) -> None:
        self.inbox = CallQueue()
        self.reader = Reader(self.inbox, self._raised)
        self.aboard: set[Life] = set()
        self._fleet = fleet
        # Those that the reader serves, by their sessions.
        self._lives: dict[HasDeadline, Life] = {}
        self._over = False
        # A daemon: streams do not keep the process alive. It ends by close().
        self.thread = threading.Thread(
            target=self._run, name=f"{fleet.label}-reader-{number}", daemon=True
        )

    @property
    def open(self) -> bool:
        """Whether streams may come."""
        return not self._over

    # What a life asks of its home.

    @property
    def crew(self) -> Crew:
        return self

    def start(self, job: Job, name: str) -> None:
        self._fleet.pool.start(job)
        self.reader.touch(self._fleet.pool)  # it may be stuck

    def adapter(self, settings: Settings) -> Adapter:
        return self._fleet.adapter(settings)

    def budget(self, exchange: Exchange) -> Budget | None:
        return self._fleet.budget(exchange)

    def begin(self, life: Life) -> None:
        self.aboard.add(life)
        # Looked at after coming aboard: a stop cannot fall in between unseen.
        if self._fleet.stopping or not self.open:
            self._leave(life)
            raise StreamStateError("the group was stopped", remedy="Make a new one.")
        self._fleet.joined(life)
        self._fleet.callbacks.serve(life.dispatcher)
        life.post(partial(self._begin, life))

    def abort(self, life: Life) -> None:
        if life in self.aboard:
            # By the reader, however far ``begin`` came.
            self._fleet.callbacks.serve(life.dispatcher)
            life.stop()
            life.post(partial(self._begin, life))
        else:
            life.session.over = True
            life.dispatcher.finished.set()  # there is nobody to be told
            life.conclude(0.0)
            life.ended.set()

    def owns(self, thread: threading.Thread) -> bool:
        return thread is self.thread or thread in self._fleet.callbacks.threads

    def changed(self, life: Life, change: StateChange) -> None:
        self._fleet.changed(life, change)

    def fault(self, life: Life, error: BaseException) -> None:
        """End one stream by a fault of ours; the others go on."""
        life.crash(error)
        channel = life.session.link.channel
        if channel is None:
            self._conclude(life)
        else:
            channel.close()

    def join(self, deadline: Deadline) -> bool:
        return True  # its threads are the others', too

    # In the reader's thread, but for ``close``.

    def close(self) -> None:
        """End the thread; when every stream has ended. From any thread."""
        self.inbox.post(self._end)
        if self.thread.ident is None:  # it never ran, or will find that it is over
            self._over = True
            self.reader.close()
            self.inbox.close()

    def _end(self) -> None:
        self._over = True

    def _run(self) -> None:
        try:
            self.reader.attach(self._fleet.pool)
            while not self._over:
                self.reader.turn()
        except BaseException as error:
            self._over = True
            for life in tuple(self.aboard):
                with suppress(Exception):
                    self.fault(life, error)
                self._conclude(life)
        finally:
            self.reader.close()
            self.inbox.close()

    def _begin(self, life: Life) -> None:
        session = life.session
        if session in self._lives:  # ``abort`` has it begin again
            return
        if session.over:  # stopped before it began
            self._conclude(life)
            return
        self._lives[session] = life
        session.redial = partial(self._dial, life, False)
        session.finished = partial(self._conclude, life)
        session.begin()
        self.reader.attach(session)

    def _dial(self, life: Life, permitted: bool) -> None:
        """Make a connection, when it is this stream's turn."""
        session, now = life.session, clock.now()
        if not permitted:
            at = self._fleet.budget(session.exchange).connects.reserve(now)
            if at > now:
                session.retry_at = at
                session.redial = partial(self._dial, life, True)
                return
        session.redial = partial(self._dial, life, False)
        channel = ClientConnection(session, self.reader)
        connect = session.connect(channel)
        try:
            Dial(life, channel, connect).begin(self)
        except (OSError, RuntimeError) as error:
            # No descriptor, no thread: the machine may have one in a while.
            channel.take_up(Broken(shortage(error)))

    def _conclude(self, life: Life) -> None:
        """A stream is over, and its connection closed."""
        self._lives.pop(life.session, None)
        self.reader.detach(life.session)
        if not life.ended.happened:
            life.conclude(0.0)
            self._leave(life)
            life.ended.set()

    def _leave(self, life: Life) -> None:
        self.aboard.discard(life)
        self._fleet.left(life)

    def _raised(self, owner: HasDeadline, error: Exception) -> None:
        life = self._lives.get(owner)
        if life is None:
            raise error
        self.fault(life, error)


class Dial:
    """One attempt to connect, made by a helper and handed to the reader."""

    def __init__(self, life: Life, channel: ClientConnection, connect: Connect) -> None:
        self._life = life
        self._channel = channel
        self._connect = connect
        self._call_off = channel.call_off = CancelToken()

    def begin(self, crew: Crew) -> None:
        """Have it made, or leave nothing behind."""
        try:
            crew.start(self.run, "")
        except BaseException:
            self._call_off.close()
            raise

    def run(self) -> None:
        """Connect; post what came of it. By the helper, which owns nothing."""
        settings = self._life.settings
        try:
            ending = self._channel.reach(
                self._connect,
                timeout=settings.connect_timeout,
                ssl_context=settings.ssl_context,
                proxy=settings.proxy,
                interrupt=self._call_off,
            )
        except Exception as fault:
            self._life.post(partial(self._failed, fault))
        else:
            self._life.post(partial(self._channel.take_up, ending))
        finally:
            self._call_off.close()

    def _failed(self, fault: Exception) -> None:
        self._channel.take_up(Abandoned())
        raise fault

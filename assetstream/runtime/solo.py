"""The threads of one lone stream.

===========================    =======================================================
assetstream-ACCOUNT-session    owns socket, conversation, book and state
assetstream-ACCOUNT-callbacks  runs the user's handlers
assetstream-rest               one REST call; disposable
===========================    =======================================================
"""

from __future__ import annotations

import threading

from assetstream.model.events import StateChange
from assetstream.protocol import Exchange
from assetstream.runtime.engine import Life, Settings
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.call_queue import CallQueue
from assetstream.runtime.loop.callback_threads import CallbackThreads
from assetstream.runtime.loop.helpers import Helpers
from assetstream.runtime.loop.reader import Reader
from assetstream.runtime.loop.waits import Deadline, join_interruptibly
from assetstream.runtime.net.connection import ClientConnection
from assetstream.runtime.net.dial import Cancelled
from assetstream.runtime.net.rest_client import Adapter
from assetstream.runtime.rate_limits import Budget
from assetstream.runtime.session import Session

__all__ = ["Solo"]

#: The longest that the end waits for a REST call that was given up, seconds.
CALL_PATIENCE = 1.0


class Solo:
    """The home of one life. Its thread connects by itself, and waits for that."""

    def __init__(self, account: str) -> None:
        self.inbox = CallQueue()
        self.reader = Reader(self.inbox)
        self.crew = Helpers()
        self._adapter = Adapter()
        self._life: Life
        # Taken by whoever serves the session to its end: its thread, or ``abort``.
        self._claim = [True]
        self._callbacks = CallbackThreads([f"assetstream-{account}-callbacks"])
        # A daemon: a stream does not keep the process alive. It ends by stop().
        self._thread = threading.Thread(
            target=self._run, name=f"assetstream-{account}-session", daemon=True
        )

    def adapter(self, settings: Settings) -> Adapter:
        return self._adapter

    def budget(self, exchange: Exchange) -> Budget | None:
        return None

    def begin(self, life: Life) -> None:
        self._life = life
        self._callbacks.serve(life.dispatcher)
        life.session.begin()
        self._callbacks.start()
        self._thread.start()

    def abort(self, life: Life) -> None:
        self._life = life
        try:
            self._claim.pop()
        except IndexError:
            life.stop()  # The session's thread runs, and ends by itself.
        else:
            if not self._callbacks.threads[0].is_alive():
                life.dispatcher.finished.set()  # there is nobody to be told
            life.session.over = True
            self._end()

    def owns(self, thread: threading.Thread) -> bool:
        return thread is self._thread or thread in self._callbacks.threads

    def changed(self, life: Life, change: StateChange) -> None:
        """Nothing here depends on it."""

    def fault(self, life: Life, error: Exception) -> None:
        raise error  # out of the loop below

    def join(self, deadline: Deadline) -> bool:
        threads = (self._thread, *self._callbacks.threads)
        # They are at their last lines: the wait is short.
        return all([join_interruptibly(thread, deadline) for thread in threads])

    def _run(self) -> None:
        try:
            self._claim.pop()
        except IndexError:
            return
        session = self._life.session
        try:
            self.reader.attach(session)
            self.inbox.run()
            while not session.over:
                if clock.now() >= session.retry_at:
                    self._connect(session)
                else:
                    self.reader.turn()
        except BaseException as error:
            self._life.crash(error)
        finally:
            self._end()

    def _connect(self, session: Session) -> None:
        """Make one connection and serve it until it is over."""
        channel = ClientConnection(session, self.reader)
        connect = session.connect(channel)
        settings = self._life.settings
        channel.run(
            connect,
            timeout=settings.connect_timeout,
            ssl_context=settings.ssl_context,
            proxy=settings.proxy,
            interrupt=Posted(self.inbox, session),
        )
        self.reader.touch(session)

    def _end(self) -> None:
        try:
            self._life.conclude(CALL_PATIENCE)
        finally:
            self.crew.join(CALL_PATIENCE)
            self._adapter.close()
            self.reader.close()
            self._callbacks.end()
            self._life.ended.set()
            try:
                self.inbox.run()  # Whoever began to watch before hears of the end.
            finally:
                self.inbox.close()


class Posted:
    """Ends a handshake's wait when something was posted that ends the session."""

    def __init__(self, inbox: CallQueue, session: Session) -> None:
        self._inbox = inbox
        self._session = session

    def fileno(self) -> int:
        """Readable when something was posted."""
        return self._inbox.fileno()

    def check(self) -> None:
        """Run what was posted; raise Cancelled if the attempt is to be given up."""
        self._inbox.run()
        if self._session.over:
            raise Cancelled

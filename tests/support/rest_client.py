"""A REST client with its own call queue, whose outcomes a test waits for."""

from __future__ import annotations

import select
import ssl
from typing import Any

from assetstream.protocol import HttpCall
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.call_queue import CallQueue
from assetstream.runtime.loop.helpers import Helpers
from assetstream.runtime.net.rest_client import Adapter, Rest
from tests.support.event_recorder import PATIENCE


class Client:
    """Makes calls, and waits for them in the thread that runs the queue."""

    def __init__(
        self, context: ssl.SSLContext | None = None, proxy: str | None = None
    ) -> None:
        self.inbox = CallQueue()
        self.helpers, self.adapter = Helpers("test"), Adapter()
        self.rest = Rest(self.inbox.post, self.helpers, self.adapter, context, proxy)
        self.results: list[Any] = []

    def begin(self, call: HttpCall | str, timeout: float = PATIENCE / 2) -> None:
        if isinstance(call, str):
            call = HttpCall("GET", call)
        self.rest.fetch(call, timeout, self._done)

    def _done(self, outcome: Any, asked: float) -> None:
        assert asked <= clock.now()
        self.results.append(outcome)

    def outcome(self) -> Any:
        """Run the queue until the next outcome."""
        deadline = clock.now() + PATIENCE
        while not self.results:
            left = deadline - clock.now()
            assert left > 0, "no outcome"
            select.select([self.inbox], [], [], left)
            self.inbox.run()
        return self.results.pop()

    def fetch(self, call: HttpCall | str, timeout: float = PATIENCE / 2) -> Any:
        self.begin(call, timeout)
        return self.outcome()

    def close(self) -> None:
        self.end()
        self.inbox.close()

    def end(self) -> None:
        """End every call, and wait for the threads."""
        assert self.rest.close(PATIENCE) == 0
        self.helpers.close()
        for thread in self.helpers.threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
        self.adapter.close()

"""A REST client with its own call queue, whose outcomes a test waits for."""

from __future__ import annotations

import select
import ssl
from functools import partial
from typing import Any, Callable, Union

from assetstream.protocol import HttpCall
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.call_queue import CallQueue
from assetstream.runtime.loop.helpers import Helpers
from assetstream.runtime.net.rest_client import Adapter, Rest
from tests.support.event_recorder import PATIENCE

#: A call, the URL of one, or a function that signs it, each time anew.
Wanted = Union[HttpCall, str, Callable[[], HttpCall]]


class Client:
    """Makes calls, and waits for them in the thread that runs the queue."""

    def __init__(
        self, context: ssl.SSLContext | None = None, proxy: str | None = None
    ) -> None:
        self.inbox = CallQueue()
        self.helpers, self.adapter = Helpers("test"), Adapter()
        self.rest = Rest(self.inbox.post, self.helpers, self.adapter, context, proxy)
        self.results: list[Any] = []
        # Calls that had to be made again.
        self.repeated = 0

    def begin(
        self,
        call: Wanted,
        timeout: float = PATIENCE / 2,
    ) -> None:
        signed = call() if callable(call) else call
        if isinstance(signed, str):
            signed = HttpCall("GET", signed)
        self.rest.fetch(signed, timeout, self._done, partial(self._again, call))

    def _again(self, call: Wanted, left: float) -> None:
        assert 0 < left <= PATIENCE / 2
        self.repeated += 1
        self.begin(call, left)

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

    def fetch(
        self,
        call: Wanted,
        timeout: float = PATIENCE / 2,
    ) -> Any:
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

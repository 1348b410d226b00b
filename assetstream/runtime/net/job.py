"""One blocking piece of work on a helper thread, which can be called off (L5)."""

from __future__ import annotations

from typing import Callable, Generic, TypeVar
from urllib.parse import urlsplit

from assetstream.runtime.loop.helpers import Helpers
from assetstream.runtime.loop.waits import OneShotEvent
from assetstream.runtime.net.cancel import CancelToken

__all__ = ["CancellableJob", "helpers_place"]

Outcome = TypeVar("Outcome")


class CancellableJob(Generic[Outcome]):
    """One blocking piece of work; used once, by the reader thread.

    Args:
        helpers: run the work.
        place: the work's place among the helpers.
        work: returns the outcome, on the helper thread. It looks at the token before
            anything else, and in every wait.
        report: given the outcome, or what ``work`` raised, on the same thread.

    Attributes:
        ended: set when the work is done, just before its report.

    Raises:
        OSError: this machine has no descriptor to spare.
    """

    def __init__(
        self,
        helpers: Helpers,
        place: object,
        work: Callable[[CancelToken], Outcome],
        report: Callable[[Outcome | Exception], None],
    ) -> None:
        self.ended = OneShotEvent()
        self._helpers = helpers
        self._place = place
        self._work = work
        self._report = report
        self._token = CancelToken()

    def begin(self) -> int:
        """Have the work done, or leave nothing behind.

        Returns:
            As ``Helpers.start``.

        Raises:
            RuntimeError: no thread could be made.
        """
        try:
            return self._helpers.start(self._place, self._run)
        except BaseException:
            self._release()
            raise

    def call_off(self) -> None:
        """End the work at once, whether or not a helper has begun it."""
        self._token.cancel()
        if self._helpers.withdraw(self._place, self._run):
            self._run()  # which ends at its first look at the token

    def _run(self) -> None:
        outcome: Outcome | Exception
        try:
            outcome = self._work(self._token)
        except Exception as fault:
            outcome = fault
        finally:
            self._release()
        self._report(outcome)

    def _release(self) -> None:
        self._token.close()
        self.ended.set()


def helpers_place(url: str, proxy: str | None) -> tuple[str, str, str | None]:
    """Return the place among the helpers of work at ``url``.

    WebSocket and REST are two places, though on one host: where the upgrades hang,
    streams that are connected still read their balances.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.netloc, proxy

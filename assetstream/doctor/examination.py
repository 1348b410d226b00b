"""One examination: its subject, the time it has left, and how it is cancelled."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from typing import Callable, Iterator, Mapping, NamedTuple, Union

from assetstream.doctor.report import Check, Verdict
from assetstream.model.errors import AssetStreamError, ConfigurationError
from assetstream.model.health import Health
from assetstream.protocol import Exchange
from assetstream.runtime.loop import clock
from assetstream.runtime.net.cancel import Cancelled, CancelToken, shortage

__all__ = ["Examination", "Item", "Outcome", "Subject", "failure", "skip"]

#: The most time for one step, in seconds.
STEP_TIME = 10.0

#: A finished check, or the name of a step that begins.
Item = Union[Check, str]


class Outcome(NamedTuple):
    """The result of one step."""

    verdict: Verdict
    finding: str
    remedies: tuple[str, ...] = ()


class Subject(NamedTuple):
    """The account to examine. Its repr leaves out the proxy, which may hold a password.

    Attributes:
        exchange: with the account's key.
        account: the account's label.
        proxy: as for ``AssetStream``.
        ssl_context: as for ``AssetStream``.
        health: returns the health of a stream of this account that runs, from any
            thread. The doctor reads that and opens no second connection, for which
            the exchange may close the first. None: no stream runs.
        regions: the same key at other hosts, to try if the exchange does not know it;
            None: try none.
        no_key: says why there is no key; then the exchange has none that is good, and
            nothing is signed. None: there is one.
    """

    exchange: Exchange
    account: str
    proxy: str | None = None
    ssl_context: ssl.SSLContext | None = None
    health: Callable[[], Health] | None = None
    regions: Mapping[str, Exchange] | None = None
    no_key: ConfigurationError | None = None

    def __repr__(self) -> str:
        return f"<Subject {self.account}>"


class Examination:
    """Runs steps one after another, within a time limit.

    The thread of the examination calls all methods but ``cancel``.

    Args:
        subject: the account to examine.
        timeout: seconds for all steps together.
    """

    def __init__(self, subject: Subject, timeout: float) -> None:
        self.subject = subject
        self.cancel_token = CancelToken()
        self._timeout = timeout
        self._ends_at = clock.now() + timeout
        self._cancelled = False
        # They end a wait that the token does not reach.
        self._cancel_calls: list[Callable[[], object]] = []

    @property
    def deadline(self) -> float:
        """The time by ``clock.now`` at which a step that begins now must end."""
        return clock.now() + self.time_for_step()

    def time_for_step(self, most: float = STEP_TIME) -> float:
        """Return the seconds that a step may take: ``most``, or what is left."""
        return max(0.0, min(most, self._ends_at - clock.now()))

    def run(self, name: str, step: Callable[[], Outcome]) -> Check:
        """Run a step that may take time, if any is left."""
        if self.time_for_step() > 0:
            return self.judge(name, step)
        return Check(
            name,
            Verdict.RED,
            f"not reached within {self._timeout:g} s: the steps above took too long",
            ("Give it more time, or look for what slows the network down.",),
        )

    def judge(self, name: str, step: Callable[[], Outcome]) -> Check:
        """Run a step; an error that it raises becomes a red check."""
        began = clock.now()
        try:
            outcome = step()
        except AssetStreamError as error:
            outcome = failure(error)
        except OSError as error:
            outcome = failure(shortage(error))
        return Check(name, *outcome, seconds=clock.now() - began)

    @contextmanager
    def on_cancel(self, call: Callable[[], object]) -> Iterator[None]:
        """Call ``call`` if the examination is cancelled before the block ends."""
        self._cancel_calls.append(call)
        if self._cancelled:
            call()
        try:
            yield
        finally:
            self._cancel_calls.remove(call)

    def raise_if_cancelled(self) -> None:
        """Raise Cancelled if the examination was cancelled."""
        if self._cancelled:
            raise Cancelled

    def cancel(self) -> None:
        """End the present step and begin no other; from any thread."""
        self._cancelled = True
        self.cancel_token.cancel()
        for call in tuple(self._cancel_calls):
            call()

    def close(self) -> None:
        """Release the token's descriptor, at the end."""
        self.cancel_token.close()


def skip(name: str, why: str) -> Check:
    """Return the check of a step that is left out."""
    return Check(name, Verdict.SKIPPED, why)


def failure(error: AssetStreamError) -> Outcome:
    """Return a red outcome with an error's problem and remedies."""
    remedies = error.hints or ((error.remedy,) if error.remedy else ())
    return Outcome(Verdict.RED, error.problem, remedies)

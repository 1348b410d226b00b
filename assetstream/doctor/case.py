"""What one examination is about, how long it may take, and how it is given up."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from typing import Callable, Iterator, Mapping, NamedTuple, Union

from assetstream.doctor.report import Check, Verdict
from assetstream.model.errors import AssetStreamError
from assetstream.protocol import Exchange
from assetstream.runtime.loop import clock
from assetstream.runtime.net.cancel import Cancelled, CancelToken, shortage
from assetstream.streams.readings import Readings

__all__ = ["Case", "Item", "Outcome", "Patient", "skip", "told"]

#: The longest that one step takes, seconds.
STEP_TIME = 10.0

#: A check that is done, or the name of the step that begins.
Item = Union[Check, str]


class Outcome(NamedTuple):
    """What a step comes to."""

    verdict: Verdict
    finding: str
    remedies: tuple[str, ...] = ()


class Patient(NamedTuple):
    """Who is examined. Its repr shows no proxy, in whose URL a password may be.

    Attributes:
        exchange: with the account's key.
        account: the account's label.
        proxy: as for ``AssetStream``.
        ssl_context: as for ``AssetStream``.
        stream: a stream of it that runs; its connection is then looked at in place of
            a second one, for which the exchange may close the first.
        regions: the same key at other hosts, to try when the exchange does not know it;
            None: not to be tried.
    """

    exchange: Exchange
    account: str
    proxy: str | None = None
    ssl_context: ssl.SSLContext | None = None
    stream: Readings | None = None
    regions: Mapping[str, Exchange] | None = None

    def __repr__(self) -> str:
        return f"<Patient {self.account}>"


class Case:
    """One examination.

    All but ``give_up`` is called by the examination's own thread.

    Args:
        patient: who is examined.
        timeout: seconds that all steps may take together.
    """

    def __init__(self, patient: Patient, timeout: float) -> None:
        self.patient = patient
        self.interrupt = CancelToken()
        self._timeout = timeout
        self._ends_at = clock.now() + timeout
        self._given_up = False
        # How to end the wait that is going on, where that is none on a socket of ours.
        self._enders: list[Callable[[], object]] = []

    @property
    def deadline(self) -> float:
        """When a step that begins now must be done, by ``clock.now``."""
        return clock.now() + self.time_for_step()

    def time_for_step(self, usual: float = STEP_TIME) -> float:
        """Seconds that a step may take: the usual ones, as far as there are some."""
        return max(0.0, min(usual, self._ends_at - clock.now()))

    def run(self, name: str, step: Callable[[], Outcome]) -> Check:
        """Take a step that waits for others, if there is time left."""
        if self.time_for_step() > 0:
            return self.judge(name, step)
        return Check(
            name,
            Verdict.RED,
            f"not reached within {self._timeout:g} s: what is above took too long",
            ("Give it more time, or look for what slows the network down.",),
        )

    def judge(self, name: str, step: Callable[[], Outcome]) -> Check:
        """Take a step; what it raises as an error is its outcome, too."""
        began = clock.now()
        try:
            outcome = step()
        except AssetStreamError as error:
            outcome = told(error)
        except OSError as error:
            outcome = told(shortage(error))
        return Check(name, *outcome, seconds=clock.now() - began)

    @contextmanager
    def ended_by(self, ender: Callable[[], object]) -> Iterator[None]:
        """Have ``ender`` called if the examination is given up by the block's end."""
        self._enders.append(ender)
        if self._given_up:
            ender()
        try:
            yield
        finally:
            self._enders.remove(ender)

    def check(self) -> None:
        """Raise Cancelled if the examination is given up."""
        if self._given_up:
            raise Cancelled

    def give_up(self) -> None:
        """End the step that is going on, and take no other; from any thread."""
        self._given_up = True
        self.interrupt.cancel()
        for ender in tuple(self._enders):
            ender()

    def close(self) -> None:
        """Release it, at the end."""
        self.interrupt.close()


def skip(name: str, why: str) -> Check:
    """Return the check of a step that is not taken."""
    return Check(name, Verdict.SKIPPED, why)


def told(error: AssetStreamError) -> Outcome:
    """Return a red outcome with the problem of an error and its remedies."""
    remedies = error.hints or ((error.remedy,) if error.remedy else ())
    return Outcome(Verdict.RED, error.problem, remedies)

"""The clock of the package in the hands of a test: fast, jumping, or standing still."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator
from unittest.mock import patch

from assetstream import Stream
from assetstream.runtime.loop import clock

__all__ = ["FACTOR", "TimeMachine", "fast_time"]

#: Speed of the clock in fast time: a wait takes a twentieth of its real-life length.
FACTOR = 20.0


class TimeMachine:
    """Goes on from the present, of streams and simulated exchanges alike.

    Args:
        speed: seconds of the clock in a real one. At 0 no wait ends by its length: it
            is looked at again each time, and begins anew.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._real_now = clock.now
        self._began, self._wall_began = clock.now(), clock.wall()
        # Real start, seconds passed till then, speed since: threads see all three
        # change at once.
        self._leg = self._began, 0.0, speed

    def now(self) -> float:
        return self._began + self._passed()

    def wall(self) -> float:
        return self._wall_began + self._passed()

    def real_seconds(self, seconds: float) -> float:
        return seconds / (self._leg[2] or 1.0)

    def run_at(self, speed: float) -> None:
        """Go on from the present at another speed."""
        self._leg = self._real_now(), self._passed(), speed

    def jump(self, seconds: float, *streams: Stream) -> None:
        """Move the clock forward, and wake streams that sleep by the old one."""
        began, passed, speed = self._leg
        self._leg = began, passed + seconds, speed
        for stream in streams:
            engine = stream._run.started()
            engine.post(lambda: None)
            connection = getattr(engine.session, "connection", None)
            if connection is not None and connection._attempt is not None:
                connection._attempt._token._calls.post(lambda: None)

    @contextmanager
    def installed(self) -> Iterator[TimeMachine]:
        """Let the package go by this clock."""
        own = {name: getattr(self, name) for name in clock.__all__}
        with patch.multiple(clock, **own):
            yield self

    def _passed(self) -> float:
        began, passed, speed = self._leg
        return passed + (self._real_now() - began) * speed


@contextmanager
def fast_time(speed: float = FACTOR) -> Iterator[None]:
    """Let the clock of the package run so many times as fast."""
    with TimeMachine(speed).installed():
        yield

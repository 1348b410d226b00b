"""Draws what goes wrong, by a weather and a seed."""

from __future__ import annotations

import random
from typing import Callable, Sequence

from assetstream.core.outcomes import Broken, Refused
from assetstream.core.reads import READ_TIMEOUT
from assetstream.model.errors import ConnectionLost
from tests.support.world.exchange import Push
from tests.support.world.luck import Luck
from tests.support.world.network import Dialling
from tests.support.world.rest import Reply
from tests.support.world.weather import Weather

__all__ = ["Chance"]

#: The longest that an attempt to connect takes.
DIAL_TIMEOUT = 30.0


class Chance(Luck):
    """The luck of one account.

    Args:
        weather: how much goes wrong.
        rng: draws it.
        codes: the currencies.
        clock: seconds since the account was opened.

    Attributes:
        fair: nothing goes wrong any more.
        outage: nothing at all goes well: the exchange is away.
        rest_outage: its REST is.
        fault: how all reads fail at present; "": they do not.
    """

    def __init__(
        self,
        weather: Weather,
        rng: random.Random,
        codes: Sequence[str],
        clock: Callable[[], float],
    ) -> None:
        self.fair = False
        self.outage = self.rest_outage = False
        self.fault = ""
        self._weather = weather
        self._codes = codes
        self._clock = clock
        self._biased = codes[0] if weather.biased else None
        self._rng = rng
        self._random = rng.random
        self._least, most = weather.latency
        self._spread = most - self._least

    def latency(self) -> float:
        return self._least + self._spread * self._random()

    def push(self) -> Push:
        """The push of the next change."""
        weather, chance = self._weather, self._random
        if self.fair:
            return PROMPT
        if weather.lost and chance() < weather.lost:
            return LOST
        delay, again, garbled, ahead = 0.0, None, "", 0.0
        if weather.jitter:
            delay = self._rng.expovariate(1 / weather.jitter)
        if weather.late and chance() < weather.late:
            delay += weather.max_delay * chance()
        if weather.doubled and chance() < weather.doubled:
            again = delay + weather.max_again * chance()
        if weather.unreadable and chance() < weather.unreadable:
            garbled = self._rng.choice(weather.garbles)
        if weather.ahead and chance() < weather.ahead:
            ahead = self._rng.uniform(weather.min_ahead, weather.max_ahead)
        if not delay and again is None and not garbled and not ahead:
            return PROMPT
        return Push((delay,) if again is None else (delay, again), garbled, ahead)

    def dialling(self) -> Dialling:
        weather, rng = self._weather, self._rng
        connecting, upgrading = rng.uniform(0.02, 0.5), rng.uniform(0.02, 0.5)
        if self.fair:
            return Dialling(connecting, upgrading)
        if self.outage or rng.random() < weather.unreachable:
            ending = Broken(ConnectionLost("the simulated network"))
            return Dialling(rng.choice((0.01, connecting, DIAL_TIMEOUT)), 0.0, ending)
        if rng.random() < weather.refused:
            return Dialling(connecting, upgrading, self._refusal())
        if rng.random() < weather.slow_dial:
            connecting += rng.uniform(1.0, 20.0)
        elif rng.random() < weather.slow:
            upgrading = rng.uniform(0.5, 9.0)
        return Dialling(connecting, upgrading)

    def _refusal(self) -> Refused:
        status = self._rng.choice((403, 429, 418, 500, 502, 503))
        headers = {}
        if self._rng.random() < 0.5:
            headers["retry-after"] = str(self._wait())
        return Refused(status, headers, b"<html>One moment, please</html>")

    def _wait(self) -> int:
        return int(self._rng.uniform(0, self._weather.retry_after))

    def muted(self) -> bool:
        return not self.fair and self._random() < self._weather.muted

    def reply(self) -> Reply:
        weather, rng = self._weather, self._rng
        duration, lag = 0.05 + rng.expovariate(8.0), self._lag()
        if rng.random() < weather.slow:
            duration = rng.uniform(0.0, READ_TIMEOUT)
        if self.fair:
            return Reply(duration, lag)
        if self.fault:
            return Reply(duration, failure=self.fault)
        if self.outage or self.rest_outage or rng.random() < weather.failing:
            failure = rng.choice(weather.failures)
            wait = self._wait() if rng.random() < 0.5 else None
            return Reply(duration, failure=failure, retry_after=wait)
        if rng.random() < weather.stuck:
            lag = rng.uniform(0.0, 120.0)
        garbled = omitted = twice = None
        if rng.random() < weather.garbled:
            garbled = rng.choice(self._codes)
            if rng.random() < 0.2:  # Not even its name can be read.
                garbled, omitted = "", garbled
        if rng.random() < weather.omitted:
            omitted = rng.choice(self._codes)
        if rng.random() < weather.twice:
            twice = rng.choice(self._codes)
        failure = "empty" if rng.random() < weather.empty else ""
        return Reply(duration, lag, garbled, omitted, twice, self._biased, failure)

    def _lag(self) -> float:
        weather, rng = self._weather, self._rng
        least, most = weather.least_lag, weather.max_lag
        if weather.lags == "little":
            return rng.uniform(0, most) if rng.random() < 0.1 else rng.expovariate(5.0)
        if weather.lags == "even":
            return rng.uniform(least, most)
        if weather.lags == "stuck":
            return 0.1 if rng.random() < 0.5 else self._clock() % most
        if weather.lags == "two":
            return rng.choice((least, most))
        return rng.choice((least, most, rng.uniform(least, most)))

    def farewell(self) -> float:
        return self._rng.choice((0.0, 0.05, 0.05, 5.0 * self._random()))

    def late_reply(self) -> bool:
        return self._random() < 0.5


PROMPT = Push((0.0,))
LOST = Push(())

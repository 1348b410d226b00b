"""Draws what goes wrong, by a weather and a seed."""

from __future__ import annotations

import random

from assetstream.core.outcomes import Broken, Refused
from assetstream.core.reads import READ_TIMEOUT
from assetstream.model.errors import ConnectionLost
from tests.support.world.exchange import Push
from tests.support.world.ledger import CURRENCIES
from tests.support.world.luck import Luck
from tests.support.world.network import Dialling
from tests.support.world.rest import Reply
from tests.support.world.weather import Weather

__all__ = ["Chance"]

#: The longest that an attempt to connect takes.
DIAL_TIMEOUT = 30.0


class Chance(Luck):
    """The luck of one account.

    Attributes:
        fair: nothing goes wrong any more.
        outage: nothing at all goes well: the exchange is away.
        rest_outage: its REST is.
    """

    def __init__(self, weather: Weather, rng: random.Random) -> None:
        self.fair = False
        self.outage = self.rest_outage = False
        self._weather = weather
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
        if chance() < weather.lost:
            return LOST
        delay, again, garbled, ahead = 0.0, None, "", 0.0
        if chance() < weather.late:
            delay = weather.max_delay * chance()
        if chance() < weather.doubled:
            again = delay + weather.max_delay * chance()
        if chance() < weather.unreadable:
            garbled = self._rng.choice(weather.garbles)
        if weather.ahead and chance() < weather.ahead:
            ahead = weather.max_ahead * chance()
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
        if rng.random() < 0.05:
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

    def reply(self) -> Reply:
        weather, rng = self._weather, self._rng
        least, most = weather.least_lag, weather.max_lag
        duration = rng.choice((0.05, 0.5, rng.uniform(0.0, READ_TIMEOUT)))
        lag = rng.choice((least, most, rng.uniform(least, most)))
        if self.fair:
            return Reply(duration, lag)
        if self.outage or self.rest_outage or rng.random() < weather.failing:
            failure = rng.choice(weather.failures)
            wait = self._wait() if rng.random() < 0.5 else None
            return Reply(duration, failure=failure, retry_after=wait)
        if rng.random() < weather.stuck:
            lag = rng.uniform(0.0, 120.0)
        garbled = omitted = None
        if rng.random() < weather.garbled:
            garbled = rng.choice((*CURRENCIES, ""))
        elif rng.random() < weather.omitted:
            omitted = rng.choice(CURRENCIES)
        return Reply(duration, lag, garbled, omitted, rng.random() < weather.empty)

    def farewell(self) -> float:
        return self._rng.choice((0.0, 0.05, 0.05, 5.0 * self._random()))

    def late_reply(self) -> bool:
        return self._random() < 0.5


PROMPT = Push((0.0,))
LOST = Push(())

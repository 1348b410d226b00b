"""An exchange that asks for every step, and is strict about the time of requests."""

from __future__ import annotations

from typing import Mapping, Sequence

from msgspec.structs import replace

from assetstream.exchanges import Upbit
from assetstream.exchanges.common.refusals import CLOCK_OFF, refusal
from assetstream.exchanges.upbit.conversation import UpbitConversation
from assetstream.model.errors import AssetStreamError
from assetstream.protocol import (
    Connect,
    Conversation,
    HttpCall,
    Instant,
    Memory,
    Reread,
    Snapshot,
    Step,
)
from tests.exchanges.upbit.wire import UpbitWire
from tests.support.spec import KEY, SECRET

__all__ = ["UNTIMELY", "TellingWire"]

DELTA = b'{"delta":"'


#: The answer to a request of another time.
UNTIMELY = 401, b'{"error":{"name":"time"}}'
#: A request may be so late, or early; ms.
LATE, EARLY = 5000, 1000


class TellingConversation(UpbitConversation):
    """Upbit's, with the frames of ``TellingWire`` besides."""

    def connect(self, instant: Instant, nonce: str) -> Connect:
        connect = super().connect(instant, nonce)
        return replace(connect, headers={**connect.headers, "Time": str(instant.ms)})

    def refused(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> AssetStreamError:
        if (status, body) == UNTIMELY:
            return refusal(self._exchange, CLOCK_OFF, "time", "", "the handshake")
        return super().refused(status, headers, body)

    def received(self, frames: Sequence[bytes], instant: Instant) -> Sequence[Step]:
        steps: list[Step] = []
        for frame in frames:
            if frame == TellingWire.late_login:
                error = refusal(self._exchange, CLOCK_OFF, "time", "", "the login")
                return [*steps, self._fail(error)]
            if frame == TellingWire.renewal:
                steps.append(self._renew("the exchange restarts"))
            elif frame.startswith(DELTA):
                currency = frame[len(DELTA) :].decode().rstrip('"}')
                steps += [*self._prove(), Reread(currency)]
            else:
                steps += super().received([frame], instant)
        return steps


class Telling(Upbit):
    """An exchange like Upbit that also says what Upbit never does."""

    def conversation(self, memory: Memory) -> Conversation:
        return TellingConversation(self, memory, self.format)

    def read(self, instant: Instant, nonce: str) -> HttpCall:
        call = super().read(instant, nonce)
        return replace(call, headers={**call.headers, "Time": str(instant.ms)})

    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> Snapshot:
        if (status, body) == UNTIMELY:
            raise refusal(self, CLOCK_OFF, "time", "", "reading the balances")
        return super().read_replied(status, headers, body)


class TellingWire(UpbitWire):
    """Upbit's forms, changes without amounts, ends that are announced, and times."""

    exchange = Telling(KEY, SECRET, region="sg")
    deltas = True
    renewal = b'{"renewal":true}'
    #: A login refused for its time.
    late_login = b'{"login":"late"}'

    def untimely(self, headers: Mapping[str, str], ms: int) -> tuple[int, bytes] | None:
        late = ms - int(headers["Time"])
        return None if -EARLY < late <= LATE else UNTIMELY

    def delta(self, currency: str) -> bytes:
        return DELTA + f'{currency}"}}'.encode()

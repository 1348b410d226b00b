"""The exchanges' wire forms, as their servers send them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Mapping, Sequence

from msgspec.structs import replace

from assetstream.exchanges import Upbit
from assetstream.exchanges.common.refusals import CLOCK_OFF, refusal
from assetstream.exchanges.upbit.conversation import UpbitConversation
from assetstream.model.errors import AssetStreamError
from assetstream.protocol import (
    Connect,
    Conversation,
    Exchange,
    HttpCall,
    Instant,
    Memory,
    Reread,
    Snapshot,
    Step,
)
from tests.support.specs import KEY, SECRET, make_coinw, make_upbit
from tests.support.world.ledger import Amounts

__all__ = [
    "LOGIN_REFUSED",
    "WIRES",
    "CoinWWire",
    "TellingWire",
    "UpbitWire",
    "Wire",
]

#: The first id in the documents' own sample.
FIRST_LEDGER_ID = 1125899934698144651
#: CoinW's answer to a login with a key that it refuses.
LOGIN_REFUSED = (
    b'{"data":{"result":false,"errorCode":1003,"errorMsg":"auth failed"},'
    b'"channel":"login"}'
)


class Wire:
    """One exchange's forms.

    Attributes:
        name: the exchange's.
        exchange: the real adapter.
        unknown_key: the answer of REST to a key that it refuses.
        at_upgrade: the upgrade is refused in the same words; else the login is.
        in_order: it sends pushes in the order of the changes.
        pushes_everything: deposits and withdrawals, too.
        deltas: a push may tell of a change without the amounts: garbled as "delta".
        renewal: the frame that announces the end of a connection; b"": there is none.
    """

    name: str
    exchange: Exchange
    unknown_key: tuple[int, bytes]
    at_upgrade: bool
    in_order: bool
    pushes_everything: bool
    deltas: bool = False
    renewal: bytes = b""

    def answers(self, text: str) -> tuple[Sequence[bytes], bool]:
        """Return the frames that answer a text, and whether it subscribes."""
        raise NotImplementedError

    def push(
        self, currency: str, amounts: Amounts, key: tuple[int, int], garbled: str = ""
    ) -> bytes:
        """Return the frame of one change.

        Args:
            currency: what changed.
            amounts: what it is now.
            key: the exchange's order of changes.
            garbled: what cannot be read: "entry", "frame" or nothing; "delta": it can,
                but says no amounts.
        """
        if garbled == "delta":
            return self.delta(currency)
        if garbled == "frame":
            return b'{"type":"myAsset","assets":[{"curr'
        available = '"?"' if garbled else self._amount(amounts[0])
        return self._push(currency, available, self._amount(amounts[1]), key)

    def untimely(self, headers: Mapping[str, str], ms: int) -> tuple[int, bytes] | None:
        """Return the refusal of a request that was not made at this time, if it is."""
        return None

    def delta(self, currency: str) -> bytes:
        """Return the frame of a change that does not say the amounts."""
        raise NotImplementedError

    def key(self, milliseconds: int, number: int) -> tuple[int, int]:
        """Return the key of the account's push ``number``, made at that time."""
        raise NotImplementedError

    def balances(
        self, held: Mapping[str, Amounts], garbled: str | None, twice: str | None
    ) -> bytes:
        """Return a reply of REST.

        Args:
            held: the balances to name.
            garbled: a currency whose entry cannot be read, "" for an entry without a
                name; None: all can be read.
            twice: a currency that stands twice in it; None: none does.
        """
        raise NotImplementedError

    def without(self, kind: str) -> bytes:
        """Return a reply with "null" or another "type" in the place of balances."""
        raise NotImplementedError

    def _amount(self, amount: Decimal) -> str:
        raise NotImplementedError

    def _push(
        self, currency: str, available: str, locked: str, key: tuple[int, int]
    ) -> bytes:
        raise NotImplementedError


class UpbitWire(Wire):
    """Upbit's forms."""

    name = "upbit"
    unknown_key = (
        401,
        b'{"error":{"name":"invalid_access_key","message":"No such key."}}',
    )
    at_upgrade = True
    in_order = True
    pushes_everything = True

    def __init__(self) -> None:
        self.exchange = make_upbit()

    def answers(self, text: str) -> tuple[Sequence[bytes], bool]:
        if "LIST_SUBSCRIPTIONS" in text:
            ticket = json.loads(text)[0]["ticket"]
            reply = (
                '{"method":"LIST_SUBSCRIPTIONS","result":[{"type":"myAsset"}],'
                f'"ticket":"{ticket}"}}'
            )
            return [reply.encode()], False
        return (), '"myAsset"' in text

    def key(self, milliseconds: int, number: int) -> tuple[int, int]:
        # Frames of one currency never share both times.
        return milliseconds, milliseconds + number

    def _amount(self, amount: Decimal) -> str:
        return str(amount)

    def _push(
        self, currency: str, available: str, locked: str, key: tuple[int, int]
    ) -> bytes:
        return (
            '{"type":"myAsset","asset_uuid":"00000000-0000-0000-0000-000000000001",'
            f'"assets":[{{"currency":"{currency}","balance":{available},'
            f'"locked":{locked}}}],"asset_timestamp":{key[0]},"timestamp":{key[1]},'
            '"stream_type":"REALTIME"}'
        ).encode()

    def balances(
        self, held: Mapping[str, Amounts], garbled: str | None, twice: str | None
    ) -> bytes:
        entries = [
            f'{{"currency":"{code}","balance":"{free}","locked":"{locked}",'
            '"avg_buy_price":"0","avg_buy_price_modified":false,"unit_currency":"SGD"}'
            for code, (free, locked) in held.items()
            if (free or locked) and code != garbled
        ]
        if garbled:
            entries.append(f'{{"currency":"{garbled}","balance":"?","locked":"0"}}')
        elif garbled is not None:
            entries.append('{"balance":"1","locked":"0"}')
        if twice:
            entries.append(f'{{"currency":"{twice}","balance":"7","locked":"7"}}')
        return ("[" + ",".join(entries) + "]").encode()

    def without(self, kind: str) -> bytes:
        return b"null" if kind == "null" else b"{}"


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
                return [*steps, self._renew("the exchange restarts")]
            if frame.startswith(DELTA):
                currency = frame[len(DELTA) :].decode().rstrip('"}')
                steps += [*self._prove(), Reread(currency)]
            else:
                steps += super().received([frame], instant)
        return steps


class Telling(Upbit):
    """An exchange like Upbit that also says what Upbit never does."""

    def conversation(self, memory: Memory) -> Conversation:
        return TellingConversation(self, memory, self.format, self.authorization)

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

    deltas = True
    renewal = b'{"renewal":true}'
    #: A login refused for its time.
    late_login = b'{"login":"late"}'

    def __init__(self) -> None:
        self.exchange = Telling(KEY, SECRET, region="sg")

    def untimely(self, headers: Mapping[str, str], ms: int) -> tuple[int, bytes] | None:
        late = ms - int(headers["Time"])
        return None if -EARLY < late <= LATE else UNTIMELY

    def delta(self, currency: str) -> bytes:
        return DELTA + f'{currency}"}}'.encode()


class CoinWWire(Wire):
    """CoinW's forms."""

    name = "coinw"
    unknown_key = (
        200,
        b'{"code":6000,"data":null,"msg":"authentication error","success":false,'
        b'"failed":true}',
    )
    at_upgrade = False
    in_order = False
    pushes_everything = False

    def __init__(self) -> None:
        self.exchange = make_coinw()

    def answers(self, text: str) -> tuple[Sequence[bytes], bool]:
        event = json.loads(text)["event"]
        if event == "login":
            return [b'{"data":{"result":true},"channel":"login"}'], False
        if event == "sub":
            reply = (
                b'{"biz":"exchange","data":{"result":true},"channel":"subscribe",'
                b'"type":"assets"}'
            )
            return [reply], True
        if event == "ping":
            return [b'{"event":"pong"}'], False
        return (), False

    def key(self, milliseconds: int, number: int) -> tuple[int, int]:
        return milliseconds, FIRST_LEDGER_ID + number

    def _amount(self, amount: Decimal) -> str:
        return f'"{amount}"'

    def _push(
        self, currency: str, available: str, locked: str, key: tuple[int, int]
    ) -> bytes:
        return (
            f'{{"biz":"exchange","data":{{"available":{available},'
            f'"currency":"{currency}","time":{key[0]},"type":"change",'
            f'"ledger_id":{key[1]},"account":"spot","hold":{locked}}},'
            '"type":"assets"}'
        ).encode()

    def balances(
        self, held: Mapping[str, Amounts], garbled: str | None, twice: str | None
    ) -> bytes:
        # Zeros are named as well, as the real one does.
        entries = [
            f'"{code}":{{"onOrders":"{locked}","available":"{free}"}}'
            for code, (free, locked) in held.items()
            if code != garbled
        ]
        if garbled is not None:
            entries.append(f'"{garbled}":{{"onOrders":"0","available":"?"}}')
        if twice:
            entries.append(f'"{twice}":{{"onOrders":"7","available":"7"}}')
        return self._body("{" + ",".join(entries) + "}")

    def without(self, kind: str) -> bytes:
        return self._body("null" if kind == "null" else "[]")

    def _body(self, data: str) -> bytes:
        return (
            f'{{"code":"200","data":{data},"msg":"SUCCESS","success":true,'
            '"failed":false}'
        ).encode()


WIRES = {"upbit": UpbitWire(), "coinw": CoinWWire()}

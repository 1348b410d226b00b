"""``GateSession``: Gate's side of one WebSocket."""

from __future__ import annotations

from typing import Any, Callable, Mapping

import msgspec

from assetstream.exchanges.gate.conversation import subscription_text
from assetstream.exchanges.gate.exchange import sign
from assetstream.exchanges.gate.frames import CHANNEL, PING, PONG
from assetstream.simulator.common.signatures import same
from assetstream.simulator.context import Context
from assetstream.simulator.gate.account import GateAccount
from assetstream.simulator.messages import Kind, json_of
from assetstream.simulator.session import LoginSession, Transport

__all__ = ["LABELS", "TOLERANCE", "GateSession", "quoting", "refusal"]

#: Seconds that a request may be ahead of Gate's clock, or behind it.
TOLERANCE = 60
#: Seconds after which a connection without a subscription is dropped.
UNUSED = 30.0
#: The words of every label, and the HTTP status of an answer with it.
LABELS: Mapping[str, tuple[int, str]] = {
    "INVALID_KEY": (401, "Invalid key provided"),
    "INVALID_SIGNATURE": (401, "Signature mismatch"),
    "MISSING_REQUIRED_HEADER": (400, "Missing required header: Timestamp"),
    "REQUEST_EXPIRED": (
        403,
        "gap between request Timestamp and server time exceeds 60",
    ),
    "IP_FORBIDDEN": (403, "IP address is not in the whitelist"),
    "FORBIDDEN": (403, "No permission to make the request"),
    "TOO_MANY_REQUESTS": (429, "Too many requests"),
    "NOT_FOUND": (404, "Not found"),
}


def refusal(code: int, message: str) -> dict[str, Any]:
    """Make the part of an answer that refuses a subscription."""
    error = {"code": code, "message": message}
    return {"error": error, "result": {"status": "fail"}}


def quoting(label: str) -> str:
    """Write the words of a refusal that quotes the answer of the login service."""
    answer = {"label": label, "message": LABELS[label][1]}
    quoted = msgspec.json.encode(answer).decode()
    return f"http get status code err, status : 400, info : {quoted}"


class GateSession(LoginSession[GateAccount]):
    """Subscription, ping and errors of one connection."""

    exchange = "gate"

    def __init__(
        self,
        context: Context,
        connection: Transport,
        account_of: Callable[[str], GateAccount | None],
        address: str,
    ) -> None:
        super().__init__(context, connection, account_of, address)
        self._last_message = connection.now()

    def opened(self) -> None:
        """Wait for the client to speak, but not for long."""
        super().opened()
        self.connection.call_later(UNUSED, self._drop_unused)

    def _drop_unused(self) -> None:
        if not self.subscribed:
            self.connection.drop()

    def idle(self, now: float) -> float:
        """Seconds since the client's last message."""
        return now - self._last_message

    def received(self, payload: bytes) -> None:
        """Answer a request."""
        self._last_message = self.connection.now()
        request = json_of(payload)
        if not isinstance(request, dict) or type(request.get("time")) is not int:
            refused = refusal(1, "Invalid request body format")
            self._answer(Kind.ERROR, "", "", refused)
        elif request.get("channel") == PING:
            self._answer(Kind.STATUS, PONG, "", {"error": None, "result": None})
        elif request.get("channel") != CHANNEL:
            refused = refusal(2, "Invalid argument provided")
            self._answer(Kind.ERROR, str(request.get("channel")), "", refused)
        elif request.get("event") == "unsubscribe":
            self.closed()
            self._answer(Kind.SUBSCRIPTION, CHANNEL, "unsubscribe", ACCEPTED)
        elif request.get("event") == "subscribe":
            self._subscribe(request)
        else:
            refused = refusal(2, "Invalid argument provided")
            self._answer(Kind.ERROR, CHANNEL, str(request.get("event")), refused)

    def _subscribe(self, request: dict[str, Any]) -> None:
        proof = request.get("auth")
        proof = proof if isinstance(proof, dict) else {}
        account = self._account_of(str(proof.get("KEY")))
        label = self._objection(request["time"], proof, account)
        if account is None or label:
            self._refuse(Kind.LOGIN, refusal(4, quoting(label)))
            return
        if not self.context.points.allow("login", account):
            self._refuse(Kind.LOGIN, refusal(4, "Authentication fail"))
            return
        if account is not self.account:
            self._identify(account)
        if not self.context.points.allow("subscription", account):
            refused = refusal(3, "Server side error happened")
            self._refuse(Kind.SUBSCRIPTION, refused)
            return
        # Answered first: no push comes before the acknowledgement, no snapshot ever.
        self._answer(Kind.SUBSCRIPTION, CHANNEL, "subscribe", ACCEPTED, accepted=True)
        account.subscribe(self)

    def _objection(
        self, time: int, proof: dict[str, Any], account: GateAccount | None
    ) -> str:
        """Return the label of what is wrong with a subscription; "": nothing."""
        # Before the key: so does the real one.
        if abs(time - self.context.wall_ms(self.exchange) / 1000) > TOLERANCE:
            return "REQUEST_EXPIRED"
        if account is None:
            return "INVALID_KEY"
        right = sign(subscription_text(time), account.secret_key)
        given = str(proof.get("SIGN"))
        if proof.get("method") != "api_key" or not same(right, given):
            return "INVALID_SIGNATURE"
        if not account.credentials.allows_ip(self._address):
            return "IP_FORBIDDEN"
        return "" if account.credentials.may_view else "FORBIDDEN"

    def _refuse(self, kind: Kind, refused: dict[str, Any]) -> None:
        self._answer(kind, CHANNEL, "subscribe", refused, accepted=False)

    def _answer(
        self,
        kind: Kind,
        channel: str,
        event: str,
        outcome: Mapping[str, Any],
        *,
        accepted: bool | None = None,
    ) -> None:
        ms = self.context.wall_ms(self.exchange)
        times = {"time": ms // 1000, "time_ms": ms}
        content = {**times, "channel": channel, "event": event, **outcome}
        self._send(kind, content, accepted)


ACCEPTED: Mapping[str, Any] = {"error": None, "result": {"status": "success"}}

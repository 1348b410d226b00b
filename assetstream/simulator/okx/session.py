"""``OKXSession``: OKX's side of one private WebSocket."""

from __future__ import annotations

from typing import Any, Callable

import msgspec

from assetstream.simulator.common.signatures import same
from assetstream.simulator.context import Context
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Kind, Message
from assetstream.simulator.okx.account import OKXAccount
from assetstream.simulator.okx.refusals import CONNECTION, error
from assetstream.simulator.okx.signatures import LOGIN, WINDOW_S, signature
from assetstream.simulator.session import LoginSession, Transport

__all__ = ["OKXSession"]

CHANNELS = ("account", "positions", "orders", "balance_and_position")
#: Seconds in which neither side says anything, after which OKX closes.
LONGEST_SILENCE = 30.0
TOO_SILENT = 4004, "No data received in 30s."


class OperationError(Exception):
    """Error that a request gets, by its code."""


class OKXSession(LoginSession[OKXAccount]):
    """Login, subscriptions, the text ping and errors of one connection."""

    exchange = "okx"

    def __init__(
        self,
        context: Context,
        connection: Transport,
        account_of: Callable[[str], OKXAccount | None],
        address: str,
        region: str,
    ) -> None:
        super().__init__(context, connection, account_of, address)
        self._region = region
        self._requests = Limit(480, 3600.0)
        self._operations = {
            "login": self._login,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
        }

    def idle(self, now: float) -> float:
        """Seconds since anything was sent or received."""
        return now - max(self.connection.last_received, self.connection.last_sent)

    def watch_idleness(self) -> None:
        """Close the connection once it was silent for too long."""
        longest = min(self.context.idle_timeout, LONGEST_SILENCE)
        left = longest - self.idle(self.connection.now())
        if left <= 0:
            self.connection.close(*TOO_SILENT)
        else:
            self.connection.call_later(left, self.watch_idleness)

    def received(self, payload: bytes) -> None:
        """Answer a request, or the text ping, which is no JSON."""
        if payload == b"ping":
            self.send(Message(Kind.STATUS, b"pong"))
            return
        try:
            request = msgspec.json.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._send(Kind.ERROR, error("60012"))
            return
        operation = request.get("op") if isinstance(request, dict) else None
        act = self._operations.get(operation) if isinstance(operation, str) else None
        if act is None:
            self._send(Kind.ERROR, error("60019"))
            return
        kind = Kind.LOGIN if operation == "login" else Kind.SUBSCRIPTION
        try:
            if not self._requests.use():
                raise OperationError("60014")
            arguments = request.get("args")
            if not isinstance(arguments, list) or len(arguments) != 1:
                raise OperationError("60013")
            if not isinstance(arguments[0], dict):
                raise OperationError("60013")
            act(arguments[0])
        except OperationError as wrong:
            accepted = None if operation == "unsubscribe" else False
            self._send(kind, error(str(wrong)), accepted)

    def _login(self, argument: dict[str, Any]) -> None:
        if self.account is not None:
            raise OperationError("60031")
        account = self._authenticated(argument)
        self._identify(account)
        answer = {"event": "login", "code": "0", "msg": "", "connId": CONNECTION}
        self._send(Kind.LOGIN, answer, accepted=True)

    def _authenticated(self, argument: dict[str, Any]) -> OKXAccount:
        """Return the account that logs in, if all of the login is right."""
        # A text as documented, or a number as OKX's own SDK sends it; no milliseconds.
        time, given = str(argument.get("timestamp")), str(argument.get("sign"))
        if not time.isascii() or not time.isdecimal() or len(time) != 10:
            raise OperationError("60004")
        if abs(self.context.wall(self.exchange) - int(time)) > WINDOW_S:
            raise OperationError("60006")
        account = self._account_of(str(argument.get("apiKey")))
        if account is None:
            raise OperationError("60032")
        if not same(account.passphrase, str(argument.get("passphrase"))):
            raise OperationError("60024")
        if not same(signature(time, LOGIN, account.secret_key), given):
            raise OperationError("60007")
        if account.region != self._region:
            raise OperationError("50101")
        if not account.credentials.allows_ip(self._address):
            raise OperationError("50110")
        if not self.context.points.allow("login", account):
            raise OperationError("60009")
        return account

    def _subscribe(self, argument: dict[str, Any]) -> None:
        account = self._subscribing(argument)
        if not account.credentials.may_view:
            raise OperationError("50120")
        extra = argument.get("extraParams", "{}")
        try:
            msgspec.json.decode(extra, type=dict[str, str])
        except (msgspec.MsgspecError, TypeError):
            raise OperationError("60013") from None
        if not self.context.points.allow("subscription", account):
            raise OperationError("60012")
        ours = argument["channel"] == "account"
        # Answered first: no push comes before the acknowledgement. A second one is
        # acknowledged again, and doubles nothing but the snapshot.
        self._acknowledge("subscribe", argument, accepted=True)
        if not ours:
            return
        others = account.subscribers - self.subscribed
        count = {"channel": "account", "connCount": str(others + 1)}
        if others >= account.connections:
            # After the acknowledgement that it contradicts, as documented.
            name = "channel-conn-count-error"
            refusal = {"event": name, **count, "connId": CONNECTION}
            self._send(Kind.ERROR, refusal)
            return
        told = {"event": "channel-conn-count", **count, "connId": CONNECTION}
        self._send(Kind.SUBSCRIPTION, told)
        account.subscribe(self)

    def _unsubscribe(self, argument: dict[str, Any]) -> None:
        account = self._subscribing(argument)
        if argument["channel"] == "account":
            account.unsubscribe(self)
        self._acknowledge("unsubscribe", argument, accepted=None)

    def _subscribing(self, argument: dict[str, Any]) -> OKXAccount:
        """Return the account, if a request about a channel is one."""
        if argument.get("channel") not in CHANNELS:
            raise OperationError("60018")
        if self.account is None:
            raise OperationError("60011")
        return self.account

    def _acknowledge(
        self, name: str, argument: dict[str, Any], accepted: bool | None
    ) -> None:
        answer = {"event": name, "arg": argument, "connId": CONNECTION}
        self._send(Kind.SUBSCRIPTION, answer, accepted)

"""Cases with mistakes of the user's, and faults of our own code."""

from __future__ import annotations

import json
import os
import pickle
from functools import partial
from typing import Any, Callable

import pytest

from assetstream import (
    AuthenticationError,
    CallbackError,
    ConfigurationError,
    State,
    StreamStateError,
)
from assetstream.model.errors import AssetStreamError
from assetstream.runtime.net import connection, rest_client
from assetstream.runtime.net.websocket_client import WebSocketClient
from assetstream.simulator.messages import Reply, Request
from tests.support.secrecy.network import proxy_url
from tests.support.secrecy.setup import Case, Echo, SecrecySetup
from tests.support.specs import keys_of

__all__ = ["LOCAL_FAULTS"]


def wrong_arguments(setup: SecrecySetup) -> None:
    exchange = setup.exchange
    key, secret, *_ = keys_of(exchange)
    attempts: list[Callable[[], object]] = [
        lambda: setup.stream(proxy=proxy_url(setup, "ftp", 1)),
        *(
            partial(setup.adapter, **{name: wrong.format(own)})
            for name, own in zip(exchange.key_names, keys_of(exchange), strict=True)
            for wrong in ("{} x", "{}\t", "-----BEGIN PRIVATE KEY-----\n{}")
        ),
        lambda: setup.adapter(ws_url=f"wss://{key}:{secret}@127.0.0.1/"),
        lambda: setup.adapter(rest_url=f"https://127.0.0.1/?sign={secret}"),
    ]
    for attempt in attempts:
        with pytest.raises(ConfigurationError) as raised:
            attempt()
        # Without variables: the caller's own line has the same arguments.
        setup.detector.add("raised", str(raised.value), repr(raised.value))
        setup.detector.add("raised", repr(vars(raised.value)))


def callback_raises(setup: SecrecySetup) -> None:
    def handler(event: object) -> None:
        raise RuntimeError("of the user's")

    stream = setup.live(on_asset=handler, on_state=handler)
    setup.recorder.wait_for(lambda e: isinstance(e, CallbackError))
    setup.finish(stream)


class KeyRefused(Echo):
    """Refuses the key as the exchange does, in words that quote the request."""

    def rest(self, request: Request) -> Reply:
        status, body = self.setup.spec.refusal
        return Reply.json(status, quoting(json.loads(body), self.quoted(request)))


def quoting(value: Any, quoted: str) -> Any:
    """Put a text in the place of all words; a code has no spaces."""
    if isinstance(value, dict):
        return {name: quoting(each, quoted) for name, each in value.items()}
    return quoted if isinstance(value, str) and " " in value else value


def errors_are_logged(setup: SecrecySetup) -> None:
    """A stream without ``on_error`` logs its errors."""
    stream = setup.stream(on_error=None)
    with setup.simulator.faults.add(KeyRefused(setup, "rest", 401)):
        with pytest.raises(AuthenticationError) as raised:
            stream.start()
        setup.detector.add_error("raised", raised.value)
    setup.finish(stream)


def fault_in(owner: object, name: str) -> Case:
    """Return a case in which a function deep inside raises, with secrets around it."""

    def run(setup: SecrecySetup) -> None:
        def broken(*args: Any, **options: Any) -> None:
            raise TypeError("a fault of ours")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(owner, name, broken)
            setup.expect_refusal(AssetStreamError)
        assert setup.detector.contains("internal error")

    return run


def fault_in_adapter(name: str) -> Case:
    def run(setup: SecrecySetup) -> None:
        fault_in(type(setup.exchange), name)(setup)

    return run


def two_streams(setup: SecrecySetup) -> None:
    """Two streams of one key log a warning."""
    one = setup.live()
    setup.finish(setup.live())
    setup.finish(one)
    assert setup.detector.contains("another stream with the same key")


def forked(setup: SecrecySetup) -> None:
    """A forked child is refused everything; only the process number is changed."""
    stream = setup.live()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "getpid", lambda: -1)
        with pytest.raises(StreamStateError, match="After a fork") as raised:
            stream.stop()
        setup.detector.add("in the child", repr(stream))
        setup.detector.add_error("raised in the child", raised.value)
    setup.finish(stream)


def pickled(setup: SecrecySetup) -> None:
    """Streams and exchanges refuse to be pickled; events can be."""
    stream = setup.live()
    setup.simulator.drop_connections()
    setup.recorder.wait_for_state(State.LIVE, times=2)
    for each in (stream, setup.exchange):
        with pytest.raises(TypeError, match="not pickled") as raised:
            pickle.dumps(each)
        setup.detector.add_error("raised", raised.value)
    setup.finish(stream)
    for event in [*setup.recorder.events, stream.health()]:
        setup.detector.add("pickle", pickle.dumps(event).decode("latin-1"))


LOCAL_FAULTS: dict[str, Case] = {
    "wrong arguments": wrong_arguments,
    "callback raises": callback_raises,
    "errors are logged": errors_are_logged,
    "fault in the frames": fault_in_adapter("conversation"),
    "fault in the reply": fault_in_adapter("read_replied"),
    "fault in sending": fault_in(WebSocketClient, "send"),
    "fault in the library": fault_in(connection, "upgrade"),
    "fault in REST": fault_in(rest_client.Adapter, "ask"),
    "fault below REST": fault_in(rest_client.PlainConnection, "request"),
    "two streams": two_streams,
    "forked": forked,
    "pickled": pickled,
}

"""Faults of the user's and of our own."""

from __future__ import annotations

import os
import pickle
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
from assetstream.runtime.net import rest_client
from assetstream.runtime.net.websocket_client import WebSocketClient
from tests.support.secrecy.on_the_way import proxy_url
from tests.support.secrecy.scene import Echo, Play, Scene
from tests.support.specs import keys_of

__all__ = ["OWN_FAULTS"]


def wrong_arguments(scene: Scene) -> None:
    key, secret = keys_of(scene.exchange)
    attempts: list[Callable[[], object]] = [
        lambda: scene.stream(proxy=proxy_url(scene, "ftp", 1)),
        lambda: scene.adapter(key=f"{key} "),
        lambda: scene.adapter(secret=f"{secret}\n"),
        lambda: scene.adapter(ws_url=f"wss://{key}:{secret}@127.0.0.1/"),
        lambda: scene.adapter(rest_url=f"https://127.0.0.1/?sign={secret}"),
    ]
    for attempt in attempts:
        with pytest.raises(ConfigurationError) as raised:
            attempt()
        # Without variables: the caller's own line has the same arguments.
        scene.out.add("raised", str(raised.value), repr(raised.value))
        scene.out.add("raised", repr(vars(raised.value)))


def callback_raises(scene: Scene) -> None:
    def handler(event: object) -> None:
        raise RuntimeError("of the user's")

    stream = scene.live(on_asset=handler, on_state=handler)
    scene.heard.wait_for(lambda e: isinstance(e, CallbackError))
    scene.ended(stream)


def errors_are_logged(scene: Scene) -> None:
    """With no on_error."""
    stream = scene.stream(on_error=None)
    with scene.simulator.faults.add(Echo(scene, "rest", 401)):
        with pytest.raises(AuthenticationError) as raised:
            stream.start()
        scene.out.add_error("raised", raised.value)
    scene.ended(stream)


def fault_in(owner: object, name: str) -> Play:
    """Something breaks deep inside, with secrets in the variables around it."""

    def run(scene: Scene) -> None:
        def broken(*args: Any, **options: Any) -> None:
            raise TypeError("a fault of ours")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(owner, name, broken)
            scene.refused(AssetStreamError)
        assert scene.out.contains("internal error")

    return run


def fault_in_adapter(name: str) -> Play:
    def run(scene: Scene) -> None:
        fault_in(type(scene.exchange), name)(scene)

    return run


def two_streams(scene: Scene) -> None:
    """Of one key: a warning."""
    one = scene.live()
    scene.ended(scene.live())
    scene.ended(one)
    assert scene.out.contains("another stream with the same key")


def forked(scene: Scene) -> None:
    """The child is refused everything; here it is only the process's number."""
    stream = scene.live()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "getpid", lambda: -1)
        with pytest.raises(StreamStateError, match="After a fork") as raised:
            stream.stop()
        scene.out.add("in the child", repr(stream))
        scene.out.add_error("raised in the child", raised.value)
    scene.ended(stream)


def pickled(scene: Scene) -> None:
    """Streams and exchanges are not; what they told may be."""
    stream = scene.live()
    scene.simulator.drop_connections()
    scene.heard.wait_for_state(State.LIVE, times=2)
    for each in (stream, scene.exchange):
        with pytest.raises(TypeError, match="not pickled") as raised:
            pickle.dumps(each)
        scene.out.add_error("raised", raised.value)
    scene.ended(stream)
    for event in [*scene.heard.events, stream.health()]:
        scene.out.add("pickle", pickle.dumps(event).decode("latin-1"))


OWN_FAULTS: dict[str, Play] = {
    "wrong arguments": wrong_arguments,
    "callback raises": callback_raises,
    "errors are logged": errors_are_logged,
    "fault in the frames": fault_in_adapter("conversation"),
    "fault in the reply": fault_in_adapter("read_replied"),
    "fault in sending": fault_in(WebSocketClient, "send"),
    "fault in the library": fault_in(WebSocketClient, "run"),
    "fault in REST": fault_in(rest_client.Adapter, "send"),
    "fault below REST": fault_in(rest_client.PlainConnection, "request"),
    "two streams": two_streams,
    "forked": forked,
    "pickled": pickled,
}

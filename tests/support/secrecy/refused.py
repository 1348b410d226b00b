"""Refused by the exchange, which quotes what it was sent."""

from __future__ import annotations

import json

import pytest

from assetstream import (
    AssetUpdate,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    StreamTimeout,
)
from assetstream.model.errors import AssetStreamError
from assetstream.simulator import simulator
from tests.support.secrecy.scene import ODD, Echo, EchoFrames, Play, Scene
from tests.support.specs import keys_of

__all__ = ["REFUSED"]


def wrong_secret(scene: Scene) -> None:
    scene.adapter(secret="NotTheSecret" * 4)
    scene.refused(AuthenticationError)


def wrong_key(scene: Scene) -> None:
    scene.adapter(key="NotTheKey" * 4)
    scene.refused(AuthenticationError)


def missing_permission(scene: Scene) -> None:
    scene.use(getattr(scene.simulator, scene.account.name)(permissions=["order"]))
    # CoinW refuses the login without saying why.
    upbit = scene.account.name == "upbit"
    scene.refused(PermissionDenied if upbit else AuthenticationError)


def unlisted_address(scene: Scene) -> None:
    scene.use(getattr(scene.simulator, scene.account.name)(allowed_ips=["192.0.2.1"]))
    scene.refused(AssetStreamError)


def upgrade_refused(status: int, kind: type[Exception]) -> Play:
    def run(scene: Scene) -> None:
        with scene.simulator.faults.add(Echo(scene, "upgrade", status)):
            scene.retried(kind)

    return run


def login_refused(scene: Scene) -> None:
    with scene.simulator.refuse_logins():
        scene.refused(AuthenticationError)


def frames_echoed(scene: Scene) -> None:
    with scene.simulator.faults.add(EchoFrames(scene)):
        scene.retried(ExchangeError)
    assert scene.out.contains("***")


def rest_refused(status: int, kind: type[Exception], form: str = "rest") -> Play:
    def run(scene: Scene) -> None:
        with scene.simulator.faults.add(Echo(scene, form, status)):
            scene.retried(kind)

    return run


def not_live_in_time(scene: Scene) -> None:
    stream = scene.stream()
    with (
        scene.simulator.faults.add(Echo(scene, "rest", 500)),
        pytest.raises(StreamTimeout) as raised,
    ):
        stream.start(timeout=0.2)
    scene.out.add_error("raised", raised.value)
    scene.ended(stream)


def garbage(scene: Scene) -> None:
    spill = scene.spill
    secret = keys_of(scene.exchange)[1]
    # Only Upbit has tokens to hide.
    upbit = scene.account.name == "upbit"
    token = "eyJhbGciOiJIUzI1NiJ9.eyJhY2Nlc3Nfa2V5IjoiYSJ9.c2ln" if upbit else "token"
    stream = scene.live()
    frames: list[bytes | str] = [
        spill.encode() + b"\xff",
        f'{{"{secret}": 1',
        json.dumps([spill, token]),
        json.dumps({spill: token}),
        json.dumps({"type": spill, "biz": 1, "data": {"currency": 1}}),
        # What is wrong is quoted nowhere.
        *(
            json.dumps(
                {
                    "type": kind,
                    "biz": "exchange",
                    "assets": [{"currency": code, "balance": wrong, "locked": wrong}],
                    "data": {"currency": code, "available": wrong, "hold": wrong},
                    "asset_timestamp": secret,
                }
            )
            for kind in ("myAsset", "assets")
            for code, wrong in [("BTC", spill), ("BTC", token), (spill, "1")]
        ),
    ]
    for frame in frames:
        scene.send(frame)
    scene.account.deposit("USDT", "1")
    scene.heard.wait_for(lambda e: isinstance(e, AssetUpdate) and e.available == 1001)
    assert len(scene.heard.of(ProtocolError)) >= 6
    scene.ended(stream)
    assert scene.out.contains("***")


def closed_with_a_reason(scene: Scene) -> None:
    stream = scene.live()
    scene.simulator.close_connections(1008, scene.spill[:120])
    scene.heard.wait_for(lambda e: isinstance(e, ConnectionLost))
    scene.ended(stream)
    assert scene.out.contains("***")


def diagnosed(scene: Scene) -> None:
    """Well, and refused at each stage in words that quote everything."""
    echoes = (
        *(Echo(scene, to, 401) for to in ("rest", "upgrade")),
        Echo(scene, "rest, own form", 400),
        EchoFrames(scene),
    )
    stream = scene.stream()
    scene.out.add("diagnosis", stream.diagnose())
    for echo in echoes:
        with scene.simulator.faults.add(echo):
            diagnosis = stream.diagnose()
        assert "RED" in repr(diagnosis)
        scene.out.add("diagnosis", diagnosis, *diagnosis)
    assert scene.out.contains("***")
    scene.ended(stream)


def with_odd_keys(play: Play) -> Play:
    """The same with keys that look different in a URL, in JSON and in a repr."""

    def run(scene: Scene) -> None:
        def letters(rng: object, length: int) -> str:
            return f"{usual(rng, length)}{ODD}end"  # type: ignore[arg-type]

        usual = simulator.letters
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(simulator, "letters", letters)
            new = getattr(scene.simulator, scene.account.name)
            scene.use(new({"BTC": "1", "USDT": "1000"}))
        play(scene)

    return run


REFUSED: dict[str, Play] = {
    "wrong secret": wrong_secret,
    "wrong key": wrong_key,
    "missing permission": missing_permission,
    "unlisted address": unlisted_address,
    "upgrade 302": upgrade_refused(302, AssetStreamError),
    "upgrade 401": upgrade_refused(401, AuthenticationError),
    "upgrade 403": upgrade_refused(403, ConnectionLost),
    "upgrade 429": upgrade_refused(429, RateLimited),
    "upgrade 500": upgrade_refused(500, ConnectionLost),
    "login refused": login_refused,
    "frames echoed": frames_echoed,
    "REST 200": rest_refused(200, ProtocolError),
    "REST 302": rest_refused(302, AssetStreamError),
    "REST 401": rest_refused(401, AuthenticationError),
    "REST 403": rest_refused(403, ConnectionLost),
    "REST 429": rest_refused(429, RateLimited),
    "REST 500": rest_refused(500, ConnectionLost),
    "REST 400, own form": rest_refused(400, ExchangeError, "rest, own form"),
    "not LIVE in time": not_live_in_time,
    "garbage": garbage,
    "diagnosed": diagnosed,
    "closed with a reason": closed_with_a_reason,
}
REFUSED |= {
    f"{name}, odd keys": with_odd_keys(REFUSED[name])
    for name in (
        *("upgrade 401", "upgrade 500", "login refused", "frames echoed", "REST 200"),
        *("REST 401", "REST 500", "REST 400, own form", "garbage"),
        *("closed with a reason", "diagnosed"),
    )
}

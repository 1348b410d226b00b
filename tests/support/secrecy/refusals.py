"""Cases in which the exchange refuses, and quotes the request."""

from __future__ import annotations

import json
import random
import sys
from typing import Any, Iterator
from urllib.parse import urlsplit

import pytest

from assetstream import (
    AssetUpdate,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    ProtocolError,
    RateLimited,
    StreamTimeout,
    Verdict,
)
from assetstream.doctor import connection
from assetstream.model.errors import AssetStreamError
from assetstream.simulator import account
from assetstream.simulator.registry import VENUES
from tests.support.event_recorder import PATIENCE
from tests.support.raw_server import Peer, RawServer
from tests.support.secrecy.setup import ODD, Case, Echo, EchoFrames, SecrecySetup
from tests.support.spec import NONCE, at, proved
from tests.support.specs import keys_of, reported

__all__ = ["REFUSALS"]


def wrong_secret(setup: SecrecySetup) -> None:
    own = setup.exchange
    for name in own.key_names[1:]:
        setup.adapter(**{name: "NotTheSecret" * 4})
        setup.expect_refusal(AuthenticationError)
        setup.exchange = own


def wrong_key(setup: SecrecySetup) -> None:
    setup.adapter(**{setup.exchange.key_names[0]: "NotTheKey" * 4})
    setup.expect_refusal(AuthenticationError)


def missing_permission(setup: SecrecySetup) -> None:
    setup.open(permissions=["order"])
    setup.expect_refusal(setup.spec.unpermitted)


def unlisted_address(setup: SecrecySetup) -> None:
    setup.open(allowed_ips=["192.0.2.1"])
    setup.expect_refusal(AssetStreamError)


def upgrade_refused(status: int, kind: type[Exception]) -> Case:
    def run(setup: SecrecySetup) -> None:
        with setup.simulator.faults.add(Echo(setup, "upgrade", status)):
            setup.expect_retry(kind)

    return run


def subscription_refused(setup: SecrecySetup) -> None:
    with setup.simulator.fault("subscribe_refused"):
        setup.expect_retry(AssetStreamError)


def login_refused(setup: SecrecySetup) -> None:
    with setup.simulator.refuse_logins():
        setup.expect_refusal(AuthenticationError)


def frames_echoed(setup: SecrecySetup) -> None:
    with setup.simulator.faults.add(EchoFrames(setup)):
        setup.expect_retry(ExchangeError)
    assert setup.detector.contains("***")


def rest_refused(status: int, kind: type[Exception], form: str = "rest") -> Case:
    def run(setup: SecrecySetup) -> None:
        with setup.simulator.faults.add(Echo(setup, form, status)):
            setup.expect_retry(kind)

    return run


def hung_up_on(side: str, kind: type[Exception]) -> Case:
    """Return a case whose server quotes the request in place of an answer."""

    def run(setup: SecrecySetup) -> None:
        def quote_it(peer: Peer) -> None:
            asked = peer.read_request()
            first, *lines = asked.decode().split("\r\n")
            setup.detector.guard_signatures(first.partition("?")[2])
            setup.detector.guard_headers(
                dict(x.split(": ", 1) for x in lines if ": " in x)
            )
            peer.send(b"what? " + asked + b"\r\n\r\n")

        with RawServer(quote_it) as server:
            setup.move(side, server)
            setup.expect_retry(kind)

    return run


def not_live_in_time(setup: SecrecySetup) -> None:
    stream = setup.stream()
    jumps = iter([PATIENCE])  # one: stopping has a deadline as well
    stream.on_error(lambda error: setup.pass_time(next(jumps, 0.0)))
    with (
        setup.simulator.faults.add(Echo(setup, "rest", 500)),
        pytest.raises(StreamTimeout) as raised,
    ):
        stream.start(timeout=PATIENCE)
    assert raised.value.__cause__ is not None
    setup.detector.add_error("raised", raised.value)
    setup.finish(stream)


def garbage(setup: SecrecySetup) -> None:
    credentials_text = setup.credentials_text
    secret = keys_of(setup.exchange)[1]
    signed = signed_request(setup)
    stream = setup.live()
    frames: list[bytes | str] = [
        credentials_text.encode() + b"\xff",
        f'{{"{secret}": 1',
        json.dumps([credentials_text, signed]),
        json.dumps({credentials_text: signed}),
        # Errors do not quote the wrong value.
        *(
            frame
            for words in (credentials_text, signed)
            for frame in map(json.dumps, spoilt(json.loads(setup.spec.push), words))
            if not reported(proved(setup.spec).received([frame.encode()], at(1.0)))
        ),
    ]
    for number, frame in enumerate(frames, 1001):
        setup.send(frame)
        # Errors that are alike and wait together would be one.
        setup.account.deposit("USDT", "1")
        setup.recorder.wait_for(
            lambda e, number=number: (
                isinstance(e, AssetUpdate) and e.available == number
            )
        )
    assert len(setup.recorder.of(ProtocolError)) >= 6
    setup.finish(stream)
    assert setup.detector.contains("***")


def signed_request(setup: SecrecySetup) -> str:
    """Return all that a request for the balances is signed with, and guard it."""
    call = setup.exchange.read(at(0.0), NONCE)
    query = urlsplit(call.url).query
    setup.detector.guard_headers(call.headers)
    setup.detector.guard_signatures(query)
    return " ".join([query, *call.headers.values()])


def spoilt(value: Any, words: str) -> Iterator[Any]:
    """Give a JSON value with ``words`` in place of each text or number in turn."""
    if not isinstance(value, (dict, list)):
        yield words
        return
    for place in value if isinstance(value, dict) else range(len(value)):
        for each in spoilt(value[place], words):
            copy = value.copy()
            copy[place] = each
            yield copy


def closed_with_a_reason(setup: SecrecySetup) -> None:
    stream = setup.live()
    setup.simulator.close_connections(1008, setup.credentials_text[:120])
    setup.recorder.wait_for(lambda e: isinstance(e, ConnectionLost))
    setup.finish(stream)
    assert setup.detector.contains("***")


def diagnosed(setup: SecrecySetup) -> None:
    """The doctor finds all well, then is refused at each stage with quotes."""
    echoes = (
        *(Echo(setup, to, 401) for to in ("rest", "upgrade")),
        Echo(setup, "rest, own form", 400),
        EchoFrames(setup),
    )
    stream = setup.stream()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "PING_INTERVAL", 0.02)
        well = stream.diagnose()
        assert well.verdict is not Verdict.RED, well  # odd keys are worth a hint
        setup.detector.add("diagnosis", well, *well)
        for echo in echoes:
            with setup.simulator.faults.add(echo):
                diagnosis = stream.diagnose()
            assert diagnosis.verdict is Verdict.RED, diagnosis
            setup.detector.add("diagnosis", diagnosis, *diagnosis)
    assert setup.detector.contains("***")
    setup.finish(stream)


def with_odd_keys(case: Case) -> Case:
    """Return the case with keys that URLs, JSON and reprs must escape."""

    def run(setup: SecrecySetup) -> None:
        # The public key is made first.
        plain = iter([setup.spec.key_form_is_law])

        def letters(rng: random.Random, length: int, *of: str) -> str:
            made = account.letters(rng, length, *of)
            return made if next(plain, False) else f"{made}{ODD}end"

        module = sys.modules[VENUES[setup.account.name].__module__]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "letters", letters)
            setup.open()
        case(setup)

    return run


REFUSALS: dict[str, Case] = {
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
    "subscription refused": subscription_refused,
    "frames echoed": frames_echoed,
    "REST 200": rest_refused(200, ProtocolError),
    "REST 302": rest_refused(302, AssetStreamError),
    "REST 401": rest_refused(401, AuthenticationError),
    "REST 403": rest_refused(403, ConnectionLost),
    "REST 429": rest_refused(429, RateLimited),
    "REST 500": rest_refused(500, ConnectionLost),
    "REST 400, own form": rest_refused(400, ExchangeError, "rest, own form"),
    "hung up on": hung_up_on("WebSocket", ProtocolError),
    "hung up on at REST": hung_up_on("REST", ConnectionLost),
    "not LIVE in time": not_live_in_time,
    "garbage": garbage,
    "diagnosed": diagnosed,
    "closed with a reason": closed_with_a_reason,
}
REFUSALS |= {
    f"{name}, odd keys": with_odd_keys(REFUSALS[name])
    for name in (
        *("upgrade 401", "upgrade 500", "login refused", "frames echoed", "REST 200"),
        *("REST 401", "REST 500", "REST 400, own form", "garbage"),
        *("closed with a reason", "diagnosed"),
    )
}

"""No secret leaks: every success and failure is run, and its output searched."""

from __future__ import annotations

import json
import logging
import warnings
from typing import Any, Callable, Iterator, Mapping
from urllib.parse import quote

import pytest

from assetstream import CoinW, ConnectionLost, Upbit
from assetstream.protocol import Exchange
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.clock import TimeMachine
from tests.support.leak_detector import LeakDetector, bare
from tests.support.secrecy import CASES, cases, searched
from tests.support.specs import keys_of

pytestmark = pytest.mark.usefixtures("no_rate_limits")


@pytest.fixture
def detector() -> Iterator[LeakDetector]:
    """Give a detector with all loggers at DEBUG."""
    with LeakDetector() as detector:
        yield detector


@pytest.mark.parametrize(("case", "venue", "kind"), cases())
def test_nothing_secret_leaks(
    exchange: Simulator,
    time_machine: TimeMachine,
    capsys: pytest.CaptureFixture[str],
    case: str,
    venue: str,
    kind: Mapping[str, Any],
) -> None:
    """Everything that comes of the case is searched."""
    account = exchange.open(venue, {"BTC": "1", "USDT": "1000"}, **kind)
    with searched(exchange, account, time_machine, capsys, kind) as setup:
        CASES[case](setup)


def test_what_leaks_is_found(
    account: Account, detector: LeakDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The detector finds a secret in each kind of output."""
    exchange = account.exchange()
    detector.guard_exchange(exchange)
    secret = keys_of(exchange)[1]
    error = ConnectionLost("lost")
    detector.add_error("of no harm", error)
    assert detector.leaks == []

    namespace: dict[str, Any] = {"error": error}
    code = "def ask(hidden):\n    raise error\n"
    exec(compile(code, "elsewhere.py", "exec"), namespace)
    with pytest.raises(ConnectionLost):
        namespace["ask"](secret)
    detector.add_error("raised", error)
    logging.getLogger("websocket").debug("sent %s", secret)
    monkeypatch.setattr(type(exchange), "__repr__", lambda self: secret)
    detector.add("repr", exchange)
    warnings.warn(secret, stacklevel=1)
    detector.finish()
    detector.add("token", "Bearer eyJhbGciOiJI")

    assert {where.partition(",")[0].split(" ")[0] for where in detector.leaks} == {
        "locals",
        "log",
        "arguments",
        "repr",
        "warning",
        "token",
    }


@pytest.mark.parametrize("fact", ["problem", "remedy", "hints"])
def test_a_leak_by_any_fact_of_an_error_is_found(
    account: Account, detector: LeakDetector, fact: str
) -> None:
    """The doctor shows hints, though the text has none."""
    exchange = account.exchange()
    detector.guard_exchange(exchange)
    secret = keys_of(exchange)[1]
    error = ConnectionLost("lost")
    setattr(error, fact, (secret,) if fact == "hints" else secret)
    detector.add_error("raised", error)

    assert detector.leaks


#: Forms of a secret in URLs, JSON and reprs, nested ones too.
FORMS: list[Callable[[str], str]] = [
    lambda secret: secret,
    lambda secret: quote(secret, safe=""),
    lambda secret: quote(quote(secret)),
    json.dumps,
    lambda secret: json.dumps(json.dumps({"a": secret})),
    lambda secret: json.dumps(secret).replace("/", "\\/"),
    lambda secret: repr([repr(secret)]),
    lambda secret: "".join(f"\\u{ord(c):04x}" for c in secret),
]


@pytest.mark.parametrize("shown", FORMS)
def test_a_secret_is_found_in_every_form(
    detector: LeakDetector, shown: Callable[[str], str]
) -> None:
    """Escapes do not hide a secret."""
    secret = "a+b/c=\"d'e\\f&g%41h"
    detector.guard(secret)
    detector.add("of no harm", shown(secret[:-1]))
    assert detector.leaks == []
    detector.add("text", f"it is {shown(secret)}, so")

    assert detector.leaks == ["text"]


@pytest.mark.parametrize("shown", FORMS[:-1])  # nobody escapes letters
@pytest.mark.parametrize("adapter", [Upbit, CoinW])
def test_a_secret_is_redacted_in_every_form(
    adapter: type[Exchange], shown: Callable[[str], str]
) -> None:
    """Quotes of the exchange are redacted."""
    secret = "a+b/c=\"d'e\\f&g%41h"
    region = {"region": "sg"} if adapter is Upbit else {}
    exchange = adapter("key", secret, **region)  # type: ignore[call-arg]
    quoted = f"it is {shown(secret)}, so"
    redacted = exchange.redacted(quoted.encode()).decode()

    assert "***" in redacted
    assert bare(secret)[:8] not in bare(redacted)
    assert redacted.startswith("it is ")
    assert redacted.endswith(", so")


def test_a_token_is_found_by_either_of_its_parts(detector: LeakDetector) -> None:
    """The random key of an upgrade is none, although it may begin like one."""
    detector.add("of no harm", "Sec-WebSocket-Key: gyVLLIr5hUPeyJ7nDMTMkA==")
    detector.add("head", "Bearer eyJhbGciOiJ")
    detector.add("claims", "eyJ7nDMTMkA.eyJhY2Nlc3Nfa2V5IjoiYSJ9.c2lnbmF0dXJl")

    assert detector.leaks == ["head", "claims"]


def test_parts_of_an_authorization_are_found(detector: LeakDetector) -> None:
    """The signature, the whole header, and base64 are found."""
    token = "eyJhbGciOiJIUzI1NiJ9.eyJhY2Nlc3Nfa2V5IjoiYSJ9.c2lnbmF0dXJl"
    detector.guard_headers({"authorization": f"Bearer {token}", "host": "public"})
    detector.add("of no harm", "c2lnbmF0", "Bearer", "public")
    detector.add("signature", "... c2lnbmF0dXJl")
    detector.guard_headers({"Authorization": "Basic abcdefgh"})
    detector.add("header", "Basic abcdefgh")

    assert detector.leaks == ["signature", "header"]

"""Nothing secret leaks: every way to succeed and to fail is gone, and searched."""

from __future__ import annotations

import json
import logging
import warnings
from typing import Any, Callable, Iterator
from urllib.parse import quote

import pytest

from assetstream import CoinW, ConnectionLost, Upbit
from assetstream.protocol import Exchange
from assetstream.simulator import FAULTS, Simulator
from assetstream.simulator.account import Account
from tests.conftest import TimeMachine
from tests.support.evidence import Evidence, bare
from tests.support.secrecy import SCENES, Scene, venues
from tests.support.specs import keys_of

pytestmark = pytest.mark.usefixtures("hasty")


@pytest.fixture
def out() -> Iterator[Evidence]:
    """All loggers at DEBUG, and what they write."""
    with Evidence() as evidence:
        yield evidence


@pytest.mark.parametrize(
    ("account", "name"),
    [(venue, name) for name in SCENES for venue in venues(name)],
    indirect=["account"],
)
def test_nothing_secret_leaks(
    exchange: Simulator,
    account: Account,
    out: Evidence,
    time_machine: TimeMachine,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """Not by a log, a repr, an exception with its locals, a warning or a print."""
    with Scene(exchange, account, out, time_machine) as scene:
        SCENES[name](scene)
    printed = capsys.readouterr()
    out.add("stdout", printed.out)
    out.add("stderr", printed.err)
    out.finish()

    assert out.leaks == []


def test_every_fault_is_a_scene() -> None:
    """One that is added to the simulator is played as well."""
    assert {f"struck by {name}" for name in FAULTS} <= set(SCENES)


def test_what_leaks_is_found(
    account: Account, out: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it comes out: the search above can fail."""
    exchange = account.exchange()
    out.guard_exchange(exchange)
    secret = keys_of(exchange)[1]
    error = ConnectionLost("lost")
    out.add_error("of no harm", error)
    assert out.leaks == []

    namespace: dict[str, Any] = {"error": error}
    code = "def ask(hidden):\n    raise error\n"
    exec(compile(code, "elsewhere.py", "exec"), namespace)
    with pytest.raises(ConnectionLost):
        namespace["ask"](secret)
    out.add_error("raised", error)
    logging.getLogger("websocket").debug("sent %s", secret)
    monkeypatch.setattr(type(exchange), "__repr__", lambda self: secret)
    out.add("repr", exchange)
    warnings.warn(secret, stacklevel=1)
    out.finish()
    out.add("token", "Bearer eyJhbGciOiJI")

    assert {where.partition(",")[0].split(" ")[0] for where in out.leaks} == {
        "locals",
        "log",
        "arguments",
        "repr",
        "warning",
        "token",
    }


@pytest.mark.parametrize("fact", ["problem", "remedy", "hints"])
def test_a_leak_by_any_fact_of_an_error_is_found(
    account: Account, out: Evidence, fact: str
) -> None:
    """A hint is in no text, but it is shown by the doctor."""
    exchange = account.exchange()
    out.guard_exchange(exchange)
    secret = keys_of(exchange)[1]
    error = ConnectionLost("lost")
    setattr(error, fact, (secret,) if fact == "hints" else secret)
    out.add_error("raised", error)

    assert out.leaks


#: How URLs, JSON and reprs write a secret, one in the other too.
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
    out: Evidence, shown: Callable[[str], str]
) -> None:
    """The search is not misled by an escape."""
    secret = "a+b/c=\"d'e\\f&g%41h"
    out.guard(secret)
    out.add("of no harm", shown(secret[:-1]))
    assert out.leaks == []
    out.add("text", f"it is {shown(secret)}, so")

    assert out.leaks == ["text"]


@pytest.mark.parametrize("shown", FORMS[:-1])  # nobody escapes letters
@pytest.mark.parametrize("adapter", [Upbit, CoinW])
def test_a_secret_is_redacted_in_every_form(
    adapter: type[Exchange], shown: Callable[[str], str]
) -> None:
    """Whatever an exchange quotes, it is not passed on."""
    secret = "a+b/c=\"d'e\\f&g%41h"
    region = {"region": "sg"} if adapter is Upbit else {}
    exchange = adapter("key", secret, **region)  # type: ignore[call-arg]
    quoted = f"it is {shown(secret)}, so"
    told = exchange.redacted(quoted.encode()).decode()

    assert "***" in told
    assert bare(secret)[:8] not in bare(told)
    assert told.startswith("it is ")
    assert told.endswith(", so")


def test_parts_of_an_authorization_are_found(out: Evidence) -> None:
    """The signature alone, the header as a whole, and in base64."""
    token = "eyJhbGciOiJIUzI1NiJ9.eyJhY2Nlc3Nfa2V5IjoiYSJ9.c2lnbmF0dXJl"
    out.guard_headers({"authorization": f"Bearer {token}", "host": "public"})
    out.add("of no harm", "c2lnbmF0", "Bearer", "public")
    out.add("signature", "... c2lnbmF0dXJl")
    out.guard_headers({"Authorization": "Basic abcdefgh"})
    out.add("header", "Basic abcdefgh")

    assert out.leaks == ["signature", "header"]

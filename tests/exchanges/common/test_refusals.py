"""Errors that every exchange explains alike: likeliest cause first, no secret."""

from __future__ import annotations

import pickle
import re
from typing import Any

import pytest

from assetstream.exchanges import CoinW, Upbit
from assetstream.exchanges.coinw.refusals import CODES
from assetstream.exchanges.common.refusals import (
    CLOCK_OFF,
    connection_lost,
    retry_after,
)
from assetstream.exchanges.common.refusals import refusal as explain
from assetstream.exchanges.upbit.refusals import NAMES
from assetstream.model.errors import AuthenticationError, ExchangeError
from assetstream.protocol import Exchange, Fail
from assetstream.simulator.catalogue import FAULTS
from tests.support.specs import (
    FIRST_HINTS,
    SPECS,
    at,
    frame,
    make_coinw,
    make_upbit,
    opened,
    sample,
)

DATE = "Sat, 21 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": " 12 "}, 12.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "Sat, 21 Nov 2026 10:01:30 GMT", "date": DATE}, 90.0),
        ({"retry-after": "Sat, 21 Nov 2026 09:00:00 GMT", "date": DATE}, 0.0),
        ({"retry-after": "999999999"}, 86_400.0),
        ({"retry-after": "Sat, 21 Nov 9999 10:00:00 GMT", "date": DATE}, 86_400.0),
        ({"retry-after": "Sat, 21 Nov 2026 10:01:30 GMT"}, None),
        ({"retry-after": "Sat, 21 Nov 2026 10:01:30 -0000", "date": DATE}, 90.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "soon", "date": "later"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_without_a_clock(
    headers: dict[str, str], seconds: float | None
) -> None:
    """The wait is in seconds, or a date relative to the reply's Date."""
    assert retry_after(headers) == seconds


def test_t2_a_refusal_for_its_time_says_so_and_is_not_fatal() -> None:
    """The machine sets its clock by the answer, and tries again."""
    error = explain(make_coinw(), CLOCK_OFF, "-1021", "Timestamp", "the login")

    assert isinstance(error, ExchangeError)
    assert (error.clock_off, error.fatal) == (True, False)
    assert str(error) == (
        "CoinW refused the login (-1021: Timestamp): the time of the request is not "
        "the exchange's, or it was on its way for too long; the stream tries again by "
        "itself. Let the system set this machine's clock."
    )
    assert len(error.hints) == 1
    other = explain(make_coinw(), CODES["6000"], "6000", "no", "the login")
    assert isinstance(other, ExchangeError)
    assert not other.clock_off


def test_a_loss_is_explained_with_its_causes() -> None:
    """The text names the event, the next step, and the causes to look for."""
    error = connection_lost(make_coinw(), 1006, "")

    assert str(error) == (
        "CoinW closed the connection with code 1006; the stream tries again by itself. "
        "Look for maintenance, an unsteady network, or another "
        "program with the same key."
    )


INVALID_AUTH = sample("upbit", "error_invalid_auth")
UUID = "c821db84-6fbd-11e4-a9e3-c86000d26d7c"


def shown(error: ExchangeError) -> str:
    """Return every text of an error that a user can print."""
    return " ".join([str(error), *error.hints])


def refusal(fault: str) -> tuple[Exchange, Any]:
    """Return an exchange and its error of a login that the simulator refuses so."""
    entry = FAULTS[fault]
    exchange = SPECS[entry.exchange].make()
    # The fault is made of the reply to the upgrade; where the login is a message, of
    # the answer to it.
    given = getattr(entry.make, "keywords", {})
    if "reply" in given:
        status, body = given["reply"].status, given["reply"].body
        return exchange, exchange.conversation({}).refused(status, {}, body)
    answer = frame(given["answer"]) if "answer" in given else INVALID_AUTH
    (step,) = opened(exchange).received([answer], at(0.1))
    assert isinstance(step, Fail)
    return exchange, step.error


@pytest.mark.parametrize("fault", FIRST_HINTS)
def test_every_refused_login_has_hints(fault: str) -> None:
    """Hints exist for each refusal, can be pickled, and hold no part of a key."""
    exchange, error = refusal(fault)

    assert isinstance(error, ExchangeError)
    assert re.search(FIRST_HINTS[fault], error.hints[0])
    assert all(re.fullmatch(r"[A-Z].*[.]", hint) for hint in error.hints)
    assert not any(hint in str(error) for hint in error.hints)
    assert pickle.loads(pickle.dumps(error)).hints == error.hints
    for secret in exchange.credentials.values():
        assert not any(
            secret[i : i + 6] in shown(error) for i in range(len(secret) - 5)
        )


def test_every_refusal_of_the_simulator_is_above() -> None:
    """A new fault of the simulator needs a line in this table."""
    refusals = {name for name in FAULTS if name.startswith("login_")}

    assert refusals - {"login_unanswered"} == set(FIRST_HINTS)


@pytest.mark.parametrize("meanings", [NAMES, CODES])
def test_every_known_refusal_of_a_key_has_hints(meanings: Any) -> None:
    """Each name or code of a refused key has hints."""
    for meaning in meanings.values():
        assert meaning.hints or not issubclass(meaning.kind, AuthenticationError)


def refused_with_401(exchange: Exchange) -> AuthenticationError:
    error = exchange.conversation({}).refused(401, {}, b"")
    assert isinstance(error, AuthenticationError)
    return error


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("upbit", ("UPBIT_ACCESS_KEY", "UPBIT_SECRET_KEY")),
        ("coinw", ("COINW_API_KEY", "COINW_SECRET_KEY")),
    ],
)
def test_variables_in_use_are_named(
    monkeypatch: pytest.MonkeyPatch, name: str, variables: tuple[str, str]
) -> None:
    """The hints name the environment's variables if the key came from there."""
    passed = {"upbit": make_upbit, "coinw": make_coinw}[name]()
    assert not any(variables[0] in hint for hint in refused_with_401(passed).hints)
    monkeypatch.setenv(variables[0], UUID)
    monkeypatch.setenv(variables[1], "something-else")
    taken = CoinW() if name == "coinw" else Upbit(region="sg")
    hints = refused_with_401(taken).hints

    assert f"{variables[0]} and {variables[1]} of the environment" in hints[-1]

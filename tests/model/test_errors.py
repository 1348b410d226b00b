"""The errors: parents, facts, text, pickling."""

from __future__ import annotations

import copy
import pickle
from typing import Any, Callable

import pytest

from assetstream.model import errors
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    CallbackError,
    ConfigurationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    StaleBalance,
    StreamStateError,
    StreamTimeout,
)

FACTS: Any = {
    "remedy": "Look there.",
    "hints": ("If it is this, do that.", "If not, do the other."),
    "exchange": "upbit",
    "account": "upbit-1",
    "retry_after": 2.5,
}
#: One of each, every attribute set.
EXAMPLES = [
    AssetStreamError("root", fatal=True, **FACTS),
    ConfigurationError("set UPBIT_ACCESS_KEY", fatal=True, **FACTS),
    StreamStateError("not started", **FACTS),
    StreamTimeout("waited for LIVE", **FACTS),
    StaleBalance("BTC is older than 5 s", **FACTS),
    CallbackError("show raised", callback="show", update="the update", **FACTS),
    ConnectionLost("closed", code=1006, reason="bye", **FACTS),
    ProtocolError("not JSON", frame=b"\xff", currency="BTC", **FACTS),
    ExchangeError("refused", code="7", message="no", fatal=True, **FACTS),
    AuthenticationError("refused", code="401", message="no", fatal=True, **FACTS),
    PermissionDenied("refused", code="403", message="no", fatal=True, **FACTS),
    RateLimited("slow down", code="429", message="no", **FACTS),
]


def by_name(error: AssetStreamError) -> str:
    return type(error).__name__


def test_there_is_an_example_of_every_error() -> None:
    """The examples, which the tests below use, cover every class."""
    assert sorted(map(by_name, EXAMPLES)) == sorted(errors.__all__)


@pytest.mark.parametrize("name", errors.__all__)
def test_one_except_catches_them_all(name: str) -> None:
    """AssetStreamError is the root."""
    assert issubclass(getattr(errors, name), AssetStreamError)


@pytest.mark.parametrize(
    ("error", "parent"),
    [
        (ConfigurationError, ValueError),
        (StreamStateError, RuntimeError),
        (StreamTimeout, TimeoutError),
        (AuthenticationError, ExchangeError),
        (PermissionDenied, ExchangeError),
        (RateLimited, AssetStreamError),
    ],
)
def test_other_parents(error: type[Exception], parent: type[Exception]) -> None:
    """Each error is also the Python error that fits."""
    with pytest.raises(parent, match="because"):
        raise error("because")


def test_an_exchange_refusing_is_not_a_lost_connection() -> None:
    """Neither is a child of the other."""
    for one in (ConnectionLost, ProtocolError, RateLimited, StaleBalance):
        assert one.__mro__[1] is AssetStreamError
    assert ExchangeError.__mro__[1] is AssetStreamError


@pytest.mark.parametrize("name", errors.__all__)
def test_by_default_an_error_is_not_fatal_and_about_nobody(name: str) -> None:
    """The attribute ``fatal`` alone decides whether a stream tries again."""
    error = getattr(errors, name)("text")

    assert (error.exchange, error.account) == (None, None)
    # Trying again with the same wrong argument changes nothing.
    assert error.fatal is (name == "ConfigurationError")
    assert str(error) == error.problem == "text"
    assert (error.remedy, error.hints, error.retry_after) == ("", (), None)


def test_attributes_have_defaults() -> None:
    """Every attribute can be read."""
    assert (ConnectionLost("x").code, ConnectionLost("x").reason) == (None, "")
    assert (ProtocolError("x").frame, ProtocolError("x").currency) == (b"", None)
    assert (ExchangeError("x").code, ExchangeError("x").message) == ("", "")
    assert ExchangeError("x").clock_off is False
    assert RateLimited("x").retry_after is None
    assert CallbackError("x").update is None


#: Ways in which an error gets to another process.
JOURNEYS: list[Callable[[Any], Any]] = [
    lambda error: pickle.loads(pickle.dumps(error)),
    copy.copy,
    copy.deepcopy,
]


@pytest.mark.parametrize("journey", JOURNEYS, ids=["pickle", "copy", "deepcopy"])
@pytest.mark.parametrize("error", EXAMPLES, ids=by_name)
def test_every_fact_survives_pickling_and_copying(
    error: AssetStreamError, journey: Callable[[Any], Any]
) -> None:
    """Another process gets every fact."""
    arrived = journey(error)

    assert type(arrived) is type(error)
    assert arrived.args == error.args == (error.problem,)
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)
    facts = {name: getattr(arrived, name) for name in FACTS}
    assert facts == FACTS
    assert arrived.problem


#: Errors after which a stream tries again, unless they are fatal.
REPEATED = (ConnectionLost, ExchangeError, RateLimited)


@pytest.mark.parametrize("name", errors.__all__)
def test_the_text_joins_problem_and_remedy(name: str) -> None:
    """Hints are not in the text."""
    kind = getattr(errors, name)
    error = kind("it rains", remedy="Wait.", hints=("Or go.",), fatal=True)

    assert str(error) == "it rains. Wait."
    assert str(kind("it rains", fatal=True)) == "it rains"


@pytest.mark.parametrize("name", errors.__all__)
def test_the_text_promises_another_attempt(name: str) -> None:
    """The remedy is then for an error that repeats."""
    kind = getattr(errors, name)
    error = kind("it rains", remedy="Go.", fatal=False)

    if issubclass(kind, REPEATED):
        goes_on = "the stream tries again by itself. Go."
        assert str(error) == f"it rains; {goes_on}"
    else:
        assert str(error) == "it rains. Go."


def test_the_text_names_the_account() -> None:
    """Of many accounts, nobody could tell otherwise; tables name it beside."""
    error = ConnectionLost("closed", remedy="Look there.", account="alice")
    assert str(error) == f"alice: {error.explanation}"
    assert error.explanation == (
        "closed; the stream tries again by itself. Look there."
    )
    assert str(ConnectionLost("closed")) == "closed"


def test_a_text_follows_its_facts() -> None:
    """A fact that is set later appears in the text."""
    error = ConnectionLost("it rains", remedy="Go.")
    error.fatal = True

    assert str(error) == "it rains. Go."


def test_an_error_of_a_lambda_pickles_by_its_name() -> None:
    """A handler itself often cannot be pickled."""
    error = CallbackError("raised", callback=lambda update: None, update=1)
    arrived = pickle.loads(pickle.dumps(error))

    assert arrived.callback.endswith("<lambda>")
    assert arrived.update == 1
    assert callable(error.callback)


def test_an_error_of_a_bound_method_or_of_any_callable_pickles() -> None:
    """Handlers of any kind are replaced by their names."""

    class Bot:
        def __call__(self, update: object) -> None:
            """Do nothing."""

        def show(self, update: object) -> None:
            """Do nothing."""

    for handler in (Bot().show, Bot()):
        error = CallbackError("raised", callback=handler)
        assert isinstance(pickle.loads(pickle.dumps(error)).callback, str)


@pytest.mark.parametrize("error", EXAMPLES, ids=by_name)
def test_a_repr_shows_the_text_only(error: AssetStreamError) -> None:
    """The repr hides the frame and the exchange's words."""
    assert repr(error) == f"{by_name(error)}({str(error)!r})"


def test_d4_a_handler_whose_name_raises_is_pickled_by_its_class() -> None:
    """What is asked there is the user's code."""

    class Odd:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError("no name")

        def __call__(self, event: object) -> None: ...

    copied = pickle.loads(pickle.dumps(CallbackError("it raised", callback=Odd())))
    assert "Odd" in str(copied.callback)


def test_an_exchange_that_is_not_known_is_none() -> None:
    """A remote stream has not been told yet whose account it is."""
    error = AssetStreamError("it fails", exchange="")
    assert error.exchange is None
    assert error.to_dict()["exchange"] is None

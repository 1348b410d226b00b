"""The tree of errors: whose child each is, what it carries, that it pickles."""

from __future__ import annotations

import pickle
from typing import Any

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

WHOSE: Any = {"exchange": "upbit", "account": "upbit-1"}
#: One of each, every attribute set.
EXAMPLES = [
    AssetStreamError("root", fatal=True, **WHOSE),
    ConfigurationError("set UPBIT_ACCESS_KEY", fatal=True, **WHOSE),
    StreamStateError("not started", **WHOSE),
    StreamTimeout("waited for LIVE", **WHOSE),
    StaleBalance("BTC is older than 5 s", **WHOSE),
    CallbackError("show raised", callback="show", update="the update", **WHOSE),
    ConnectionLost("closed", code=1006, reason="bye", **WHOSE),
    ProtocolError("not JSON", frame=b"\xff", currency="BTC", **WHOSE),
    ExchangeError("refused", code="7", message="no", fatal=True, **WHOSE),
    AuthenticationError(
        "refused", code="401", message="no", hints=("Do.",), fatal=True, **WHOSE
    ),
    PermissionDenied("refused", code="403", message="no", fatal=True, **WHOSE),
    RateLimited("slow down", retry_after=2.5, code="429", message="no", **WHOSE),
]


def by_name(error: AssetStreamError) -> str:
    return type(error).__name__


def test_there_is_an_example_of_every_error() -> None:
    """So that the tests below speak of all."""
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
    """Code that knows only Python's own errors catches them too."""
    with pytest.raises(parent, match="because"):
        raise error("because")


def test_an_exchange_refusing_is_not_a_lost_connection() -> None:
    """Nor is either a child of what is ours."""
    for one in (ConnectionLost, ProtocolError, RateLimited, StaleBalance):
        assert one.__mro__[1] is AssetStreamError
    assert ExchangeError.__mro__[1] is AssetStreamError


@pytest.mark.parametrize("name", errors.__all__)
def test_by_default_an_error_is_not_fatal_and_about_nobody(name: str) -> None:
    """``fatal`` alone decides whether a stream tries again."""
    error = getattr(errors, name)("text")

    assert (error.exchange, error.account) == (None, None)
    # Trying again with the same wrong argument changes nothing.
    assert error.fatal is (name == "ConfigurationError")
    assert str(error) == "text"


def test_attributes_have_defaults() -> None:
    """Every one of them can be read."""
    assert (ConnectionLost("x").code, ConnectionLost("x").reason) == (None, "")
    assert (ProtocolError("x").frame, ProtocolError("x").currency) == (b"", None)
    assert (ExchangeError("x").code, ExchangeError("x").message) == ("", "")
    assert RateLimited("x").retry_after is None
    assert CallbackError("x").update is None


@pytest.mark.parametrize("error", EXAMPLES, ids=by_name)
def test_errors_pickle_with_all_they_carry(error: AssetStreamError) -> None:
    """To other processes."""
    arrived = pickle.loads(pickle.dumps(error))

    assert type(arrived) is type(error)
    assert arrived.args == error.args
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)
    assert arrived.exchange == "upbit"


def test_an_error_of_a_lambda_pickles_by_its_name() -> None:
    """A handler itself often cannot be pickled."""
    error = CallbackError("raised", callback=lambda update: None, update=1)
    arrived = pickle.loads(pickle.dumps(error))

    assert arrived.callback.endswith("<lambda>")
    assert arrived.update == 1
    assert callable(error.callback)


def test_an_error_of_a_bound_method_or_of_any_callable_pickles() -> None:
    """Whatever the user registered."""

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
    """Not the frame, nor the exchange's own words."""
    assert repr(error) == f"{by_name(error)}({str(error)!r})"

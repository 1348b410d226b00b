"""Checks of what a user passes to ``AssetStream``: clear words, at once."""

from __future__ import annotations

import inspect
import math
import re
import ssl
from functools import partial
from typing import Container, Iterator, Literal, NoReturn, TypeGuard

from msgspec import Struct
from msgspec.structs import replace

from assetstream.model.errors import ConfigurationError
from assetstream.model.events import Balance
from assetstream.protocol import Exchange
from assetstream.runtime.loop.waits import FOR_EVER
from assetstream.runtime.net.proxy import check_proxy
from assetstream.runtime.ssl_context import check_context

__all__ = [
    "Settings",
    "check_age",
    "check_count",
    "check_currency",
    "check_exchange",
    "check_handler",
    "check_workers",
    "complaint",
    "is_number",
    "make_settings",
    "remote_settings",
]

#: Two currencies as exchanges and libraries join them: KRW-BTC, BTC/USDT, BTC_USDT.
MARKET = re.compile(r"([^-/_]+)[-/_]([^-/_:]+)")


class Settings(Struct, frozen=True):
    """The user's choices for a stream; see ``AssetStream``."""

    account: str
    audit_interval: float | None
    #: The interval is the exchange's own, which adapts (A1).
    adaptive: bool
    connect_timeout: float
    max_pending: int
    #: None: what is usual alone, or in a group.
    history: int | None
    proxy: str | None
    ssl_context: ssl.SSLContext | None

    def __repr__(self) -> str:
        # A proxy's URL may hold a password.
        return f"<Settings of {self.account}>"


def check_exchange(exchange: object) -> None:
    """Refuse what is no exchange."""
    if not isinstance(exchange, Exchange):
        shown = exchange if isinstance(exchange, type) else type(exchange)
        _refuse(
            'exchange must be an exchange object such as Upbit(region="sg") or '
            f"CoinW(), not {shown.__name__}"
        )


def check_currency(currency: object, held: Container[str] = ()) -> str:
    """Return a currency's code in upper case; refuse what is none.

    Args:
        currency: the user's.
        held: codes that there are, whatever they look like.
    """
    if not isinstance(currency, str) or not currency.strip():
        _refuse(f"currency must be a code such as 'BTC', not {currency!r}")
    code = currency.upper()
    if code in held:
        return code
    clean = "".join(c for c in currency if c.isprintable() and not c.isspace())
    if clean != currency:
        _refuse(
            f"{currency!r} is no currency: no exchange's code has white space or "
            "unprintable characters",
            f"Write {clean!r}." if clean else "",
        )
    market = MARKET.match(currency)
    if market is not None:
        one, other = market.groups()
        _refuse(
            f"{currency!r} is a market, not a currency", f"Write {one!r} or {other!r}."
        )
    return code


def is_number(value: object) -> TypeGuard[float]:
    """True of a whole number, or a float; not of True and False."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def check_age(name: str, seconds: object) -> None:
    """Refuse what is no number of seconds, nor None."""
    if seconds is not None and not (is_number(seconds) and seconds >= 0):
        _refuse(f"{name} must be a number of seconds, or None, not {seconds!r}")


def complaint(
    balance: Balance, max_age: float | None, verified: float | None, doubt: str
) -> str:
    """Say why a balance is not given; "" if it is as good as it must be.

    Args:
        balance: what would be given.
        max_age: seconds since the last proof, at most.
        verified: seconds since the last read that agreed, at most.
        doubt: why it is in doubt, if it is.
    """
    code = balance.currency
    if max_age is not None and balance.age > max_age:
        if math.isinf(balance.age):
            return f"{code} was never yet proved right"
        return (
            f"{code} was last proved right {balance.age:.1f} s ago, more than "
            f"{max_age:g} s"
        )
    if (max_age is not None or verified is not None) and balance.stale:
        return f"{code} is in doubt: {doubt}" if doubt else f"{code} may be out of date"
    if verified is not None and balance.verified > verified:
        if math.isinf(balance.verified):
            return f"no read by REST has agreed with {code} yet"
        return (
            f"REST last agreed with {code} {balance.verified:.1f} s ago, more than "
            f"{verified:g} s"
        )
    return ""


def check_workers(workers: object) -> int:
    """Return a number of threads; refuse what is none."""
    if type(workers) is not int or workers < 1:
        _refuse(f"workers must be a number of threads, at least 1, not {workers!r}")
    return workers


def check_handler(name: str, handler: object) -> None:
    """Refuse a handler, or a predicate, that can never be called well."""
    if not callable(handler):
        _refuse(
            f"{name} must be a function of one argument, not "
            f"{type(handler).__name__} {handler!r:.60}",
            f"Pass the function itself: {name}=show, not {name}=show().",
        )
    for each in _layers(handler):
        if inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each):
            _refuse(
                f"{name} is async and would never run: assetstream calls plain "
                "functions",
                "Pass a plain function; it may hand over to your event loop with "
                "loop.call_soon_threadsafe.",
            )
        if inspect.isgeneratorfunction(each):
            _refuse(
                f"{name} contains `yield` and would never run: a call only makes a "
                "generator",
                "Pass a plain function. To take updates one by one, iterate over the "
                "stream.",
            )
    try:
        # Of the function that is called, not of one that it wraps.
        signature = inspect.signature(handler, follow_wrapped=False)
    except Exception:
        return  # Some functions in C do not tell; some objects compare badly (D4).
    try:
        signature.bind(handler)
    except TypeError as error:
        _refuse(
            f"{name} cannot be called with one argument: {error}",
            "Let it take the event, and nothing else that has no default; "
            "functools.partial fills in more.",
        )


def _layers(handler: object) -> Iterator[object]:
    """Yield a callable and what a call of it runs: of a partial, or by __call__."""
    yield handler
    while isinstance(handler, partial):
        handler = handler.func
        yield handler
    if not isinstance(handler, type):
        yield type(handler).__call__


def make_settings(
    exchange: Exchange,
    *,
    account: str | None,
    audit_interval: float | Literal["exchange"] | None,
    connect_timeout: float,
    max_pending: int,
    history: int | None,
    proxy: str | None,
    ssl_context: ssl.SSLContext | None,
) -> Settings:
    """Fill in what the user left to the exchange; refuse what is out of its range."""
    adaptive = audit_interval == "exchange"
    if audit_interval == "exchange":
        audit_interval = exchange.limits.audit_interval
    if account is None:
        account = f"{exchange.name}-{exchange.fingerprint}"
    settings = Settings(
        account,
        audit_interval,
        adaptive,
        connect_timeout,
        max_pending,
        history,
        proxy,
        ssl_context,
    )
    _check(settings)
    return replace(
        settings,
        connect_timeout=min(settings.connect_timeout, FOR_EVER),
        audit_interval=audit_interval and min(audit_interval, FOR_EVER),
    )


def remote_settings(account: str, max_pending: int, history: int | None) -> Settings:
    """Make those of a stream that is not connected to an exchange itself."""
    settings = Settings(
        account, None, False, FOR_EVER, max_pending, history, None, None
    )
    _check(settings)
    return settings


def _check(settings: Settings) -> None:
    if not isinstance(settings.account, str) or not settings.account.strip():
        _refuse(
            f"account must be a text to label events with, not {settings.account!r}"
        )
    if settings.audit_interval is not None:
        _positive("audit_interval", settings.audit_interval, "or None to switch it off")
    _positive("connect_timeout", settings.connect_timeout)
    check_count("max_pending", settings.max_pending, 1)
    if settings.history is not None:
        check_count("history", settings.history, 0)
    if settings.proxy is not None:
        if not isinstance(settings.proxy, str):
            _refuse("proxy must be a URL such as http://host:port, or None")
        check_proxy(settings.proxy)
    if settings.ssl_context is not None:
        check_context(settings.ssl_context)


def _positive(name: str, value: object, otherwise: str = "") -> None:
    # Of any size: a whole number that is too great for math.isfinite is one, too.
    if not is_number(value) or not 0 < value < math.inf:
        _refuse(
            f"{name} must be a number of seconds above 0 {otherwise}".rstrip()
            + f", not {value!r}"
        )


def check_count(name: str, value: object, least: int) -> None:
    """Refuse what is no whole number, or too small a one."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        _refuse(f"{name} must be a whole number from {least} on, not {value!r}")


def _refuse(problem: str, remedy: str = "") -> NoReturn:
    raise ConfigurationError(problem, remedy=remedy)

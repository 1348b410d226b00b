"""The options of an exchange: keys, choices, URLs. Bad ones are refused at once.

``exchange`` is the one being built: only what its class declares is read.
"""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import Any, Collection, NoReturn
from urllib.parse import SplitResult, urlsplit

from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.model.errors import ConfigurationError
from assetstream.protocol.values import is_loopback

__all__ = ["check_choice", "check_origin", "read_options"]


def read_options(
    exchange: KeyedExchange,
    defaults: tuple[str, str],
    ws_url: str | None,
    rest_url: str | None,
    **keys: str | None,
) -> dict[str, Any]:
    """Return the attributes that every exchange has, by name: URLs and credentials.

    Args:
        defaults: the exchange's own URLs; see ``_check_urls``.
        keys: see ``_read_keys``.

    Raises:
        ConfigurationError: something is missing or wrong; the text says what.
    """
    ws_url, rest_url = _check_urls(ws_url, rest_url, defaults, exchange)
    credentials, sources = _read_keys(exchange, **keys)
    return {
        "credentials": MappingProxyType(credentials),
        "sources": MappingProxyType(sources),
        "ws_url": ws_url,
        "rest_url": rest_url,
    }


def _read_keys(
    exchange: KeyedExchange, **given: str | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the credentials and their sources, both by the parameter's name.

    A credential that was not ``given`` is taken from its environment variable.

    Raises:
        ConfigurationError: one is missing or cannot be a key. The text never shows it.
    """
    credentials = {
        parameter: _read_key(exchange, parameter, key)
        for parameter, key in given.items()
    }
    sources = {
        parameter: exchange.variable(parameter) if key is None else parameter
        for parameter, key in given.items()
    }
    return credentials, sources


def _read_key(exchange: KeyedExchange, parameter: str, given: str | None) -> str:
    variable = exchange.variable(parameter)
    value: object = os.environ.get(variable) if given is None else given
    if value is None:
        # The variable first: on the command line there is nothing else to set.
        _refuse(
            exchange,
            f"{variable} is not set",
            f"Set this environment variable to the key's {parameter}, or pass "
            f"{parameter}=... in Python, or --keys FILE to a command.",
        )
    if isinstance(value, str):
        value = exchange.unwrapped(value)
    fault = _key_fault(value)
    if fault:
        source = parameter if given is not None else f"environment variable {variable}"
        _refuse(
            exchange,
            f"{source} {fault}",
            f"Copy the key again as the exchange shows it, and set {variable} or pass "
            f"{parameter}=... in Python.",
        )
    assert isinstance(value, str)
    return value


def _key_fault(value: object) -> str | None:
    if not isinstance(value, str):
        return f"must be a string, not {type(value).__name__}"
    if not value.strip():
        return "is empty"
    # Refused, not stripped: a key cut out wrongly has often lost more than a blank.
    if not value.isprintable() or " " in value:
        return "contains a space, a line break or a control character"
    if not value.isascii():
        return "contains characters that no key has"
    return None


def check_choice(
    value: object, parameter: str, choices: Collection[str], exchange: KeyedExchange
) -> str:
    """Return ``value`` if it is one of ``choices``."""
    if not isinstance(value, str) or value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        _refuse(exchange, f"{parameter} must be one of {listed}, not {value!r}")
    return value


def _check_urls(
    ws_url: str | None,
    rest_url: str | None,
    defaults: tuple[str, str],
    exchange: KeyedExchange,
) -> tuple[str, str]:
    """Return the WebSocket's URL and the REST base URL, without a last slash.

    Those passed, or else those of the environment, or else the ``defaults``: so a
    program that takes its keys from the environment can be pointed at a simulator
    unchanged.
    """
    if ws_url is None and rest_url is None:
        ws_url = os.environ.get(exchange.variable("ws_url")) or None
        rest_url = os.environ.get(exchange.variable("rest_url")) or None
    if ws_url is None and rest_url is None:
        return defaults
    if ws_url is None or rest_url is None:
        missing = "ws_url" if ws_url is None else "rest_url"
        _refuse(
            exchange,
            f"{missing} (or {exchange.variable(missing)}) is missing",
            "Give both URLs or neither, because half of them would send your "
            "credentials to the real exchange.",
        )
    _check_url(ws_url, "ws_url", ("wss", "ws"), exchange)
    _check_url(rest_url, "rest_url", ("https", "http"), exchange)
    return ws_url, rest_url.rstrip("/")


def check_origin(origin: str | None, exchange: KeyedExchange) -> str | None:
    """Return the Origin header's value; None: no such header."""
    if origin is None:
        return None
    parts = _split(origin, "origin", exchange)
    if parts.scheme not in ("https", "http") or parts.path:
        _refuse(exchange, "origin must be like https://www.example.com, no path")
    return origin


def _check_url(
    url: str, parameter: str, schemes: tuple[str, str], exchange: KeyedExchange
) -> None:
    parts = _split(url, parameter, exchange)
    secure, plain = schemes
    if parts.scheme not in schemes:
        _refuse(exchange, f"{parameter} must begin with {secure}://")
    if parts.scheme == plain and not is_loopback(parts.hostname or ""):
        _refuse(
            exchange,
            f"{parameter} must begin with {secure}://: without encryption your "
            "credentials may go to this machine only (127.0.0.1, ::1, localhost)",
        )


def _split(url: object, parameter: str, exchange: KeyedExchange) -> SplitResult:
    """Take a URL apart; refuse what could hide where it leads or carry a secret."""
    if not isinstance(url, str):
        _refuse(exchange, f"{parameter} must be a string, not {type(url).__name__}")
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        _refuse(exchange, f"{parameter} contains a character that no URL has")
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises unless it is a port number
    except ValueError:
        _refuse(exchange, f"{parameter} is not a URL")
    if not parts.hostname:
        _refuse(
            exchange,
            f"{parameter} names no host",
            "Write it like wss://host or https://host.",
        )
    if "@" in parts.netloc:
        _refuse(exchange, f"{parameter} must hold no user name or password")
    if "?" in url or "#" in url:
        _refuse(exchange, f"{parameter} must hold no query and no fragment")
    return parts


def _refuse(exchange: KeyedExchange, problem: str, remedy: str = "") -> NoReturn:
    # Neither shows a URL, which may hold a password, or a key.
    raise ConfigurationError(
        f"{exchange.title}: {problem}", remedy=remedy, exchange=exchange.name
    )

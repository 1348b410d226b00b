"""Checks of what a user configures: keys, URLs, choices. Bad input is named at once."""

from __future__ import annotations

import ipaddress
import os
from typing import Collection, NoReturn
from urllib.parse import SplitResult, urlsplit

from assetstream.errors import ConfigurationError

__all__ = ["check_choice", "check_origin", "check_urls", "read_key"]


def read_key(given: str | None, parameter: str, variable: str, exchange: str) -> str:
    """Return a key as given or from its environment variable.

    Raises:
        ConfigurationError: it is missing or cannot be a key. The text never shows it.
    """
    if given is None:
        value: object = os.environ.get(variable)
        source = f"the environment variable {variable}"
        if value is None:
            raise ConfigurationError(
                f"{exchange}: {parameter} is missing: pass {parameter}=... or set "
                f"{source}",
                exchange=exchange,
                fatal=True,
            )
    else:
        value, source = given, parameter
    fault = _key_fault(value)
    if fault:
        raise ConfigurationError(
            f"{exchange}: {source} {fault}; copy the key again as the exchange "
            f"shows it, and pass it as {parameter}=... or set {variable}",
            exchange=exchange,
            fatal=True,
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
    value: object, parameter: str, choices: Collection[str], exchange: str
) -> str:
    """Return ``value`` if it is one of ``choices``."""
    if not isinstance(value, str) or value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise ConfigurationError(
            f"{exchange}: {parameter} must be one of {listed}, not {value!r}",
            exchange=exchange,
            fatal=True,
        )
    return value


def check_urls(
    ws_url: str | None,
    rest_url: str | None,
    defaults: tuple[str, str],
    exchange: str,
) -> tuple[str, str]:
    """Return the WebSocket's URL and the REST base URL, without a last slash."""
    if ws_url is None and rest_url is None:
        return defaults
    if ws_url is None or rest_url is None:
        missing = "ws_url" if ws_url is None else "rest_url"
        raise ConfigurationError(
            f"{exchange}: {missing} is missing: give both URLs or neither, because "
            "half of them would send your credentials to the real exchange",
            exchange=exchange,
            fatal=True,
        )
    _check_url(ws_url, "ws_url", ("wss", "ws"), exchange)
    _check_url(rest_url, "rest_url", ("https", "http"), exchange)
    return ws_url, rest_url.rstrip("/")


def check_origin(origin: str | None, exchange: str) -> str | None:
    """Return the Origin header's value; None sends none."""
    if origin is None:
        return None
    parts = _split(origin, "origin", exchange)
    if parts.scheme not in ("https", "http") or parts.path:
        _refuse("origin", "must be like https://www.example.com, no path", exchange)
    return origin


def _check_url(
    url: str, parameter: str, schemes: tuple[str, str], exchange: str
) -> None:
    parts = _split(url, parameter, exchange)
    secure, plain = schemes
    if parts.scheme not in schemes:
        _refuse(parameter, f"must begin with {secure}://", exchange)
    if parts.scheme == plain and not _is_loopback(parts.hostname or ""):
        _refuse(
            parameter,
            f"must begin with {secure}://: without encryption your credentials "
            "may go to this machine only (127.0.0.1, ::1, localhost)",
            exchange,
        )


def _split(url: object, parameter: str, exchange: str) -> SplitResult:
    """Take a URL apart; refuse what could hide where it leads or carry a secret."""
    if not isinstance(url, str):
        _refuse(parameter, f"must be a string, not {type(url).__name__}", exchange)
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        _refuse(parameter, "contains a character that no URL has", exchange)
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is none
    except ValueError:
        _refuse(parameter, "is not a URL", exchange)
    if not parts.hostname:
        _refuse(parameter, "names no host", exchange)
    if "@" in parts.netloc:
        _refuse(parameter, "must hold no user name or password", exchange)
    if "?" in url or "#" in url:
        _refuse(parameter, "must hold no query and no fragment", exchange)
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse(parameter: str, fault: str, exchange: str) -> NoReturn:
    # The URL itself is not shown: it may hold a password.
    raise ConfigurationError(
        f"{exchange}: {parameter} {fault}", exchange=exchange, fatal=True
    )

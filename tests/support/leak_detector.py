"""A detector of secrets in everything that a stream prints, logs or raises."""

from __future__ import annotations

import base64
import logging
import re
import traceback
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any, Mapping
from urllib.parse import unquote

from msgspec.structs import asdict

from assetstream import AssetStream, AssetUpdate, Balance, Health, StateChange
from assetstream.protocol import Exchange

HERE = str(Path(__file__).parents[1])
#: A token, or only its beginning: the access key stands in clear behind the first dot.
TOKEN = re.compile(r"eyJ[\w-]{5}(?=[\w-]{3})")
#: A token's parts are such objects. The random key of an upgrade, which is base64 as
#: well, looks like a token once in ten thousand times, but is none.
OBJECT = re.compile(rb'\{"[a-z_]{3}[a-z_"]')
UNICODE = re.compile(r"\\+u([0-9a-fA-F]{4})")


#: In hex, MD5 or longer; in base64, 256 bits or more. A UUID is shorter.
SIGNATURE = re.compile(r"[0-9A-Za-z+/_-]{40,}={0,2}|[0-9A-Fa-f]{32,}")


class LeakDetector(logging.Handler):
    """Collects texts inside its ``with`` block, with all loggers at DEBUG.

    Exceptions are taken as the keenest reporters of crashes do: with the whole chain,
    suppressed or not, and with every local variable but those of the tests' frames.
    """

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(threadName)s %(message)s"))
        # The places where each text was found: most come several times.
        self._texts: dict[str, list[str]] = {}
        self._secrets: set[str] = set()
        self.signatures: set[str] = set()

    def guard(self, *secrets: str) -> None:
        """Add secrets that must not be found, in base64 neither, however escaped."""
        for secret in filter(None, secrets):
            encoded = base64.b64encode(secret.encode()).decode()
            self._secrets |= {bare(secret), bare(encoded)}

    def guard_headers(self, headers: Mapping[str, str]) -> None:
        """Add the authorization in these headers, and any signature in them."""
        for name, value in headers.items():
            if name.lower() == "authorization":
                self.guard(value, value.rpartition(".")[2])
            self.guard_signatures(value)

    def guard_signatures(self, text: str) -> None:
        """Add whatever is as long as a signature: no other part of a request is."""
        found = SIGNATURE.findall(bare(text))
        self.signatures.update(found)
        self.guard(*found)

    def guard_exchange(self, exchange: Exchange) -> None:
        """Add all credentials of an exchange."""
        self.guard(*exchange.credentials.values())

    def emit(self, record: logging.LogRecord) -> None:
        self.add(f"log of {record.name}", self.format(record))
        self.add(f"arguments of a log of {record.name}", repr(record.args))
        if record.exc_info and record.exc_info[1] is not None:
            self.add_error("logged", record.exc_info[1])

    def add(self, where: str, *things: object) -> None:
        """Collect texts, and the repr and str of other things."""
        for thing in things:
            if isinstance(thing, BaseException):
                self.add_error(where, thing)
            elif isinstance(thing, str):
                self._add_text(where, thing)
            else:
                self._add_text(where, repr(thing))
                self._add_text(where, str(thing))
            if isinstance(thing, (AssetUpdate, Balance, Health, StateChange)):
                fields = asdict(thing)
                self._add_text(f"fields of {where}", repr(fields))
                if isinstance(fields.get("error"), BaseException):
                    self.add_error(where, fields["error"])

    def add_stream(self, stream: AssetStream) -> None:
        """Collect a stream's attributes, pages and balances."""
        self.add(
            "stream", stream, stream._run.settings, stream.exchange, stream.account
        )
        self.add("health", stream.health())
        for shown in (stream, stream.health(), stream.balances):
            self.add("page", shown._repr_html_())
        for balance in stream.balances.values():
            self.add("balance", balance)
        if stream.error is not None:
            self.add_error("stream.error", stream.error)

    def add_error(self, where: str, error: BaseException) -> None:
        """Collect an exception and its whole chain."""
        seen: set[int] = set()
        waiting: list[BaseException | None] = [error]
        while waiting:
            each = waiting.pop()
            if each is None or id(each) in seen:
                continue
            seen.add(id(each))
            waiting += [each.__cause__, each.__context__]
            name = f"{type(each).__name__}, {where}"
            self.add(name, repr(each), str(each), repr(each.args))
            self.add(f"attributes of {name}", repr(vars(each)))
            shown = traceback.TracebackException.from_exception(
                each, capture_locals=True
            )
            for frame in shown.stack:
                if not frame.filename.startswith(HERE):
                    place = f"{frame.filename}:{frame.lineno}, {name}"
                    self.add(f"locals at {place}", repr(frame.locals))
            self.add(f"traceback of {name}", *_without_locals(each))

    def contains(self, text: str) -> bool:
        """Return whether a collected text has this in it."""
        return any(text in collected for collected in tuple(self._texts))

    def finish(self) -> None:
        """Collect the warnings."""
        for warning in self._caught:
            self.add("warning", str(warning.message))

    @property
    def leaks(self) -> list[str]:
        """The places where a secret was found; the secret itself is left out."""
        secrets = tuple(self._secrets)  # a server may still be asked
        return [
            where
            for text, places in tuple(self._texts.items())
            if has_token(text) or any(map(bare(text).__contains__, secrets))
            for where in places
        ]

    def _add_text(self, where: str, text: str) -> None:
        self._texts.setdefault(text, []).append(where)

    def __enter__(self) -> LeakDetector:
        root = logging.getLogger()
        self._level = root.level
        root.setLevel(logging.DEBUG)
        root.addHandler(self)
        self._loggers = {
            logging.getLogger(name): logging.getLogger(name).level
            for name in ("assetstream", "websocket", "urllib3", "requests")
        }
        for logger in self._loggers:
            logger.setLevel(logging.DEBUG)
        self._warnings = warnings.catch_warnings(record=True)
        # None only if they were not recorded.
        self._caught: Any = self._warnings.__enter__()
        warnings.simplefilter("always")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._warnings.__exit__(kind, error, trace)
        root = logging.getLogger()
        root.removeHandler(self)
        root.setLevel(self._level)
        for logger, level in self._loggers.items():
            logger.setLevel(level)


def has_token(text: str) -> bool:
    """Return whether a part of a JSON Web Token, or its beginning, is in the text."""
    return any(
        OBJECT.match(base64.urlsafe_b64decode(found[0]))
        for found in TOKEN.finditer(text)
    )


def bare(text: str) -> str:
    """Return a text without the escapes of URLs, JSON and reprs, nested ones too."""
    if "\\u" in text:
        text = UNICODE.sub(lambda found: chr(int(found[1], 16)), text)
    while "%" in text and (decoded := unquote(text)) != text:
        text = decoded
    return text.replace("\\", "")


def _without_locals(error: BaseException) -> list[str]:
    """Return the printed traceback without the source lines of tests."""
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return [line for line in lines if HERE not in line]

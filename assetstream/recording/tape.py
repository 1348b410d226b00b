"""The form of a tape, a file of JSON lines, and its reading and writing.

The first line is the header::

    {"tape": 1, "exchange": "upbit", "options": {"region": "sg", "format": "DEFAULT"},
     "began": "2026-11-25T10:00:00.123Z", "assetstream": "0.1.0", "scrambled": false}

Every other line is an event, ``at`` seconds after ``began``:

============  ========================================================================
``kind``      the event, and its fields
============  ========================================================================
connecting    an attempt to connect began
refused       its upgrade was refused: ``status``, ``headers``, body
opened        the WebSocket is open
sent          a text frame was sent: frame
ping, pong    a WebSocket ping was sent, a pong came
received      a data frame came: frame
ready         the subscription was proved
closed        the exchange closed: ``code`` (null: with no close frame), ``reason``
read          a REST read was sent
reply         it was answered: ``status``, ``headers``, body
state         the stream's state changed: ``previous``, ``current``, ``reason``, ``gap``
error         an error was reported: ``error`` (its class), ``message``, ``fatal``
lost          ``count`` entries are missing here: the writer could not keep up
end           the recording was ended, not cut off
============  ========================================================================

A frame or body is ``text``, or ``base64`` if it is not UTF-8. An attempt to connect
that is neither opened nor refused before the next one failed on the way.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Mapping

import msgspec
from msgspec import Struct

from assetstream.model.errors import ConfigurationError

__all__ = ["Header", "Tape", "TapeLine", "pack", "payload", "read_tape", "written"]

#: The form described above.
VERSION = 1


class Header(Struct, frozen=True, kw_only=True):
    """The first line of a tape.

    Attributes:
        tape: the form of the tape.
        exchange: name of the exchange.
        options: options of the exchange on which a replay depends.
        began: ISO 8601, UTC, by the recording machine's clock.
        assetstream: the release that recorded.
        scrambled: amounts are hidden.
    """

    tape: int = VERSION
    exchange: str
    options: dict[str, str]
    began: str
    assetstream: str
    scrambled: bool


class TapeLine(Struct, frozen=True):
    """An event, ``at`` seconds after the beginning."""

    at: float
    kind: str
    fields: Mapping[str, Any]


class Tape(Struct, frozen=True):
    """A whole tape.

    Attributes:
        header: its first line.
        lines: the others, in their order.
        cut_off: True if the recording process did not write the tape's end.
    """

    header: Header
    lines: list[TapeLine]
    cut_off: bool


def written(content: Mapping[str, Any]) -> bytes:
    """Write one line."""
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"


def pack(data: bytes) -> dict[str, str]:
    """Make the field that holds a frame or body."""
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def payload(fields: Mapping[str, Any]) -> bytes:
    """Return the frame or body that a line holds."""
    if "base64" in fields:
        return base64.b64decode(fields["base64"])
    return str(fields.get("text", "")).encode()


def read_tape(path: str | Path) -> Tape:
    """Read a tape; leaves out a last line that was cut off.

    Raises:
        ConfigurationError: the file is no tape, or a later release's; the text names
            the place.
        OSError: the file cannot be read.
    """
    raw = Path(path).read_bytes().splitlines()
    header = _header(path, raw[0] if raw else b"")
    lines = []
    for number, text in enumerate(raw[1:], 2):
        try:
            lines.append(_line(text))
        except (ValueError, TypeError, msgspec.MsgspecError):
            if number == len(raw):
                break
            raise ConfigurationError(
                f"{path}, line {number}: not a line of a tape",
                remedy="Has it been edited?",
            ) from None
    return Tape(header, lines, not lines or lines[-1].kind != "end")


def _header(path: str | Path, text: bytes) -> Header:
    try:
        header = msgspec.json.decode(text, type=Header)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise ConfigurationError(
            f"{path} is no tape: its first line is not a tape's header",
            remedy="Record one with `assetstream record`.",
        ) from None
    if header.tape != VERSION:
        raise ConfigurationError(
            f"{path} is a tape of form {header.tape}, and this assetstream reads form "
            f"{VERSION}",
            remedy=f"Use the release that recorded it, {header.assetstream}.",
        )
    return header


def _line(text: bytes) -> TapeLine:
    fields = msgspec.json.decode(text, type=dict[str, Any])
    at, kind = fields.pop("at", None), fields.pop("kind", None)
    if type(at) not in (int, float) or type(kind) is not str:
        raise TypeError("no time, or no kind")
    payload(fields)  # ValueError if it is cut
    if kind == "lost" and type(fields.get("count")) is not int:
        raise TypeError("no count")
    return TapeLine(float(at), kind, fields)

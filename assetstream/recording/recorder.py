"""``Recorder``: records on a tape all that passes between a stream and its exchange."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, Mapping, Protocol, Sequence

from msgspec import to_builtins

from assetstream.model.errors import AssetStreamError, StreamStateError
from assetstream.model.events import StateChange
from assetstream.protocol import Connect, Exchange, HttpCall, Ping, Ready, Send, Step
from assetstream.protocol.observer import Observer
from assetstream.recording import entries
from assetstream.recording.entries import TapeEntry
from assetstream.recording.mask import Mask
from assetstream.recording.tape import Header
from assetstream.recording.writer import Writer, create
from assetstream.version import __version__

__all__ = ["Observable", "Recorder"]

#: Options of an exchange on which a replay depends.
OPTIONS = ("region", "format")


class Observable(Protocol):
    """A source that lets others observe it from its start: an ``AssetStream``."""

    @property
    def exchange(self) -> Exchange:
        """The exchange, with the credentials that a tape must not show."""
        ...

    @property
    def account(self) -> str:
        """The account's label."""
        ...

    def observe(
        self,
        observer: Observer,
        subscriber: Callable[[StateChange | AssetStreamError], None],
    ) -> None:
        """Report to ``observer`` and ``subscriber`` all that happens from the start.

        Raises:
            StreamStateError: the source has started already.
        """


class Recorder:
    """Records a stream from its start, for ``assetstream replay``.

        stream = AssetStream(Upbit(region="sg"), on_asset=bot)
        with Recorder(stream, "session.jsonl"), stream:
            ...

    Keys, secrets, tokens, identifiers and the account's label are masked; amounts are
    on the tape as they are, unless they are scrambled: then all amounts of one currency
    are multiplied by one random number, which is not written down. That hides them from
    a glance; which currencies there are and how their amounts relate stays, and amounts
    of a known granularity would give the number away to somebody who looks for it.

    It neither slows the stream down nor stops it: a thread of its own writes the lines,
    and the tape counts the entries that are lost because that cannot keep up.

    Args:
        stream: NEW, alone or in a group.
        path: the file, which only you can read.
        scramble: hide amounts.
        overwrite: replace the file if it exists.
    """

    def __init__(
        self,
        stream: Observable,
        path: str | Path,
        *,
        scramble: bool = False,
        overwrite: bool = False,
    ) -> None:
        self.path = Path(path)
        self._stream = stream
        self._scramble = scramble
        self._overwrite = overwrite
        self._writer: Writer | None = None
        self._tap = Tap(self._put)

    def start(self) -> None:
        """Create the file, and observe the stream; call it before the stream's start.

        Raises:
            ConfigurationError: the file exists already.
            StreamStateError: the stream, or this recorder, was started before.
            OSError: the file cannot be created.
        """
        if self._writer is not None:
            raise StreamStateError(
                "a Recorder records once", remedy="Make another one."
            )
        exchange = self._stream.exchange
        given = {name: getattr(exchange, name, None) for name in OPTIONS}
        header = Header(
            exchange=exchange.name,
            options={name: str(value) for name, value in given.items() if value},
            began=datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"),
            assetstream=__version__,
            scrambled=self._scramble,
        )
        labels = {self._stream.account, f"{exchange.name}-{exchange.fingerprint}"}
        # The exchange's own name reveals nothing about the account.
        mask = Mask(exchange, labels - {exchange.name}, scramble=self._scramble)
        file = create(self.path, overwrite=self._overwrite)
        try:
            self._stream.observe(
                self._tap, lambda event: self._put(entries.reported(event))
            )
        except BaseException:
            os.close(file)
            self.path.unlink()
            raise
        self._writer = Writer(file, to_builtins(header), mask)

    def close(self) -> None:
        """Write what is left, and record nothing from now on."""
        if self._writer is not None:
            self._writer.close()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._writer.elapsed if self._writer else 0.0

    @property
    def frames(self) -> int:
        """Data frames received so far."""
        return self._tap.frames

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._writer.size if self._writer else 0

    @property
    def lost(self) -> int:
        """Number of entries that were not recorded: the disk was too slow."""
        return self._writer.lost if self._writer else 0

    @property
    def error(self) -> OSError | None:
        """Error that ended the writing early; also logged. None: all is well."""
        return self._writer.error if self._writer else None

    def _put(self, entry: TapeEntry) -> None:
        if self._writer is not None:
            self._writer.put(entry)

    def __enter__(self) -> Recorder:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Tap(Observer):
    """Hands everything on to the writer, unmasked, in the reader thread."""

    def __init__(self, put: Callable[[TapeEntry], None]) -> None:
        self.frames = 0
        self._put = put

    def connecting(self, connect: Connect) -> None:
        self._put(entries.mark("connecting"))

    def refused(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self._put(entries.replied("refused", status, headers, body))

    def opened(self) -> None:
        self._put(entries.mark("opened"))

    def received(self, frames: Sequence[bytes]) -> None:
        self.frames += len(frames)
        self._put(entries.frames("received", tuple(frames)))

    def pong(self) -> None:
        self._put(entries.mark("pong"))

    def answered(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, Send):
                self._put(entries.frames("sent", (step.text.encode(),)))
            elif isinstance(step, Ping):
                self._put(entries.mark("ping"))
            elif isinstance(step, Ready):
                self._put(entries.mark("ready"))

    def closed(self, code: int | None, reason: str) -> None:
        self._put(entries.closed(code, reason))

    def reading(self, call: HttpCall) -> None:
        self._put(entries.mark("read"))

    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        self._put(entries.replied("reply", status, headers, body))

"""``Writer``: a thread that masks and writes, for which nobody waits."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Iterator, Mapping

from assetstream.model.errors import ConfigurationError
from assetstream.recording.entries import TapeEntry, lost, mark
from assetstream.recording.mask import Mask
from assetstream.recording.tape import written

__all__ = ["BACKLOG", "Writer", "create"]

#: Entries that may wait to be written; past them entries are counted as lost.
BACKLOG = 10_000
#: Lines that are written at once. Without a limit nothing would be written for as long
#: as more entries come.
BATCH = 500
#: Seconds that ``close`` waits for a slow disk.
CLOSE_TIME = 5.0

logger = logging.getLogger("assetstream")


def create(path: Path, *, overwrite: bool) -> int:
    """Create a file that only its owner reads; return its descriptor.

    Raises:
        ConfigurationError: it exists, and is not to be overwritten.
        OSError: it cannot be created.
    """
    if overwrite:
        # Not truncated: it may be a link, or readable for others.
        path.unlink(missing_ok=True)
    # Without O_BINARY Windows writes other line ends.
    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, how, 0o600)
    except FileExistsError:
        raise ConfigurationError(
            f"{path} exists already",
            remedy="Choose another name, or have it replaced by overwrite=True.",
        ) from None


class Writer:
    """Writes a tape from a queue, each line as soon as it comes.

    Args:
        file: a descriptor, closed in the end.
        header: the first line.
        mask: masks everything that is written; used by the writer's thread alone.
    """

    def __init__(self, file: int, header: Mapping[str, Any], mask: Mask) -> None:
        self._file = open(file, "wb")  # noqa: SIM115
        self._mask = mask
        self._began = time.monotonic()
        # Both reentrant: a signal handler may call close() in the middle of put().
        self._queue: SimpleQueue[tuple[float, TapeEntry] | None] = SimpleQueue()
        self._lock = threading.RLock()
        self._missed = 0
        self._closed = False
        #: Bytes written, and entries that were not written.
        self.size = 0
        self.lost = 0
        #: The error that ended the writing early; None while all is well.
        self.error: OSError | None = None
        self._write([written(header)])
        self._thread = threading.Thread(
            target=self._run,
            name="assetstream-recorder",
            daemon=True,  # a script that forgets close() ends all the same
        )
        self._thread.start()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def put(self, entry: TapeEntry) -> None:
        """Queue ``entry`` to be written; from any thread. Neither waits nor raises."""
        at = self.elapsed
        with self._lock:
            if self._closed or self.error is not None:
                return
            if self._queue.qsize() >= BACKLOG:
                self._missed += 1
                self.lost += 1
                return
            if self._missed:
                self._queue.put((at, lost(self._missed)))
                self._missed = 0
            self._queue.put((at, entry))

    def close(self) -> None:
        """Write what is left and the end, and close the file, unless the disk hangs."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._queue.put(None)
        self._thread.join(CLOSE_TIME)
        if self._thread.is_alive():
            self._failed(
                TimeoutError(f"the disk did not take the rest in {CLOSE_TIME:g} s")
            )

    def _run(self) -> None:
        try:
            for batch in self._batches():
                if self.error is None:
                    self._write(batch)
        finally:
            try:
                self._file.close()
            except OSError as exc:
                self._failed(exc)

    def _batches(self) -> Iterator[list[bytes]]:
        """Yield the lines of the entries that wait, batch after batch, and the end."""
        for item in iter(self._queue.get, None):
            batch = self._lines(*item)
            # No other thread takes from the queue.
            while not self._queue.empty() and len(batch) < BATCH:
                following = self._queue.get()
                if following is None:
                    yield batch + self._end()
                    return
                batch += self._lines(*following)
            yield batch
        yield self._end()

    def _end(self) -> list[bytes]:
        missed = self._lines(self.elapsed, lost(self._missed)) if self._missed else []
        return [*missed, *self._lines(self.elapsed, mark("end"))]

    def _lines(self, at: float, entry: TapeEntry) -> list[bytes]:
        try:
            found = entry(self._mask)
        except Exception as exc:  # a bug of ours must cost a line, not the recording
            with self._lock:
                self.lost += 1
            _log("something could not be recorded", error=exc)
            found = [{"kind": "lost", "count": 1}]
        return [written({"at": round(at, 6), **content}) for content in found]

    def _write(self, lines: list[bytes]) -> None:
        try:
            self._file.write(b"".join(lines))
            self._file.flush()
        except OSError as exc:
            self._failed(exc)
        else:
            self.size += sum(map(len, lines))

    def _failed(self, error: OSError) -> None:
        if self.error is None:
            self.error = error
            _log("the recording ended, its file cannot be written: %s", error)


def _log(text: str, *args: object, error: Exception | None = None) -> None:
    # A logging handler is the user's code: it ends no recording by raising (D4).
    with suppress(Exception):
        logger.error(text, *args, exc_info=error, stacklevel=2)

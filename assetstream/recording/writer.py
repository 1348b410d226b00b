"""The thread that masks and writes: whoever tells it something never waits for it."""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path
from queue import Full, Queue
from typing import Any, Iterator, Mapping

from assetstream.model.errors import ConfigurationError
from assetstream.recording.entries import Entry, Lost, Mark, contents
from assetstream.recording.mask import Mask
from assetstream.recording.tape import written

__all__ = ["BACKLOG", "Writer", "create"]

#: Entries that may wait to be written; past them entries are counted as lost.
BACKLOG = 10_000
#: Lines that are written at once, or one entry's; more would be kept from the disk for
#: as long as more came.
BATCH = 500
#: Seconds that ``close`` waits for a disk that does not take what is left.
CLOSE_TIME = 5.0

logger = logging.getLogger("assetstream")


def create(path: Path, *, overwrite: bool) -> int:
    """Create a file that only its owner reads; return its descriptor.

    Raises:
        ConfigurationError: it exists, and is not to be overwritten.
        OSError: it cannot be created.
    """
    if overwrite:
        path.unlink(missing_ok=True)  # what others may read, or a link, goes
    # Windows would write other line ends.
    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, how, 0o600)
    except FileExistsError:
        raise ConfigurationError(
            f"{path} exists already",
            remedy="Choose another name, or have it replaced by overwrite=True "
            "(--overwrite).",
        ) from None


class Writer:
    """Writes a tape, each line at once, from a queue that is never waited for.

    Args:
        file: a descriptor, closed in the end.
        header: the first line.
        mask: makes what is written harmless; used by the writer's thread alone.
    """

    def __init__(self, file: int, header: Mapping[str, Any], mask: Mask) -> None:
        self._file = open(file, "wb")  # noqa: SIM115
        self._mask = mask
        self._began = time.monotonic()
        self._queue: Queue[tuple[float, Entry] | None] = Queue(BACKLOG)
        # Taken for a moment, by the session's thread and by who closes.
        self._lock = threading.RLock()  # close() may come from a signal handler
        self._missed = 0
        self._closed = False
        #: Bytes and lines written, and entries that could not be kept up with.
        self.size = 0
        self.lost = 0
        #: Why writing ended before its time; None while all is well.
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

    def put(self, entry: Entry) -> None:
        """Have it written; from any thread. Neither waits nor raises."""
        at = self.elapsed
        with self._lock:
            if self._closed or self.error is not None:
                return
            try:
                if self._missed:
                    self._queue.put_nowait((at, Lost(self._missed)))
                    self._missed = 0
                self._queue.put_nowait((at, entry))
            except Full:
                self._missed += 1
                self.lost += 1

    def close(self) -> None:
        """Write what is left and the end, and close the file."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        # The writer takes from the queue all the time: room comes.
        try:
            self._queue.put(None, timeout=CLOSE_TIME)
        except Full:
            pass
        self._thread.join(CLOSE_TIME)

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
        """What waits, again and again, until there is no more; then the end."""
        for item in iter(self._queue.get, None):
            batch = self._lines(*item)
            # Nobody else takes from it.
            while not self._queue.empty() and len(batch) < BATCH:
                following = self._queue.get()
                if following is None:
                    yield batch + self._end()
                    return
                batch += self._lines(*following)
            yield batch
        yield self._end()

    def _end(self) -> list[bytes]:
        missed = [Lost(self._missed)] if self._missed else []
        last: list[Entry] = [*missed, Mark("end")]
        return [line for entry in last for line in self._lines(self.elapsed, entry)]

    def _lines(self, at: float, entry: Entry) -> list[bytes]:
        try:
            found = list(contents(entry, self._mask))
        except Exception:  # a bug of ours must cost a line, not the recording
            logger.exception("something could not be recorded")
            found = [{"kind": "lost", "count": 1}]
        return [written({"at": round(at, 6), **content}) for content in found]

    def _write(self, lines: list[bytes]) -> None:
        try:
            self._file.write(b"".join(lines))
            self._file.flush()
        except OSError as exc:
            self._failed(exc)
        self.size += sum(map(len, lines))

    def _failed(self, error: OSError) -> None:
        if self.error is None:
            self.error = error
            logger.error("the recording ended, its file cannot be written: %s", error)

"""Logging handlers that do what none should do."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import Iterator

from tests.support.event_recorder import PATIENCE

__all__ = ["HangingHandler", "RaisingHandler", "logging_to"]


class RaisingHandler(logging.Handler):
    """Raises for every record, as one that sends them elsewhere may.

    Attributes:
        threads: names of the threads that have logged.
        texts: what they have logged.
    """

    def __init__(self, error: type[BaseException] = ConnectionError) -> None:
        super().__init__()
        self.error = error
        self.threads: list[str] = []
        self.texts: list[str] = []

    def said(self, words: str) -> bool:
        """Return True if a record has these words."""
        return any(words in text for text in self.texts)

    def emit(self, record: logging.LogRecord) -> None:
        self.threads.append(threading.current_thread().name)
        self.texts.append(record.getMessage())
        raise self.error("no network")


class HangingHandler(logging.Handler):
    """Hangs with each record until it is released; it holds its lock meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.released = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.entered.set()
        self.released.wait(PATIENCE)


@contextmanager
def logging_to(handler: logging.Handler) -> Iterator[None]:
    """Let the logger ``assetstream`` log everything, and to this handler alone."""
    logger = logging.getLogger("assetstream")
    before = logger.level, logger.propagate, logging.raiseExceptions
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = logging.raiseExceptions = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.level, logger.propagate, logging.raiseExceptions = before
        logger.setLevel(before[0])

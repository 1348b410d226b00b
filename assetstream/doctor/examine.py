"""The doctor's steps, in their order, in a thread of their own.

The caller's thread only waits for results, so Ctrl-C ends an examination at once.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Callable, Iterator, Union

from assetstream.doctor.account import RestChecks, check_key, clock_step
from assetstream.doctor.connection import connection_checks
from assetstream.doctor.examination import (
    Examination,
    Item,
    Subject,
    failure,
    skip,
)
from assetstream.doctor.libraries import machine_checks
from assetstream.doctor.network import Route
from assetstream.doctor.report import Check, Diagnosis
from assetstream.model.errors import ConfigurationError
from assetstream.runtime.loop.waits import (
    Deadline,
    get_interruptibly,
    join_interruptibly,
)
from assetstream.runtime.net.cancel import Cancelled
from assetstream.runtime.net.dial import server_of

__all__ = ["diagnose", "examine"]

CONNECTION = ("WebSocket", "subscription", "ping", "pushes")


def diagnose(subject: Subject, timeout: float | None) -> Diagnosis:
    """Examine this machine and an account; as ``examine``."""
    checks = [*machine_checks(), *examine(subject, timeout)]
    return Diagnosis(subject.exchange.name, subject.account, checks)


def examine(
    subject: Subject,
    timeout: float | None,
    begins: Callable[[str], object] = lambda name: None,
) -> Iterator[Check]:
    """Examine an account, and yield each check when it is done.

    The doctor only reads. When the iteration ends, by an exception too, nothing goes on
    running but a name look-up of the system, which cannot be ended.

    Args:
        subject: the account to examine.
        timeout: seconds for all steps; None for as long as each step may take.
        begins: called with the name of each step that begins, in the calling thread.
    """
    examination = Examination(subject, Deadline(timeout).left())
    items: SimpleQueue[Union[Item, Exception, None]] = SimpleQueue()
    # A daemon, as the safety net only: it is joined below.
    thread = threading.Thread(
        target=_run, args=(examination, items), name="assetstream-doctor", daemon=True
    )
    thread.start()
    try:
        while (item := get_interruptibly(items, Deadline(None))) is not None:
            if isinstance(item, Exception):
                raise item  # a fault of ours
            if isinstance(item, str):
                begins(item)
            else:
                yield item
    finally:
        examination.cancel()
        join_interruptibly(thread, Deadline(None))


def _run(
    examination: Examination, items: SimpleQueue[Union[Item, Exception, None]]
) -> None:
    try:
        for item in _steps(examination):
            items.put(item)
    except Cancelled:
        pass
    except Exception as fault:
        items.put(fault)
    finally:
        examination.close()
        items.put(None)


def _steps(examination: Examination) -> Iterator[Item]:
    exchange = examination.subject.exchange
    servers = server_of(exchange.rest_url), server_of(exchange.ws_url)
    # One route only, if REST and WebSocket are at the same server.
    routes = {server: Route(examination, server) for server in servers}
    for route in routes.values():
        yield from route.steps()
    rest, socket = (routes[server] for server in servers)
    if examination.subject.no_key is not None:
        yield from _steps_without_key(examination, examination.subject.no_key, rest)
        return
    yield "key"
    key = examination.judge("key", lambda: check_key(exchange))
    yield key
    account = RestChecks(examination, key)
    if rest.broken:
        yield from (skip(name, rest.why) for name in ("REST", "clock"))
    else:
        yield from account.steps()
    why = account.no_more or (socket.why if socket.broken else "")
    if why and examination.subject.health is None:
        yield from (skip(name, why) for name in CONNECTION)
    else:
        yield from connection_checks(examination)


def _steps_without_key(
    examination: Examination, error: ConfigurationError, rest: Route
) -> Iterator[Item]:
    """Compare the clocks, which needs no key; all behind it does."""
    if rest.broken:
        yield skip("clock", rest.why)
    else:
        yield from clock_step(examination)
    yield Check("key", *failure(error))
    yield from (skip(name, "there is no key") for name in ("REST", *CONNECTION))

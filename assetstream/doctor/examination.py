"""The doctor's steps, in a thread of their own: so that Ctrl-C ends them at once."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Callable, Iterator, Union

from assetstream.doctor.account import RestChecks, check_key
from assetstream.doctor.case import Case, Item, Patient, skip
from assetstream.doctor.connection import connection_checks
from assetstream.doctor.libraries import machine_checks
from assetstream.doctor.network import Route
from assetstream.doctor.report import Check, Diagnosis
from assetstream.runtime.loop.waits import (
    Deadline,
    get_interruptibly,
    join_interruptibly,
)
from assetstream.runtime.net.cancel import Cancelled
from assetstream.runtime.net.dial import server_of

__all__ = ["diagnose", "examine"]

CONNECTION = ("WebSocket", "subscription", "ping", "pushes")


def diagnose(patient: Patient, timeout: float | None) -> Diagnosis:
    """Examine this machine and an account; as ``examine``."""
    checks = [*machine_checks(), *examine(patient, timeout)]
    return Diagnosis(patient.exchange.name, patient.account, checks)


def examine(
    patient: Patient,
    timeout: float | None,
    begins: Callable[[str], object] = lambda name: None,
) -> Iterator[Check]:
    """Examine an account, and yield each check as it is known.

    It reads only. Whenever the iteration ends, by an exception too, nothing is left
    running but what cannot be ended: a name look-up of the system's.

    Args:
        patient: who is examined.
        timeout: seconds for all of it; None for as long as its steps may take.
        begins: called with the name of each step that begins, in the calling thread.
    """
    case = Case(patient, Deadline(timeout).left())
    items: SimpleQueue[Union[Item, Exception, None]] = SimpleQueue()
    # A daemon, as the safety net only: it is joined below.
    thread = threading.Thread(
        target=_run, args=(case, items), name="assetstream-doctor", daemon=True
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
        case.give_up()
        join_interruptibly(thread, Deadline(None))


def _run(case: Case, items: SimpleQueue[Union[Item, Exception, None]]) -> None:
    try:
        for item in _steps(case):
            items.put(item)
    except Cancelled:
        pass
    except Exception as fault:
        items.put(fault)
    finally:
        case.close()
        items.put(None)


def _steps(case: Case) -> Iterator[Item]:
    exchange = case.patient.exchange
    servers = server_of(exchange.rest_url), server_of(exchange.ws_url)
    # Once, if REST and WebSocket are at the same one.
    routes = {server: Route(case, server) for server in servers}
    for route in routes.values():
        yield from route.steps()
    rest, socket = (routes[server] for server in servers)
    yield "key"
    key = case.judge("key", lambda: check_key(exchange))
    yield key
    account = RestChecks(case, key)
    if rest.broken:
        yield from (skip(name, rest.why) for name in ("REST", "clock"))
    else:
        yield from account.steps()
    why = account.no_more or (socket.why if socket.broken else "")
    if why and case.patient.stream is None:
        yield from (skip(name, why) for name in CONNECTION)
    else:
        yield from connection_checks(case)

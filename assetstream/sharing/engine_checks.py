"""The doctor's checks of an engine, and of the accounts that it has."""

from __future__ import annotations

import math
from importlib import metadata
from typing import Callable, Iterator

from assetstream.display.words import counted, lasting, named
from assetstream.doctor.examination import Outcome, failure, skip
from assetstream.doctor.libraries import machine_checks
from assetstream.doctor.report import Check, Diagnosis, Verdict
from assetstream.model.errors import (
    AssetStreamError,
    PermissionDenied,
    ProtocolError,
)
from assetstream.model.states import State
from assetstream.protocol.values import is_loopback
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.waits import Deadline
from assetstream.sharing.access import Access
from assetstream.sharing.entries import SharedAccount
from assetstream.sharing.pulses import INTERVAL, OwnerPulses

__all__ = ["EngineExamination", "diagnose_remote"]

#: Seconds for which an owner is listened to, at most.
LISTEN = 3.0
#: An owner's word that is older than so many pulses takes is late.
LATE = 4 * INTERVAL
#: Labels that a finding names.
MOST_NAMED = 5

CLOSED = "the engine cannot be reached"
UNREADABLE = "its user may not ask for that (+info)"


def diagnose_remote(access: Access, account: str, timeout: float | None) -> Diagnosis:
    """Examine this machine, an engine, and one account that it has.

    Args:
        access: to the data of the account's fleet.
        account: its label.
        timeout: seconds for all steps; None for as long as each may take.
    """
    examination = EngineExamination(access, timeout)
    checks = [*machine_checks(), *examination.engine(), *examination.account(account)]
    examination.close()
    return Diagnosis(examination.exchange, account, checks)


class EngineExamination:
    """Examines an engine over a connection of its own; it only reads.

    Args:
        access: to the data of a fleet.
        timeout: seconds for all steps; None for as long as each may take.
        begins: called with the name of each step that begins.

    Attributes:
        exchange: of the account that was examined last; "": it is not known.
    """

    def __init__(
        self,
        access: Access,
        timeout: float | None,
        begins: Callable[[str], object] = lambda name: None,
    ) -> None:
        self.exchange = ""
        self._access = access
        self._deadline = Deadline(timeout)
        self._begins = begins
        self._engine = access.engine()
        self._open = False
        # Owner -> what is known of its pulses.
        self._heard: dict[str, Outcome] = {}

    def close(self) -> None:
        """Close the connection."""
        self._engine.close()

    # The engine.

    def engine(self) -> Iterator[Check]:
        """Check the way to the engine, and how it is set up."""
        yield self._run("redis", _library)
        yield self._run("engine", self._connect)
        yield self._run("encryption", self._encryption)
        yield self._run("password", self._password)
        if not self._open:
            yield from (skip(name, CLOSED) for name in ("eviction", "persistence"))
            return
        facts: dict[str, str] = {}

        def eviction() -> Outcome:
            try:
                facts.update(self._engine.info())
            except PermissionDenied:
                self._connect_again()
                return Outcome(Verdict.SKIPPED, UNREADABLE)
            return _eviction(facts)

        yield self._run("eviction", eviction)
        if facts:
            yield Check("persistence", *_persistence(facts))
        else:
            yield skip("persistence", UNREADABLE if self._open else CLOSED)

    def accounts(self) -> list[str]:
        """Return the labels of all accounts of the fleet; [] without a connection.

        Raises:
            AssetStreamError: they cannot be read.
        """
        return self._engine.accounts() if self._open else []

    def _connect(self) -> Outcome:
        self._engine.connect()
        self._open = True
        return Outcome(
            Verdict.GREEN, f"{self._engine.version} at {self._access.address.name}"
        )

    def _encryption(self) -> Outcome:
        address = self._access.address
        if address.scheme == "rediss":
            if self._open:
                return Outcome(Verdict.GREEN, "TLS, by a certificate that is trusted")
            return Outcome(Verdict.SKIPPED, CLOSED)
        if address.exposed:
            return Outcome(
                Verdict.YELLOW,
                "balances and password pass the network unencrypted",
                ("Use rediss://, and give the engine a certificate.",),
            )
        return Outcome(Verdict.GREEN, "not needed: it is on this machine")

    def _password(self) -> Outcome:
        address = self._access.address
        if address.password:
            if self._open:
                return Outcome(Verdict.GREEN, "the engine accepts user and password")
            return Outcome(Verdict.SKIPPED, CLOSED)
        if address.scheme == "unix" or is_loopback(address.host):
            return Outcome(Verdict.GREEN, "none; whoever is on this machine may read")
        return Outcome(
            Verdict.YELLOW,
            "none: whoever reaches the engine can read balances, and perhaps forge "
            "them",
            ("Make a user with a reader's rights: `assetstream relay --acl`.",),
        )

    # An account.

    def account(self, account: str) -> Iterator[Check]:
        """Check who owns an account, and whether that one is heard of."""
        self.exchange = ""
        if not self._open:
            yield from (skip(name, CLOSED) for name in ("owner", "pulses"))
            return
        found: list[SharedAccount] = []

        def owner() -> Outcome:
            read = self._engine.snapshot([account])[account]
            if isinstance(read, ProtocolError):
                return failure(read)
            if read is None:
                return self._absent(account)
            found.append(read)
            self.exchange = read.head.exchange
            return _owner(read)

        yield self._run("owner", owner)
        if found and found[0].head.owner:
            yield self._run("pulses", lambda: self._pulses(account, found[0]))
        else:
            yield skip("pulses", "there is no owner")

    def _absent(self, account: str) -> Outcome:
        fleet = self._access.keys.fleet
        try:
            known = self._engine.accounts()
        except PermissionDenied:
            known = []
            self._connect_again()
        has = f"It has {named(known, MOST_NAMED)}." if known else ""
        return Outcome(
            Verdict.RED,
            f"the fleet {fleet!r} has no account {account!r}",
            (f"Check its label and the fleet's name. {has}".strip(),),
        )

    def _pulses(self, account: str, shared: SharedAccount) -> Outcome:
        owner = shared.head.owner
        if owner not in self._heard:
            self._heard[owner] = self._listen(account, shared)
        return self._heard[owner]

    def _listen(self, account: str, shared: SharedAccount) -> Outcome:
        """Listen until an owner's word can be dated, as a reader does."""
        owner, pulses = shared.head.owner, OwnerPulses()
        place, log, came = "0", shared.last_id, 0
        began = clock.now()
        ends = began + min(LISTEN, self._deadline.left())
        # What lay there was not heard.
        while pulses.composed == -math.inf and clock.now() < ends:
            asked = clock.now()
            found = self._engine.follow({account: log}, {owner: place})
            told, items = found.pulses.get(owner, ()), found.logs.get(account, ())
            if isinstance(told, ProtocolError):
                return failure(told)
            if isinstance(items, ProtocolError):
                return failure(items)
            came += len(told) if place != "0" else 0
            place = found.places.get(owner, place if place != "0" else "0-0")
            log = items[-1].id if items else log
            pulses.came(told, asked)
        now = clock.now()
        if not came:
            return Outcome(
                Verdict.RED,
                f"{owner} was not heard of for {lasting(now - began)}",
                (
                    f"Look whether {owner} runs, and reaches the engine.",
                    "Start another relay that has the account's key: it takes over.",
                ),
            )
        if pulses.composed == -math.inf:
            return Outcome(
                Verdict.YELLOW,
                f"{owner} was heard of {counted(came, 'time')} in "
                f"{lasting(now - began)}, too seldom to know how old its word is",
                ("Look what slows down the worker, the engine or the network.",),
            )
        lag = now - pulses.composed
        late = lag > LATE
        return Outcome(
            Verdict.YELLOW if late else Verdict.GREEN,
            f"the word of {owner} is {lasting(lag)} old at most",
            ("Look what slows down the worker, the engine or the network.",)
            if late
            else (),
        )

    # Steps.

    def _run(self, name: str, step: Callable[[], Outcome]) -> Check:
        """Run a step, if there is time; an error that it raises becomes a red check."""
        if self._deadline.left() <= 0:
            return Check(
                name,
                Verdict.RED,
                "not reached in time: the steps above took too long",
                ("Give it more time, or look for what slows the network down.",),
            )
        self._begins(name)
        began = clock.now()
        try:
            outcome = step()
        except PermissionDenied as error:
            outcome = failure(error)
            self._connect_again()
        except AssetStreamError as error:
            self._open = False
            outcome = failure(error)
        return Check(name, *outcome, seconds=clock.now() - began)

    def _connect_again(self) -> None:
        """Connect anew after a refusal, which has closed the connection."""
        try:
            self._engine.connect()
        except AssetStreamError:
            self._open = False


def _library() -> Outcome:
    found = [f"redis {metadata.version('redis')}"]
    try:
        found.append(f"hiredis {metadata.version('hiredis')}")
    except metadata.PackageNotFoundError:
        pass  # it is faster with it, and right without
    return Outcome(Verdict.GREEN, ", ".join(found))


def _eviction(facts: dict[str, str]) -> Outcome:
    policy = facts.get("maxmemory_policy", "")
    if policy == "noeviction" or facts.get("maxmemory") == "0":
        return Outcome(Verdict.GREEN, "none: what was written stays there")
    return Outcome(
        Verdict.YELLOW,
        f"the engine may drop accounts when its memory is full (maxmemory-policy is "
        f"{policy})",
        ("Set maxmemory-policy noeviction, or give the fleet an engine of its own.",),
    )


def _persistence(facts: dict[str, str]) -> Outcome:
    if facts.get("aof_enabled") == "1":
        return Outcome(Verdict.GREEN, "an append-only file outlives a restart")
    return Outcome(
        Verdict.YELLOW,
        "a restart loses what came since the last snapshot: until its owner has "
        "written it anew, an account is STALE",
        ("Set appendonly yes, and appendfsync everysec.",),
    )


def _owner(shared: SharedAccount) -> Outcome:
    head = shared.head
    if not head.owner:
        return Outcome(
            Verdict.RED,
            "no worker owns it",
            ("Start a relay that has the account's key.",),
        )
    said = f"{head.owner} owns it, at {head.exchange}: {head.state}, {head.reason}"
    if head.state is State.LIVE:
        return Outcome(Verdict.GREEN, f"{said}; {counted(len(shared.book), 'balance')}")
    failed = head.state in (State.FAILED, State.STOPPED)
    verdict = Verdict.RED if failed else Verdict.YELLOW
    error = head.error
    if error is None:
        return Outcome(verdict, said)
    remedies = error.hints or ((error.remedy,) if error.remedy else ())
    if error.problem != head.reason:
        said += f": {error.problem}"
    return Outcome(verdict, said, remedies)

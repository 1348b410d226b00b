"""One account, two workers, an engine and a reader, in simulated time.

What decides is real: of the reader, and of the relays. Everything else is a model of
what surrounds them: networks that delay, hold and lose, an engine that
pauses, forgets or goes back to what it was, processes that die or stand still, and
clocks of different rates. The world knows what was true when, and says which readings
were not.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from decimal import Decimal
from functools import partial
from typing import Any, Callable, Mapping, NamedTuple, Sequence

from msgspec.structs import replace

from assetstream.core.moment import Moment
from assetstream.core.present import Present
from assetstream.model.errors import ConnectionLost
from assetstream.model.events import (
    EPOCH,
    ZERO,
    AssetUpdate,
    Balance,
    Event,
    Source,
    StateChange,
)
from assetstream.model.states import State
from assetstream.sharing.actions import (
    Action,
    Begin,
    Compose,
    Enlist,
    Finish,
    GiveBack,
    Inform,
    Reach,
    Rewrite,
    Shut,
    Survey,
    Take,
    Tell,
    Wait,
    Write,
)
from assetstream.sharing.copybook import Copybook
from assetstream.sharing.entries import (
    VERSION,
    BookEntry,
    Entry,
    Head,
    LogItem,
    OwnerEntry,
    Pulse,
    ResetEntry,
    SharedAccount,
    StateEntry,
    UpdateEntry,
)
from assetstream.sharing.outbox import Outbox
from assetstream.sharing.ownership import Acquired, Seat
from assetstream.sharing.pulses import HORIZON, LEASE
from assetstream.sharing.read_plan import (
    Compare,
    Follow,
    Open,
    ReadAnew,
    ReadPlan,
)
from assetstream.sharing.relay_machine import HOLD, STRICT, RelayMachine
from assetstream.sharing.word import word_of

__all__ = ["FAULTS", "Fault", "Fleet"]

LABEL = "alice"
CODE = "BTC"
KEY = "upbit-a1b2c3"
#: Everything that may happen, by name.
FAULTS = (
    "kill the owner",
    "stop the owner",
    "suspend the owner",
    "hold what the owner sends",
    "hold what the owner gets",
    "hold what the reader sends",
    "hold what the reader gets",
    "pause the engine",
    "flush the engine",
    "crash the engine",
    "promote an old copy",
    "suspend the reader",
    "drop the exchange",
)
#: Entries of a log that one reply brings.
COUNT = 4
#: Entries that a log keeps.
KEPT = 12
TIMEOUT = 1.0
BLOCK = 0.25
#: Seconds that owners believe their exchange without a proof.
PATIENCES = (1.0, 6.0)


class Fault(NamedTuple):
    """One fault: what, how long after the one before, and for how long; seconds."""

    kind: str
    after: float
    lasts: float


class Truth:
    """What the exchange held, and when."""

    def __init__(self) -> None:
        self.began = [0.0]

    @property
    def value(self) -> int:
        """The present value: each is greater by one than the one before."""
        return len(self.began) - 1

    def held(self, value: int, since: float) -> bool:
        """Tell whether a value was true at any moment since then."""
        over = self.began[value + 1] if value < self.value else float("inf")
        return over >= since


class Engine:
    """Head, book, log, pulses and leases, as one step changes them."""

    def __init__(self, fleet: Fleet) -> None:
        #: Which of its lives this is.
        self.life = 0
        self._fleet = fleet
        self._paused_until = 0.0
        self._places = 0
        self.forget()
        self._past: deque[tuple[float, Any]] = deque(maxlen=64)
        self._waiting: list[Callable[[], bool]] = []

    def forget(self) -> None:
        """Lose everything; where streams go on is told by the clock, and so kept."""
        self.head: Head | None = None
        self.book: dict[str, BookEntry] = {}
        self.log: list[tuple[int, LogItem]] = []
        self.pulses: dict[str, list[tuple[int, Pulse]]] = {}
        self.leases: dict[str, float] = {}

    def remember(self) -> None:
        """Keep a copy, for a crash that loses what came since."""
        pulses = {worker: list(stream) for worker, stream in self.pulses.items()}
        state = self.head, dict(self.book), list(self.log), pulses, dict(self.leases)
        self._past.append((self._fleet.now, state))

    def go_back(self, seconds: float) -> None:
        """Be as some seconds ago, and know of no connection."""
        self.life += 1
        while self._past:
            at, state = self._past.pop()
            if at <= self._fleet.now - seconds:
                self.head, self.book, self.log, self.pulses, self.leases = state
                return
        self.forget()

    def pause(self, seconds: float) -> None:
        """Do nothing for a while."""
        self._paused_until = max(self._paused_until, self._fleet.now + seconds)

    def do(
        self,
        command: Callable[[], Any],
        reply: Callable[[Any], None],
        life: int | None = None,
    ) -> None:
        """Make one step as soon as the engine runs, if it is still the same."""
        life = self.life if life is None else life
        if life != self.life:
            return
        wait = self._paused_until - self._fleet.now
        if wait > 0:
            self._fleet.later(wait, lambda: self.do(command, reply, life))
            return
        reply(command())
        self._waiting = [again for again in self._waiting if not again()]

    def place(self) -> int:
        self._places += 1
        return self._places

    def alive(self, worker: str) -> bool:
        return self.leases.get(worker, 0.0) > self._fleet.now

    # The commands of a worker.

    def seats(self) -> list[Seat]:
        """Tell who has the account."""
        owner = self.head.owner if self.head else ""
        return [Seat(LABEL, owner, self.alive(owner), KEY if owner else "")]

    def acquire(self, worker: str, connection: int) -> Acquired:
        """Take the account, if nobody lives who has it."""
        head = self.head
        owner = head.owner if head else ""
        if owner not in ("", worker) and self.alive(owner):
            return Acquired(0, owner)
        if not self.alive(worker):
            return Acquired(0, "")
        last, seq = (head.token, head.seq) if head else (0, 0)
        least = int(self._fleet.now * 1000) + 1
        token, seq = max(last + 1, least), max(seq + 1, least)
        self.head = Head(
            VERSION,
            "upbit",
            worker,
            token,
            seq,
            State.CONNECTING,
            connection=connection,
        )
        self._append(OwnerEntry(worker))
        return Acquired(token, owner)

    def publish(self, worker: str, token: int, entries: list[Entry]) -> bool:
        """Write a batch, if the worker still owns the account by that token."""
        head = self.head
        if head is None or (head.owner, head.token) != (worker, token):
            return False
        seq, state = head.seq, head.state
        for entry in entries:
            seq += 1
            if isinstance(entry, UpdateEntry):
                self.book[entry.currency] = BookEntry(
                    entry.available, entry.locked, 0, entry.source
                )
            elif isinstance(entry, ResetEntry):
                self.book, state = dict(entry.book), entry.state
            elif isinstance(entry, StateEntry):
                state = entry.state
            self.head = replace(self.head, seq=seq, state=state)
            self._append(entry)
        return True

    def release(self, worker: str, tokens: Mapping[str, int], last: bool) -> None:
        """Give the account back, and end the lease if that is to be."""
        head = self.head
        if head and (head.owner, head.token) == (worker, tokens.get(LABEL)):
            self.head = replace(
                head, owner="", seq=head.seq + 1, state=State.STALE, error=None
            )
            self._append(OwnerEntry(""))
        if last:
            self.leases.pop(worker, None)
            self.pulses.pop(worker, None)

    def pulse(self, worker: str, pulse: Pulse, first: bool) -> int:
        """Renew the lease and append a pulse, if there is a lease, or is to be one."""
        if not first and not self.alive(worker):
            return 0
        self.leases[worker] = self._fleet.now + LEASE
        stream = self.pulses.setdefault(worker, [])
        stream.append((self.place(), pulse))
        del stream[:-4]
        return sum(map(self.alive, self.leases))

    def _append(self, entry: Entry) -> None:
        assert self.head is not None
        place = self.place()
        self.log.append((place, LogItem(str(place), self.head.seq, entry)))
        del self.log[:-KEPT]

    # The commands of a reader.

    def snapshot(self) -> SharedAccount | None:
        if self.head is None:
            return None
        last = self.log[-1][0] if self.log else 0
        return SharedAccount(self.head, dict(self.book), str(last))

    def read(
        self, last: int, owner: str, pulse: int
    ) -> tuple[list[LogItem], list[tuple[int, Pulse]]]:
        items = [item for place, item in self.log if place > last][:COUNT]
        pulses = [each for each in self.pulses.get(owner, ()) if each[0] > pulse]
        return items, pulses

    def follow(
        self, last: int, owner: str, pulse: int, reply: Callable[[Any], None]
    ) -> None:
        """Reply when there is anything, or after a while."""
        found = self.read(last, owner, pulse)
        if any(found):
            reply(found)
            return
        over = self._fleet.now + BLOCK

        def again() -> bool:
            found = self.read(last, owner, pulse)
            if any(found) or self._fleet.now >= over:
                reply(found)
                return True
            return False

        self._waiting.append(again)
        self._fleet.later(BLOCK + 0.001, lambda: self.do(lambda: None, lambda _: None))


class Wire:
    """The network between one process and the engine, which keeps the order."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        #: Until when each way is held.
        self.held = {"up": 0.0, "down": 0.0}

    def arrival(self, way: str, before: float) -> float:
        """Return when what is sent now arrives, never before what was sent before."""
        fleet = self._fleet
        delay = fleet.chance.choice((0.001, 0.001, 0.01, 0.05, 0.2))
        return max(fleet.now + delay, self.held[way], before)


class Connection:
    """One connection over a wire; what was sent arrives even after it was closed.

    But not at another engine, or at the same one after a crash: that knows of no such
    connection.
    """

    def __init__(self, wire: Wire, fleet: Fleet) -> None:
        self._wire, self._fleet = wire, fleet
        self._life = fleet.engine.life
        self._last = {"up": 0.0, "down": 0.0}
        self.open = True

    def send(
        self,
        command: Callable[[Callable[[Any], None]], None],
        got: Callable[[Any], None],
    ) -> None:
        """Have the engine run a command, which replies by what it is given."""

        def arrive() -> None:
            if self._life == self._fleet.engine.life:
                command(self._reply(got))

        self._carry("up", arrive)

    def _reply(self, got: Callable[[Any], None]) -> Callable[[Any], None]:
        def arrive(reply: Any) -> None:
            if self.open:
                got(reply)

        return lambda reply: self._carry("down", lambda: arrive(reply))

    def _carry(self, way: str, call: Callable[[], None]) -> None:
        at = self._wire.arrival(way, self._last[way])
        self._last[way] = at
        fleet = self._fleet

        def arrive() -> None:
            # It may be held since, and then it waits for longer.
            wait = self._wire.held[way] - fleet.now
            if wait > 0:
                fleet.later(wait, arrive)
            else:
                call()

        fleet.later(at - fleet.now, arrive)


class Process:
    """What a worker and a reader have in common: a clock, a wire, a connection."""

    def __init__(self, fleet: Fleet, wire: Wire) -> None:
        self.fleet, self.wire = fleet, wire
        self._rate = 1 + fleet.chance.choice((-2e-4, 0.0, 2e-4))
        self._offset = fleet.chance.uniform(0, 1e6)
        self.suspended_until = 0.0
        self.dead = False
        self.connection: Connection | None = None
        self._attempt = 0

    def clock(self) -> float:
        """The process's own stopwatch."""
        return self.fleet.now * self._rate + self._offset

    def when_awake(self, call: Callable[[], None]) -> None:
        """Make a call now, or when the process goes on; never once it is dead."""
        wait = self.suspended_until - self.fleet.now
        if self.dead:
            return
        if wait > 0:
            self.fleet.later(wait, lambda: self.when_awake(call))
        else:
            call()

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Make a call after a while."""
        self.fleet.later(seconds, lambda: self.when_awake(call))

    def ask(
        self,
        command: Callable[[Callable[[Any], None]], None],
        got: Callable[[Any], None],
    ) -> None:
        """Send a command; connect anew if no reply comes in time."""
        assert self.connection is not None
        connection = self.connection
        self._attempt += 1
        attempt = self._attempt

        def reply(value: Any) -> None:
            if connection.open and attempt == self._attempt:
                self._attempt += 1
                got(value)

        def give_up() -> None:
            if connection.open and attempt == self._attempt:
                self.lose()

        connection.send(command, lambda value: self.when_awake(lambda: reply(value)))
        self.later(TIMEOUT, give_up)

    def lose(self) -> None:
        """Lose the connection, and make another one soon."""
        if self.connection is not None:
            self.connection.open = False
            self.connection = None
            self._attempt += 1
            self.later(0.1, self.connect)

    def connect(self) -> None:
        """Connect, and go on."""
        self.connection = Connection(self.wire, self.fleet)
        self.connected()

    def connected(self) -> None:
        raise NotImplementedError


class Worker(Process):
    """Owns the account when it can: the real machine, and a model of its stream."""

    def __init__(self, fleet: Fleet, name: str, wire: Wire) -> None:
        super().__init__(fleet, wire)
        self.name = name
        holds = fleet.holds
        self.machine = RelayMachine(name, {LABEL: KEY}, hold=fleet.chance.choice(holds))
        self._waiting = False
        # A call is under way; else, which of the waits is the last.
        self._busy = False
        self._wait = 0
        # The stream; None while there is none.
        self._patience = fleet.chance.choice(PATIENCES)
        self.present: Present | None = None
        self._outbox: Outbox | None = None
        #: It has a connection to the exchange; while it is suspended, too.
        self.socket = False
        self.dropped_until = 0.0
        self._go_on()
        self.later(0.05, self._beat)

    def stop(self) -> None:
        """Finish, as by SIGTERM."""
        self.machine.stop(self.clock())
        self._go_on()

    # The stream.

    def _beat(self) -> None:
        """Hear of the exchange, or not."""
        if self.present is not None:
            assert self._outbox is not None
            events = self._hear(self.present)
            if events:
                self._outbox.put(events, 0)
            if self.clock() > self.machine.hold_ends_at:
                self.machine.expired(LABEL)
                self._close()
        self.later(0.05, self._beat)

    def _hear(self, present: Present) -> list[AssetUpdate | StateChange]:
        fleet, before = self.fleet, present.state
        events: list[AssetUpdate | StateChange] = []
        if fleet.now >= self.dropped_until:
            present.proof = self.clock()
            present.dead_at = present.proof + self._patience
            value = Decimal(fleet.truth.value)
            held = present.balances.get(CODE)
            came_back = before is not State.LIVE
            if held is None or held.available != value:
                source = Source.RECOVERED if came_back else Source.STREAM
                update = _update(value, source)
                present.balances[CODE] = Balance(
                    "upbit", LABEL, CODE, value, ZERO, EPOCH, source
                )
                doubted = not came_back and fleet.chance.random() < 0.2
                present.doubts = {CODE: self.clock()} if doubted else {}
                events.append(update)
            elif present.doubts and fleet.chance.random() < 0.2:
                present.doubts = {}
            if came_back:
                present.state = State.LIVE
        elif before is State.LIVE and self.clock() > present.dead_at:
            present.state = State.STALE
        if present.state is not before:
            events.append(StateChange("upbit", LABEL, before, present.state, "so"))
        return events

    # The relay's thread.

    def _go_on(self) -> None:
        """Carry out what the machine wants done next, unless a call is under way."""
        while not self._busy:
            action = self.machine.next(self.clock(), self._waiting)
            self._wait += 1
            if isinstance(action, Wait):
                self._go_on_in(action.until - self.clock(), self._wait)
            if isinstance(action, (Wait, Finish)):
                return
            self._carry_out(action)

    def _go_on_in(self, seconds: float, wait: int) -> None:
        def over() -> None:
            if wait == self._wait:
                self._go_on()

        self.later(seconds, over)

    def _carry_out(self, action: Action) -> None:
        machine, fleet = self.machine, self.fleet
        if isinstance(action, Begin):
            self.socket = True
            self.present = Present("upbit", LABEL, self.clock)
            self.present.state = State.CONNECTING
            self._outbox = Outbox(
                LABEL,
                lambda text: text,
                3,
                lambda: machine.number,
                self._ring,
                self._ended,
            )
        elif isinstance(action, Rewrite):
            assert self._outbox is not None
            if self.present is not None:  # else it has just ended by itself
                reset = partial(self._outbox.reset, self.present)
                self.later(fleet.chance.choice((0.0, 0.03)), reset)
        elif isinstance(action, Shut):
            if self.present is not None:
                self._close()
        elif isinstance(action, Compose):
            self.later(
                fleet.chance.choice((0.0, 0.0, 0.1)), lambda: self._say(action.number)
            )
        elif not isinstance(action, Inform):
            self._ask(action)

    def _close(self) -> None:
        """Finish the stream, which may take a while."""
        assert self._outbox is not None
        present, self.present = self.present, None
        assert present is not None
        before, present.state = present.state, State.STOPPED
        stopped = StateChange("upbit", LABEL, before, State.STOPPED, "stopped")
        outbox = self._outbox

        def ended() -> None:
            outbox.put([stopped], 0)
            outbox.end(None)
            self.socket = False

        self.later(self.fleet.chance.choice((0.0, 0.3)), ended)

    def _ended(self, account: str, error: BaseException | None) -> None:
        self.machine.ended(account)
        self._go_on()

    def _say(self, number: int) -> None:
        present = self.present
        words = {LABEL: word_of(present, self.clock())} if present else {}
        self.machine.composed(number, words)
        self._go_on()

    def _ring(self, outbox: Outbox) -> None:
        if outbox is self._outbox:
            self._waiting = True
            self._go_on()

    # At the engine.

    def _ask(self, action: Action) -> None:
        machine, engine, sent = self.machine, self.fleet.engine, self.clock()
        command: Callable[[], Any]
        answer: Callable[[Any], None]
        if isinstance(action, Reach):
            if self._outbox is not None:
                self._outbox.mute()
                self._waiting = False
            self.connection = Connection(self.wire, self.fleet)
            command, answer = int, lambda _: machine.reached(self.clock())
        elif isinstance(action, Enlist):
            command, answer = int, lambda _: machine.enlisted(self.clock())
        elif isinstance(action, Tell):
            pulse, first = action.pulse, action.first
            command = lambda: engine.pulse(self.name, pulse, first)  # noqa: E731
            answer = lambda count: machine.told(count, sent, self.clock())  # noqa: E731
        elif isinstance(action, Survey):
            command = engine.seats
            answer = lambda seats: machine.seen(seats, self.clock())  # noqa: E731
        elif isinstance(action, Take):
            number = self.machine.connections
            command = lambda: engine.acquire(self.name, number)  # noqa: E731
            answer = lambda got: machine.taken({LABEL: got}, self.clock())  # noqa: E731
        elif isinstance(action, Write):
            command, answer = self._write(sent)
        else:
            assert isinstance(action, GiveBack)
            tokens, last = action.tokens, action.last
            command = lambda: engine.release(self.name, tokens, last)  # noqa: E731
            answer = lambda _: machine.given_back(tokens, last)  # noqa: E731
        self._busy = True

        def got(reply: Any) -> None:
            self._busy = False
            answer(reply)
            self._go_on()

        self.ask(lambda reply: engine.do(command, reply), got)

    def _write(self, sent: float) -> tuple[Callable[[], Any], Callable[[Any], None]]:
        self._waiting = False
        entries = [entry for entry, _ in self._outbox.take()] if self._outbox else []
        engine, token = self.fleet.engine, self.machine.tokens.get(LABEL)
        if token is None or not entries:
            return int, lambda _: self.machine.written({}, (), sent)
        resets = {LABEL} if isinstance(entries[0], ResetEntry) else set()
        return (
            lambda: engine.publish(self.name, token, entries),
            lambda owned: self.machine.written({LABEL: owned}, resets, sent),
        )

    def lose(self) -> None:
        if self.connection is not None:
            self.connection.open = False
            self.connection = None
            self._attempt += 1
            self._busy = False
            self.machine.lost(ConnectionLost("lost"), self.clock())
            self.when_awake(self._go_on)


class Reader(Process):
    """Follows the account by the real plan and the real copybook."""

    def __init__(self, fleet: Fleet, wire: Wire) -> None:
        super().__init__(fleet, wire)
        self.present = Present("", LABEL, self.clock)
        self.book = Copybook(self.present, HORIZON)
        self.plan = ReadPlan({LABEL: self.book}, fleet.chance.random)
        self.events: list[Event] = list(self.book.begin())
        self._turn()

    def at(self) -> Moment:
        return Moment(self.clock(), self.fleet.now)

    def connected(self) -> None:
        self.plan.connected()
        self._turn()

    def lose(self) -> None:
        if self.connection is not None:
            self.connection.open = False
            self.connection = None
            self._attempt += 1
            self.plan.failed(ConnectionLost("lost"), self.clock())
            self.judge()
            self._turn()

    def judge(self) -> None:
        pulses = self.plan.pulses(self.book.owner)
        self.events += self.book.judge(pulses, self.at())

    def _turn(self) -> None:
        """Make the next call."""
        engine, book = self.fleet.engine, self.book
        request, asked = self.plan.next(self.clock()), self.clock()
        if request is None:
            connection = self.connection

            def go_on() -> None:
                if self.connection is connection:
                    self._turn()

            self.later(self.plan.deadline - asked + 1e-6, go_on)
        elif isinstance(request, Open):
            self.connect()
        elif isinstance(request, Compare):

            def compared(head: Head | None) -> None:
                book.compare(head and head.token, head and head.seq)
                self.plan.compared([LABEL])
                self._turn()

            self.ask(lambda reply: engine.do(lambda: engine.head, reply), compared)
        elif isinstance(request, ReadAnew):

            def restored(account: SharedAccount | None) -> None:
                self.events += book.restore(account, self.at())
                self.plan.read_anew([LABEL], self.clock())
                self.judge()
                self._turn()

            self.ask(lambda reply: engine.do(engine.snapshot, reply), restored)
        else:
            assert isinstance(request, Follow)
            self._follow(request, asked)

    def _follow(self, request: Follow, asked: float) -> None:
        engine, book = self.fleet.engine, self.book
        (last,) = request.logs.values()
        owner, place = next(iter(request.pulses.items()), ("", "0"))

        def got(found: tuple[list[LogItem], list[tuple[int, Pulse]]]) -> None:
            items, new = found
            pulses = {owner: [pulse for _, pulse in new]} if new else {}
            places = {owner: str(new[-1][0])} if new else {}
            self.plan.followed(request, pulses, places, asked)
            self.events += book.apply(items, len(items) < COUNT, self.at())
            self.plan.note(LABEL)
            self.judge()
            self._turn()

        self.ask(
            lambda reply: engine.do(
                lambda: engine.follow(int(last), owner, int(place), reply),
                lambda _: None,
            ),
            got,
        )


class Fleet:
    """The world. Times are true seconds.

    Args:
        seed: of all that is left to chance.
        holds: for how long workers are connected without an engine, one of these each.
    """

    def __init__(self, seed: int, holds: Sequence[float] = (STRICT, HOLD)) -> None:
        self.chance = random.Random(seed)
        self.holds = holds
        self.now = 0.0
        self._count = 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self.truth = Truth()
        self.engine = Engine(self)
        self._wires = [Wire(self) for _ in range(3)]
        self._names = 0
        self.workers: list[Worker] = []
        self._processes: list[Worker] = []
        self.enlist(self._wires[0])
        self.enlist(self._wires[1])
        self.reader = Reader(self, self._wires[2])
        #: (when, value, age) of readings that were LIVE.
        self.readings = 0
        self.live_for = 0.0
        self.oldest = 0.0
        self.wrong: list[str] = []
        #: When two workers were connected to the exchange.
        self.doubled: list[float] = []
        self.later(0.1, self._trade)
        self.later(0.01, self._look)
        self.later(0.2, self._remember)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Make a call after a while."""
        self._count += 1
        at = self.now + max(seconds, 0.0)
        if seconds > 0:  # however little: else it would be waited for without end
            at = max(at, math.nextafter(self.now, math.inf))
        heapq.heappush(self._events, (at, self._count, call))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while self._events and self._events[0][0] <= end:
            self.now, _, call = heapq.heappop(self._events)
            call()
        self.now = end

    def enlist(self, wire: Wire) -> None:
        self._names += 1
        worker = Worker(self, f"worker-{self._names}", wire)
        self.workers.append(worker)
        self._processes.append(worker)

    @property
    def owner(self) -> Worker:
        """Whoever the engine names, or the first."""
        head = self.engine.head
        names = {worker.name: worker for worker in self.workers}
        return names.get(head.owner if head else "", self.workers[0])

    def strike(self, fault: Fault) -> None:
        """Let a fault happen."""
        owner, lasts, until = self.owner, fault.lasts, self.now + fault.lasts
        kind = fault.kind
        if kind == "kill the owner":
            owner.dead = True
            self.workers.remove(owner)
            if owner.connection is not None:
                owner.connection.open = False
            self.later(lasts, lambda: self.enlist(owner.wire))
            while not self.workers:
                self.enlist(self._wires[1])
        elif kind == "stop the owner":
            owner.stop()
            self.workers.remove(owner)
            self.later(lasts, lambda: self.enlist(owner.wire))
            while not self.workers:
                self.enlist(self._wires[1])
        elif kind == "suspend the owner":
            owner.suspended_until = until
        elif kind == "suspend the reader":
            self.reader.suspended_until = until
        elif kind.startswith("hold"):
            wire = owner.wire if "owner" in kind else self.reader.wire
            wire.held["up" if "sends" in kind else "down"] = until
        elif kind == "pause the engine":
            self.engine.pause(lasts)
        elif kind == "flush the engine":
            self.engine.forget()
        elif kind in ("crash the engine", "promote an old copy"):
            for process in (*self.workers, self.reader):
                process.lose()
            self.engine.go_back(lasts)
            if kind == "crash the engine":
                self.engine.pause(lasts / 2)
        elif kind == "drop the exchange":
            owner.dropped_until = until

    def updates(self) -> list[AssetUpdate]:
        return [each for each in self.reader.events if isinstance(each, AssetUpdate)]

    def changes(self) -> list[StateChange]:
        return [each for each in self.reader.events if isinstance(each, StateChange)]

    def _remember(self) -> None:
        self.engine.remember()
        self.later(0.2, self._remember)

    def _trade(self) -> None:
        self.truth.began.append(self.now)
        self.later(self.chance.choice((0.03, 0.1, 0.4, 2.0)), self._trade)

    def _look(self) -> None:
        """Read like any thread of the reader's process."""
        sockets = [w for w in self._processes if w.socket and not w.dead]
        if len(sockets) > 1:
            self.doubled.append(self.now)
        reader, present = self.reader, self.reader.present
        if self.now >= reader.suspended_until:
            balance = present.balances.get(CODE)
            state = present.state_at(reader.clock())
            if state is State.LIVE and balance is not None and not balance.stale:
                self.readings += 1
                value, age = int(balance.available), balance.age
                # As long by the world's own clock, and the beat of a stream.
                since = self.now - age * (1 + 2.1e-4) - 0.051
                self.oldest = max(self.oldest, age)
                if not self.truth.held(value, since):
                    over = self.now - self.truth.began[value + 1]
                    self.wrong.append(
                        f"{self.now:.3f}: {value}, over for {over:.3f} s, said to be "
                        f"{age:.3f} s old"
                    )
        self.later(0.04, self._look)


def _update(value: Decimal, source: Source) -> AssetUpdate:
    return AssetUpdate("upbit", LABEL, CODE, value, ZERO, None, EPOCH, source)

"""One connection to the engine, Redis or Valkey: its calls, and nothing hidden.

This is the only module that imports ``redis``. Of that only its connection is used: no
pool, no retry, every time-out given, because what was sent and not answered must not be
sent again behind the back of who sent it.
"""

from __future__ import annotations

import ssl
from types import TracebackType
from typing import Any, Iterable, Iterator, Mapping, NamedTuple, Sequence, Union

import redis
from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.exceptions import NoPermissionError
from redis.retry import Retry

from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConfigurationError,
    ConnectionLost,
    PermissionDenied,
    ProtocolError,
)
from assetstream.model.states import State
from assetstream.runtime.net.cancel import Cancelled, CancelToken, shortage
from assetstream.sharing import scripts
from assetstream.sharing.address import EngineAddress
from assetstream.sharing.engine_socket import REMEDY, EngineSocket, open_socket
from assetstream.sharing.entries import (
    VERSION,
    BookEntry,
    Entry,
    ErrorFacts,
    LogItem,
    OwnerEntry,
    Pulse,
    ResetEntry,
    SharedAccount,
    StateEntry,
    UpdateEntry,
    packed,
    read_account,
    read_log,
    read_pulse,
)
from assetstream.sharing.keys import Keys
from assetstream.sharing.ownership import Acquired, Seat
from assetstream.sharing.pulses import INTERVAL, LEASE

__all__ = ["AccountEntries", "Engine", "Followed", "Origins", "Position"]

#: Seconds for a connection, and for an answer that nothing delays.
TIMEOUT = 1.0
#: How long ``follow`` waits at most, seconds.
BLOCK = INTERVAL
#: Entries that a log keeps.
KEEP = 256
#: Accounts and entries of one script: it holds the engine up.
MOST_ACCOUNTS = 100
MOST_ENTRIES = 2_000
#: Seconds for which an account is remembered that no worker has a key for any more.
REMEMBERED = 7 * 86_400
#: Entries of one log that one reply brings.
COUNT = 500
#: The first release that has all that is asked for.
OLDEST = {"redis": (7, 0), "valkey": (7, 2)}
#: First words of an engine's refusals that pass by themselves.
PASSING = {"LOADING", "READONLY", "MASTERDOWN", "UNBLOCKED", "OOM", "BUSY", "TRYAGAIN"}

#: All that a call may end by.
FAULTS = (redis.RedisError, OSError, RuntimeError, AssetStreamError, Cancelled)

#: Of an account at another connection: token and number, each None where there is none.
Position = tuple[Union[int, None], Union[int, None]]


#: Account -> the exchange's name, and that with the fingerprint of the key.
Origins = Mapping[str, tuple[str, str]]


class AccountEntries(NamedTuple):
    """Entries of one account, written in one step.

    Attributes:
        token: of the owner who writes.
        entries: in their order; of an update with what the book shows of it.
    """

    token: int
    entries: Sequence[tuple[Entry, BookEntry | None]]


class Followed(NamedTuple):
    """All that came since the places that were named.

    Attributes:
        logs: account -> entries; ProtocolError: one of them cannot be read.
        partly: accounts whose log goes on.
        pulses: worker -> pulses; ProtocolError: one of them cannot be read.
        places: worker -> the place of the last pulse.
    """

    logs: Mapping[str, list[LogItem] | ProtocolError]
    partly: frozenset[str]
    pulses: Mapping[str, list[Pulse] | ProtocolError]
    places: Mapping[str, str]


class Engine:
    """One connection, for one thread. A call that raises has closed it.

    ``cancel`` alone may be called by any thread: it ends the call under way.

    Each call raises ``ConnectionLost`` (try again), ``AuthenticationError``,
    ``PermissionDenied``, ``ConfigurationError`` (the engine does not serve), or
    ``ProtocolError`` (its answer is not understood).

    Args:
        address: where it is.
        keys: of the fleet.
        ssl_context: verifying; for ``rediss``.
        keep: entries that a log keeps.

    Attributes:
        version: the engine's name and version, once connected.
    """

    def __init__(
        self,
        address: EngineAddress,
        keys: Keys,
        ssl_context: ssl.SSLContext | None = None,
        keep: int = KEEP,
    ) -> None:
        self.address = address
        self._keep = keep
        self.version = ""
        self._keys = keys
        self._context = ssl_context
        self._connection: Any = None  # redis gives its methods no types
        # Made with the connection, and released with it.
        self._token: CancelToken | None = None
        self._cancelled = False
        # Of those that are followed: to make them each time would cost the most.
        self._log_words: dict[str, bytes] = {}
        self._log_accounts: dict[bytes, str] = {}

    def __enter__(self) -> Engine:
        self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def connect(self) -> None:
        """Connect, log in, and look whether the engine serves."""
        self.close()
        lost = self._open()
        if lost is not None:
            # Not where it was caught: in frames of redis-py lies the password.
            raise lost
        hello = self._call("HELLO", 2)
        facts = {
            key.decode(): value.decode() if isinstance(value, bytes) else value
            for key, value in zip(hello[::2], hello[1::2], strict=True)
        }
        self._check(facts)

    def close(self) -> None:
        """Close the connection; one that is closed is left so."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()
        token, self._token = self._token, None
        if token is not None:
            token.close()

    def cancel(self) -> None:
        """End the call under way, and every later one, at once; from any thread."""
        self._cancelled = True
        token = self._token
        if token is not None:
            token.cancel()

    # A worker's calls.

    def enlist(self, accounts: Iterable[str]) -> None:
        """Say which accounts there are; what nobody says for long is forgotten."""
        keys = self._keys
        prefixes = keys.head(""), keys.book(""), keys.log("")
        words = REMEMBERED, *prefixes, "|", *accounts
        self._script(scripts.ENLIST, [keys.accounts], *words)

    def seats(self, accounts: Iterable[str]) -> list[Seat]:
        """Read who has each of the accounts, and whether that worker lives."""
        names = list(accounts)
        heads = self._calls(
            [("HMGET", self._keys.head(name), "owner", "key") for name in names]
        )
        rows = [[(text or b"").decode() for text in head] for head in heads]
        owners = sorted({owner for owner, _ in rows if owner})
        leases = self._calls([("EXISTS", self._keys.lease(name)) for name in owners])
        alive = {owner for owner, lease in zip(owners, leases, strict=True) if lease}
        return [
            Seat(name, owner, owner in alive, key)
            for name, (owner, key) in zip(names, rows, strict=True)
        ]

    def acquire(
        self, worker: str, origins: Origins, connection: int
    ) -> dict[str, Acquired]:
        """Take accounts, each if no other living worker has it (O1).

        Args:
            worker: who asks.
            origins: accounts.
            connection: this one's number among the worker's (V7).
        """
        keys = self._keys
        lease, mine = keys.lease(worker), (worker, keys.leases, self._keep)
        entry, reason = packed(OwnerEntry(worker)), f"{worker} connects"
        commands = []
        for account, (exchange, key) in origins.items():
            places = lease, keys.head(account), keys.log(account), keys.accounts
            words = exchange, key, VERSION, reason, entry, account, connection
            commands.append(_run(scripts.ACQUIRE, places, *mine, *words))
        return {
            account: Acquired(int(token or 0), owner.decode())
            for account, (token, owner) in zip(
                origins, self._calls(commands), strict=True
            )
        }

    def publish(
        self, worker: str, batches: Mapping[str, AccountEntries]
    ) -> dict[str, bool]:
        """Write entries; False for accounts that the worker does not own (O2, O6)."""
        owned: dict[str, bool] = {}
        for part in _parts(batches):
            keys = [self._keys.lease(worker)]
            words: list[Any] = [worker, int(LEASE * 1000), self._keep]
            for account, batch in part.items():
                keys += self._account_keys(account)
                words += [batch.token, len(batch.entries)]
                for entry, balance in batch.entries:
                    words += _words(entry, balance)
            answers = self._script(scripts.PUBLISH, keys, *words)
            owned.update(zip(part, map(bool, answers), strict=True))
        return owned

    def pulse(self, worker: str, pulse: Pulse, *, first: bool = False) -> int:
        """Renew the lease and tell readers; 0 if the lease had run out.

        Args:
            worker: who tells.
            pulse: what is told.
            first: begin a lease.

        Returns:
            How many workers live.
        """
        keys = self._keys
        places = [keys.lease(worker), keys.pulses(worker), keys.workers]
        words = int(LEASE * 1000), packed(pulse), int(first), worker
        return int(self._script(scripts.PULSE, places, *words))

    def release(
        self, worker: str, tokens: Mapping[str, int], reason: str, *, last: bool = False
    ) -> None:
        """Give accounts back.

        Args:
            worker: who owns them.
            tokens: account -> the token it is owned by.
            reason: told to readers.
            last: the worker ends, and its lease with it.
        """
        names = self._keys
        keys = [names.lease(worker), names.pulses(worker), names.workers]
        for account in tokens:
            keys += [names.head(account), names.log(account)]
        entry = packed(OwnerEntry(""))
        words = worker, self._keep, reason, entry, int(last), *tokens.values()
        self._script(scripts.RELEASE, keys, *words)

    # A reader's calls.

    def accounts(self) -> list[str]:
        """Read which accounts there are, by the workers' word."""
        found = self._call("ZRANGE", self._keys.accounts, 0, -1)
        return sorted(name.decode(errors="replace") for name in found)

    def snapshot(
        self, accounts: Iterable[str]
    ) -> dict[str, SharedAccount | ProtocolError | None]:
        """Read accounts; None for one that is not there, an error for what is odd."""
        names = list(accounts)
        commands = [
            ("EVAL_RO", scripts.SNAPSHOT, 3, *self._account_keys(name))
            for name in names
        ]
        answers = self._calls(commands)
        found: dict[str, SharedAccount | ProtocolError | None] = {}
        for name, (head, book, last) in zip(names, answers, strict=True):
            try:
                found[name] = read_account(name, _pairs(head), _pairs(book), last)
            except ProtocolError as error:
                found[name] = error
        return found

    def words(self, workers: Iterable[str]) -> tuple[int, dict[str, int]]:
        """Read when workers were last heard of, and what the time is.

        Returns:
            The engine's time, and worker -> that of its last pulse; milliseconds since
            1970. One that was not heard of for a minute is left out.
        """
        names = list(workers)
        last = [
            ("XREVRANGE", self._keys.pulses(name), "+", "-", "COUNT", 1)
            for name in names
        ]
        time, *pulses = self._calls([("TIME",), *last])
        seconds, microseconds = map(int, time)
        told = {
            name: int(found[0][0].partition(b"-")[0])
            for name, found in zip(names, pulses, strict=True)
            if found
        }
        return seconds * 1000 + microseconds // 1000, told

    def positions(self, accounts: Iterable[str]) -> dict[str, Position]:
        """Read where accounts are, to compare it with what is known of them (F3)."""
        names = list(accounts)
        commands = [("HMGET", self._keys.head(name), "token", "seq") for name in names]
        return {
            name: (_number(token), _number(seq))
            for name, (token, seq) in zip(names, self._calls(commands), strict=True)
        }

    def follow(self, logs: Mapping[str, str], pulses: Mapping[str, str]) -> Followed:
        """Return what came since; wait for the first of it, or for ``BLOCK`` seconds.

        Args:
            logs: account -> the place of the last entry that is known; one at least.
            pulses: worker -> the place of the last pulse that is known.
        """
        known = self._log_words
        owners = {self._keys.pulses(name).encode(): name for name in pulses}
        words = [
            *map(_spelled, ("XREAD", "COUNT", COUNT, "BLOCK", int(BLOCK * 1000))),
            _spelled("STREAMS"),
            *[known[name] if name in known else self._log_word(name) for name in logs],
            *map(_spelled, owners),
        ]
        # In one piece: where a thousand accounts are followed, this is what costs.
        places = [*logs.values(), *pulses.values()]
        spelled = "".join([f"${len(place)}\r\n{place}\r\n" for place in places])
        words.append(spelled.encode())
        count = len(words) - 1 + len(places)
        (reply,) = self._send(b"*%d\r\n%b" % (count, b"".join(words)), 1)
        found: dict[str, list[LogItem] | ProtocolError] = {}
        told: dict[str, list[Pulse] | ProtocolError] = {}
        ends: dict[str, str] = {}
        partly: set[str] = set()
        for key, entries in reply or ():
            items = [(place, _pairs(fields)) for place, fields in entries]
            owner, account = owners.get(key), self._log_accounts.get(key, "")
            try:
                if owner is not None:
                    ends[owner] = items[-1][0].decode()
                    read = [read_pulse(fields.get(b"d", b"")) for _, fields in items]
                    told[owner] = read
                else:
                    if len(items) >= COUNT:
                        partly.add(account)
                    found[account] = read_log(account, items)
            except ProtocolError as error:
                if owner is not None:
                    told[owner] = error
                else:
                    found[account] = error
        return Followed(found, frozenset(partly), told, ends)

    def _log_word(self, account: str) -> bytes:
        """Spell the key of an account's log, and remember whose it is."""
        key = self._keys.log(account).encode()
        self._log_accounts[key] = account
        self._log_words[account] = word = _spelled(key)
        return word

    def info(self) -> dict[str, str]:
        """Read how its memory and its files are set up; readers may have no right."""
        text = self._call("INFO", "memory", "persistence").decode(errors="replace")
        pairs = (line.partition(":") for line in text.splitlines())
        return {name: value for name, colon, value in pairs if colon}

    # The connection.

    def _open(self) -> AssetStreamError | None:
        """Connect and log in; return what has prevented it."""
        try:
            self._connection = self._make()
            self._connection.connect()
        except FAULTS as error:
            return self._lost(error)
        return None

    def _make(self) -> Any:
        address = self.address
        self._token = token = CancelToken()
        if self._cancelled:
            token.cancel()
        waiting = TIMEOUT + BLOCK
        ready = open_socket(address, self._context, token, TIMEOUT, waiting)
        return _ReadyConnection(
            ready,
            host=address.host or address.path,
            port=address.port,
            db=address.db,
            username=address.user or None,
            password=address.password or None,
            socket_timeout=waiting,
            retry=Retry(NoBackoff(), 0),
            retry_on_timeout=False,
            health_check_interval=0,
            protocol=2,
        )

    def _script(self, script: str, keys: Sequence[str], *words: Any) -> Any:
        return self._call(*_run(script, keys, *words))

    def _call(self, *words: Any) -> Any:
        (answer,) = self._calls([words])
        return answer

    def _calls(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Send commands together, and return their answers."""
        parts: list[bytes] = []
        for words in commands:
            parts.append(b"*%d\r\n" % len(words))
            parts += map(_spelled, words)
        return self._send(b"".join(parts), len(commands))

    def _send(self, commands: bytes, count: int) -> list[Any]:
        """Send so many commands, as they are spelled, and return their answers.

        redis-py would send one of many words in many pieces.
        """
        connection = self._connection
        if connection is None:
            raise ConnectionLost(f"there is no connection to {self.address.name}")
        try:
            connection.send_packed_command([commands])
            return [connection.read_response() for _ in range(count)]
        except FAULTS as error:
            raise self._lost(error) from None

    def _check(self, facts: Mapping[str, Any]) -> None:
        """Refuse an engine that does not serve."""
        server, version = facts.get("server", ""), str(facts.get("version", ""))
        self.version = f"{server} {version}"
        numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
        if numbers < OLDEST.get(server, (7, 0)):
            self.close()
            raise ConfigurationError(
                f"the engine at {self.address.name} is too old: {self.version}",
                remedy="It takes Redis from 7.0 on, or Valkey from 7.2 on.",
            )
        if facts.get("mode") == "cluster":
            self.close()
            raise ConfigurationError(
                f"the engine at {self.address.name} is a part of a cluster",
                remedy="Use an engine of its own: one primary, with replicas or not.",
            )
        if facts.get("role") != "master":
            # A failover may be under way.
            self.close()
            raise ConnectionLost(
                f"the engine at {self.address.name} is a replica, and so comes late",
                remedy="Connect to the primary.",
            )

    def _lost(self, error: Exception) -> AssetStreamError:
        """Close the connection, and say in our words what has become of it."""
        self.close()
        if isinstance(error, AssetStreamError):
            # Without the frames of redis-py: in one lies the password.
            return error.with_traceback(None)
        name, text = self.address.name, str(error)
        if isinstance(error, Cancelled):
            return ConnectionLost(f"the connection to {name} was given up")
        if isinstance(error, (OSError, RuntimeError)):
            return shortage(error)
        if isinstance(error, redis.AuthenticationError):
            return AuthenticationError(
                f"the engine at {name} refuses the user or the password",
                remedy="Check both in its URL.",
                message=text,
                fatal=True,
            )
        if isinstance(error, NoPermissionError):
            return PermissionDenied(
                f"the engine at {name} does not permit what is needed ({text})",
                remedy="See which rights its user lacks: `assetstream relay --acl`.",
                message=text,
                fatal=True,
            )
        passing = text.partition(" ")[0] in PASSING
        known = (redis.ReadOnlyError, redis.BusyLoadingError, redis.OutOfMemoryError)
        if isinstance(error, redis.ResponseError) and not (
            passing or isinstance(error, known)
        ):
            return ProtocolError(f"the engine at {name} refuses a command ({text})")
        return ConnectionLost(
            f"the engine at {name} cannot be reached ({text})", remedy=REMEDY
        )

    def _account_keys(self, account: str) -> tuple[str, str, str]:
        keys = self._keys
        return keys.head(account), keys.book(account), keys.log(account)


class _ReadyConnection(Connection):
    """A connection over a socket that is connected, for redis-py cannot be cancelled.

    Should it ever connect again by itself, that fails: the socket is closed then.
    """

    def __init__(self, ready: EngineSocket, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._ready = ready

    def _connect(self) -> Any:
        return self._ready


def _parts(
    batches: Mapping[str, AccountEntries],
) -> Iterator[dict[str, AccountEntries]]:
    """Cut what is to be written into pieces, each for one script."""
    part: dict[str, AccountEntries] = {}
    room = MOST_ENTRIES
    for account, (token, entries) in batches.items():
        for i in range(0, len(entries), MOST_ENTRIES):
            piece = entries[i : i + MOST_ENTRIES]
            if part and (len(piece) > room or len(part) == MOST_ACCOUNTS):
                yield part
                part, room = {}, MOST_ENTRIES
            part[account] = AccountEntries(token, piece)
            room -= len(piece)
    if part:
        yield part


def _run(script: str, keys: Sequence[str], *words: Any) -> tuple[Any, ...]:
    """Return the command that runs a script."""
    return "EVAL", script, len(keys), *keys, *words


def _words(entry: Entry, balance: BookEntry | None) -> list[Any]:
    """Spell an entry for the script that writes it."""
    text = packed(entry)
    if isinstance(entry, UpdateEntry):
        assert balance is not None
        return ["u", text, 2, entry.currency, packed(balance)]
    if isinstance(entry, StateEntry):
        return ["s", text, 3, *_state(entry.state, entry.reason, entry.error)]
    if isinstance(entry, ResetEntry):
        book = [w for code, b in entry.book.items() for w in (code, packed(b))]
        state = _state(entry.state, entry.reason, entry.error)
        return ["r", text, 3 + len(book), *state, *book]
    return ["e", text, 0]


def _state(state: State, reason: str, error: ErrorFacts | None) -> tuple[Any, ...]:
    return state.value, reason, b"" if error is None else packed(error)


def _spelled(word: object) -> bytes:
    """Spell a word of a command in the engine's protocol: its length, and its text."""
    text = word if isinstance(word, bytes) else str(word).encode()
    return b"$%d\r\n%b\r\n" % (len(text), text)


def _pairs(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=False))


def _number(text: bytes | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None

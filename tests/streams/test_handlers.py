"""Handlers of streams and groups, by the same methods."""

from __future__ import annotations

import contextlib
from functools import partial, wraps
from queue import SimpleQueue
from typing import Any, Callable, Iterator
from unittest.mock import Mock

import pytest

from assetstream import (
    AssetStream,
    ConfigurationError,
    StreamGroup,
    StreamStateError,
    Upbit,
)
from assetstream.streams.stream import run_of
from tests.support.interleaving import all_at_once, at_every_step


def stream(account: str, **options: Any) -> AssetStream:
    exchange = Upbit(f"key-{account}", "secret", region="sg")
    return AssetStream(exchange, account=account, **options)


def kinds(stream: AssetStream, handler: object) -> list[str]:
    """Return the kinds of events that the handler gets."""
    handlers = run_of(stream).handlers
    return [
        k
        for k in ("asset", "error", "state")
        if handler in getattr(handlers, k).values()
    ]


def handler(event: object) -> None:
    """Do nothing."""


@pytest.mark.parametrize("kind", ["asset", "error", "state"])
def test_a_group_s_handler_is_every_account_s(kind: str) -> None:
    """Accounts added later have it, too, until it is removed."""
    one, late = stream("one"), stream("late")
    group = StreamGroup([one])
    assert getattr(group, f"on_{kind}")(handler) is handler
    group.add(late)
    assert kinds(one, handler) == kinds(late, handler) == [kind]
    group.off(handler)
    group.off(handler)
    assert kinds(one, handler) == kinds(late, handler) == []
    later = stream("later")
    group.add(later)
    assert kinds(later, handler) == []


class AsyncCall:
    async def __call__(self, event: object) -> None: ...


class GeneratorCall:
    def __call__(self, event: object) -> Iterator[object]:
        yield event


class PlainCall:
    def __call__(self, event: object) -> None: ...


class NoRepr(PlainCall):
    """Its repr is somebody's code, and raises (D4)."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class NoArgument:
    def __call__(self) -> None: ...


class Method:
    def two(self, event: object, more: object) -> None: ...

    def none(self) -> None: ...

    def one(self, event: object, more: object = None) -> None: ...


async def coroutine(event: object) -> None: ...


async def async_generator(event: object) -> Any:
    yield event


def generator(event: object) -> Any:
    yield event


def two(event: object, more: object) -> None: ...


def with_name(event: object, *, name: str) -> None: ...


def passes_more(function: Callable[..., object]) -> Callable[..., object]:
    """Decorate a function that takes more than the event."""

    @wraps(function)
    def wrapper(*args: object) -> object:
        return function(*args, "more")

    return wrapper


NEVER_CALLED_WELL = [
    (None, "must be a function of one argument"),
    ("print", "must be a function of one argument"),
    (coroutine, "is async"),
    (partial(coroutine), "is async"),
    (partial(partial(coroutine)), "is async"),
    (AsyncCall(), "is async"),
    (partial(AsyncCall()), "is async"),
    (AsyncCall().__call__, "is async"),
    (async_generator, "is async"),
    (partial(async_generator), "is async"),
    (generator, "contains `yield`"),
    (partial(generator), "contains `yield`"),
    (GeneratorCall(), "contains `yield`"),
    (lambda event: (yield event), "contains `yield`"),
    (two, "cannot be called with one argument: missing .*'more'"),
    (with_name, "cannot be called with one argument: missing .*'name'"),
    (lambda: None, "cannot be called with one argument"),
    (NoArgument(), "cannot be called with one argument"),
    (Method().two, "cannot be called with one argument"),
    (Method().none, "cannot be called with one argument"),
    (Method.two, "cannot be called with one argument"),
    (partial(two, event=1), "cannot be called with one argument"),
]
CALLED_WELL = [
    print,
    [].append,
    SimpleQueue[object]().put,
    Method().one,
    Method.none,  # called with the event as its self
    partial(two, more=1),
    partial(two, 1),
    lambda *events: None,
    lambda event=None: None,
    passes_more(two),
    dict,
    Mock(),
    PlainCall(),
    NoRepr(),
]


def shown(case: object) -> str:
    found = case[0] if isinstance(case, tuple) else case
    return str(getattr(found, "__qualname__", type(found).__name__))


@pytest.mark.parametrize(
    "made", [stream("one"), StreamGroup()], ids=["stream", "group"]
)
@pytest.mark.parametrize("case", NEVER_CALLED_WELL, ids=shown)
@pytest.mark.parametrize("kind", ["asset", "error", "state"])
def test_what_can_never_be_called_well_is_refused(
    made: Any, case: tuple[Any, str], kind: str
) -> None:
    """The error names the handler, what is wrong with it, and what to do."""
    wrong, words = case
    with pytest.raises(ConfigurationError, match=f"on_{kind} {words}") as caught:
        getattr(made, f"on_{kind}")(wrong)
    assert caught.value.remedy


@pytest.mark.parametrize("case", NEVER_CALLED_WELL, ids=shown)
def test_so_is_what_a_constructor_a_wait_or_a_progress_is_given(
    case: tuple[Any, str],
) -> None:
    """Each names its own argument, before anything is started."""
    wrong, words = case
    ways: list[tuple[str, Callable[[], object]]] = [
        ("predicate", lambda: stream("a").expect(wrong)),
        ("predicate", lambda: stream("a").wait_for(wrong)),
        ("condition", lambda: stream("a").wait_until(wrong)),
        ("on_progress", lambda: StreamGroup().on_progress(wrong)),
    ]
    if wrong is not None:
        ways += [
            ("on_asset", lambda: stream("a", on_asset=wrong)),
            ("on_progress", lambda: StreamGroup(on_progress=wrong)),
        ]
    for name, way in ways:
        with pytest.raises(ConfigurationError, match=f"{name} {words}"):
            way()


@pytest.mark.parametrize("good", CALLED_WELL, ids=shown)
def test_what_takes_the_event_is_taken(good: Any) -> None:
    """Defaults, decorators, builtins, classes and mocks included."""
    assert stream("one").on_asset(good) is good


def test_d5_no_handler_is_lost_under_any_interleaving() -> None:
    """Fault 15: nor in a group, where each account has them all, late ones too."""
    group = StreamGroup([stream("one")])
    lost: list[bool] = []

    def come_and_go(number: int) -> None:
        for each in range(10):

            def mine(event: object) -> None: ...

            group.on_error(mine)
            if number < 2:
                group.add(stream(f"late-{number}-{each}"))
            members = group.streams.values()
            lost.extend(kinds(member, mine) != ["error"] for member in members)
            group.off(mine)
            members = group.streams.values()
            lost.extend(kinds(member, mine) != [] for member in members)

    all_at_once(*[partial(come_and_go, number) for number in range(8)])
    assert len(group.streams) == 21
    assert lost
    assert not any(lost)


def test_d5_only_one_group_takes_a_stream() -> None:
    """However many try at the same time, and wherever one comes in between."""
    taken: list[str] = []

    def prepare() -> tuple[Callable[[], object], Callable[[], object]]:
        run = run_of(stream("one"))

        def take() -> None:
            with contextlib.suppress(StreamStateError):
                run.adopt()
                taken.append("it")

        taken.clear()
        return take, take

    def check() -> None:
        assert taken == ["it"]

    assert at_every_step(prepare, check) > 10


def test_d5_a_stream_begins_alone_or_in_a_group() -> None:
    """Never both: a start that comes in between is refused, or the group is."""
    begun: list[str] = []

    def prepare() -> tuple[Callable[[], object], Callable[[], object]]:
        run = run_of(stream("one"))

        def claim() -> None:
            begun.append("alone")
            raise StreamStateError("that is enough")

        run.lifecycle.claim = claim  # type: ignore[method-assign]

        def begin() -> None:
            with contextlib.suppress(StreamStateError):
                run.begin()

        def take() -> None:
            with contextlib.suppress(StreamStateError):
                run.adopt()
                begun.append("in a group")

        begun.clear()
        return take, begin

    def check() -> None:
        assert len(begun) == 1

    assert at_every_step(prepare, check) > 10


@pytest.mark.parametrize("added_first", [False, True], ids=["account", "handler"])
def test_d5_a_late_account_has_every_handler_once(added_first: bool) -> None:
    """A signal handler may add one in the middle of adding the other."""
    made: list[Any] = []

    def prepare() -> tuple[Callable[[], object], Callable[[], object]]:
        group, late = StreamGroup([stream("one")]), stream("late")
        made[:] = group, late
        acts = partial(group.add, late), partial(group.on_state, handler)
        return (acts[1], acts[0]) if added_first else acts

    def check() -> None:
        for each in made[0].streams.values():
            assert list(run_of(each).handlers.state.values()) == [handler]
        assert len(made[0].streams) == 2

    assert at_every_step(prepare, check) > 10


def test_d5_off_removes_what_is_odd_and_nothing_else() -> None:
    """Fault 39: a comparison that raises, or says yes to all, is never asked."""

    class Odd:
        def __call__(self, event: object) -> None: ...

        def __eq__(self, other: object) -> bool:
            raise RuntimeError("no comparison")

        __ne__ = __eq__
        __hash__ = object.__hash__

    odd = Odd()
    for made in (
        stream("one", on_asset=odd),
        StreamGroup([stream("one")], on_asset=odd),
    ):
        made.on_asset(handler)
        made.off(handler)
        one = made if isinstance(made, AssetStream) else made.streams["one"]
        assert list(map(id, run_of(one).handlers.asset.values())) == [id(odd)]
        made.off(odd)
        assert not run_of(one).handlers.asset

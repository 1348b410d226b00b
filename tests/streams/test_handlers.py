"""Handlers of streams and groups, by the same methods."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any, Callable

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
    return AssetStream(Upbit("key", "secret", region="sg"), account=account, **options)


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


@pytest.mark.parametrize(
    "made", [stream("one"), StreamGroup()], ids=["stream", "group"]
)
@pytest.mark.parametrize("kind", ["asset", "error", "state"])
def test_what_can_never_be_called_is_refused(made: Any, kind: str) -> None:
    """The error names the handler."""

    async def coroutine(event: object) -> None: ...

    for wrong in (None, "print", coroutine):
        with pytest.raises(ConfigurationError, match=f"on_{kind}"):
            getattr(made, f"on_{kind}")(wrong)


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

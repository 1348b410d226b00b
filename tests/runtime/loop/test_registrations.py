"""Handlers that come and go."""

from __future__ import annotations

from functools import partial
from typing import Callable

import pytest

from assetstream.runtime.loop.registrations import Registrations, registered
from tests.support.interleaving import all_at_once, at_every_step


class Odd:
    """A callable object whose comparison raises, or says that all are equal."""

    def __init__(self, answer: bool | None) -> None:
        self.answer = answer

    def __call__(self) -> None: ...

    def __eq__(self, other: object) -> bool:
        if self.answer is None:
            raise RuntimeError("no comparison")
        return self.answer

    __ne__ = __eq__
    __hash__ = object.__hash__

    def method(self) -> None: ...


def handler() -> None: ...


def other() -> None: ...


def those(registrations: Registrations[Callable[[], object]]) -> list[object]:
    return list(registrations.values())


def test_they_keep_their_order() -> None:
    """One may be there twice; it is removed as often."""
    registrations = registered(handler)
    registrations.add(other)
    registrations.add(handler)
    assert those(registrations) == [handler, other, handler]
    registrations.remove(handler)
    registrations.remove(handler)
    assert those(registrations) == [other]


@pytest.mark.parametrize("answer", [None, True, False])
def test_d5_an_odd_comparison_keeps_nobody(answer: bool | None) -> None:
    """Fault 39: whatever ``__eq__`` does, the very handler is removed, and no other."""
    odd, registrations = Odd(answer), Registrations[Callable[[], object]]()
    for each in (odd, handler, other):
        registrations.add(each)
    registrations.remove(handler)
    assert list(map(id, registrations.values())) == [id(odd), id(other)]
    registrations.remove(odd)
    assert those(registrations) == [other]


def test_the_same_method_is_the_same_handler() -> None:
    """Each look-up makes another object of it."""
    one, two, events = Odd(None), Odd(True), list[object]()
    for method in (one.method, two.method, events.clear, one.__call__):
        registrations = registered(handler)
        registrations.add(method)
        registrations.remove(two.__init__)
        assert len(registrations) == 2
        registrations.remove(getattr(method.__self__, method.__name__))
        assert those(registrations) == [handler]


def test_d5_none_is_lost_under_any_interleaving() -> None:
    """Fault 15: eight threads add and remove at a time."""
    registrations = Registrations[Callable[[], object]]()
    kept: list[Callable[[], None]] = []

    def come_and_go() -> None:
        for number in range(100):

            def mine() -> None: ...

            registrations.add(mine)
            assert any(each is mine for each in registrations.copy().values())
            if number % 10:
                registrations.remove(mine)
            else:
                kept.append(mine)

    all_at_once(*[come_and_go] * 8)
    assert set(registrations.values()) == set(kept)
    assert len(kept) == 80


#: Handlers that are added, or removed, by the one or by the other.
NAMES = {
    by: {act: f"{by}: {act}" for act in ("add", "remove")} for by in ("one", "two")
}


@pytest.mark.parametrize("first", ["add", "remove"])
@pytest.mark.parametrize("second", ["add", "remove"])
def test_d5_none_is_lost_wherever_one_comes_in_between(first: str, second: str) -> None:
    """A signal handler may add or remove one in the middle of either."""
    registrations = Registrations[str]()
    acts = {"one": first, "two": second}
    there = {"stays", *(NAMES[by]["remove"] for by in acts)}
    expected = there ^ {NAMES[by][act] for by, act in acts.items()}

    def prepare() -> tuple[Callable[[], object], Callable[[], object]]:
        registrations.clear()
        for name in there:
            registrations.add(name)
        one, two = (
            partial(getattr(registrations, act), NAMES[by][act])
            for by, act in acts.items()
        )
        return one, two

    def check() -> None:
        assert set(registrations.values()) == expected

    assert at_every_step(prepare, check) > 3

"""Who takes which accounts."""

from __future__ import annotations

import random
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from assetstream import CoinW
from assetstream.sharing.ownership import Claims, Seat, key_of
from assetstream.sharing.pulses import LEASE

LATER = 1000.0


def seats(*owners: str, dead: str = "") -> list[Seat]:
    """Return accounts a, b, c... with these owners; those of ``dead`` are dead."""
    return [
        Seat(chr(ord("a") + i), owner, bool(owner) and owner not in dead)
        for i, owner in enumerate(owners)
    ]


def test_o4_what_nobody_owned_is_taken_at_once() -> None:
    """A fleet that starts for the first time waits for nobody."""
    assert Claims("me").choose(seats("", ""), 1, LATER, LATER) == ["a", "b"]


def test_o4_what_somebody_owned_waits_for_a_lease() -> None:
    """The owner is away as well when the engine comes back."""
    claims = Claims("me")
    table = seats("x", "x", dead="x")

    assert claims.choose(table, 1, LATER, LATER + LEASE) == []
    assert claims.choose(table, 1, LATER, LATER + LEASE + 0.1) == ["a", "b"]


def test_o4_an_engine_that_forgot_its_owners_moves_nothing() -> None:
    """It names nobody then, but this worker has seen the owner."""
    claims = Claims("me")
    claims.choose(seats("x", ""), 2, LATER, LATER + 60)
    forgotten = seats("", "")
    back = LATER + 100

    assert claims.choose(forgotten, 1, back, back) == ["b"]
    assert claims.choose(forgotten, 1, back, back + LEASE + 0.1) == ["a", "b"]


def test_o4_what_was_given_back_is_taken_at_once() -> None:
    """The engine still knows by which key it was owned."""
    claims = Claims("me")
    claims.choose(seats("x"), 2, 0.0, LATER)

    assert claims.choose([Seat("a", key="upbit-a1")], 1, 0.0, LATER) == ["a"]


def test_o4_what_was_forgotten_is_left_to_whoever_had_it() -> None:
    """An engine that was emptied names nobody, and its owner is about to come back."""
    claims = Claims("me")
    claims.choose(seats("x"), 2, 0.0, LATER)

    assert claims.choose(seats(""), 1, 0.0, LATER) == []
    assert claims.choose(seats(""), 1, 0.0, LATER + LEASE + 0.1) == ["a"]


def test_o5_nothing_that_has_an_owner_is_moved() -> None:
    """A newcomer takes what is free, and no more."""
    assert Claims("me").choose(seats("x", "x", "me", "x"), 2, 0.0, LATER) == []


def test_o5_a_share_is_rounded_up() -> None:
    """Two workers, three accounts: two of them at most, what it has included."""
    claims = Claims("me")

    assert claims.choose(seats("", "", ""), 2, 0.0, LATER) == ["a", "b"]
    assert claims.choose(seats("me", "", ""), 2, 0.0, LATER) == ["b"]
    assert claims.choose(seats("me", "me", ""), 2, 0.0, LATER) == []


def test_o5_what_nobody_takes_is_taken_beyond_the_share() -> None:
    """The other one may be full."""
    claims = Claims("me")
    table = seats("me", "x", "", "")
    assert claims.choose(table, 2, 0.0, LATER) == ["c"]
    table = seats("me", "x", "me", "")
    assert claims.choose(table, 2, 0.0, LATER + LEASE) == []

    assert claims.choose(table, 2, 0.0, LATER + LEASE + 0.1) == ["d"]


def test_o5_what_was_taken_meanwhile_begins_anew() -> None:
    """An account that had an owner in between is not left over."""
    claims = Claims("me")
    claims.choose(seats("me", "me", ""), 2, 0.0, LATER)
    claims.choose(seats("me", "me", "x"), 2, 0.0, LATER + 3)
    freed = seats("me", "me", "")

    assert claims.choose(freed, 2, 0.0, LATER + 6) == []


def test_o5_a_capacity_is_kept() -> None:
    """However long something is free."""
    claims = Claims("me", capacity=2)
    table = seats("me", "", "")
    claims.choose(table, 1, 0.0, LATER)

    assert claims.choose(table, 1, 0.0, LATER + 60) == ["b"]


class Struck(NamedTuple):
    """A worker dies, or the engine restarts, perhaps without memory."""

    after: float
    engine: bool
    forgets: bool


strikes = st.lists(
    st.builds(Struck, st.sampled_from((1.0, 7.0, 30.0)), st.booleans(), st.booleans()),
    max_size=4,
)


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 4), strikes)
def test_o4_o5_everything_is_owned_and_nothing_moves(
    seed: int, accounts: int, workers: int, struck: list[Struck]
) -> None:
    """Workers look now and then; the engine gives what is asked for first."""
    chance = random.Random(seed)
    owners = dict.fromkeys(map(str, range(accounts)), "")
    claims = {f"w{i}": Claims(f"w{i}") for i in range(workers)}
    connected = dict.fromkeys(claims, 0.0)
    away: dict[str, tuple[float, set[str]]] = {}
    now = 0.0

    def pass_time(seconds: float) -> None:
        nonlocal now
        end = now + seconds
        while now < end:
            now += 0.1
            for name, (back, had) in list(away.items()):
                if now >= back:
                    del away[name]
                    connected[name] = now
                    owners.update(
                        {each: name for each in had if owners[each] in ("", name)}
                    )
            # A worker that is away has its lease for a while; here for long enough.
            name = chance.choice(list(claims))
            if name in away:
                continue
            table = [
                Seat(account, owner, owner in claims and owner not in away)
                for account, owner in owners.items()
            ]
            count = len(claims) - len(away)
            chosen = claims[name].choose(table, count, connected[name], now)
            owners.update(dict.fromkeys(chosen, name))

    pass_time(3 * LEASE)
    for strike in struck:
        pass_time(strike.after)
        before = dict(owners)
        if strike.engine:
            for name in claims:
                had = {a for a, owner in owners.items() if owner == name}
                # Each comes back in its own time, but within a lease.
                away[name] = now + chance.uniform(0.0, LEASE - 0.2), had
            if strike.forgets:
                owners.update(dict.fromkeys(owners, ""))
            pass_time(3 * LEASE)
            if all(before.values()):
                assert owners == before
        else:
            claims.pop(chance.choice(list(claims)))
            claims[f"new{now}"] = Claims(f"new{now}")
            connected[f"new{now}"] = now
            pass_time(6 * LEASE)
    pass_time(6 * LEASE)

    assert set(owners.values()) <= set(claims)


def test_a_fleet_knows_an_account_by_its_exchange_and_its_key() -> None:
    """Two keys are told apart, though a worker gives both accounts one name."""
    one, other = (CoinW(api_key=key, secret_key="s") for key in ("one", "other"))

    assert key_of(one) == f"coinw-{one.fingerprint}"
    assert key_of(one) != key_of(other)

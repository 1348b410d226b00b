"""Checks of the account: the form of its key, REST, the clock, other regions."""

from __future__ import annotations

import uuid
from contextlib import closing
from dataclasses import replace
from typing import Callable, Generator, Iterator, Mapping, NamedTuple

from assetstream.core.outcomes import HttpReply, Unanswered
from assetstream.display.words import lasting, listed
from assetstream.doctor.examination import (
    Examination,
    Item,
    Outcome,
    failure,
    skip,
)
from assetstream.doctor.report import Check, Verdict
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)
from assetstream.protocol import Exchange, HttpCall, Instant, Snapshot
from assetstream.protocol.http_date import http_date
from assetstream.runtime.loop import clock
from assetstream.runtime.net.rest_client import Adapter, Call

__all__ = ["RestChecks", "check_key", "clock_step"]

#: A clock that is off by more than the first is yellow, by more than the second red;
#: seconds.
NOTICED, WRONG = 5.0, 30.0
REFUSED = "REST has refused the key, and the WebSocket would, too"
LIMITED = "the exchange limits requests: no more are sent now"
#: A ``Date`` has whole seconds: on average the moment is half a second later.
HALF_A_SECOND = 0.5


def check_key(exchange: Exchange) -> Outcome:
    """Judge a key by its form."""
    hints = exchange.key_hints()
    form = f"{exchange.key_form}; " if exchange.key_form else ""
    if hints:
        return Outcome(Verdict.YELLOW, f"{form}something looks wrong", hints)
    return Outcome(Verdict.GREEN, f"{form}nothing looks wrong")


class TimedReply(NamedTuple):
    """A reply, and when it came.

    Attributes:
        reply: the exchange's.
        took: seconds from request to reply.
        middle: our clock's time in their middle.
    """

    reply: HttpReply
    took: float
    middle: float


class RestChecks:
    """Reads the balances once, and judges key, clock and region by the reply.

    Attributes:
        no_more: the reason for not trying the WebSocket now; "" if there is none.
    """

    def __init__(self, examination: Examination, key: Check) -> None:
        self.no_more = ""
        #: The exchange does not accept the key.
        self._refusal: AuthenticationError | PermissionDenied | None = None
        self._examination = examination
        self._key = key
        self._exchange = examination.subject.exchange
        self._timed: TimedReply | None = None

    def steps(self) -> Iterator[Item]:
        """Read the balances, and judge the reply."""
        yield "REST"
        rest = self._examination.run("REST", self._read)
        region = yield from self._region_step()
        if region is not None and region.verdict is Verdict.RED:
            rest = replace(rest, remedies=("See region, below.",))
        yield rest
        if region is not None:
            yield region
        yield _judge_times(self._examination, self._timed)

    def _read(self) -> Outcome:
        timed = timing(lambda: fetch(self._examination, self._exchange))
        if isinstance(timed, AssetStreamError):
            return failure(timed)
        self._timed = timed
        try:
            snapshot = understand(self._exchange, timed.reply)
        except (AuthenticationError, PermissionDenied) as error:
            self._refusal, self.no_more = error, REFUSED
            return self._refused(error)
        except RateLimited as error:
            self.no_more = LIMITED
            return failure(error)
        return _judge(snapshot)

    def _refused(self, error: ExchangeError) -> Outcome:
        """Judge a refusal, without the remedies that the key's check has already."""
        outcome = failure(error)
        above = set(self._key.remedies)
        remedies = [hint for hint in outcome.remedies if hint not in above]
        if len(remedies) < len(outcome.remedies):
            remedies.insert(0, "See key, above.")
        if self._examination.subject.regions is None and self._may_be_elsewhere(error):
            known = self._exchange.elsewhere()
            if known:
                remedies.append(
                    "To find the key's region, add --try-regions to `assetstream "
                    f"doctor`: it sends the key to {self._exchange.title}'s hosts of "
                    f"{listed(known)}, too."
                )
        return outcome._replace(remedies=tuple(remedies))

    def _may_be_elsewhere(self, error: ExchangeError) -> bool:
        unknown = not self._exchange.knows_key(error)
        return isinstance(error, AuthenticationError) and unknown

    def _region_step(self) -> Generator[Item, None, Check | None]:
        regions = self._examination.subject.regions
        refusal = self._refusal
        if regions is None or refusal is None or not self._may_be_elsewhere(refusal):
            return None
        if not regions:
            why = "the URLs are not the exchange's own: no other is tried"
            return skip("region", why)
        yield f"region (the key is sent to {listed(regions)})"
        return self._examination.run("region", lambda: self._try_regions(regions))

    def _try_regions(self, regions: Mapping[str, Exchange]) -> Outcome:
        title, silent = self._exchange.title, []
        for region, other in regions.items():
            known = known_at(self._examination, other)
            if known:
                return Outcome(
                    Verdict.RED,
                    f"this key belongs to {region}: {title} knows it there",
                    (f'Pass region="{region}" (--region {region} to a command).',),
                )
            if known is None:
                silent.append(region)
        asked = [region for region in regions if region not in silent]
        finding = (
            f"the key was sent to {title} of {listed(asked)}, which do not know it"
        )
        if silent:
            finding = f"{listed(silent)} could not be asked"
            finding += f"; {listed(asked)} do not know the key" if asked else ""
            return Outcome(Verdict.YELLOW, finding, ("Try it again later.",))
        return Outcome(Verdict.GREEN, f"{finding}: the region is not the cause")


def clock_step(examination: Examination) -> Iterator[Item]:
    """Compare the clocks by a request without a key, which the exchange refuses."""
    yield "clock"
    signed = sign(examination.subject.exchange)
    # The key stands in the headers or in the query.
    unsigned = HttpCall(signed.method, signed.url.partition("?")[0])
    timed = timing(lambda: send(examination, unsigned))
    known = None if isinstance(timed, AssetStreamError) else timed
    yield _judge_times(examination, known)


def timing(
    ask: Callable[[], HttpReply | AssetStreamError],
) -> TimedReply | AssetStreamError:
    """Return the reply that ``ask`` returns, with its times."""
    began = clock.wall()
    reply = ask()
    if isinstance(reply, AssetStreamError):
        return reply
    ended = clock.wall()
    return TimedReply(reply, ended - began, (began + ended) / 2)


def sign(exchange: Exchange) -> HttpCall:
    """Return a call that reads the balances now."""
    instant = Instant(clock.now(), int(clock.wall() * 1000))
    return exchange.read(instant, str(uuid.uuid4()))


def fetch(examination: Examination, exchange: Exchange) -> HttpReply | AssetStreamError:
    """Read the balances; return the reply, or the reason why there is none."""
    return send(examination, sign(exchange))


def send(examination: Examination, http_call: HttpCall) -> HttpReply | AssetStreamError:
    """Make a call; return the reply, or the reason why there is none."""
    call = Call(
        http_call,
        examination.time_for_step(),
        adapter := Adapter(),
        examination.subject.ssl_context,
        examination.subject.proxy,
    )
    with closing(adapter):
        result = call.run(examination.cancel_token)
    assert not isinstance(result, Unanswered), "no kept connection can have died"
    examination.raise_if_cancelled()
    return result


def understand(exchange: Exchange, reply: HttpReply) -> Snapshot:
    """Return the balances of a reply, or raise the refusal that it is."""
    return exchange.read_replied(reply.status, reply.headers, reply.body)


def known_at(examination: Examination, exchange: Exchange) -> bool | None:
    """Return True if that host knows the key; None if it gives no clear reply."""
    reply = fetch(examination, exchange)
    if isinstance(reply, AssetStreamError):
        return None
    try:
        understand(exchange, reply)
    except AssetStreamError as error:
        if exchange.knows_key(error):
            return True
        return False if isinstance(error, AuthenticationError) else None
    return True


def _judge(snapshot: Snapshot) -> Outcome:
    held = sum(bool(b.available or b.locked) for b in snapshot.balances)
    finding = (
        f"the key may read; currencies: {len(snapshot.balances)} listed, {held} held"
    )
    if not snapshot.unreadable:
        return Outcome(Verdict.GREEN, finding)
    return Outcome(
        Verdict.YELLOW,
        f"{finding}; {len(snapshot.unreadable)} entries cannot be understood",
        ("Update assetstream; if that does not help, report it.",),
    )


def _judge_times(examination: Examination, timed: TimedReply | None) -> Check:
    """Judge this machine's clock by the ``Date`` of a reply."""
    if timed is None:
        return skip("clock", "the exchange has not sent its time")
    title = examination.subject.exchange.title
    return examination.judge("clock", lambda: _compare_clocks(title, timed))


def _compare_clocks(title: str, timed: TimedReply) -> Outcome:
    date = http_date(timed.reply.headers.get("date"))
    if date is None:
        return Outcome(Verdict.SKIPPED, "the exchange did not send its time")
    ahead = timed.middle - date.timestamp() - HALF_A_SECOND
    return _judge_clock(title, ahead, timed.took / 2 + HALF_A_SECOND)


def _judge_clock(title: str, ahead: float, unsure: float) -> Outcome:
    off = abs(ahead) - unsure
    if off <= NOTICED:
        finding = f"this machine's clock agrees with {title}'s (±{unsure:.1f} s)"
        return Outcome(Verdict.GREEN, finding)
    way = "ahead of" if ahead > 0 else "behind"
    return Outcome(
        Verdict.RED if off > WRONG else Verdict.YELLOW,
        f"this machine's clock is {lasting(round(abs(ahead)))} {way} {title}'s "
        f"(±{unsure:.1f} s)",
        (
            "Set the clock, best by switching on its synchronisation over the network "
            "(NTP): certificates are judged by it, and it dates all that you log.",
        ),
    )

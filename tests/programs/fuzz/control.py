"""Pings and pongs of any content, at any place, lead to an answer or a proof only."""

from __future__ import annotations

from typing import Sequence

from tests.programs.fuzz.frames import Receiver
from tests.support.raw_server import BINARY, PING, PONG, frame

__all__ = ["check_control"]

#: The most that a control frame may hold, bytes (RFC 6455, 5.5). A ping that holds
#: more cannot be answered; a pong that does is as good a proof as any.
LONGEST = 125


class Answering(Receiver):
    """A receiver that keeps the library's sends."""

    def __init__(self, data: bytes, sizes: Sequence[int]) -> None:
        self.sent: list[tuple[int, bytes]] = []
        super().__init__(data, sizes)

    def sending(self, data: bytes) -> None:
        assert data[1] & 0x80, "a client masks"
        size, start = data[1] & 0x7F, 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        mask, payload = data[start : start + 4], data[start + 4 :]
        assert len(payload) == size
        plain = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        self.sent.append((data[0], plain))


def check_control(parts: Sequence[bytes], sizes: Sequence[int]) -> None:
    """Send pings, pongs and messages, also in fragments; check the results.

    Each part's first byte chooses its kind, the rest is the payload.
    """
    wire, events, answers = b"", [], []
    broken = False
    for part in parts:
        kind, payload = (part[0] if part else 0) % 4, part[1:]
        if kind == 2:
            wire += frame(payload[:400], BINARY)
            events.append(payload[:400])
        elif kind == 3:
            # A pong in the middle of a message comes before it.
            inner, payload = payload[:LONGEST], payload[:300]
            half = len(payload) // 2
            wire += frame(payload[:half], final=False) + frame(inner, PONG)
            wire += frame(payload[half:], 0)
            events += ["pong", payload]
        else:
            wire += frame(payload, PONG if kind else PING)
            if len(payload) > LONGEST and not kind:
                broken = True
                break
            if kind:
                events.append("pong")
            else:
                answers.append((0x80 | PONG, payload))
    receiver = Answering(wire, sizes)

    assert receiver.events == events
    assert receiver.end == ("broken" if broken else "lost")
    # A protocol error may be answered by a Close frame, and by nothing else.
    assert receiver.sent[: len(answers)] == answers
    assert all(first == 0x88 for first, _ in receiver.sent[len(answers) :])

"""Refusals of the simulated Korbit, in the exchange's own words."""

from __future__ import annotations

from assetstream.simulator.messages import Reply, RequestRefused

__all__ = ["STATUSES", "failed", "refused"]

#: HTTP status of every refusal, by its code. The documents list the statuses and the
#: first three; the other codes are guesses.
STATUSES = {
    "EXCEED_TIME_WINDOW": 400,
    "BAD_REQUEST": 400,
    "NOT_FOUND": 404,
    "KEY_NOT_FOUND": 401,
    "INVALID_SIGNATURE": 401,
    "PERMISSION_DENIED": 403,
    "IP_NOT_ALLOWED": 403,
    "TOO_MANY_REQUESTS": 429,
}


def failed(code: str, **headers: str) -> Reply:
    """Make the answer that has this error."""
    content = {"success": False, "error": {"message": code}}
    return Reply.json(STATUSES[code], content, **headers)


def refused(code: str) -> RequestRefused:
    """Make the refusal of a request; upgrades and reads are refused by the same."""
    return RequestRefused(failed(code))

"""Refusals of the simulated Bithumb, in the exchange's own words."""

from __future__ import annotations

from assetstream.simulator.common.my_asset import named_refusal
from assetstream.simulator.messages import RequestRefused

__all__ = ["REFUSALS", "refused"]

#: HTTP status and text of every refusal. Some of them only faults use.
REFUSALS = {
    "invalid_query_payload": (401, "Jwt의 query를 검증하는데 실패하였습니다."),
    "jwt_verification": (401, "Jwt 토큰 검증에 실패했습니다."),
    "expired_jwt": (401, "Jwt가 만료되었습니다."),
    "NotAllowIP": (401, "not allowed client IP"),
    "out_of_scope": (401, "권한이 부족합니다."),
    "blocked_member_id": (
        403,
        "Service usage has been restricted in accordance with our operational policy.",
    ),
    # The status is documented, the name is a guess.
    "too_many_requests": (429, "Too Many Requests"),
    "not_found": (404, "Not Found"),
}


def refused(name: str, retry_after: float | None = None) -> RequestRefused:
    """Make the REST error of that name; upgrades are refused by the same.

    Args:
        name: one of ``REFUSALS``.
        retry_after: seconds to wait, for the header; None: no header.
    """
    headers = {} if retry_after is None else {"Retry_After": f"{retry_after:g}"}
    return named_refusal(REFUSALS, name, headers=headers)

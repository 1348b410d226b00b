"""Refusals of the simulated Upbit, in the exchange's own words."""

from __future__ import annotations

from assetstream.simulator.common.my_asset import named_refusal
from assetstream.simulator.messages import RequestRefused

__all__ = ["REFUSALS", "refused", "remaining_header"]

#: HTTP status and text of every refusal. Some of them only faults use.
REFUSALS = {
    "no_authorization_token": (401, "Authorization token is missing."),
    "invalid_query_payload": (401, "The JWT payload is not valid."),
    "jwt_verification": (401, "Failed to verify the JWT."),
    "invalid_access_key": (401, "The access key is not valid."),
    "expired_access_key": (401, "The access key has expired."),
    "nonce_used": (401, "The nonce was used before."),
    "no_authorization_ip": (401, "This is not a verified IP."),
    # The spelling of older pages.
    "no_authorization_i_p": (401, "This is not a verified IP."),
    "out_of_scope": (403, "The key does not have this permission."),
    # Documented by name only; the status is a guess.
    "thirdparty_agreement_required": (403, "Agreement to data sharing is required."),
    "too_many_requests": (429, "Too many API requests."),
    "not_found": (404, "No such resource."),
}


def refused(
    name: str, *, remaining: int | None = None, status: int | None = None
) -> RequestRefused:
    """Make the REST error of that name; upgrades are refused by the same.

    Args:
        name: one of ``REFUSALS``.
        remaining: requests left, for the header; None: no header.
        status: replaces the usual one.
    """
    headers = (
        {} if remaining is None else {"Remaining_Req": remaining_header(remaining)}
    )
    return named_refusal(REFUSALS, name, status=status, headers=headers)


def remaining_header(left: int) -> str:
    """Write the ``Remaining-Req`` header; only ``sec`` means anything."""
    return f"group=default; min=1800; sec={left}"

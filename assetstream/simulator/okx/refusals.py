"""The errors of the simulated OKX, in its own words."""

from __future__ import annotations

from typing import Any, Mapping

from assetstream.simulator.messages import Reply

__all__ = ["CONNECTION", "ERRORS", "error", "failed"]

#: The identifier of every connection, by which OKX's support finds its own.
CONNECTION = "a4d3ae55"

#: In frames, and in HTTP answers with their status. The texts are the documents'.
ERRORS: Mapping[str, tuple[int, str]] = {
    "60004": (200, "Invalid timestamp"),
    "60005": (200, "Invalid apiKey"),
    "60006": (200, "Timestamp request expired"),
    "60007": (200, "Invalid sign"),
    "60009": (200, "Login failed."),
    "60011": (200, "Please log in"),
    "60012": (200, "Invalid request"),
    "60013": (200, "Invalid args"),
    "60014": (200, "Requests too frequent"),
    "60018": (200, "Wrong URL or channel doesn't exist."),
    "60019": (200, "Invalid op"),
    "60024": (200, "Wrong passphrase"),
    "60031": (200, "The WebSocket endpoint does not allow multiple logins."),
    "60032": (200, "API key doesn't exist."),
    "63999": (200, "Login failed due to internal error. Please try again later."),
    "50011": (429, "Too Many Requests"),
    "50101": (401, "APIKey does not match current environment."),
    "50102": (401, "Timestamp request expired"),
    "50103": (401, 'Request header "OK-ACCESS-KEY" cannot be empty.'),
    "50104": (401, 'Request header "OK-ACCESS-PASSPHRASE" cannot be empty.'),
    "50105": (401, 'Request header "OK-ACCESS-PASSPHRASE" incorrect.'),
    "50106": (401, 'Request header "OK-ACCESS-SIGN" cannot be empty.'),
    "50107": (401, 'Request header "OK-ACCESS-TIMESTAMP" cannot be empty.'),
    "50110": (401, "Your IP is not included in your API key's IP whitelist."),
    "50111": (401, "Invalid OK-ACCESS-KEY"),
    "50112": (401, "Invalid OK-ACCESS-TIMESTAMP"),
    "50113": (401, "Invalid signature"),
    "50119": (200, "API key doesn't exist"),
    "50120": (200, "This API key doesn't have permission to use this function"),
}


def error(code: str) -> dict[str, Any]:
    """Make the frame of an error."""
    _, text = ERRORS[code]
    return {"event": "error", "code": code, "msg": text, "connId": CONNECTION}


def failed(code: str, **headers: str) -> Reply:
    """Make the HTTP answer of an error; it has no ``data``."""
    status, text = ERRORS[code]
    return Reply.json(status, {"msg": text, "code": code}, **headers)

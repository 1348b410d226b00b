"""TLS contexts that serve or trust an authority's certificates, good and wrong ones."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone
from typing import Any, Callable

import trustme

__all__ = ["WRONG", "serving", "trusting"]


def serving(authority: trustme.CA, *names: str, **options: Any) -> ssl.SSLContext:
    """Make a server's context, with a new certificate for 127.0.0.1, or these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf = authority.issue_cert(*(names or ["127.0.0.1"]), **options)
    leaf.configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Make the context of a user whose system trusts the authority, and no other."""
    # Given one, it does not read the system's hundred, which takes longer.
    return ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())


def _self_signed() -> ssl.SSLContext:
    """Make the context of a server whose certificate only it has signed."""
    itself = trustme.CA(organization_name="nobody")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with itself.private_key_pem.tempfile() as key, itself.cert_pem.tempfile() as cert:
        context.load_cert_chain(cert, key)
    return context


def _days(days: float) -> datetime:
    return datetime.now(timezone.utc) + timedelta(days=days)


#: Fault of a certificate -> the server's context, and words of the refusal.
WRONG: dict[str, tuple[Callable[[trustme.CA], ssl.SSLContext], str]] = {
    "wrong name": (
        lambda ca: serving(ca, "192.0.2.1", "api.example.com"),
        "IP address mismatch",
    ),
    "expired": (lambda ca: serving(ca, not_after=_days(-1)), "expired"),
    "not valid yet": (lambda ca: serving(ca, not_before=_days(1)), "not yet valid"),
    "self-signed": (lambda ca: _self_signed(), "self-signed|self signed"),
    "unknown authority": (
        lambda ca: serving(trustme.CA()),
        "unable to get local issuer|self-signed|self signed",
    ),
}

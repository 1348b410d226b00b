"""The user's TLS context: it must verify, and allow no TLS below 1.2."""

from __future__ import annotations

import ssl

from assetstream.model.errors import ConfigurationError

__all__ = ["check_context"]


def check_context(context: object) -> None:
    """Refuse what would not protect the user's credentials.

    Raises:
        ConfigurationError: it is no context, or not a safe one.
    """
    if not isinstance(context, ssl.SSLContext):
        raise ConfigurationError(
            f"ssl_context must be an ssl.SSLContext, not {type(context).__name__}"
        )
    if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
        raise ConfigurationError(
            "ssl_context does not verify the exchange's certificate and name",
            remedy="Use ssl.create_default_context(), and cafile= for an authority of "
            "your own.",
        )
    if _allows_old_tls(context):
        raise ConfigurationError(
            "ssl_context allows TLS below 1.2, which does not protect your credentials",
            remedy="Set its minimum_version = ssl.TLSVersion.TLSv1_2, or use "
            "ssl.create_default_context() as it is.",
        )


def _allows_old_tls(context: ssl.SSLContext) -> bool:
    lowest = context.minimum_version
    if lowest == ssl.TLSVersion.MINIMUM_SUPPORTED == default_minimum():
        # Nobody has lowered it: this system's Python leaves it to OpenSSL, which from
        # release 3 on takes less than 1.2 at security level 0 only.
        return ssl.OPENSSL_VERSION_INFO < (3,) or context.security_level < 1
    return lowest < ssl.TLSVersion.TLSv1_2


def default_minimum() -> ssl.TLSVersion:
    """Return the lowest version of a context that nobody has changed."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).minimum_version

"""The one TLS configuration."""

from __future__ import annotations

import ssl

from assetstream.runtime.net.tls import shared_context


def test_one_verifying_context_per_process() -> None:
    """It verifies, wants TLS 1.2, and is made once."""
    context = shared_context()
    assert context is shared_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.cert_store_stats()["x509_ca"] > 50

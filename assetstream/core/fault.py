"""The error that a fault of ours ends a stream by."""

from __future__ import annotations

from assetstream.model.errors import AssetStreamError

__all__ = ["internal_error"]


def internal_error(
    fault: BaseException, exchange: str | None = None, account: str | None = None
) -> AssetStreamError:
    """Make the error of a fault, which is its cause.

    Args:
        fault: what was raised.
        exchange, account: as in ``AssetStreamError``.
    """
    internal = AssetStreamError(
        f"internal error ({type(fault).__name__}: {fault})",
        remedy="Please report it with the traceback in the log.",
        exchange=exchange,
        account=account,
        fatal=True,
    )
    internal.__cause__ = fault
    return internal

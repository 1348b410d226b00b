"""Tables of pandas with exact amounts. No other module loads pandas."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Iterable, Sequence

from assetstream.libraries import install_command
from assetstream.model.errors import ConfigurationError

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Amount", "make_frame", "missing_library"]


class Amount(Decimal):
    """A Decimal whose text is all its digits, also in tables and CSV files: no 1E-8.

    So are sums and differences, which pandas makes of a column.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return format(self, "f") if self else "0"

    def __add__(self, other: Decimal | int) -> Amount:
        return _amount(super().__add__(other))

    def __sub__(self, other: Decimal | int) -> Amount:
        return _amount(super().__sub__(other))

    __radd__ = __add__

    def __rsub__(self, other: Decimal | int) -> Amount:
        return _amount(super().__rsub__(other))

    def __neg__(self) -> Amount:
        return _amount(super().__neg__())

    def __abs__(self) -> Amount:
        return _amount(super().__abs__())


def make_frame(
    of: str,
    rows: Iterable[Sequence[object]],
    columns: Sequence[str],
    times: Sequence[str],
    index: str | list[str],
) -> DataFrame:
    """Make a table of rows.

    Args:
        of: what the user calls ``to_pandas`` of, for the error.
        rows: the values of ``columns``; every Decimal becomes an ``Amount``.
        columns: all, those of the index included.
        times: columns of times in UTC; None becomes NaT.
        index: columns that become the index.

    Raises:
        ConfigurationError: pandas is missing; the text says how to install it.
    """
    try:
        import pandas
    except ImportError as error:
        raise missing_library(f"{of}.to_pandas()", "pandas") from error
    made = [[Amount(v) if isinstance(v, Decimal) else v for v in row] for row in rows]
    frame = pandas.DataFrame(made, columns=list(columns), dtype=object)
    for name in times:
        frame[name] = pandas.to_datetime(frame[name], utc=True)
    return frame.set_index(index)


def missing_library(call: str, library: str) -> ConfigurationError:
    """Return the error of a call that needs a library of the extra ``plot``."""
    return ConfigurationError(
        f"{call} needs {library}, which cannot be imported",
        remedy=f"Install it by `{install_command('plot')}`.",
    )


def _amount(result: object) -> Amount:
    return Amount(result) if isinstance(result, Decimal) else NotImplemented

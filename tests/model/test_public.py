"""Public classes: their module, and their evaluated annotations."""

from __future__ import annotations

import inspect
from decimal import Decimal

import msgspec

from assetstream.model.public import make_public


class Named(msgspec.Struct):
    """An example whose annotations need this module's names."""

    amount: Decimal
    next: Named | None = None


class Bare:
    """An example without annotations."""


make_public(Named, Bare)


def test_classes_name_the_package() -> None:
    """The module where they are defined does not show."""
    assert Named.__module__ == Bare.__module__ == "assetstream"


def test_annotations_are_evaluated_before() -> None:
    """The package lacks the names that annotations use."""
    (amount, following) = msgspec.structs.fields(Named)

    assert amount.type is Decimal
    assert following.type == (Named | None)
    assert inspect.signature(Named).parameters["amount"].annotation is Decimal

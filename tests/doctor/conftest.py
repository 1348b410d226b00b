"""Short examinations, and access to their checks."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from assetstream.doctor import connection
from assetstream.doctor.examination import Subject
from assetstream.doctor.examine import diagnose
from assetstream.doctor.libraries import machine_checks
from assetstream.doctor.report import Check, Diagnosis
from assetstream.protocol import Exchange
from tests.support.event_recorder import PATIENCE

Examine = Callable[..., Diagnosis]


@pytest.fixture(scope="session")
def machine() -> list[Check]:
    """The checks of this machine, which take longer than those of an account."""
    return list(machine_checks())


@pytest.fixture
def examine(
    no_rate_limits: None, machine: list[Check], monkeypatch: pytest.MonkeyPatch
) -> Examine:
    """Examine an account within a short time; options are the subject's."""
    monkeypatch.setattr(connection, "PING_INTERVAL", 0.02)
    monkeypatch.setattr(
        "assetstream.doctor.examine.machine_checks", lambda: iter(machine)
    )

    def examine(
        exchange: Exchange, timeout: float = PATIENCE, **options: Any
    ) -> Diagnosis:
        return diagnose(Subject(exchange, "mine", **options), timeout)

    return examine


def named(diagnosis: Diagnosis, name: str) -> Check:
    """Return the one check of that name."""
    (found,) = [check for check in diagnosis if check.name == name]
    return found


def verdicts(diagnosis: Diagnosis) -> dict[str, str]:
    """Return the verdict of each check by its name."""
    return {check.name: check.verdict.value for check in diagnosis}

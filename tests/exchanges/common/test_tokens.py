"""JSON Web Tokens, signed without touching what belongs to the whole process."""

from __future__ import annotations

import importlib.util
import warnings
from typing import Any

import jwt
from jwt.algorithms import HMACAlgorithm

from assetstream.exchanges.common import tokens


def test_signing_leaves_the_process_as_it_was() -> None:
    """Neither PyJWT's global algorithms nor the warning filters are changed."""
    filters = list(warnings.filters)
    # As on its first import, beside the module that all others use.
    spec = importlib.util.find_spec(tokens.__name__)
    assert spec is not None
    assert spec.loader is not None
    fresh: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    for name in ("HS256", "HS512"):
        assert fresh.sign(b"{}", "s", name).count(".") == 2
        assert type(jwt.api_jws.get_algorithm_by_name(name)) is HMACAlgorithm
    assert warnings.filters == filters

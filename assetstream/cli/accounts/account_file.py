"""Files of accounts: TOML, a table for each, named by the account's label.

::

    [main]
    exchange = "upbit"
    region = "sg"
    keys = "main.keys"                      # a key file beside this one

    [savings]
    exchange = "coinw"
    api_key_env = "SAVINGS_API_KEY"         # names of environment variables
    secret_key_env = "SAVINGS_SECRET_KEY"

Without ``keys`` and ``..._env`` the keys come from the exchange's usual variables. No
secret stands in the file itself, so it may be shared and shown.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Mapping, NoReturn, Sequence

from assetstream.cli.accounts.account import LabelledExchange, make_account
from assetstream.cli.accounts.key_file import read_keys
from assetstream.cli.accounts.suggestions import meant
from assetstream.display.words import listed
from assetstream.exchanges import EXCHANGES
from assetstream.model.errors import ConfigurationError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["labels_in", "read_accounts"]

#: Names of what is a secret, or may be one.
SECRET = re.compile(r"key|secret|token|pass|sign", re.IGNORECASE)
#: Names, perhaps misspelt, of what tells where a secret is.
NAMES_ONE = re.compile(r"^keys|_env$")
#: Of environment variables. Strict, for a key that was put there instead is no such
#: name, and what is one may be shown.
VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")


class AbsentKey(Exception):
    """A key is not to be had, though the file is as it should be.

    Args:
        error: says why.
    """

    def __init__(self, error: ConfigurationError) -> None:
        super().__init__(error)
        self.error = error


def read_accounts(path: Path, labels: Sequence[str]) -> list[LabelledExchange]:
    """Return the file's accounts, in its order: all, or those named.

    One whose key is not to be had (a variable is not set, a key file not there) says so
    by its ``no_key``.

    Raises:
        ConfigurationError: the file or an account is not as it should be; the text
            names file, table and line, and never shows a value that may be secret.
    """
    text = _text(path)
    tables = _tables(path, text)
    for label in labels:
        if label not in tables:
            hint = meant(label, tables) or f"It has {', '.join(tables)}."
            raise ConfigurationError(f"{path} has no [{label}]", remedy=hint)
    return [
        AccountTable(path, text, label, table).account()
        for label, table in tables.items()
        if not labels or label in labels
    ]


def labels_in(path: Path) -> list[str]:
    """The labels of the file's accounts; none if it cannot be read."""
    try:
        return list(_tables(path, _text(path)))
    except ConfigurationError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise ConfigurationError(
            f"the file of accounts {path} cannot be read: {exc.strerror}",
            remedy="Check its path; `assetstream watch --help` shows how it looks.",
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is no text in UTF-8") from None


def _tables(path: Path, text: str) -> Mapping[str, Mapping[str, Any]]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigurationError(f"{path} is no TOML: {exc}") from None
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ConfigurationError(
                f"{path}: {name} stands outside of a table",
                remedy="Begin each account with its label in brackets, like [main].",
            )
    if not tables:
        raise ConfigurationError(
            f"{path} has no accounts",
            remedy='Begin with [main] and exchange = "upbit".',
        )
    return tables


class AccountTable:
    """One account of the file."""

    def __init__(
        self, path: Path, text: str, label: str, table: Mapping[str, Any]
    ) -> None:
        self._path = path
        self._lines = text.splitlines()
        self._label = label
        self._table = table

    def account(self) -> LabelledExchange:
        """Make its adapter, with its keys if they are to be had."""
        name = self._text("exchange")
        if name is None:
            self._refuse(None, f'exchange = "{" or ".join(EXCHANGES)}" is missing')
        if name not in EXCHANGES:
            self._refuse(
                "exchange",
                f"must be {' or '.join(map(repr, EXCHANGES))}",
                meant(name, EXCHANGES),
            )
        self._check_names(name)
        options, absent = self._region(name), None
        try:
            options |= self._keys(name)
        except AbsentKey as exc:
            absent = exc.error
        try:
            made = make_account(name, self._label, options, absent)
        except ConfigurationError as exc:
            self._refuse(None, exc.problem, exc.remedy)
        if made.no_key is None or made.no_key is absent:
            return made
        error = self._error(None, made.no_key.problem, made.no_key.remedy)
        return replace(made, no_key=error)

    def _check_names(self, name: str) -> None:
        credentials = EXCHANGES[name].key_names
        known = ["exchange", "keys", *(f"{each}_env" for each in credentials)]
        if EXCHANGES[name].regions:
            known.append("region")
        for key in self._table:
            if key in known:
                continue
            meant_file = meant(key, ["keys"])
            if SECRET.search(key) and not NAMES_ONE.search(key) and not meant_file:
                self._refuse_secret(key, credentials)
            if key == "region":
                self._refuse(key, f"{name} has no regions", "Leave it out.")
            hint = meant(key, known) or f"There are {', '.join(known)}."
            self._refuse(key, "not a setting of an account", hint)

    def _keys(self, name: str) -> dict[str, str]:
        parameters = EXCHANGES[name].key_names
        named = {each: self._text(f"{each}_env") for each in parameters}
        file = self._text("keys")
        given = [each for each in parameters if named[each] is not None]
        if file is not None:
            if given:
                self._refuse(f"{given[0]}_env", "give keys or ..._env, not both")
            try:
                path = self._path.parent / Path(file).expanduser()
            except RuntimeError:
                self._refuse("keys", "the user whose folder it names is not known")
            return self._key_file(path, name)
        return {each: self._variable(f"{each}_env", named[each]) for each in given}

    def _key_file(self, path: Path, name: str) -> dict[str, str]:
        # Its name is not repeated: a key may have been put there instead.
        if not path.exists():
            variables = map(EXCHANGES[name].variable, EXCHANGES[name].key_names)
            error = self._error(
                "keys",
                "there is no such file",
                f"Its path is relative to this file. It holds {listed(variables)}, "
                "a line NAME=value each.",
            )
            raise AbsentKey(error)
        try:
            return read_keys(path, name)
        except ConfigurationError as exc:
            raise AbsentKey(exc) from None

    def _variable(self, key: str, name: str | None) -> str:
        if name is None or VARIABLE.fullmatch(name) is None:
            self._refuse(
                key,
                "must be the name of an environment variable, in capitals with an "
                f"underscore, like {self._label.upper()}_{key[:-4].upper()}; never "
                "the key itself",
            )
        value = os.environ.get(name)
        if value is None:
            error = self._error(
                key, f"the environment variable {name} is not set", f"Set {name}."
            )
            raise AbsentKey(error)
        return value

    def _region(self, name: str) -> dict[str, str]:
        regions = EXCHANGES[name].regions
        if not regions:
            return {}
        region = self._text("region")
        if region is None:
            remedy = f"Choose {listed(regions, 'or')}."
            self._refuse(None, 'region = "..." is missing', remedy)
        return {"region": region}

    def _text(self, key: str) -> str | None:
        value = self._table.get(key)
        if value is not None and not isinstance(value, str):
            self._refuse(key, 'must be a text in quotes, like "..."')
        return value

    def _refuse_secret(self, key: str, credentials: Sequence[str]) -> NoReturn:
        self._refuse(
            key,
            "no secret belongs in this file",
            "Put the keys into a file of their own and name it, "
            f'keys = "{self._label}.keys"; or name environment variables, '
            + ", ".join(f'{each}_env = "..."' for each in credentials),
        )

    def _refuse(self, key: str | None, why: str, remedy: str = "") -> NoReturn:
        raise self._error(key, why, remedy)

    def _error(self, key: str | None, why: str, remedy: str = "") -> ConfigurationError:
        line = self._line_of(key)
        where = f"{self._path}, [{self._label}]"
        where += f", line {line}" if line is not None else ""
        what = f"{key}: {why}" if key is not None else why
        return ConfigurationError(f"{where}: {what}", remedy=remedy)

    def _line_of(self, key: str | None) -> int | None:
        """Return the line of the table, or of a setting in it; None if not found."""
        within = False
        for number, line in enumerate(self._lines, 1):
            head = re.match(r"\s*\[([^\]]*)\]", line)
            if head is not None:
                within = head[1].strip(" \"'") == self._label
                if within and key is None:
                    return number
            if within and key and re.match(rf"\s*[\"']?{re.escape(key)}\b", line):
                return number
        return None

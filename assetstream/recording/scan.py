"""A scanner that finds the values of a JSON text, so that each can be replaced.

Everything else keeps its spelling to the byte. A text that is cut off, or not JSON at
all, is scanned as far as it looks like JSON: no text is refused.
"""

from __future__ import annotations

import re

from msgspec import Struct

__all__ = ["NUMBER", "Value", "scan", "unquoted"]

NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
# A string may lack its end, and a run of anything else is one token.
TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"?|' + NUMBER.pattern + r'|[{}\[\]:,]|\s+|[^\s"{}\[\]:,]+',
    re.DOTALL,
)
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
PLAIN = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class Value(Struct, frozen=True, gc=False):
    """A string, number or word that is no key.

    Attributes:
        place: index of its token.
        key: the key that it stands under, through any arrays; "": it has no key.
        parent: the key that its object stands under.
        siblings: the strings of its object, by key.
    """

    place: int
    key: str
    parent: str
    siblings: dict[str, str]


class Level:
    """An object or array that the scan is in."""

    def __init__(self, *, is_object: bool, parent: str = "", key: str = "") -> None:
        self.is_object = self.expects_key = is_object
        self.parent = parent
        self.key = key
        self.siblings: dict[str, str] = {}

    def open(self, *, is_object: bool) -> Level:
        """Return a level inside this one."""
        if is_object:
            return Level(is_object=True, parent=self.key)
        if not self.is_object:
            return self  # nothing changes, however deep they are nested
        # The items of an array stand under the array's own key.
        return Level(is_object=False, parent=self.parent, key=self.key)


def scan(text: str) -> tuple[list[str], list[int], list[Value]]:
    """Cut a text into tokens; return them, the places of keys, and the values."""
    tokens: list[str] = TOKEN.findall(text)
    keys: list[int] = []
    values: list[Value] = []
    levels = [Level(is_object=False)]
    for place, token in enumerate(tokens):
        level = levels[-1]
        if token in ("{", "["):
            levels.append(level.open(is_object=token == "{"))
        elif token in ("}", "]"):
            del levels[max(1, len(levels) - 1) :]
        elif token == ",":
            level.expects_key = level.is_object
        elif token == ":" or token.isspace():
            pass
        elif token[0] == '"' and level.expects_key:
            level.key, level.expects_key = unquoted(token), False
            keys.append(place)
        else:
            values.append(Value(place, level.key, level.parent, level.siblings))
            if token[0] == '"' and level.is_object:
                level.siblings[level.key] = unquoted(token)
    return tokens, keys, values


def unquoted(token: str) -> str:
    """Return the text of a string token, whole or cut off."""
    end = -1 if len(token) > 1 and token[-1] == '"' else None
    text = token[1:end]
    return ESCAPE.sub(_character, text) if "\\" in text else text


def _character(escape: re.Match[str]) -> str:
    code, letter = escape.groups()
    return chr(int(code, 16)) if code else PLAIN.get(letter, letter)

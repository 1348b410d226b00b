"""Patterns of signatures, which a refusal may quote, however it escapes them.

A signature is as good as a password for as long as its time is good.
"""

from __future__ import annotations

import re

__all__ = ["base64_signature", "hex_signature"]

#: The end of what may stand before a signature although it ends with a letter or a
#: digit: an escaped character, as the ``=`` in ``sign%3D`` is.
AFTER_ESCAPE = (
    rb"(?<=%[0-9A-Fa-f]{2})|(?<=%25[0-9A-Fa-f]{2})|(?<=%2525[0-9A-Fa-f]{2})"
    rb"|(?<=\\u[0-9A-Fa-f]{4})|(?<=\\u0025[0-9A-Fa-f]{2})|(?<=\\[bfnrt])"
)
#: What begins an escape in URLs, in JSON, and in both; bounded, and no two ways to read
#: the same: the data that is searched comes from outside.
ESCAPE = rb"(?:%(?:25){0,2}|\\{1,8}u00(?:25){0,3})"
#: What begins one in web pages.
ENTITY = rb"&(?:amp;){0,3}"


def hex_signature(digits: int) -> re.Pattern[bytes]:
    """Return the pattern of a signature of so many hexadecimal digits."""
    return re.compile(
        rb"(?:(?<![0-9A-Za-z])|%b)[0-9a-fA-F]{%d}(?![0-9A-Za-z])"
        % (AFTER_ESCAPE, digits)
    )


def base64_signature(characters: int, padding: int) -> re.Pattern[bytes]:
    """Return the pattern of one in base64: so many characters, then so many ``=``."""
    return re.compile(
        rb"(?:(?<![0-9A-Za-z+/])|%b)"
        rb"(?:[0-9A-Za-z+/]|\\{1,7}/|%b2[BbFf]|%b(?:#0{0,7}4[37]|#[xX]0{0,7}2[BbFf]|plus|sol);){%d}"
        rb"(?:=|%b3[Dd]|%b(?:#0{0,7}61|#[xX]0{0,7}3[Dd]|equals);){%d}"
        % (AFTER_ESCAPE, ESCAPE, ENTITY, characters, ESCAPE, ENTITY, padding)
    )

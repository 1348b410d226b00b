"""``Disguise``: replaces personal texts and numbers, the same one always the same way.

Nobody can compute a text from its disguise: that takes a secret, which dies with the
recording.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal

from assetstream.recording.scan import NUMBER

__all__ = ["Disguise"]

UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
#: Parts of prose that may identify a person, or be a credential.
PERSONAL = re.compile(
    UUID
    # Every repetition is bounded: the text comes from outside.
    + r"|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
    + r"|eyJ[\w-]{8,}(?:\.[\w-]*){0,2}"
    # All but the address that every machine has.
    + r"|\b(?!127\.0\.0\.1\b)(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b"
    # More colons than in a time of day.
    + r"|\b(?:[0-9a-fA-F]{0,4}:){3,}[0-9a-fA-F]{0,4}"
    + r"|(?:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){0,6})?::"
    + r"(?:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){0,6})?"
    # Long and not made of letters alone: a token, a signature, an encoded key.
    + r"|(?=[A-Za-z+/_=-]*[0-9])[A-Za-z0-9+/_=-]{16,}|[A-Za-z0-9+/_=-]{32,}"
    + r"|[0-9]{5,}"
)
IS_UUID = re.compile(UUID)
DIGITS = re.compile(r"\d+(?:[.,]\d+)*")

# Raises nothing, and loses no digit that fits into memory.
EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


class Disguise:
    """Replaces texts and numbers of one tape."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._factors: dict[str, Decimal] = {}
        # Small enough that a 64-bit number stays one.
        self._offset = 2**40 + secrets.randbelow(2**50)

    def opaque(self, text: str) -> str:
        """Return a text of the same shape: letters, digits, signs in their places."""
        stream = hashlib.shake_256(self._secret + text.encode(errors="surrogatepass"))
        dice = stream.digest(len(text))
        if IS_UUID.fullmatch(text):
            return "".join(
                character if character == "-" else f"{die % 16:x}"
                for character, die in zip(text, dice, strict=True)
            )
        if NUMBER.fullmatch(text):
            return DIGITS.sub(
                lambda found: _digits(found[0], dice[found.start() :]), text
            )
        return "".join(map(_another, text, dice))

    def prose(self, text: str) -> str:
        """Return the text with its personal parts replaced."""
        return PERSONAL.sub(lambda found: self.opaque(found[0]), text)

    def numberless(self, text: str) -> str:
        """Return ``prose`` with every number replaced, too: any may be an amount."""
        return DIGITS.sub(lambda found: self.opaque(found[0]), self.prose(text))

    def ordered(self, number: int) -> int:
        """Return another number; the differences between numbers stay the same."""
        return number + self._offset

    def scaled(self, unit: str, amount: str) -> str:
        """Return the amount times the factor of its unit, exactly; zero stays zero."""
        number = EXACT.create_decimal(amount)
        if not number:
            return amount
        scaled = EXACT.multiply(number, self._factor(unit))
        if not scaled.is_finite():
            return self.opaque(amount)
        if "e" in amount.lower():
            return f"{scaled:E}"
        text = f"{scaled:f}"
        # Trailing zeros would show how round the amount was.
        return text.rstrip("0").rstrip(".") if "." in text else text

    def _factor(self, unit: str) -> Decimal:
        factor = self._factors.get(unit)
        if factor is None:
            # Six digits, the last not 0, between 0.01 and 100.
            digits = (
                10 * (10_000 + secrets.randbelow(90_000)) + 1 + secrets.randbelow(9)
            )
            factor = Decimal(digits).scaleb(-4 - secrets.randbelow(4), EXACT)
            self._factors[unit] = factor
        return factor


def _digits(digits: str, dice: bytes) -> str:
    """Return as many digits; without a leading zero where there was none."""
    least = 0 if digits[0] == "0" else 1
    first = "0" if not least else str(1 + dice[0] % 9)
    return first + "".join(map(_another, digits[1:], dice[1:]))


def _another(character: str, die: int) -> str:
    if character.isdigit():
        return string.digits[die % 10]
    if character.isalpha():
        letters = (
            string.ascii_uppercase if character.isupper() else string.ascii_lowercase
        )
        return letters[die % 26]
    return character

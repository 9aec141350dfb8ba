"""Numbers as a language writes them: thin spaces between thousands, a true minus, a decimal comma in Spanish."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """A share for a message: written in per cent once the language of the message is known, as of an error."""

    value: float
    digits: int = 1

    def written(self, language: str) -> str:
        """Return it in per cent."""
        return percent(self.value, self.digits, language)


@dataclass(frozen=True)
class Figure:
    """A number for a message: written once the language of the message is known, with what it is of before it."""

    value: float
    figures: int = 6
    label: str = ""

    def written(self, language: str) -> str:
        """Return it with so many figures that count, no zeros at its end, and never with a power of ten."""
        text = significant(self.value, self.figures, language)
        return f"{self.label} = {text}" if self.label else text


@dataclass(frozen=True)
class Figures:
    """Several numbers for a message."""

    parts: tuple[Figure, ...]
    separator: str = "; "

    def written(self, language: str) -> str:
        """Return one after the other."""
        return self.separator.join(part.written(language) for part in self.parts)


def number(value: float, language: str) -> str:
    """Return a number: whole if it is, else with one decimal."""
    return decimal(value, 0 if float(value).is_integer() else 1, language)


def decimal(value: float, digits: int, language: str, *, sign: bool = False) -> str:
    """Return a number with so many decimals; with ``sign``, also that of one above zero."""
    # What rounds to zero is zero, not minus zero.
    text = f"{round(float(value), digits) + 0.0:{'+' if sign else ''},.{digits}f}"
    text = text.replace(",", "\u202f").replace("-", "\u2212")
    return text.replace(".", ",") if language == "es" else text


def balance(arrivals: float, departures: float, digits: int) -> float:
    """Return the difference of two figures as they are shown, so that a reader who subtracts finds it."""
    return round(round(float(arrivals), digits) - round(float(departures), digits), digits)


def significant(value: float, figures: int, language: str) -> str:
    """Return a number with so many figures that count, all those before the decimal mark, and no zeros at its end."""
    if math.isinf(value):
        return "\u221e" if value > 0 else "\u2212\u221e"
    digits = max(0, figures - 1 - math.floor(math.log10(abs(value)))) if value else 0
    text = decimal(value, digits, language)
    return text.rstrip("0").rstrip(",.") if digits else text


def percent(share: float, digits: int, language: str, *, sign: bool = False) -> str:
    """Return a share in per cent, its sign apart from the number in Spanish."""
    return decimal(100 * share, digits, language, sign=sign) + ("\u00a0%" if language == "es" else "%")

"""Numbers as a language writes them: thin spaces between thousands, a true minus, a decimal comma in Spanish."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """A share for a message: written in per cent once the language of the message is known, as of an error."""

    value: float
    digits: int = 1


def number(value: float, language: str) -> str:
    """Return a number: whole if it is, else with one decimal."""
    return decimal(value, 0 if float(value).is_integer() else 1, language)


def decimal(value: float, digits: int, language: str, *, sign: bool = False) -> str:
    """Return a number with so many decimals; with ``sign``, also that of one above zero."""
    # What rounds to zero is zero, not minus zero.
    text = f"{round(float(value), digits) + 0.0:{'+' if sign else ''},.{digits}f}"
    text = text.replace(",", "\u202f").replace("-", "\u2212")
    return text.replace(".", ",") if language == "es" else text


def percent(share: float, digits: int, language: str, *, sign: bool = False) -> str:
    """Return a share in per cent, its sign apart from the number in Spanish."""
    return decimal(100 * share, digits, language, sign=sign) + ("\u00a0%" if language == "es" else "%")

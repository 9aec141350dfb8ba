"""Writes the parts of a page of calibration in a language: words of the catalogue, numbers, paragraphs, sections."""

from __future__ import annotations

from html import escape

from register.locale import translate
from register.locale.numbers import decimal, number, percent


class Telling:
    """What every section of a page writes with."""

    def __init__(self, language: str) -> None:
        self.language = language

    def text(self, key: str, **values: object) -> str:
        """Return a text of the catalogue."""
        return translate(f"calibrate.{key}", self.language, **values)

    def section(self, name: str, body: str) -> str:
        """Return a section under its heading."""
        return f'<section id="{name}"><h2>{escape(self.text(name))}</h2>{body}</section>'

    def paragraph(self, key: str, **values: object) -> str:
        """Return a text of the catalogue as a paragraph."""
        return f"<p>{escape(self.text(key, **values))}</p>"

    def bounds(self, bounds: tuple[float | None, float | None]) -> str:
        """Return the bounds of the ratios of weights in words."""
        low, high = bounds
        if low is None and high is None:
            return self.text("no_bounds")
        return self.text("bounds", low=self.decimal(low, 2), high=self.decimal(high, 2))

    def count(self, value: float) -> str:
        """Return a whole number."""
        return number(round(value), self.language)

    def figure(self, value: float | None) -> str:
        """Return a figure, with decimals where it is small; a dash where there is none."""
        if value is None:
            return "–"
        if abs(value) >= 1000 or abs(value - round(value)) < 1e-9:
            return self.count(value)
        return self.decimal(value, 3 if abs(value) < 1 else 1)

    def decimal(self, value: float | None, digits: int) -> str:
        """Return a number with so many decimals; a dash where there is none."""
        return "–" if value is None else decimal(value, digits, self.language)

    def percent(self, value: float | None) -> str:
        """Return a share as a percentage; a dash where there is none."""
        return "–" if value is None else percent(value, 2, self.language)

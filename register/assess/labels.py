"""Words and figures for readers: how variables, values, levels and periods are called in a language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from register.assess.declaration import LEVELS, TOTAL, UNDATED, Indicator
from register.locale import catalogue, translate
from register.schema import Schema
from register.toml_file import read_toml

PERCENT = "\u00a0%"


class Labels:
    """Names things in a language.

    Parameters
    ----------
    schema
        Concepts and code lists, whose labels are used.
    titles
        Of the sources, by declaration.
    language
        ``es`` or ``en``.
    """

    def __init__(self, schema: Schema, titles: Mapping[str, Mapping[str, str]], language: str) -> None:
        self.schema = schema
        self.titles = titles
        self.language = language

    def word(self, key: str, /, **values: object) -> str:
        """Return a text of the section ``assess`` of the catalogue."""
        return translate(f"assess.{key}", self.language, **values)

    @cached_property
    def _lists(self) -> Mapping[str, Mapping[str, str]]:
        names = ("border_post", "role", "country")
        return {name: self.schema.labels(name, self.language) for name in names}

    def source(self, declaration: str) -> str:
        """Return the title of a source."""
        return self.titles.get(declaration, {}).get(self.language, declaration)

    def table(self, name: str) -> str:
        """Return the name and title of an official table."""
        path = self.schema.directory / "releases" / f"{name}.toml"
        return f"{name}. {read_toml(path)[f'title_{self.language}']}" if path.is_file() else name

    def country(self, code: str) -> str:
        """Return the name of a country."""
        return self._lists["country"].get(code, code)

    def variable(self, name: str) -> str:
        """Return what a variable of the table ``indicator`` is called."""
        if name == TOTAL:
            return self.word("whole")
        head, _, rest = name.partition(".")
        if head == "post":
            return self._lists["border_post"].get(rest, self.word("unknown_post"))
        if head == "against":
            return self.source(rest)
        if head == "national_id":
            return self.word("national_id_of", country=self.country(rest))
        if head == "mrz":
            return self.word(f"mrz.{rest}")
        if head in self._lists["role"] and rest:
            return f"{self.variable(rest)} ({self._lists['role'][head].lower()})"
        if head in self._lists["role"]:
            return self._lists["role"][head]
        concept = self._concept(head)
        why = f"assess.edit.{rest}"
        return f"{concept}: {translate(why, self.language)}" if rest and why in catalogue() else concept

    def _concept(self, name: str) -> str:
        # A name in one column is there as it came alone: the register divides it.
        for known in (name, f"{name}_raw"):
            for table in self.schema.tables.values():
                if known in table.columns:
                    return table.columns[known].concept.label[self.language]
        return name

    def level(self, level: int | None) -> str:
        """Return what a level is called."""
        return "–" if level is None else self.word(f"level.{LEVELS[level]}")

    def period(self, period: str) -> str:
        """Return what a period is called."""
        return {TOTAL: self.word("every_period"), UNDATED: self.word("undated")}.get(period, period)

    def value(self, indicator: Indicator, value: float) -> str:
        """Return a value with its unit."""
        return figure(value, indicator.unit, self.language)

    def count(self, value: float) -> str:
        """Return a count."""
        return figure(value, "count", self.language)

    def listed(self, words: list[str]) -> str:
        """Return words as a list in a sentence."""
        if len(words) < 2:
            return "".join(words)
        return f"{', '.join(words[:-1])} {self.word('and')} {words[-1]}"


def figure(value: float, unit: str, language: str) -> str:
    """Return a figure as the language writes it: per cent for a share, with as many decimals as tell it from 100."""
    if unit == "share":
        percent = 100 * value
        near = 2 if 99 < percent < 100 or 0 < percent < 1 else 1
        text = f"{percent:.0f}" if percent in (0, 100) else f"{percent:.{near}f}"
        # What is not whole must not be rounded to look it.
        if percent < 100 and float(text) == 100:
            text = ">99.99"
        if percent > 0 and float(text.lstrip(">")) == 0:
            text = "<0.01"
        text += PERCENT if language == "es" else "%"
    elif unit == "ratio":
        text = f"{value:.2f}"
    elif unit == "index":
        text = f"{value:.1f}"
    else:
        text = f"{value:,.0f}".replace(",", "\u202f")
    return text.replace("-", "\u2212").replace(".", ",") if language == "es" else text.replace("-", "\u2212")

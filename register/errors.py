"""Errors a person can act on: what happened, where, why it matters and how to mend it.

Every error has a key in the catalogue (``locale/*.toml``), where its text stands in Spanish and
English, and an exit code that scripts can rely on. Values interpolated into a message must never be a name
or a document number.
"""

from __future__ import annotations

from collections.abc import Iterable

from register.locale import translate

# What a text asks when there is no suggestion to make.
NO_SUGGESTION = (' Did you mean ""?', " ¿Quiso decir «»?")


class RegisterError(Exception):
    """An error with a catalogued text.

    Parameters
    ----------
    key
        Key below ``errors`` in the catalogue.
    where
        File, and where known line and key, that the reader should open.
    values
        What the text interpolates.
    """

    exit_code = 1

    def __init__(self, key: str, /, *, where: str | None = None, **values: object) -> None:
        self.key = key
        self.where = where
        self.values = values
        super().__init__(key)

    def message(self, language: str = "en") -> str:
        """Return the text of the error in a language: what, where, why and how to mend it."""
        text = translate(f"errors.{self.key}", language, **self.values)
        for question in NO_SUGGESTION:
            text = text.replace(question, "")
        return f"{self.where}: {text}" if self.where else text

    def __str__(self) -> str:
        """Return the English text, for tracebacks and tests."""
        return self.message("en")


class UsageError(RegisterError):
    """The command was called in a way it does not understand."""

    exit_code = 2


class DeclarationError(RegisterError):
    """A declaration (schemas, linkage rules, register.toml) is wrong."""

    exit_code = 10


class ExtractError(RegisterError):
    """An extract cannot be read as declared."""

    exit_code = 11


class LockedError(RegisterError):
    """Another build holds the run, or the files may not be read or written."""

    exit_code = 12


class QualityError(RegisterError):
    """A quality gate stopped the build, or a model is not trained."""

    exit_code = 13


class DisclosureError(RegisterError):
    """A release would disclose what it must not."""

    exit_code = 14


INTERRUPTED = 130


def suggest(word: str, known: Iterable[str]) -> str:
    """Return the known word nearest to a misspelt one, or an empty string if none is near."""
    from rapidfuzz import process

    words = list(known)
    best = process.extractOne(word, words, score_cutoff=60)
    return str(best[0]) if best else ""

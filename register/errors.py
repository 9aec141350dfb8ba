"""Errors a person can act on: what happened, where, why it matters and how to mend it.

Every error has a key in the catalogue (``locale/*.toml``), where its text stands in Spanish and
English, and an exit code that scripts can rely on. Values interpolated into a message must never be a name
or a document number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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

    @property
    def each(self) -> tuple[RegisterError, ...]:
        """The errors that this one stands for: itself, where it is not several at once."""
        return (self,)

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


class SeveralDeclarationsError(DeclarationError):
    """Several declarations are wrong: all are told at once."""

    def __init__(self, errors: Iterable[RegisterError]) -> None:
        self._each = tuple(errors)
        super().__init__("declarations_wrong", count=len(self._each))

    @property
    def each(self) -> tuple[RegisterError, ...]:
        """The errors, in the order in which they were met."""
        return self._each

    def message(self, language: str = "en") -> str:
        """Return how many errors there are, and the text of each on a line of its own."""
        return "\n".join(
            [super().message(language), *(f"- {error.message(language)}" for error in self.each)]
        )


class Faults:
    """Gathers what is wrong in declarations, so that whoever wrote them mends all of it in one go."""

    def __init__(self) -> None:
        self._errors: list[RegisterError] = []

    @contextmanager
    def gathered(self, where: str | None = None) -> Iterator[None]:
        """Note a declaration error and go on after the block.

        A file may hold anything at all. What a reader does not foresee (a number for a list, a missing name) is noted
        as an error of the declaration at ``where``, if that is given.
        """
        try:
            yield
        except DeclarationError as error:
            self._note(*error.each)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if where is None:
                raise
            missing = isinstance(error, KeyError)
            key = str(error.args[0]) if missing and error.args else ""
            self._note(DeclarationError("missing_key" if missing else "malformed", where=where, key=key))

    def _note(self, *errors: RegisterError) -> None:
        """Note errors; one that several declarations run into (a broken code list) is told once."""
        told = {error.message() for error in self._errors}
        self._errors.extend(error for error in errors if error.message() not in told)

    def tell(self) -> None:
        """Raise what was gathered, if anything was.

        Raises
        ------
        DeclarationError
            The only one, or all of them together.
        """
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            raise SeveralDeclarationsError(self._errors)


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
    from rapidfuzz import fuzz, process

    # A short word is part of many a long one: nobody wrote "surnames" for "mrz".
    words = [other for other in known if 3 * len(other) >= len(str(word))]
    # Nearly the same word goes before one that is a part of it.
    best = process.extractOne(str(word), words, scorer=fuzz.ratio, score_cutoff=80)
    best = best or process.extractOne(str(word), words, score_cutoff=60)
    return str(best[0]) if best else ""


@contextmanager
def writing(path: Path, *hindrances: type[Exception]) -> Iterator[Path]:
    """Write a file that somebody asked for: whole or not at all, and readable by its owner alone.

    Parameters
    ----------
    path
        The file. What is given to write to stands beside it, and takes its place at the end.
    hindrances
        What else than an ``OSError`` means that a file cannot be written.

    Raises
    ------
    LockedError
        If the folder is not there, is full or may not be written to: at the path of the file.
    """
    beside = path.with_name(f".{path.name}.part")
    hinders: tuple[type[Exception], ...] = (OSError, *hindrances)
    try:
        beside.touch(mode=0o600)
        yield beside
        beside.replace(path)
    except hinders as error:
        raise LockedError("cannot_write", where=str(path)) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)

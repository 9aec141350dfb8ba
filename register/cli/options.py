"""The options that commands share, and the global ones, which may stand anywhere on the line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from register.console import Console
from register.errors import UsageError
from register.locale import LANGUAGES, default_language

if TYPE_CHECKING:
    from register.project import Project

GLOBAL_FLAGS = ("--json", "--quiet", "-q")
GLOBAL_VALUES = ("-C", "--directory", "--lang")

#: Gives the help text of a key in the language of the page.
Text = Callable[[str], str]


@dataclass
class Session:
    """What the global options chose; handed to each command by Typer."""

    directory: Path
    console: Console

    def project(self) -> Project:
        """Load the project of the folder chosen."""
        from register.project import load_project

        return load_project(self.directory)


def session_of(context: typer.Context) -> Session:
    """Return the session of a command."""
    session: Session = context.obj
    return session


def there(given: Any) -> Any:
    """Return a path, or paths, that a command is to read; refuse one that is not there."""
    for path in [given] if isinstance(given, Path) else given or ():
        if not path.exists():
            raise UsageError("no_such_file", where=str(path))
    return given


def listed(names: list[str] | None) -> list[str]:
    """Return what a repeatable option names; several may stand in one, with commas: ``--by sex,age_group``."""
    return [name.strip() for text in names or [] for name in text.split(",")]


def run_option(text: Text) -> Any:
    """Return the option that names a run."""
    return typer.Option(None, "--run", help=text("run_option"))


def output_option(text: Text) -> Any:
    """Return the option that names a file to write."""
    return typer.Option(None, "-o", "--output", help=text("output"))


def hoist_global_options(arguments: list[str]) -> list[str]:
    """Move the global options to the front, so that ``register flows --json -C P`` works as it reads."""
    front: list[str] = []
    rest: list[str] = []
    queue = list(arguments)
    while queue:
        word = queue.pop(0)
        if word == "--":
            rest += [word, *queue]
            break
        if word in GLOBAL_FLAGS or word.startswith(("--directory=", "--lang=")):
            front.append(word)
        elif word in GLOBAL_VALUES and queue:
            front += [word, queue.pop(0)]
        else:
            rest.append(word)
    return front + rest


def chosen_language(arguments: list[str]) -> str:
    """Return the language asked for with ``--lang``, or that of the environment: help texts need it before parsing."""
    chosen = default_language()
    for position, word in enumerate(arguments):
        value = ""
        if word == "--lang" and position + 1 < len(arguments):
            value = arguments[position + 1]
        elif word.startswith("--lang="):
            value = word.removeprefix("--lang=")
        if value in LANGUAGES:
            chosen = value
    return chosen

"""The only printer: data on stdout, narration and progress on stderr, in the reader's language."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from register.locale import translate
from register.locale.numbers import decimal, percent

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.progress import Progress

WIDE = 1_000
#: Half an interval of 95%, in standard errors.
INTERVAL_95 = 1.96


class Console:
    """Prints messages of the catalogue. One is made per command and handed down.

    Parameters
    ----------
    language
        ``es`` or ``en``.
    as_json
        Whether data is printed as JSON; narration is then left out.
    quiet
        Leave narration out.
    """

    def __init__(self, language: str = "es", *, as_json: bool = False, quiet: bool = False) -> None:
        self.language = language
        self.as_json = as_json
        self.quiet = quiet or as_json

    @cached_property
    def _out(self) -> RichConsole:
        return _rich(sys.stdout)

    @cached_property
    def _err(self) -> RichConsole:
        return _rich(sys.stderr)

    def text(self, key: str, /, **values: object) -> str:
        """Return a message of the catalogue in the reader's language."""
        return translate(key, self.language, **values)

    def say(self, key: str, /, **values: object) -> None:
        """Narrate on stderr."""
        if not self.quiet:
            self._err.print(self.text(key, **values), markup=False)

    def error(self, message: str) -> None:
        """Print an error on stderr, whatever the settings."""
        self._err.print(message, markup=False, style="bold red")

    def data(self, text: str) -> None:
        """Print data on stdout as it is."""
        self._out.print(text, markup=False)

    def write(self, text: str) -> None:
        """Write text to stdout to the letter, for a file or a pipe."""
        sys.stdout.write(text)

    def json(self, value: object) -> None:
        """Print a value as JSON on stdout."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None
    ) -> None:
        """Print rows as a table on stdout."""
        from rich.table import Table
        from rich.text import Text

        table = Table(title=title, title_justify="left")
        for column in columns:
            # What a narrow screen has no room for goes on below: cut, one file could be taken for another.
            table.add_column(column, justify="left", overflow="fold")
        for row in rows:
            table.add_row(*(Text("" if value is None else str(value)) for value in row))
        self._out.print(table)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Show progress bars on stderr; silent when it is no terminal or the command is quiet."""
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._err,
            transient=True,
            disable=self.quiet or not self._err.is_terminal,
        )
        with bars:
            yield bars

    def number(self, value: float) -> str:
        """Return a count, without decimals."""
        return decimal(value, 0, self.language)

    def decimal(self, value: float, digits: int = 1, *, sign: bool = False) -> str:
        """Return a number with so many decimals; with ``sign``, also that of one above zero."""
        return decimal(value, digits, self.language, sign=sign)

    def percent(self, share: float, digits: int = 1, *, sign: bool = False) -> str:
        """Return a share in per cent."""
        return percent(share, digits, self.language, sign=sign)

    def interval(self, estimate: float, standard_error: float) -> str:
        """Return an estimate with half its interval of 95%."""
        return f"{self.decimal(estimate)} ± {self.decimal(INTERVAL_95 * standard_error)}"


def _rich(stream: TextIO) -> RichConsole:
    # Loaded when something is printed: a command that only says no should say it at once.
    from rich.console import Console as RichConsole

    # A pipe has no width: a file name cut to fit a screen that is not there could be that of another file.
    width = None if stream.isatty() else WIDE
    return RichConsole(file=stream, highlight=False, soft_wrap=True, width=width)

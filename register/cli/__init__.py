"""The command line: parses, calls, prints. Nothing is computed here.

    options    what the global options choose, and options that commands share
    usage      Typer's own words in the user's language
    project    init build check assess rejected runs doctor     from extracts to a run
    linkage    train diagnose tune review                       who is one person
    results    flows stock concordance imputed explain sql report
    files      link classify calibrate benchmarks               files of one's own
    practice   synth evaluate                                   a country whose truth is known

Heavy libraries are imported inside the commands, so that `register --help` answers at once. What a command prints
stands in the module of the same name of `register.show`, or beside what it does.
"""

import errno
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer
from typer.exceptions import Abort, TyperException

from register import __version__
from register.cli import files, linkage, practice, project, results
from register.cli.options import Session, chosen_language, hoist_global_options
from register.cli.usage import Application, problem
from register.console import Console
from register.errors import INTERRUPTED, LockedError, RegisterError, UsageError
from register.locale import LANGUAGES, translate


def make_app(language: str) -> Application:
    """Build the application with its help texts in a language."""

    def text(key: str) -> str:
        return translate(f"help.{key}", language)

    app = Application(language, name="register", help=text("app"), pretty_exceptions_enable=False)

    def show_version(value: bool) -> None:
        if value:
            sys.stdout.write(f"register {__version__}\n")
            raise typer.Exit

    @app.callback()
    def main_options(
        context: typer.Context,
        directory: Path = typer.Option(Path(), "-C", "--directory", help=text("directory")),
        lang: str = typer.Option(language, "--lang", help=text("lang")),
        as_json: bool = typer.Option(False, "--json", help=text("json")),
        quiet: bool = typer.Option(False, "--quiet", "-q", help=text("quiet")),
        version: bool = typer.Option(  # noqa: ARG001 - Typer calls show_version before the command
            False, "--version", callback=show_version, is_eager=True, help=text("version")
        ),
    ) -> None:
        if lang not in LANGUAGES:
            raise UsageError("unknown_language", name=lang, known=", ".join(LANGUAGES))
        context.obj = Session(directory, Console(lang, as_json=as_json, quiet=quiet))

    for family in (project, linkage, results, files, practice):
        family.add(app, text)
    return app


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    given = hoist_global_options(list(sys.argv[1:] if arguments is None else arguments))
    language = chosen_language(given)
    try:
        make_app(language)(args=given, prog_name="register", standalone_mode=False)
    except RegisterError as error:
        each = [{"error": one.key, "message": one.message(language)} for one in error.each]
        _fail(error.message(language), error.exit_code, given, error.key, each)
    except TyperException as error:
        # Typer's own errors: a misspelt command or option, a missing argument; or a group named without its command.
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(error.format_message() + "\n")
            raise SystemExit(2) from None
        _fail(translate("errors.usage", language, reason=problem(error, language)), 2, given, "usage")
    except (KeyboardInterrupt, Abort):
        _fail(translate("build.interrupted", language), INTERRUPTED, given, "interrupted")
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(0) from None
    except Exception as error:
        # The text of an unforeseen error may quote a row, and so a name: say only where it happened.
        if os.environ.get("REGISTER_DEBUG"):
            raise
        # The system's, the database's own, or told in the text of one of Polars: a full disk, a folder that is gone.
        is_full = f"os error {errno.ENOSPC}" in str(error)
        if is_full or isinstance(error, OSError) or type(error).__name__ == "IOException":
            hindrance = LockedError("cannot_write", where=getattr(error, "filename", None))
            _fail(hindrance.message(language), hindrance.exit_code, given, hindrance.key)
        _fail(
            translate("errors.defect", language, kind=type(error).__name__, place=_place(error)),
            1,
            given,
            "defect",
        )


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if f"{os.sep}register{os.sep}" in frame.filename]
    return "; ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in own[-3:])


def _fail(
    message: str, code: int, arguments: list[str], key: str, each: Sequence[Mapping[str, str]] = ()
) -> None:
    console = Console(as_json="--json" in arguments)
    if console.as_json:
        several = {"errors": each} if len(each) > 1 else {}
        console.json({"error": key, "message": message, "exit_code": code, **several})
    else:
        console.error(message)
    raise SystemExit(code)

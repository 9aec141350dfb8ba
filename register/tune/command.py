"""``register tune``: tries other rules and says what would change, or opens the page."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from register.console import Console
from register.errors import UsageError
from register.project import Project
from register.tune.changes import read_change
from register.tune.run import tune
from register.tune.tell import tell


def try_rules(
    console: Console,
    project: Project,
    run_name: str | None,
    rules: Path | None,
    settings: Sequence[str],
    persons: int,
) -> None:
    """Try proposed rules and print what would change.

    Raises
    ------
    UsageError
        If nothing is proposed, the sample is empty, or as `register.tune.run.tune`.
    """
    if rules is None and not settings:
        raise UsageError("tune_nothing")
    if persons < 1:
        raise UsageError("tune_number", key="--sample", value=persons)
    changes = [read_change(written) for written in settings]
    found = tune(project, run_name, rules=rules, changes=changes, persons=persons)
    if console.as_json:
        console.json(found.to_dict())
        return
    tell(console, found)


def open_page(console: Console, project: Project, run_name: str | None, port: int) -> None:
    """Serve the page until it is ended; print its link, which is good once.

    Raises
    ------
    UsageError
        If the extra ``review`` is not installed, or the port is taken.
    """
    try:
        from register.tune.web import serve
    except ModuleNotFoundError as error:
        raise UsageError("missing_extra", extra="review") from error

    def ready(link: str, run: str) -> None:
        console.say("tune.serving", run=run)
        if console.as_json:
            console.json({"link": link, "run": run})
        else:
            console.data(link)
        sys.stdout.flush()

    serve(project, run_name, console.language, port, ready)

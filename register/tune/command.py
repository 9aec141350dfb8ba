"""``register tune``: tries other rules and says what would change, or opens the page."""

from __future__ import annotations

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

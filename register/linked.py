"""The linkage rules with which a run was linked: what explains it must speak of the same model."""

from __future__ import annotations

from register.errors import UsageError
from register.link.declaration import load_rules
from register.link.rules import Rules
from register.project import Project
from register.run import Run
from register.stages.persons import rules_digest


def rules_of(project: Project, run: Run) -> Rules:
    """Return the rules of a run.

    Raises
    ------
    UsageError
        If those of the project are others by now.
    """
    rules = load_rules(project.linkage_rules / "people.toml")
    if run.stages.get("link", {}).get("rules", "") not in ("", rules_digest(project)):
        raise UsageError("rules_changed", where=str(rules.path), run=run.name)
    return rules

"""``register diagnose``: measures, writes the pages, says where they are."""

from __future__ import annotations

from register.console import Console
from register.diagnose.measure import diagnose
from register.diagnose.page import write_pages
from register.link.declaration import load_rules
from register.project import Project


def diagnose_run(console: Console, project: Project, run_name: str | None) -> None:
    """Measure the linkage of a run and write its pages into the run; print the figures, or all of it as JSON."""
    run, found = diagnose(project, run_name)
    pages = write_pages(found, run, load_rules(project.linkage_rules / "people.toml"), project.schema())
    if console.as_json:
        console.json(found.to_dict() | {"pages": [str(page) for page in pages]})
        return
    now = {figure.name: figure.now or 0.0 for figure in found.figures}
    console.data(
        console.text(
            "diagnose.summary",
            identities=console.number(now["identities"]),
            persons=console.number(now["persons"]),
            links=console.number(now["above_link"]),
            precision=console.percent(now["expected_precision"], 2),
            recall=console.percent(now["expected_recall"], 2),
        )
    )
    console.data(console.text("diagnose.done", pages=", ".join(str(page) for page in pages)))

"""A small synthetic country to review, with its truth, and a reviewer who answers by it."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import duckdb

from register.console import Console
from register.decisions import Anchor
from register.pipeline import build
from register.project import KEY_FILE, Project, init_project, load_project
from register.review.app import Desk
from register.review.queue import Item
from register.review.serve import Manner, open_desk
from register.synth import generate


@dataclass(frozen=True)
class Country:
    """A project linked with a threshold of choice, and who each record truly is."""

    project: Project
    truth: Path
    person: dict[Anchor, str]

    def is_one(self, item: Item) -> bool:
        """Say whether both records of a pair are of one person."""
        one, other = (self.person[anchor] for anchor in item.anchors)
        return one == other

    def copy(self, folder: Path) -> Country:
        """Return the same project elsewhere, to be changed by a test."""
        shutil.copytree(self.project.root, folder / "project")
        return Country(load_project(folder / "project"), self.truth, self.person)

    def open(self, who: str = "ana", **manner: object) -> Desk:
        """Return a reviewer's desk."""
        return open_desk(self.project, None, Manner(who, **manner))  # type: ignore[arg-type]

    def build(self) -> None:
        """Bring persons up to date."""
        build(self.project, Console("en", quiet=True), until="resolve")

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Return the rows of a query; ``{t}`` is the folder of identified tables."""
        (run,) = self.project.runs.iterdir()
        return duckdb.sql(sql.format(t=run / "tables" / "identified")).fetchall()


@cache
def country(people: int, link: float, seed: int = 3) -> Country:
    """A country of so many people, linked with a threshold: tests copy it before they change it."""
    folder = Path(mkdtemp())
    generate(folder / "country", people=people, seed=seed, years=(2018, 2024))
    project = init_project(folder / "project", "col")
    (project.root / KEY_FILE).write_text("a secret that is the same in every test\n", "ascii")
    rules = project.linkage_rules / "people.toml"
    rules.write_text(re.sub(r"(?m)^link = .*$", f"link = {link}", rules.read_text("utf-8")), "utf-8")
    for extract in (folder / "country" / "extracts").iterdir():
        shutil.copy(extract, project.extracts / extract.name)
    truth = folder / "country" / "truth"
    mentions = duckdb.sql(f"select source, record_key, role, true_id from '{truth}/mention.parquet'")
    person = {(source, key, role): str(who) for source, key, role, who in mentions.fetchall()}
    found = Country(project, truth, person)
    found.build()
    return found

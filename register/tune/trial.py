"""Two sets of rules on one part of the register: each gives pairs, persons and migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from register.concepts import RECORDS
from register.engine import Engine
from register.link.itinerary import Itinerary
from register.link.predict import PredictReport, predict
from register.link.resolve import ResolveReport, resolve
from register.link.rules import Rules
from register.project import Project
from register.rules.codelists import register_codelists
from register.rules.residence import EVENTS, STAYS, Parameters, create_tables
from register.stages.persons import register_decisions


@dataclass(frozen=True)
class Side:
    """What one set of rules came to: counts of the linkage and of the persons."""

    predicted: PredictReport
    resolved: ResolveReport


@contextmanager
def handed(engine: Engine, folder_beside: Path) -> Iterator[dict[str, Path]]:
    """Write the tables of the trial, ``part`` of the run, where both sides can read them; yield their files.

    They hold names: the folder is the owner's alone, lies in the run, and goes when the trial ends.
    """
    with TemporaryDirectory(dir=folder_beside, prefix="tune-") as name:
        folder = Path(name)
        queries = {
            "identity": "select * from identity semi join part using (identity_id)",
            "mention": "select * from mention semi join part using (identity_id)",
            "previous_membership": "select membership.* from membership semi join part using (identity_id)",
            "previous_person": "select person.* from person semi join part using (person_id)",
        }
        named = "(select record_id from mention semi join part using (identity_id))"
        queries |= {
            table: f"select * from {table} where record_id in {named}"
            for table in RECORDS
            if engine.has(table)
        }
        files = {}
        for table, query in queries.items():
            files[table] = folder / f"{table}.parquet"
            engine.write(query, files[table])
        yield files


def attempt(
    project: Project,
    files: dict[str, Path],
    rules: Rules,
    itinerary: Itinerary,
    parameters: Parameters,
    rows: int,
) -> tuple[Engine, Side]:
    """Link and resolve the part by some rules and derive its migrations; the engine holds the tables made.

    ``rows`` is how many identities the whole register compares: the prior is that of the whole.
    """
    engine = Engine(memory_limit=project.engine.memory_limit, threads=project.engine.threads)
    for table, path in files.items():
        engine.view(table, path)
    register_decisions(engine, project)
    predicted = predict(engine.con, rules, rows=rows)
    resolved = resolve(engine.con, rules, itinerary, project.secret())
    register_codelists(engine.con, project.schema())
    made = [*STAYS, *(name for name in EVENTS if name not in STAYS)]
    create_tables(engine.con, made, parameters)
    return engine, Side(predicted, resolved)

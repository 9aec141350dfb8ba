"""Everything that is measured of a run's linkage."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from register.diagnose import before, blocking, clusters, model, trust
from register.engine import Engine
from register.errors import UsageError
from register.link.compile import prior_weight
from register.link.predict import prepare
from register.link.rules import Rules
from register.linked import rules_of
from register.project import Project
from register.run import Run, find_run, now
from register.tables import open_tables

TABLES = ("identity", "mention", "pair", "membership", "person", "conflict", "person_change")


@dataclass(frozen=True)
class Diagnosis:
    """A run's linkage in numbers; see the modules of this package for the rows. ``prior`` is in bits."""

    run: str
    run_before: str | None
    made: str
    link: float
    review: float
    prior: int
    blocks: list[blocking.BlockYield]
    levels: list[model.LevelWeight]
    weights: list[model.WeightBand]
    weights_before: list[model.WeightBand]
    unlinkables: list[model.Unlinkable]
    sizes: list[clusters.SizeClass]
    shapes: list[clusters.Shape]
    bridges: list[clusters.BridgeClass]
    weakest: list[clusters.Bridge]
    conflicts: list[trust.Conflicts]
    trust: trust.Trust
    figures: list[before.Figure]
    changes: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self)


def diagnose(project: Project, run_name: str | None = None) -> tuple[Run, Diagnosis]:
    """Measure the linkage of a run, the newest if not named. Nothing of the run is changed.

    Raises
    ------
    UsageError
        If the run was not linked to its end, or the rules are no longer those that linked it.
    """
    run = find_run(project.runs, run_name)
    rules = rules_of(project, run)
    with open_tables(project, run) as engine:
        for table in TABLES:
            if not engine.has(table):
                raise UsageError("table_not_built", table=table, run=run.name)
        return run, _measure(project, run, rules, engine)


def _measure(project: Project, run: Run, rules: Rules, engine: Engine) -> Diagnosis:
    con = engine.con
    earlier = before.run_before(run)
    rows = prepare(con, rules)
    clusters.make_links(con, rules.link)
    classes, weakest = clusters.measure_bridges(con, rules.link)
    prior = prior_weight(rules.weights.matches_per_identity, rows) if rules.weights else 0
    return Diagnosis(
        run=run.name,
        run_before=earlier.name if earlier else None,
        made=now(),
        link=rules.link,
        review=rules.review,
        prior=prior,
        blocks=blocking.measure_blocks(con, rules),
        levels=model.measure_levels(con, rules),
        weights=model.measure_weights(con),
        weights_before=_weights_before(project, earlier),
        unlinkables=model.measure_unlinkables(con, rules),
        sizes=clusters.measure_sizes(con),
        shapes=clusters.measure_shapes(con),
        bridges=classes,
        weakest=weakest,
        conflicts=trust.measure_conflicts(con),
        trust=trust.measure_trust(con, project.decisions, project.country, project.secret()),
        figures=before.compare(run, earlier),
        changes=dict(engine.rows("select change, count(*) from person_change group by 1 order by 1")),
    )


def _weights_before(project: Project, earlier: Run | None) -> list[model.WeightBand]:
    if earlier is None:
        return []
    with open_tables(project, earlier) as engine:
        if not (engine.has("pair") and engine.has("membership")):
            return []
        return model.measure_weights(engine.con)

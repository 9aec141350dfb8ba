"""Why two identities are, or are not, one person."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from register.decisions import read_standing
from register.engine import Engine
from register.errors import UsageError
from register.link.rules import Block, Rules
from register.linked import rules_of
from register.project import Project
from register.run import Run, find_run
from register.tables import open_tables
from register.trace.chain import path, strongest_tree
from register.trace.named import name_records
from register.trace.records import Conflict, Record, links_of, records_of
from register.trace.target import find_identity
from register.trace.weigh import Weighed, weigh

TABLES = ("identity", "mention", "pair", "membership", "conflict")


@dataclass(frozen=True)
class Judged:
    """What reviewers decided about records of the two. ``judgement`` is None where they do not agree."""

    judgement: str | None
    who: tuple[str, ...]
    at: str


@dataclass(frozen=True)
class PairExplanation:
    """Two identities: their weight, their persons, and what decided.

    ``via`` is the chain of links that joins them where their own does not. ``conflicts`` are those between the two, or
    between the persons that they belong to.
    """

    run: str
    link: float
    review: float
    weighed: Weighed
    blocks: list[Block]
    persons: tuple[str, str]
    methods: tuple[str, str]
    records: list[Record]
    via: list[tuple[str, str, float]]
    conflicts: list[Conflict]
    judged: list[Judged]

    @property
    def is_one(self) -> bool:
        """Whether they are one person in this run."""
        return self.persons[0] == self.persons[1]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self) | {"is_one": self.is_one, "blocks": [block.name for block in self.blocks]}


def explain_pair(project: Project, one: str, other: str, run_name: str | None = None) -> PairExplanation:
    """Explain a pair; each side is an identity id or a record (``source:key:role``, or its key).

    Raises
    ------
    UsageError
        If the run was not linked, a side is not found or not told apart, or both sides are one identity.
    """
    run = find_run(project.runs, run_name)
    rules = rules_of(project, run)
    with open_tables(project, run) as engine:
        for table in TABLES:
            if not engine.has(table):
                raise UsageError("table_not_built", table=table, run=run.name)
        name_records(engine, run)
        left, right = sorted(find_identity(engine, written, run.name) for written in (one, other))
        if left == right:
            raise UsageError("same_identity", one=one, other=other)
        return _explain(engine, project, run, rules, left, right)


def compared_rows(run: Run) -> int:
    """Return how many identities a run compared."""
    return int(run.stages["link"]["report"]["distinct"])


def _explain(
    engine: Engine, project: Project, run: Run, rules: Rules, left: str, right: str
) -> PairExplanation:
    (weighed,) = weigh(engine.con, rules, [(left, right)], compared_rows(run))
    told = engine.rows(
        "select identity_id, person_id, method from membership where identity_id in ($left, $right) order by 1",
        {"left": left, "right": right},
    )
    persons, methods = (told[0][1], told[1][1]), (told[0][2], told[1][2])
    via: list[tuple[str, str, float]] = []
    if persons[0] == persons[1] and not weighed.is_identical:
        way = path(strongest_tree(links_of(engine, persons[0], rules)), left, right)
        via = way if len(way) > 1 and weighed.weight < rules.link else []
    return PairExplanation(
        run=run.name,
        link=rules.link,
        review=rules.review,
        weighed=weighed,
        blocks=[rules.blocks[number - 1] for number in weighed.blocks],
        persons=persons,
        methods=methods,
        records=records_of(engine, (left, right)),
        via=via,
        conflicts=_conflicts(engine, left, right, persons),
        judged=_judged(engine, project, left, right),
    )


def _conflicts(engine: Engine, left: str, right: str, persons: tuple[str, str]) -> list[Conflict]:
    """Return the conflicts between the two or, if they are two persons, between any identities of these."""
    rows = engine.rows(
        """
        select distinct rule, detail, identity_id_l, identity_id_r from conflict
        join membership as a on a.identity_id = identity_id_l join membership as b on b.identity_id = identity_id_r
        where ($left, $right) in ((identity_id_l, identity_id_r), (identity_id_r, identity_id_l))
            or $one <> $other and ($one, $other) in ((a.person_id, b.person_id), (b.person_id, a.person_id))
        order by all
        """,
        {"left": left, "right": right, "one": persons[0], "other": persons[1]},
    )
    return [Conflict(*row) for row in rows]


def _judged(engine: Engine, project: Project, left: str, right: str) -> list[Judged]:
    rows = engine.rows(
        "select source, record_key, role, identity_id from mention where identity_id in ($left, $right)",
        {"left": left, "right": right},
    )
    identity = {(source, key, role): found for source, key, role, found in rows}
    found = []
    for pair, standing in read_standing(project.decisions).items():
        if {identity.get(pair[0]), identity.get(pair[1])} == {left, right}:
            who = tuple(voice.who for voice in standing.voices)
            found.append(Judged(standing.judgement, who, max(voice.at for voice in standing.voices)))
    return found

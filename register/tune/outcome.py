"""What two sets of rules come to, side by side: pairs, persons, migrations, and what reviewers had said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from register.diagnose.blocking import count_groups
from register.engine import Engine
from register.link.clusters import connect
from register.link.predict import prepare
from register.link.rules import Rules

LISTED = 50
SIDES = ("before", "after")


@dataclass(frozen=True)
class PairChange:
    """A pair that one set of rules links and the other does not.

    A weight is None where it is below the review threshold, or no block brings the two together. ``was_one_person``
    and ``is_one_person`` say what became of them in the end, before and after.
    """

    identity_id_l: str
    identity_id_r: str
    before: float | None
    after: float | None
    was_one_person: bool
    is_one_person: bool


@dataclass(frozen=True)
class GroupChange:
    """Persons that change: ``kind`` is merged, split or mixed. ``events`` are their migrations, by probability."""

    kind: str
    before: list[str]
    after: list[str]
    identities: int
    events_before: float
    events_after: float


@dataclass(frozen=True)
class FlowChange:
    """Migrations of the persons that change, as recorded, in a year and direction; their sum of probabilities."""

    year: int
    direction: str
    before: float
    after: float


@dataclass(frozen=True)
class Outcome:
    """The difference, on the sample.

    ``linked`` and ``unlinked`` count pairs that change sides; ``merged``, ``split`` and ``mixed`` groups of persons
    that change, each counted where the first of its persons was drawn: divided by the share of the sample they
    estimate the whole register. ``pairs`` and ``groups`` list the first of them.
    """

    linked: int
    unlinked: int
    merged: int
    split: int
    mixed: int
    pairs: list[PairChange]
    groups: list[GroupChange]
    flows: list[FlowChange]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self)


def compare(sample: Engine, before: Engine, after: Engine, current: Rules, proposed: Rules) -> Outcome:
    """Compare two sides.

    Parameters
    ----------
    sample
        With ``seed`` and ``part``.
    before, after
        As `register.tune.trial.attempt` made them.
    current, proposed
        Their rules.
    """
    for side, engine in zip(SIDES, (before, after), strict=True):
        _hand_over(engine, sample, side)
    _groups(sample)
    pairs = _pairs(sample, current.link, proposed.link)
    rows = sample.rows(
        """
        select kind, count(*) from changed semi join seed on seed.person_id = anchor group by 1
        """
    )
    kinds = dict(rows)
    return Outcome(
        linked=pairs[0],
        unlinked=pairs[1],
        merged=kinds.get("merged", 0),
        split=kinds.get("split", 0),
        mixed=kinds.get("mixed", 0),
        pairs=pairs[2],
        groups=_list_groups(sample),
        flows=_flows(sample),
    )


def _hand_over(engine: Engine, sample: Engine, side: str) -> None:
    """Let the sample's engine read the results of a side: ``<table>_<side>``."""
    queries = {
        "pair": "select identity_id_l, identity_id_r, match_weight from pair where match_key <> 'identical'",
        "membership": "select identity_id, person_id from membership",
        "event": "select person_id, year, direction, probability from event",
    }
    for table, query in queries.items():
        sample.con.register("handed", engine.con.sql(query).to_arrow_table())
        sample.run(f"create or replace temp table {table}_{side} as select * from handed")
        sample.con.unregister("handed")


def _groups(sample: Engine) -> None:
    """Create ``changed`` (part, kind, anchor, before, after, identities): persons that are not what they were.

    Persons before and after that share an identity belong together; where one is one, nothing changed.
    """
    sample.run(
        """
        create or replace temp table shared as
        with told as (
            select distinct b.person_id as old, a.person_id as new from membership_before as b
            join membership_after as a using (identity_id)
        )
        select old, new, dense_rank() over (order by old) as l,
            (select count(distinct old) from told) + dense_rank() over (order by new) as r from told
        """
    )
    connect(sample.con, "shared", "joined")
    sample.run(
        """
        create or replace temp table changed as
        with grouped as (
            select j.cluster as part, list(distinct old order by old) as before,
                list(distinct new order by new) as after
            from shared as s join joined as j on j.node = s.l group by 1
        ),
        counted as (
            select j.cluster as part, count(*) as identities from membership_before as b
            join (select distinct old, l from shared) as s on s.old = b.person_id join joined as j on j.node = s.l
            group by 1
        )
        select part, case when len(after) = 1 then 'merged' when len(before) = 1 then 'split' else 'mixed' end as kind,
            before[1] as anchor, before, after, identities
        from grouped join counted using (part) where len(before) > 1 or len(after) > 1
        """
    )
    sample.run("drop table shared; drop table joined")


def _pairs(sample: Engine, link_before: float, link_after: float) -> tuple[int, int, list[PairChange]]:
    """Return how many pairs are linked and unlinked, and the first of them, the largest changes of weight first."""
    sample.run(
        f"""
        create or replace temp table crossed_over as
        select identity_id_l, identity_id_r, b.match_weight as before, a.match_weight as after,
            coalesce(a.match_weight >= {link_after}, false) as is_linked
        from pair_before as b full join pair_after as a using (identity_id_l, identity_id_r)
        where coalesce(b.match_weight >= {link_before}, false) <> coalesce(a.match_weight >= {link_after}, false)
            and identity_id_l in (select identity_id from part semi join seed using (person_id))
        """
    )
    ((linked, unlinked),) = sample.rows(
        "select count(*) filter (is_linked), count(*) filter (not is_linked) from crossed_over"
    )
    rows = sample.rows(
        f"""
        select identity_id_l, identity_id_r, before, after, p.person_id = q.person_id, x.person_id = y.person_id
        from crossed_over
        join membership_before as p on p.identity_id = identity_id_l
        join membership_before as q on q.identity_id = identity_id_r
        join membership_after as x on x.identity_id = identity_id_l
        join membership_after as y on y.identity_id = identity_id_r
        order by (p.person_id = q.person_id) = (x.person_id = y.person_id),
            abs(coalesce(after, 0) - coalesce(before, 0)) desc, identity_id_l, identity_id_r limit {LISTED}
        """
    )
    return int(linked), int(unlinked), [PairChange(*row) for row in rows]


def _list_groups(sample: Engine) -> list[GroupChange]:
    """Return the first groups of persons that change, those whose migrations change most first."""
    rows = sample.rows(
        f"""
        with told as (
            select part, sum(probability) as many from changed, unnest(before) as u(person_id)
            join event_before using (person_id) group by 1
        ),
        now as (
            select part, sum(probability) as many from changed, unnest(after) as u(person_id)
            join event_after using (person_id) group by 1
        )
        select kind, before, after, identities, round(coalesce(t.many, 0), 4), round(coalesce(n.many, 0), 4)
        from changed left join told as t using (part) left join now as n using (part)
        semi join seed on seed.person_id = anchor
        order by abs(coalesce(n.many, 0) - coalesce(t.many, 0)) desc, identities desc, anchor limit {LISTED}
        """
    )
    return [GroupChange(*row) for row in rows]


def _flows(sample: Engine) -> list[FlowChange]:
    """Return the migrations of the persons that change, by year and direction."""
    rows = sample.rows(
        """
        with told as (
            select year, direction, probability as before, 0.0 as after from changed, unnest(before) as u(person_id)
            join event_before using (person_id) semi join seed on seed.person_id = anchor
            union all
            select year, direction, 0.0, probability from changed, unnest(after) as u(person_id)
            join event_after using (person_id) semi join seed on seed.person_id = anchor
        )
        select year, direction, round(sum(before), 4), round(sum(after), 4) from told group by all
        having sum(before) > 0 or sum(after) > 0 order by year, direction desc
        """
    )
    return [FlowChange(*row) for row in rows]


def count_comparisons(engine: Engine, rules: Rules) -> dict[str, int]:
    """Return the comparisons that each block of some rules would make of the whole register. Reads ``identity``."""
    prepare(engine.con, rules)
    counts = {
        f"{number}. {block.name}": count_groups(engine.con, block)[0]
        for number, block in enumerate(rules.blocks, 1)
    }
    engine.run("drop table link_input; drop table link_bundle")
    return counts


def reviewed_pairs(engine: Engine, rows: Sequence[tuple[str | bool, ...]]) -> list[tuple[str, str, bool]]:
    """Return the pairs of identities that reviewers judged, and whether they hold them to be one person."""
    names = [f"{name}_{side}" for side in "lr" for name in ("source", "record_key", "role")]
    schema = dict.fromkeys(names, pl.String) | {"is_same": pl.Boolean}
    engine.con.register("decided", pl.DataFrame(rows, schema=schema, orient="row").to_arrow())
    found = engine.rows(
        """
        select least(a.identity_id, b.identity_id), greatest(a.identity_id, b.identity_id), bool_and(is_same)
        from decided as d
        join mention as a on (a.source, a.record_key, a.role) = (d.source_l, d.record_key_l, d.role_l)
        join mention as b on (b.source, b.record_key, b.role) = (d.source_r, d.record_key_r, d.role_r)
        where a.identity_id <> b.identity_id group by 1, 2 order by 1, 2
        """
    )
    engine.con.unregister("decided")
    return [(left, right, is_same) for left, right, is_same in found]

"""Which pairs a reviewer should see: near the threshold, weak bridges, conflicts, and random strata.

The pairs are those of a run. What a page will need of them is copied once into small tables of an own connection, so
that turning the page costs milliseconds however large the run is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from register.decisions import Anchor, Pair, order
from register.engine import Engine
from register.errors import UsageError
from register.link.clusters import connect
from register.link.rules import Rules
from register.link.strata import RANK, make_asked, make_scored
from register.review.records import keep_records

THRESHOLD, BRIDGES, CONFLICTS, SAMPLE = QUEUES = ("threshold", "bridges", "conflicts", "sample")
#: Pairs that were judged before and are in no queue: to be looked at again, never asked.
JUDGED = "judged"
TABLES = ("identity", "pair", "mention", "membership", "conflict")
#: Bits above the threshold within which a link that holds a person together counts as near it, and as weak.
NEAR, WEAK = 4.0, 12.0
#: Pairs of one queue, and of the sample.
LONGEST, LARGEST_SAMPLE = 10_000, 1_000


@dataclass(frozen=True, slots=True)
class Item:
    """A pair to decide: two identities, and a record of each that names it.

    ``reason`` is the rule of a conflict, ``rank`` the place in the random order of a stratum. ``linked`` and ``weight``
    are the model's, the weight None where it never scored the pair; ``band`` is the foot of its band of weight.
    """

    number: int
    queue: str
    anchors: tuple[Anchor, Anchor]
    identities: tuple[str, str]
    weight: float | None
    probability: float | None
    linked: bool
    reason: str
    band: float
    rank: int

    @property
    def pair(self) -> Pair:
        """The two records as decisions name them."""
        return order(*self.anchors)


@dataclass(frozen=True)
class Stratum:
    """All scored pairs of a band of weight that are linked, or not: their number and mean probability."""

    linked: bool
    band: float
    pairs: int
    promised: float


@dataclass(frozen=True)
class Queue:
    """The pairs by number, the numbers by queue in the order to be asked, and the strata of the whole run."""

    items: tuple[Item, ...]
    order: Mapping[str, tuple[int, ...]]
    strata: tuple[Stratum, ...]


def prepare(
    engine: Engine,
    rules: Rules,
    secret: str,
    asked: Iterable[tuple[Pair, bool | None]] = (),
    longest: int = LONGEST,
) -> Queue:
    """Pick the pairs and make the tables that pages read: ``item``, ``item_side``, ``seen_identity``, ``seen_record``.

    Parameters
    ----------
    engine
        With the tables of a run.
    rules
        Those of the run; their thresholds say what is near.
    secret
        Seed of the random order, which is the same in every session of a project.
    asked
        Pairs of the log, with whether they were linked when they were asked: a pair stays in the stratum from
        which it was drawn, whatever became of it.
    longest
        At most so many pairs of each queue.

    Raises
    ------
    UsageError
        If the run was not built that far.
    """
    for table in TABLES:
        if not engine.has(table):
            raise UsageError("table_not_built", table=table, run="")
    make_asked(engine.con, ((pair, was_linked, None) for pair, was_linked in asked))
    make_scored(engine.con)
    _parts(engine, rules)
    _pick(engine, rules, secret, longest)
    keep_records(engine)
    for table in ("scored", "asked", "node", "solid", "part", "seam", "parted"):
        engine.run(f"drop table {table}")
    found = _read(engine)
    # From here on a page asks for a few rows at a time: what threads cost is more than they bring.
    engine.run("set threads = 1")
    return found


def _parts(engine: Engine, rules: Rules) -> None:
    """Create ``part`` (identity_id, part) of persons with weak links, and ``seam``: what alone joins two parts.

    A part is what links hold together that are beyond doubt. The strongest link between two parts of one person is
    all there is to say that they are one.
    """
    beyond = rules.link + WEAK
    engine.run(
        f"""
        create temp table node as
        select row_number() over (order by identity_id) as node, identity_id from membership
        semi join (select distinct person_l as person_id from scored where linked and weight < {beyond})
        using (person_id)
        """
    )
    engine.run(
        f"""
        create temp table solid as
        select a.node as l, b.node as r from pair as p join node as a on a.identity_id = p.identity_id_l
        join node as b on b.identity_id = p.identity_id_r
        join membership as m on m.identity_id = p.identity_id_l join membership as n on n.identity_id = p.identity_id_r
        where p.match_weight >= {beyond} and m.person_id = n.person_id
        """
    )
    connect(engine.con, "solid", "solid_part")
    engine.run(
        """
        create temp table part as
        select identity_id, coalesce(s.cluster, node.node) as part from node left join solid_part as s using (node)
        """
    )
    engine.run("drop table solid_part")
    engine.run(
        f"""
        create temp table seam as
        select s.* from scored as s join part as a on a.identity_id = s.l join part as b on b.identity_id = s.r
        -- journeys that complete each other may have joined what falls a little short of the threshold
        where s.linked and s.weight >= {rules.link - NEAR} and a.part <> b.part
        qualify row_number() over (
            partition by least(a.part, b.part), greatest(a.part, b.part) order by s.weight desc, s.l, s.r
        ) = 1
        """
    )


def _pick(engine: Engine, rules: Rules, secret: str, longest: int) -> None:
    """Create ``item``: a pair a row, numbered from 0 in the order of the queues."""
    link = rules.link
    engine.run(
        """
        create temp table parted as
        select c.rule, c.detail, least(c.identity_id_l, c.identity_id_r) as l,
            greatest(c.identity_id_l, c.identity_id_r) as r, least(a.person_id, b.person_id) as person_l,
            greatest(a.person_id, b.person_id) as person_r
        from conflict as c join membership as a on a.identity_id = c.identity_id_l
        join membership as b on b.identity_id = c.identity_id_r
        where c.identity_id_l <> c.identity_id_r and (c.rule <> 'decision' or c.detail <> 'parted')
        """
    )
    scored = "l, r, weight, probability, was_linked, band"
    engine.run(
        f"""
        create temp table item as
        with apart as (
            select * from scored where not linked
            qualify row_number() over (
                partition by least(person_l, person_r), greatest(person_l, person_r) order by weight desc, l, r
            ) = 1
        ),
        near as (
            select {scored} from apart where (least(person_l, person_r), greatest(person_l, person_r))
                not in (select person_l, person_r from parted)
            union all select {scored} from seam where weight < {link + NEAR}
        ),
        odd as (
            select p.l, p.r, p.rule, p.detail, s.weight, s.probability,
                coalesce(s.was_linked, p.person_l = p.person_r) as was_linked, coalesce(s.band, 0) as band,
                p.person_l, p.person_r
            from parted as p left join scored as s using (l, r)
            qualify row_number() over (
                partition by p.person_l, p.person_r, p.rule order by s.weight desc nulls last, p.l, p.r
            ) = 1
        ),
        drawn as (
            select {scored}, {RANK} as rank, count(*) over (partition by was_linked, band) as pairs from scored
        ),
        picked as (
            select 0 as place, '{THRESHOLD}' as queue, l, r, weight, probability, was_linked, '' as reason, band,
                0 as rank, abs(weight - {link}) as first from near
            union all
            select 1, '{BRIDGES}', l, r, weight, probability, was_linked, '', band, 0, weight from seam
            where weight >= {link + NEAR}
            union all
            select 2, '{CONFLICTS}', l, r, weight, probability, was_linked, rule, band, 0,
                case detail when 'parted' then 0 else -1000 end - coalesce(weight, 0) from odd
            union all
            -- large strata are asked more, by the root of their size: between equal parts and a plain random draw
            select 3, '{SAMPLE}', l, r, weight, probability, was_linked, '', band, rank, rank / sqrt(pairs) from drawn
            where rank <= {LARGEST_SAMPLE}
        ),
        placed as (
            select *, row_number() over (partition by queue order by first, was_linked, band, l, r, reason) as turn
            from picked
            qualify turn <= case queue when '{SAMPLE}' then {LARGEST_SAMPLE} else {longest} end
        ),
        again as (
            select 4 as place, '{JUDGED}' as queue, l, r, s.weight, s.probability,
                coalesce(q.was_linked, a.person_id = b.person_id) as was_linked, '' as reason,
                coalesce(s.band, 0) as band, 0 as rank, 0 as first, row_number() over (order by l, r) as turn
            from asked as q left join scored as s using (l, r) join membership as a on a.identity_id = l
            join membership as b on b.identity_id = r anti join placed using (l, r)
        )
        select (row_number() over (order by place, turn) - 1)::integer as number, * exclude (place, first, turn)
        from (from placed union all from again)
        """,
        {"secret": secret},
    )
    engine.run(
        """
        create temp table stratum as
        select was_linked, band, count(*) as pairs, avg(probability) as promised from scored group by 1, 2
        """
    )


def _read(engine: Engine) -> Queue:
    rows = engine.rows(
        """
        with named as (
            select identity_id, source, record_key, role from seen_record
            semi join (select l as identity_id from item union select r from item) using (identity_id)
            qualify row_number() over (partition by identity_id order by source, record_key, role) = 1
        )
        select number, queue, a.source, a.record_key, a.role, b.source, b.record_key, b.role, l, r, weight,
            probability, was_linked, reason, band, rank
        from item join named as a on a.identity_id = l join named as b on b.identity_id = r order by number
        """
    )
    items = tuple(
        Item(row[0], row[1], (tuple(row[2:5]), tuple(row[5:8])), (row[8], row[9]), *row[10:]) for row in rows
    )
    turns = {queue: tuple(item.number for item in items if item.queue == queue) for queue in QUEUES}
    strata = engine.rows("select was_linked, band, pairs, promised from stratum order by 1, 2")
    return Queue(items, turns, tuple(Stratum(*row) for row in strata))

"""What a run's linkage says of each source: link rates, agreement of the linked, coverage, errors of linkage.

Reads the tables of a built run; a source is a declaration, with which every record id begins. No name is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from register.assess.borders import crossings
from register.assess.declaration import TOTAL, Indicators
from register.assess.measures import Row, ratio
from register.engine import Engine, literal
from register.errors import UsageError
from register.estimate.coverage import dual_system
from register.link.confidence import Expected, expect

NEEDS = ("mention", "membership", "pair", "conflict", "identity", "person", "crossing")
COMPARED = ("sex", "birth_date", "citizenship_code", "birth_country_code", "department_code")

_MEMBER = """
create or replace temp table member as
select declaration, person_id, count(distinct record_id) as n_record, min(identity_id) as identity_id
from (
    select split_part(m.record_id, ':', 1) as declaration, m.record_id, m.identity_id, p.person_id
    from mention as m join membership as p using (identity_id)
) group by declaration, person_id
"""


def linked(
    engine: Engine, indicators: Indicators, declarations: Sequence[str], crossing: Sequence[str]
) -> Iterator[tuple[str, Row]]:
    """Yield the linkage indicators by declaration.

    Parameters
    ----------
    engine
        Over the tables `NEEDS` of a run.
    declarations
        The sources; those without a record in the run give nothing.
    crossing
        Those of them whose records are border crossings.
    """
    engine.run(_MEMBER)
    present = {name for (name,) in engine.rows("select distinct declaration from member")}
    engine.run(
        """
        create or replace temp table spread as
        select *, count(*) over (partition by person_id) as n_source from member
        """
    )
    errors: dict[str, Expected] = {}
    for name in declarations:
        if name in present:
            errors[name] = _expected(engine, name)
            for row in _own(engine, name, errors[name]):
                yield name, row
    for name, row in _coverage(engine, [name for name in declarations if name in present], errors):
        yield name, row
    for name in crossing:
        if name in present:
            relation = f"""
                select s.person_id as who, c.crossed_at as moment, c.direction, c.border_post_code as post,
                    s.last_seen_on::timestamp as last_seen
                from crossing as c join mention as m using (record_id) join membership as p using (identity_id)
                    join person as s using (person_id)
                where c.declaration = {literal(name)}
                """
            for row in crossings(engine, indicators, relation, "_linked"):
                yield name, row
    engine.run("drop table member; drop table spread")


def _own(engine: Engine, name: str, error: Expected) -> Iterator[Row]:
    ((persons, elsewhere, silent),) = engine.rows(
        f"""
        select count(*), count(*) filter (n_source > 1), count(*) filter (n_source = 1 and n_record = 1)
        from spread where declaration = {literal(name)}
        """
    )
    yield from ratio(TOTAL, TOTAL, "link_rate", elsewhere, persons)
    yield from ratio(TOTAL, TOTAL, "no_sign_of_life", silent, persons)
    if error.pairs:
        yield (
            TOTAL,
            TOTAL,
            "link_precision",
            error.precision,
            error.precision * error.pairs,
            float(error.pairs),
        )
        yield (TOTAL, TOTAL, "link_recall", error.recall, error.recall * error.pairs, float(error.pairs))
    for variable in COMPARED:
        yield from _agreement(engine, name, variable)


def _expected(engine: Engine, name: str) -> Expected:
    """Return what the model promises of the pairs that have an identity of the source."""
    engine.run(
        f"""
        create or replace temp table own as
        select distinct identity_id from mention where starts_with(record_id, {literal(name + ":")})
        """
    )
    # `expect` reads a table called pair: for a moment it is that of the source.
    engine.run(
        """
        create or replace temp view pair as select * from memory.main.pair
        where identity_id_l in (select identity_id from own) or identity_id_r in (select identity_id from own)
        """
    )
    found = expect(engine.con)
    engine.run("drop view temp.pair; drop table own")
    return found


def _agreement(engine: Engine, name: str, variable: str) -> Iterator[Row]:
    """Yield Cohen's kappa between what the source and each other source say of one person."""
    ((pairs, same, expected),) = engine.rows(
        f"""
        with told as (
            select x."{variable}" as mine, y."{variable}" as theirs
            from member as a join member as b on b.person_id = a.person_id and b.declaration <> a.declaration
                join identity as x on x.identity_id = a.identity_id join identity as y on y.identity_id = b.identity_id
            where a.declaration = {literal(name)} and x."{variable}" is not null and y."{variable}" is not null
        ),
        mine as (select mine as v, count(*) as n from told group by mine),
        theirs as (select theirs as v, count(*) as n from told group by theirs)
        select (select count(*) from told), (select count(*) from told where mine = theirs),
            (select coalesce(sum(mine.n::double * theirs.n), 0) from mine join theirs using (v))
        """
    )
    if pairs:
        by_chance = expected / pairs**2
        # All of one value: agreement says nothing beyond chance, and is whole.
        kappa = (same / pairs - by_chance) / (1 - by_chance) if by_chance < 1 else 1.0
        yield (TOTAL, variable, "agreement", kappa, float(same), float(pairs))


def _coverage(engine: Engine, names: Sequence[str], errors: dict[str, Expected]) -> Iterator[tuple[str, Row]]:
    """Yield m/n2, m times precision over recall by n2, and how many people two sources are of.

    Of m links a share ``precision`` is right, and of the true ones a share ``recall`` was found. Both are those of the
    source's pairs, and so approximate what concerns persons in two sources.
    """
    found = {
        (mine, theirs): both
        for mine, theirs, both in engine.rows(
            """
            select a.declaration, b.declaration, count(*) from member as a join member as b
            on b.person_id = a.person_id and b.declaration <> a.declaration group by 1, 2
            """
        )
    }
    persons = dict(engine.rows("select declaration, count(*) from member group by declaration"))
    for name in names:
        for other in names:
            if name == other:
                continue
            both, n = found.get((name, other), 0), persons[other]
            error = errors[name]
            corrected = min(float(n), both * error.precision / error.recall) if error.recall else float(both)
            for row in ratio(TOTAL, f"against.{other}", "coverage", both, n):
                yield name, row
            for row in ratio(TOTAL, f"against.{other}", "coverage_corrected", corrected, n):
                yield name, row
            # The same of two sources whichever comes first.
            if name < other and both:
                for row in _people(f"against.{other}", (persons[name], n, both), errors[name]):
                    yield name, row


def _people(against: str, counts: tuple[int, int, int], error: Expected) -> Iterator[Row]:
    """Yield the dual-system estimate of two lists and its interval, of the links that are left after correction."""
    first, second, both = counts
    true = both * error.precision / error.recall if error.recall else 0.0
    false_links = both * (1 - error.precision) / (first - true) if true < first else 0.0
    try:
        found = dual_system(first, second, both, sensitivity=error.recall, false_links=false_links)
    except UsageError:
        return
    for name, people in (("", found.people), ("_low", found.low), ("_high", found.high)):
        yield (TOTAL, against, f"dual_system{name}", people, found.matched, float(first))

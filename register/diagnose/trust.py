"""How far to trust the links: precision and recall by stratum, as the model promises and as reviewers found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from register.decisions import DIFFERENT, SAME, read_standing
from register.link.confidence import Expected, Reviewed, combine, expect
from register.link.strata import Sampled, make_asked, make_scored, sample

_ANSWER = {SAME: True, DIFFERENT: False}
#: Groups of fewer pairs are left out: a share of them says nothing.
FEWEST = 20


@dataclass(frozen=True)
class Stratum:
    """Pairs of one band of match weight (from ``foot``, in bits) that were linked by the model and its rules, or not.

    ``promised`` is the share of true pairs by the model's probabilities; ``same`` of the ``judged`` pairs are true;
    ``share`` puts both together, with a 95% interval.
    """

    is_linked: bool
    foot: float
    pairs: int
    promised: float
    judged: int
    same: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Group:
    """Scored pairs of a group, and the precision and recall that their probabilities promise.

    ``by``: sources, citizenship, sex or documents.
    """

    by: str
    code: str
    pairs: int
    links: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class Conflicts:
    """What could not be true at once, by rule; ``detail`` says what became of it."""

    rule: str
    detail: str
    many: int
    persons: int


@dataclass(frozen=True)
class Trust:
    """Overall and by stratum. ``reviewed`` is None while nobody has judged a pair of this run."""

    expected: Expected
    reviewed: Reviewed | None
    strata: list[Stratum]
    groups: list[Group]


def measure_trust(con: duckdb.DuckDBPyConnection, decisions: Path, country: str, secret: str) -> Trust:
    """Measure precision and recall. Reads ``pair``, ``membership``, ``conflict``, ``mention`` and ``identity``.

    Of the reviewers' answers those count that are a random sample (see `register.link.strata`); an answer about which
    nothing holds, as of reviewers who could not agree, is one to a pair of which nobody can tell.
    """
    standings = [one for one in read_standing(decisions).values() if one.state != "waiting"]
    make_asked(con, ((one.pair, one.voices[0].linked, _ANSWER.get(one.judgement or "")) for one in standings))
    make_scored(con)
    strata = [_stratum(found) for found in sample(con, secret)]
    con.execute("drop table scored; drop table asked")
    reviewed = combine((s.is_linked, s.pairs, s.promised, s.judged, s.same) for s in strata)
    return Trust(expect(con), reviewed if reviewed.reviewed else None, strata, _groups(con, country))


def _stratum(found: Sampled) -> Stratum:
    # The share of true pairs in one stratum is the precision of a linkage of just these.
    alone = combine([(True, found.pairs, found.promised, found.judged, found.same)])
    return Stratum(
        *(found.is_linked, found.band, found.pairs, found.promised, found.judged, found.same),
        *(alone.precision, alone.precision_low, alone.precision_high),
    )


def _groups(con: duckdb.DuckDBPyConnection, country: str) -> list[Group]:
    """Return what the probabilities promise for groups of pairs; see `register.link.confidence.expect`."""
    rows = con.execute(
        """
        with parted as (
            select distinct a.person_id as one, b.person_id as other from conflict
            join membership as a on a.identity_id = identity_id_l join membership as b on b.identity_id = identity_id_r
            where a.person_id <> b.person_id
        ),
        -- an identity counts for the source that sees most of the population
        first as (
            select identity_id, arg_min(source, list_position(
                ['crossing', 'permit', 'visa', 'birth', 'marriage', 'death'], source)) as source
            from mention group by 1
        ),
        scored as (
            select p.match_probability as chance, a.person_id = b.person_id as is_linked,
                least(f.source, g.source) || '+' || greatest(f.source, g.source) as sources,
                case when coalesce(i.citizenship_code, j.citizenship_code) is null then 'unknown'
                    when $country in (i.citizenship_code, j.citizenship_code) then 'national' else 'foreign' end
                    as citizenship,
                coalesce(i.sex, j.sex, '0') as sex,
                case (i.document_number is not null)::integer + (j.document_number is not null)::integer
                    when 2 then 'both' when 1 then 'one' else 'none' end as documents
            from pair as p
            join membership as a on a.identity_id = identity_id_l join membership as b on b.identity_id = identity_id_r
            join identity as i on i.identity_id = identity_id_l join identity as j on j.identity_id = identity_id_r
            join first as f on f.identity_id = identity_id_l join first as g on g.identity_id = identity_id_r
            where match_key <> 'identical' and (a.person_id, b.person_id) not in (select one, other from parted)
                and (b.person_id, a.person_id) not in (select one, other from parted)
        ),
        told as (
            select 0 as turn, 'sources' as kind, sources as code, chance, is_linked from scored
            union all select 1, 'citizenship', citizenship, chance, is_linked from scored
            union all select 2, 'sex', sex, chance, is_linked from scored
            union all select 3, 'documents', documents, chance, is_linked from scored
        )
        select kind, code, count(*) as pairs, count(*) filter (is_linked),
            round(sum(chance) filter (is_linked) / nullif(count(*) filter (is_linked), 0), 6),
            round(coalesce(sum(chance) filter (is_linked), 0) / nullif(sum(chance), 0), 6)
        from told group by turn, kind, code having count(*) >= $fewest order by turn, pairs desc, code
        """,
        {"country": country, "fewest": FEWEST},
    ).fetchall()
    return [Group(*row) for row in rows]


def measure_conflicts(con: duckdb.DuckDBPyConnection) -> list[Conflicts]:
    """Return conflicts by rule and outcome. Reads ``conflict``."""
    rows = con.execute(
        """
        select rule, detail, count(*) as many, count(distinct person_id) from conflict
        group by 1, 2 order by many desc, 1, 2
        """
    ).fetchall()
    return [Conflicts(*row) for row in rows]

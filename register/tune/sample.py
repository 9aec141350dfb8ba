"""A part of the register on which two rules can be tried: some persons, and all that either rule would join to them."""

from __future__ import annotations

from dataclasses import dataclass

from register.engine import Engine
from register.link.block import count_comparisons, make_candidates
from register.link.forms import make_forms
from register.link.predict import prepare
from register.link.rules import Rules
from register.link.score import forget_candidates, score_candidates

PERSONS = 1_500
#: A new link may lead to a person from whom another new link leads on. After so many steps the rest is left out.
STEPS = 3


@dataclass(frozen=True)
class Sample:
    """What was drawn: ``persons`` of the run, ``share`` of all its persons; ``identities`` with all that was added."""

    persons: int
    share: float
    identities: int


def draw(engine: Engine, current: Rules, proposed: Rules, persons: int = PERSONS) -> Sample:
    """Create ``seed`` (person_id), the persons drawn, and ``part`` (identity_id), all identities of the trial.

    Persons are drawn by a hash of their ids, so that the same question gives the same answer. To them come the whole
    persons to which a link of the current or of the proposed rules leads, and so on.
    Reads the tables of a run.
    """
    engine.run(
        f"""
        create or replace temp table seed as
        select person_id from person order by hash(person_id), person_id limit {int(persons)}
        """
    )
    (drawn, all_persons) = engine.rows("select (select count(*) from seed), (select count(*) from person)")[0]
    engine.run(
        "create or replace temp table part as "
        "select identity_id, person_id from membership semi join seed using (person_id)"
    )
    if drawn < all_persons:
        rows = prepare(engine.con, proposed)
        engine.run("create or replace temp table front as select identity_id from part")
        for _ in range(STEPS):
            _reach(engine, current, proposed, rows)
            (added,) = engine.rows("select count(*) from front")[0]
            if not added:
                break
        for name in ("link_input", "link_bundle", "link_known", "front"):
            engine.run(f"drop table if exists {name}")
    (many,) = engine.rows("select count(*) from part")[0]
    return Sample(int(drawn), drawn / all_persons if all_persons else 1.0, int(many))


def _reach(engine: Engine, current: Rules, proposed: Rules, rows: int) -> None:
    """Add to ``part`` the persons to which links lead from ``front``, and make them the next ``front``."""
    con = engine.con
    engine.run(
        """
        create or replace table link_known as
        select node from link_input where identity_id not in (
            select representative from link_bundle semi join front using (identity_id)
        )
        """
    )
    make_forms(con, proposed)
    count_comparisons(con, proposed, rows)
    make_candidates(con, proposed)
    scored = score_candidates(con, proposed, rows, threshold=proposed.link - 0.001)
    engine.run(
        f"""
        create or replace temp table reached as
        with linked as (
            select a.identity_id as l, b.identity_id as r from ({scored}) as s
            join link_input as x on x.node = s.node_l join link_input as y on y.node = s.node_r
            join link_bundle as a on a.representative = x.identity_id
            join link_bundle as b on b.representative = y.identity_id
            union all
            select identity_id_l, identity_id_r from pair where match_weight >= {current.link}
        ),
        led as (
            select r as identity_id from linked join front on front.identity_id = l
            union select l from linked join front on front.identity_id = r
        )
        select distinct person_id from led join membership using (identity_id)
        anti join (select distinct person_id from part) using (person_id)
        """
    )
    forget_candidates(con)
    engine.run(
        "create or replace temp table front as "
        "select identity_id, person_id from membership semi join reached using (person_id)"
    )
    engine.run("insert into part select identity_id, person_id from front")
    engine.run("drop table reached")

"""The weight of candidates: forms are weighed first, then the pairs of nodes for which that leaves a chance."""

from __future__ import annotations

import duckdb

from register.link.compile import block_conditions
from register.link.forms import divide, found_beside, found_near, is_of_form, near_sql
from register.link.rules import Rules
from register.link.weigh import levels_sql, most, prior_of, sides_sql, sum_sql


def score_candidates(con: duckdb.DuckDBPyConnection, rules: Rules, rows: int, threshold: float) -> str:
    """Return the query of the candidates whose match weight reaches a threshold, having weighed their forms.

    It gives node_l < node_r, match_key, gamma_* and match_weight. Reads what `make_forms` and `make_candidates` made;
    pairs of nodes that with all they may say beside would fall short are not looked at.
    ``rows`` is the number of rows to be linked in all: it sets the prior.
    """
    of_form, beside = divide(rules)
    gammas = ", ".join(f"gamma_{c.concept}" for c in of_form)
    rarities = "".join(f", rarity_{c.concept}" for c in of_form if c.rare_values)
    # What forms must weigh, by what nodes of theirs can say beside: equal documents, near ones, or neither.
    equal = found_beside(rules)
    neither = {name: equal.get(name, set()) | near for name, near in found_near(rules).items()}
    enough_met, enough_near, enough = (
        threshold - most(rules, beside, without) for without in ({}, equal, {**equal, **neither})
    )
    con.execute(
        f"""
        create or replace table link_form_scored as
        with pairs as (
            select form_l, form_r, match_key, is_met, {near_sql("l", "r")} as is_near, {sides_sql(of_form)}
            from link_form_pair join link_form as l on l.form = form_l join link_form as r on r.form = form_r
        ),
        compared as (select form_l, form_r, match_key, is_met, is_near, {levels_sql(of_form)}{rarities} from pairs)
        select form_l, form_r, match_key, {gammas}, {prior_of(rules, rows)} + {sum_sql(rules, of_form)} as form_weight
        from compared where form_weight >= {enough} or is_near and form_weight >= {enough_near}
            or is_met and form_weight >= {enough_met}
        """
    )

    def weighed(pairs: str) -> str:
        """Return the query of those pairs of nodes that reach the threshold, with their levels."""
        levels = ", ".join(filter(None, (gammas, levels_sql(beside))))
        return f"""
            select * exclude (form_weight), form_weight + {sum_sql(rules, beside)} as match_weight
            from (select node_l, node_r, match_key, form_weight, {levels} from ({pairs}))
            where match_weight >= {threshold}
        """

    sides = f", {sides_sql(beside)}" if beside else ""
    carried = (
        f"least({_found_by_more(rules)}, f.match_key)::utinyint as match_key,"
        f" least(l.node, r.node) as node_l, greatest(l.node, r.node) as node_r, {gammas}, form_weight{sides}"
    )
    # All pairs of nodes of such forms are weighed: of the pairs that a block found by more, few are left.
    spread = (
        f"form_weight >= {enough}",
        f"form_weight < {enough} and form_weight >= {enough_near} and {near_sql('l', 'r')}",
    )
    # The one and the other apart: few forms depend on what a join can only ask of each pair of nodes by itself.
    by_form = [
        f"""
        select {carried} from link_form_scored as f
        join link_node as l on l.form = form_l join link_node as r on r.form = form_r
        where f.match_key is not null and {condition} and (form_l < form_r or l.node < r.node)
            and not (l.is_known and r.is_known)
        """
        for condition in spread
    ]
    by_more = f"""
        select {carried} from link_node_pair as p join link_form_scored as f using (form_l, form_r)
        join link_node as l on l.node = p.node_l join link_node as r on r.node = p.node_r
        where not (f.match_key is not null and ({" or ".join(f"({condition})" for condition in spread)}))
    """
    return " union all ".join(f"from ({weighed(pairs)})" for pairs in (*by_form, by_more))


def _found_by_more(rules: Rules) -> str:
    """Return the SQL of the first block that has a pair of nodes by more than their forms, null if none has."""
    cases = " ".join(
        f"when {condition} then {turn}"
        for turn, block in enumerate(rules.blocks)
        if not is_of_form(rules, block)
        for _, condition in block_conditions((block,))
    )
    return f"case {cases} end" if cases else "null::utinyint"


def forget_candidates(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the tables between the forms and the scores."""
    for name in ("form", "node", "form_key", "node_key", "form_pair", "node_pair", "form_scored"):
        con.execute(f"drop table if exists link_{name}")

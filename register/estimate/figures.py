"""From completed registers to figures: the mean over draws, and its error by where it comes from.

estimate        the mean over the completed registers, in each the sum of probabilities
plain_estimate  the same of the register as it was written down: the plain rule
outcome_error   the doubt about outcomes not yet observed: root of the sum of p (1 - p), mean over draws
missing_error   the doubt about what is missing: between the completed registers
linkage_error   the doubt about who is one person: between the linkages drawn
standard_error  all three; share_final: the part of the estimate that is certain in its draw

Between m draws lies (1 + 1/m) times their variance (Rubin 1987), which so few tell only roughly: what is between has
the distribution of Student with m - 1 degrees of freedom. The variance of that is taken, (m - 1) / (m - 3) times as
much, so that an interval of 1.96 standard errors holds what it promises. In a drawn linkage some people of the register
are not there, and others are: a figure then differs by what these tell less what those tell, each as the mean over her
completed lives; so the two variances between draws are of different things, and add.

Draws of one register move together: the sum over cells of their variances falls short of that of a total. So each of
the two variances is scaled to add up to those of the totals: errors of cells may then be added as squares, whatever
the table.
"""

from __future__ import annotations

from collections.abc import Sequence

PLACES = ("citizenship_code", "birth_country_code")


def spread(value: str, draws: str) -> str:
    """Return SQL for what m draws of a value, zero in draws without a row, add to its variance (see above)."""
    return (
        f"greatest(0.0, sum({value} * {value}) - power(sum({value}), 2) * 1.0 / {draws})"
        f" / greatest({draws} - 3, 1) * (1.0 + 1.0 / {draws})"
    )


def figures(counted: str, cells: Sequence[str], totals: Sequence[str], within: Sequence[str] = ()) -> str:
    """Return the SQL that makes figures of what was counted.

    Parameters
    ----------
    counted
        A query with the columns of the cells and ``draw`` (0: in all), ``linkage`` (0: as in the register; else weight
        has the sign of a change), ``weight``, ``probability``, ``final`` (the part of the probability that is certain)
        and ``plain`` (the probability by the plain rule). With the parameters ``:draws`` and ``:linkages``.
    cells
        Columns that make a cell.
    totals
        Those of them whose totals the variances of cells add up to, in each group of ``within``, which are among them.
    """
    cell, total = ", ".join(cells), ", ".join(totals)
    group = "".join(f"{name}, " for name in within)
    same = " and ".join(f"told.{name} is not distinct from one.{name}" for name in cells)
    return f"""
        with counted as ({counted}),

        told as (
            select {cell}, 'missing' as kind, :draws as m, draw as number, sum(probability) as value
            from counted where linkage = 0 and draw > 0 group by {cell}, draw
            union all
            select {cell}, 'linkage' as kind, :linkages as m, linkage as number, sum(weight * probability) as value
            from counted where linkage > 0 group by {cell}, linkage
        ),

        -- A cell that holds nobody in any register is none, whoever would be there by another linkage.
        one as (select {cell} from counted where linkage = 0 group by {cell}),

        between as (
            select told.*
            from (select {cell}, kind, {spread("value", "m")} as spread from told group by {cell}, kind, m) as told
            inner join one on {same}
        ),

        parts as (select {group} kind, sum(spread) as spread from between group by {group} kind),

        whole as (
            select {group} kind, sum(spread) as spread
            from (
                select {total}, kind, {spread("value", "m")} as spread
                from (select {total}, kind, m, number, sum(value) as value from told group by {total}, kind, m, number)
                group by {total}, kind, m
            )
            group by {group} kind
        ),

        scale as (
            select {group} kind, coalesce(whole.spread / nullif(parts.spread, 0.0), 1.0) as factor
            from parts inner join whole using ({group} kind)
        ),

        piece as (
            select {cell}, weight * probability as estimate,
                weight * probability * (1.0 - probability) as outcome,
                weight * final as final, plain, 0.0 as missing, 0.0 as linkage
            from counted where linkage = 0
            union all
            select {cell}, 0.0 as estimate, 0.0 as outcome, 0.0 as final, 0.0 as plain,
                case when kind = 'missing' then spread * factor else 0.0 end as missing,
                case when kind = 'linkage' then spread * factor else 0.0 end as linkage
            from between inner join scale using ({group} kind)
        )

        select {cell}, sum(estimate) as estimate, sqrt(sum(outcome) + sum(missing) + sum(linkage)) as standard_error,
            coalesce(sum(final) / nullif(sum(estimate), 0.0), 1.0) as share_final, sum(plain) as plain_estimate,
            sqrt(sum(outcome)) as outcome_error, sqrt(sum(missing)) as missing_error,
            sqrt(sum(linkage)) as linkage_error
        from piece group by {cell}
        """


def flow_figures(text: str) -> str:
    """Return the SQL of the table ``flow`` from that of what it counts (``flow.sql``)."""
    cells = ("year", "direction", "sex", "age_group", *PLACES, "counterpart_country_code")
    return figures(text, cells, ("year", "direction", "sex"), ("direction",))


def stock_figures(text: str) -> str:
    """Return the SQL of the table ``stock`` from that of what it counts (``stock.sql``)."""
    return figures(text, ("reference_date", "sex", "age_group", *PLACES), ("reference_date", "sex"))

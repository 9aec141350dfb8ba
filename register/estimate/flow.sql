-- flow: migrations of a year by direction, sex, five-year age group, citizenship, country of birth and counterpart
-- country, at full cross grain: every migration is counted in exactly one row, so that any sum over rows is a total.
--
-- estimate        the mean over the completed registers (completed_event), in each the sum of probabilities
-- plain_estimate  the same of the register as it was written down (event): the plain rule
-- outcome_error   the doubt about outcomes not yet observed: root of the sum of p (1 - p), mean over draws
-- missing_error   the doubt about what is missing: root of (1 + 1/m) times the variance between draws (Rubin 1987)
-- standard_error  both; share_final: the part of the estimate that is certain in its draw
--
-- Draws of one register move together: the sum over cells of their variances falls short of that of a total. So the
-- variances between draws are scaled, in each direction, to add up to those of the totals by year and sex: errors of
-- cells may then be added as squares, whatever the table.
-- Years that begin within the first W days of the series (the burn-in, in which initial statuses are guessed) are left
-- out; the events themselves are kept.
-- Reads: event, completed_event, age_group.
with counted as (
    select
        year, direction, coalesce(sex, '0') as sex, age, citizenship_code, birth_country_code, counterpart_country_code,
        draw, weight, probability, case when status = 'final' then probability else 0.0 end as final, 0.0 as plain
    from completed_event
    union all
    select
        year, direction, coalesce(sex, '0') as sex, age, citizenship_code, birth_country_code, counterpart_country_code,
        0 as draw, 0.0 as weight, 0.0 as probability, 0.0 as final, probability as plain
    from event
),

by_draw as (
    select
        counted.year,
        counted.direction,
        counted.sex,
        age_group.code as age_group,
        counted.citizenship_code,
        counted.birth_country_code,
        counted.counterpart_country_code,
        counted.draw,
        sum(counted.probability) as value,
        sum(counted.weight * counted.probability) as estimate,
        sum(counted.weight * counted.probability * (1.0 - counted.probability)) as outcome,
        sum(counted.weight * counted.final) as final,
        sum(counted.plain) as plain
    from counted
    left join age_group
        on counted.age >= cast(age_group.age_from as integer)
        and counted.age <= coalesce(cast(age_group.age_to as integer), 999)
    where date_diff('day', :observed_from, cast(concat(cast(counted.year as varchar), '-01-01') as date)) >= :window
    group by
        counted.year, counted.direction, counted.sex, age_group.code, counted.citizenship_code,
        counted.birth_country_code, counted.counterpart_country_code, counted.draw
),

cell as (
    -- Draws without a migration in the cell have no row and count as zero.
    select
        year, direction, sex, age_group, citizenship_code, birth_country_code, counterpart_country_code,
        sum(estimate) as estimate,
        sum(outcome) as outcome,
        sum(final) as final,
        sum(plain) as plain,
        greatest(
            0.0,
            sum(case when draw > 0 then value * value else 0.0 end)
            - power(sum(case when draw > 0 then value else 0.0 end), 2) / :draws
        ) / greatest(:draws - 1, 1) * (1.0 + 1.0 / :draws) as spread
    from by_draw
    group by year, direction, sex, age_group, citizenship_code, birth_country_code, counterpart_country_code
),

total as (
    select
        year, direction, sex,
        greatest(
            0.0,
            sum(case when draw > 0 then value * value else 0.0 end)
            - power(sum(case when draw > 0 then value else 0.0 end), 2) / :draws
        ) / greatest(:draws - 1, 1) * (1.0 + 1.0 / :draws) as spread
    from (
        select year, direction, sex, draw, sum(value) as value
        from by_draw
        group by year, direction, sex, draw
    ) as summed
    group by year, direction, sex
),

scale as (
    select total.direction, sum(total.spread) / nullif(max(cells.spread), 0.0) as factor
    from total
    inner join (select direction, sum(spread) as spread from cell group by direction) as cells
        on cells.direction = total.direction
    group by total.direction
)

select
    cell.year,
    cell.direction,
    cell.sex,
    cell.age_group,
    cell.citizenship_code,
    cell.birth_country_code,
    cell.counterpart_country_code,
    cell.estimate,
    sqrt(cell.outcome + cell.spread * coalesce(scale.factor, 1.0)) as standard_error,
    coalesce(cell.final / nullif(cell.estimate, 0.0), 1.0) as share_final,
    cell.plain as plain_estimate,
    sqrt(cell.outcome) as outcome_error,
    sqrt(cell.spread * coalesce(scale.factor, 1.0)) as missing_error
from cell
left join scale on scale.direction = cell.direction

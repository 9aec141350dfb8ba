-- account: one row per year between two stocks, key year: the accounting equation of the resident population,
--
--     stock_end = stock_start + births - deaths + immigration - emigration + residual
--
-- over the persons of the register. Births and deaths are those of residents; immigration and emigration are all events
-- of the completed registers, final and provisional, each with its probability. The residual must be zero: each movement changes the residence of its
-- person by exactly what its event counts, and the build stops if it is not (method/residence-rule, property 1).
-- Reads: stock, completed_event, completed_residency.
with population as (
    select reference_date, sum(estimate) as estimate from stock group by reference_date
),

born as (
    select year(after_date) as year, sum(weight * probability) as births
    from completed_residency where begins_by_birth group by year(after_date)
),

died as (
    select year(until_date) as year, sum(weight * probability) as deaths
    from completed_residency where ends_by_death group by year(until_date)
),

moved as (
    select
        year,
        sum(case when direction = 'immigration' then weight * probability else 0.0 end) as immigration,
        sum(case when direction = 'emigration' then weight * probability else 0.0 end) as emigration
    from completed_event
    group by year
),

joined as (
    select
        year(first.reference_date) as year,
        first.estimate as stock_start,
        coalesce(born.births, 0.0) as births,
        coalesce(died.deaths, 0.0) as deaths,
        coalesce(moved.immigration, 0.0) as immigration,
        coalesce(moved.emigration, 0.0) as emigration,
        last.estimate as stock_end
    from population as first
    inner join population as last on year(last.reference_date) = year(first.reference_date) + 1
    left join born on born.year = year(first.reference_date)
    left join died on died.year = year(first.reference_date)
    left join moved on moved.year = year(first.reference_date)
)

select
    year,
    stock_start,
    births,
    deaths,
    immigration,
    emigration,
    stock_end - stock_start - births + deaths - immigration + emigration as residual,
    stock_end
from joined

-- reference: the dates of the stock, one per row: the 1 Januaries after the start of the series (at most a hundred) up to
-- the day after the cut-off.
with digit as (
    select 0 as n
    union all select 1 union all select 2 union all select 3 union all select 4
    union all select 5 union all select 6 union all select 7 union all select 8 union all select 9
)

select cast(concat(cast(year(:observed_from) + 1 + tens.n * 10 + ones.n as varchar), '-01-01') as date) as reference_date
from digit as tens
cross join digit as ones
where year(:observed_from) + 1 + tens.n * 10 + ones.n <= year(:observed_until + 1)

-- outlook: one row per crossing from the first open one of a person on, with the probability that it is a migration and
-- that the person is a resident after it, key (person_id, seq).
--
-- The share (forecast) is that of crossings which spend V of W days on their side. An open crossing makes later ones
-- conditional: a crossing is a migration only from the status on the other side, so its probability is its share times
-- the probability of that status before it. With share q the probability x of residence becomes x + (1 - x) q after an
-- arrival and x (1 - q) after a departure; the recursion is solved in closed form with running products (sums of
-- logarithms). Return legs known to be no migrations have share 0.
-- Reads: verdict, forecast.
with shared as (
    select
        verdict.person_id,
        verdict.seq,
        verdict.direction,
        verdict.status_before,
        case when verdict.is_migration then 1.0 when not verdict.is_migration then 0.0 else forecast.share end as share
    from forecast
    inner join verdict on verdict.person_id = forecast.person_id and verdict.seq = forecast.seq
),

weighed as (
    select
        *,
        -- A share of one is a certainty within the recursion; the logarithm needs a little less.
        ln(1.0 - least(share, 0.999999999)) as log_stay,
        first_value(status_before) over (
            partition by person_id order by seq rows between unbounded preceding and current row
        ) as start_status
    from shared
),

accumulated as (
    select
        *,
        sum(log_stay) over (
            partition by person_id order by seq rows between unbounded preceding and current row
        ) as log_stayed
    from weighed
),

resolved as (
    select
        *,
        exp(log_stayed) * (
            start_status
            + sum(case when direction = 'arrival' then (1.0 - exp(log_stay)) * exp(-log_stayed) else 0.0 end) over (
                partition by person_id order by seq rows between unbounded preceding and current row
            )
        ) as resident_after
    from accumulated
),

sequenced as (
    select
        *,
        coalesce(
            lag(resident_after) over (partition by person_id order by seq), cast(start_status as double)
        ) as resident_before
    from resolved
)

select
    person_id,
    seq,
    least(1.0, greatest(0.0,
        case when direction = 'arrival' then 1.0 - resident_before else resident_before end * share
    )) as probability,
    least(1.0, greatest(0.0, resident_after)) as probability_resident
from sequenced

-- outlook: one row per crossing from the first open one of a person on, with the probability that it is a migration and
-- that the person is a resident after it, key (person_id, seq).
--
-- The share is transparent: among decided crossings (cohort) of the same direction and of nationals or foreigners, the
-- share that became migrations: if the first spell on the new side still lasts, of those whose spell lasted at least as
-- long as observed so far; if it has ended, of those whose spell was as long (bands of 30 days up to 90, then 90, then
-- the rest). Cells of fewer than 30 fall back to both citizenships, then to days so far over V.
-- An open crossing makes later ones conditional: a crossing is a migration only from the status on the other side, so
-- its probability is its share times the probability of that status before it. With share q the probability x of
-- residence becomes x + (1 - x) q after an arrival and x (1 - q) after a departure; the recursion is solved in closed
-- form with running products (sums of logarithms). Return legs known to be no migrations have share 0.
-- Reads: verdict, cohort, person.
with open_crossing as (
    select
        verdict.*,
        coalesce(person.citizenship_code, '') = :country as is_national,
        lead(verdict.movement_date) over (partition by verdict.person_id order by verdict.seq) as next_date,
        max(case when verdict.finalised_on is not null and verdict.status_after_final_on is not null then 0 else 1 end)
            over (
                partition by verdict.person_id order by verdict.seq rows between unbounded preceding and current row
            ) as is_open
    from verdict
    inner join person on person.person_id = verdict.person_id
),

spelled as (
    select
        *,
        next_date is null as is_lasting,
        date_diff('day', movement_date, coalesce(next_date, :observed_until + 1)) as spell_days
    from open_crossing
    where is_open = 1
),

banded as (
    select
        *,
        case when spell_days < 90 then spell_days // 30 when spell_days < 180 then 3 when spell_days < :threshold then 4
            else 5 end as band
    from spelled
),

cohort_banded as (
    select
        direction,
        is_national,
        is_migration,
        coalesce(spell_days, :window) as spell_days,
        case when spell_days < 90 then spell_days // 30 when spell_days < 180 then 3 when spell_days < :threshold then 4
            else 5 end as band
    from cohort
),

-- Spells that lasted at least as long: cumulate from the longest down.
survived as (
    select
        direction,
        is_national,
        spell_days,
        sum(n_migration) over longest as n_migration,
        sum(n_crossing) over longest as n_crossing
    from (
        select direction, is_national, spell_days, sum(is_migration) as n_migration, count(*) as n_crossing
        from (
            select direction, is_national, spell_days, is_migration from cohort_banded
            union all
            select direction, cast(null as boolean) as is_national, spell_days, is_migration from cohort_banded
        ) as twice
        group by direction, is_national, spell_days
    ) as grouped
    window longest as (
        partition by direction, is_national order by spell_days desc rows between unbounded preceding and current row
    )
),

ended as (
    select direction, is_national, band, sum(is_migration) as n_migration, count(*) as n_crossing
    from (
        select direction, is_national, band, is_migration from cohort_banded
        union all
        select direction, cast(null as boolean) as is_national, band, is_migration from cohort_banded
    ) as twice
    group by direction, is_national, band
),

-- Every length that an open crossing can have, with the nearest observed length that is not shorter.
needed as (
    select distinct direction, is_national, spell_days from banded where is_lasting
),

matched as (
    select
        needed.direction,
        needed.is_national,
        needed.spell_days,
        max(case when survived.is_national = needed.is_national then survived.n_crossing end) as n_same,
        max(case when survived.is_national = needed.is_national then survived.n_migration end) as n_same_migration,
        max(case when survived.is_national is null then survived.n_crossing end) as n_all,
        max(case when survived.is_national is null then survived.n_migration end) as n_all_migration
    from needed
    inner join survived on survived.direction = needed.direction and survived.spell_days >= needed.spell_days
    group by needed.direction, needed.is_national, needed.spell_days
),

shared as (
    select
        banded.*,
        case
            when banded.is_migration then 1.0
            when not banded.is_migration then 0.0
            when banded.is_lasting then
                case
                    when matched.n_same >= 30 then matched.n_same_migration * 1.0 / matched.n_same
                    when matched.n_all >= 30 then matched.n_all_migration * 1.0 / matched.n_all
                end
            when same.n_crossing >= 30 then same.n_migration * 1.0 / same.n_crossing
            when anyone.n_crossing >= 30 then anyone.n_migration * 1.0 / anyone.n_crossing
        end as observed_share
    from banded
    left join matched
        on matched.direction = banded.direction
        and matched.is_national = banded.is_national
        and matched.spell_days = banded.spell_days
    left join ended as same
        on same.direction = banded.direction and same.is_national = banded.is_national and same.band = banded.band
    left join ended as anyone
        on anyone.direction = banded.direction and anyone.is_national is null and anyone.band = banded.band
),

weighed as (
    select
        *,
        coalesce(observed_share, least(1.0, spell_days * 1.0 / :threshold)) as share,
        -- A share of one is a certainty within the recursion; the logarithm needs a little less.
        ln(1.0 - least(coalesce(observed_share, least(1.0, spell_days * 1.0 / :threshold)), 0.999999999)) as log_stay,
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

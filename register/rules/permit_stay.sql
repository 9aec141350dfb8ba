-- permit_stay: one row per person and period of permission to reside, key (person_id, permit_from): the rule
-- "first-arrival-last-departure", with nothing asked of the days between.
--
-- A period is a run of residence permits and visas of which each begins by the day after those before have ended. The
-- stay goes from the first day present in it to the last departure in it (null: still in the country when it, or the
-- observation, ended); travel between is ignored. It is a migration, in and out, if it lasts V days or more.
-- `is_final`: nothing observed later can change it; the end is, once the period is over, the beginning once V days are.
-- Reads: stay, permit, visa, mention, membership, permit_class, visa_class.
with document as (
    select membership.person_id, papers.issued_on, coalesce(papers.expires_on, date '9999-12-30') as expires_on
    from (
        select permit.record_id, permit.issued_on, permit.expires_on
        from permit
        inner join permit_class on permit_class.code = permit.permit_class_code
        where cast(permit_class.permits_residence as boolean)
        union all
        select visa.record_id, visa.issued_on, visa.expires_on
        from visa
        inner join visa_class on visa_class.code = visa.visa_class_code
        where cast(visa_class.permits_residence as boolean)
    ) as papers
    inner join mention on mention.record_id = papers.record_id and mention.role = 'self'
    inner join membership on membership.identity_id = mention.identity_id
    where papers.issued_on <= coalesce(papers.expires_on, date '9999-12-30')
),

begun as (
    select
        *,
        case
            when issued_on <= max(expires_on) over (
                partition by person_id order by issued_on, expires_on rows between unbounded preceding and 1 preceding
            ) + 1 then 0
            else 1
        end as begins
    from document
),

numbered as (
    select
        *,
        sum(begins) over (
            partition by person_id order by issued_on, expires_on rows between unbounded preceding and current row
        ) as period
    from begun
),

permitted as (
    select person_id, min(issued_on) as permit_from, max(expires_on) as permit_to
    from numbered
    group by person_id, period
),

bounded as (
    select
        permitted.person_id,
        permitted.permit_from,
        permitted.permit_to,
        least(permitted.permit_to, :observed_until) as seen_to,
        min(greatest(stay.from_date, permitted.permit_from)) as first_arrival,
        max(coalesce(stay.to_date, date '9999-12-31')) as present_to,
        max(case when stay.to_evidence = 'death' then 1 else 0 end) as ends_by_death
    from permitted
    inner join stay
        on stay.person_id = permitted.person_id
        and stay.is_present
        and stay.from_date <= least(permitted.permit_to, :observed_until)
        and coalesce(stay.to_date, date '9999-12-31') > permitted.permit_from
    group by permitted.person_id, permitted.permit_from, permitted.permit_to
),

measured as (
    select
        *,
        case when present_to <= seen_to and ends_by_death = 0 then present_to end as last_departure,
        date_diff('day', first_arrival, least(present_to, seen_to + 1)) as stay_days
    from bounded
)

select
    person_id,
    permit_from,
    permit_to,
    first_arrival,
    last_departure,
    stay_days,
    stay_days >= :threshold as is_migration,
    permit_to < :observed_until or stay_days >= :threshold as is_final,
    permit_to < :observed_until as is_over
from measured

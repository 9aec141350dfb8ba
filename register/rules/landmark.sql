-- landmark: what is known of a crossing some days after it: one row per open crossing (as of the cut-off, is_open), and
-- one per finished crossing and month in which it was still open, key (person_id, seq, band): the experience from which
-- open crossings are estimated.
--
-- A finished crossing goes in the migrating direction and was decided with its whole window observed. `band` counts the
-- months of 30 days since the crossing. A finished one is looked at once in each, on a day that goes round with the date of
-- the crossing: open ones are spread over the month, and of those who are still there early in it more will leave than of
-- those in its middle. `days_with` and `days_against` are those so far, `against_class` tells the latter: 0 none, 1 up to 30, 2 up to 60, 3 more; `is_lasting`:
-- the person is on the side to which the crossing led. `is_documented`: a permit or visa of residence was in force then;
-- `is_lapsed`: one was, and ran out. Of papers ever issued the longest series would hold most, and they would tell least.
-- `is_settled`: by then the status before the crossing was certain. Where it was not, a crossing before it was open too;
-- who came back soon after moving hardly ever moves again.
-- `recent` tells crossings in the year before: 0 none, 1 to 4, 2 more.
-- `season` is the quarter of the crossing, counted through the years. `weight` is 1; see register.estimate for draws.
-- Reads: verdict, movement, person, permit, visa, permit_class, visa_class, mention, membership.
with digit as (
    select 0 as n
    union all select 1 union all select 2 union all select 3 union all select 4 union all select 5 union all select 6
    union all select 7 union all select 8 union all select 9 union all select 10 union all select 11
    union all select 12 union all select 13 union all select 14 union all select 15
),

document as (
    select membership.person_id, papers.issued_on, coalesce(papers.expires_on, date '9999-12-31') as held_until
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
),

trail as (
    select
        verdict.*,
        lead(movement_date) over (partition by person_id order by seq) as next_date,
        max(case when finalised_on is not null and status_after_final_on is not null then 0 else 1 end) over (
            partition by person_id order by seq rows between unbounded preceding and current row
        ) as is_open
    from verdict
),

walked as (
    select
        *,
        coalesce(
            sum(case when direction = 'arrival' then date_diff('day', movement_date, next_date) end) over (
                partition by person_id order by seq rows between unbounded preceding and 1 preceding
            ),
            0
        ) as present_before,
        count(*) over (
            partition by person_id order by movement_date
            range between interval 365 day preceding and interval 1 day preceding
        ) as n_recent
    from trail
),

finished as (
    select
        walked.person_id, walked.seq, walked.movement_date, walked.finalised_on,
        walked.movement_date + cast(greatest(
            1, 30 * digit.n + (7 * date_diff('day', date '0001-01-01', walked.movement_date) + 11 * digit.n) % 30
        ) as integer) as asked_on
    from walked
    cross join digit
    where walked.is_open = 0
        and walked.is_migrating_direction
        and date_diff('day', walked.movement_date, :observed_until) >= :window
        and date_diff('day', walked.movement_date, :observed_until) < :window + 1461
),

question as (
    select person_id, seq, movement_date, :observed_until + 1 as asked_on, true as is_open
    from walked
    where is_open = 1
    union all
    -- Open on that day as the open ones are: nothing known until the day before had decided it.
    select person_id, seq, movement_date, asked_on, false as is_open
    from finished
    where finalised_on >= asked_on
),

-- Where the person was when the day of the question began, and what papers she had been given: the last movement before
-- it. The day after the series is not observed either.
point as (
    select
        person_id, movement_date as day, 0 as is_question, seq, cast(null as bigint) as of_seq, false as is_open,
        cast(null as date) as held_until
    from walked
    union all
    select
        person_id, issued_on as day, 0 as is_question, cast(null as bigint) as seq, cast(null as bigint) as of_seq,
        false as is_open, held_until
    from document
    union all
    select
        person_id, asked_on as day, 1 as is_question, cast(null as bigint) as seq, seq as of_seq, is_open,
        cast(null as date) as held_until
    from question
),

placed as (
    select
        person_id, day, is_question, of_seq, is_open,
        max(seq) over known as last_seq,
        max(held_until) over known as held_until
    from point
    window known as (
        partition by person_id order by day, is_question desc, seq, of_seq, held_until
        rows between unbounded preceding and current row
    )
),

answered as (
    select
        walked.person_id,
        walked.seq,
        placed.is_open,
        walked.is_migration,
        walked.direction,
        walked.movement_date,
        walked.n_recent,
        coalesce(walked.status_before_final_on < placed.day, false) as is_settled,
        placed.day as asked_on,
        placed.held_until,
        date_diff('day', walked.movement_date, placed.day) as days,
        last.direction = walked.direction as is_lasting,
        last.present_before - walked.present_before
        + case when last.direction = 'arrival' then date_diff('day', last.movement_date, placed.day) else 0 end as present
    from placed
    inner join walked on walked.person_id = placed.person_id and walked.seq = placed.of_seq
    inner join walked as last on last.person_id = placed.person_id and last.seq = placed.last_seq
    where placed.is_question = 1
),

counted as (
    select *, case when direction = 'arrival' then days - present else present end as days_against from answered
)

select
    counted.person_id,
    counted.seq,
    counted.is_open,
    counted.is_migration,
    cast(1.0 as double) as weight,
    counted.direction,
    cast(least(counted.days // 30, 15) as integer) as band,
    cast(counted.days - counted.days_against as integer) as days_with,
    cast(counted.days_against as integer) as days_against,
    case
        when counted.days_against = 0 then 0
        when counted.days_against <= 30 then 1
        when counted.days_against <= 60 then 2
        else 3
    end as against_class,
    counted.is_lasting,
    counted.is_settled,
    coalesce(person.citizenship_code, '') = :country as is_national,
    coalesce(counted.held_until >= counted.asked_on, false) as is_documented,
    coalesce(counted.held_until < counted.asked_on, false) as is_lapsed,
    case
        when person.birth_date is null then 2
        when date_diff('day', person.birth_date, counted.movement_date) < 18 * 365.25 then 0
        when date_diff('day', person.birth_date, counted.movement_date) < 30 * 365.25 then 1
        when date_diff('day', person.birth_date, counted.movement_date) < 60 * 365.25 then 2
        else 3
    end as age_band,
    coalesce(person.sex, '0') as sex,
    coalesce(movement.transport_mode, '') in ('land', 'river') as is_by_land,
    coalesce(movement.purpose_code, '') as purpose_code,
    case when counted.n_recent = 0 then 0 when counted.n_recent <= 4 then 1 else 2 end as recent,
    year(counted.movement_date) * 4 + (month(counted.movement_date) - 1) // 3 as season
from counted
inner join person on person.person_id = counted.person_id
inner join movement on movement.person_id = counted.person_id and movement.seq = counted.seq

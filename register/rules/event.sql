-- event: one row per migration, final or provisional, key event_id.
--
-- Attributes are those at the date of the event: age in completed years; the class of the visa in force, or else of the
-- one issued last before; the department of the permit nearest in time. An emigration's length of stay counts from the
-- immigration before it, an immigration's to the emigration that ended it (both final).
-- `event_id` is a hash of person, date, direction and turn: it stays when other records come or go.
-- Reads: migration, movement, person, visa, permit, mention, membership.
with turned as (
    select
        *,
        row_number() over (partition by person_id, movement_date, direction order by seq) as turn
    from migration
),

final as (
    select
        person_id,
        seq,
        direction,
        movement_date,
        lag(movement_date) over (partition by person_id order by seq) as previous_date,
        lead(movement_date) over (partition by person_id order by seq) as next_date
    from migration
    where is_final
),

-- The papers of each person first: few have any. (A distinct, so that no planner joins every record to every event.)
visa_held as (
    select distinct membership.person_id, visa.record_id, visa.visa_class_code, visa.issued_on, visa.expires_on
    from visa
    inner join mention on mention.record_id = visa.record_id and mention.role = 'self'
    inner join membership on membership.identity_id = mention.identity_id
),

permit_held as (
    select distinct membership.person_id, permit.record_id, permit.department_code, permit.issued_on
    from permit
    inner join mention on mention.record_id = permit.record_id and mention.role = 'self'
    inner join membership on membership.identity_id = mention.identity_id
    where permit.department_code is not null
),

visa_seen as (
    select
        turned.person_id,
        turned.seq,
        visa.visa_class_code,
        row_number() over (
            partition by turned.person_id, turned.seq
            order by
                case when coalesce(visa.expires_on, date '9999-12-31') >= turned.movement_date then 0 else 1 end,
                visa.issued_on desc,
                visa.record_id
        ) as turn
    from turned
    inner join visa_held as visa on visa.person_id = turned.person_id and visa.issued_on <= turned.movement_date
),

permit_seen as (
    select
        turned.person_id,
        turned.seq,
        permit.department_code,
        row_number() over (
            partition by turned.person_id, turned.seq
            order by abs(date_diff('day', permit.issued_on, turned.movement_date)), permit.issued_on, permit.record_id
        ) as turn
    from turned
    inner join permit_held as permit on permit.person_id = turned.person_id
)

select
    md5(concat(
        turned.person_id, '|', cast(turned.movement_date as varchar), '|', turned.direction, '|',
        cast(turned.turn as varchar)
    )) as event_id,
    turned.person_id,
    turned.direction,
    turned.movement_date as event_date,
    cast(year(turned.movement_date) as integer) as year,
    case when turned.is_final then 'final' else 'provisional' end as status,
    cast(turned.probability as double) as probability,
    case when turned.is_final then turned.finalised_on end as finalised_on,
    cast(case
        when person.birth_date <= turned.movement_date
            then year(turned.movement_date) - year(person.birth_date)
            - case
                when month(turned.movement_date) * 100 + day(turned.movement_date)
                    < month(person.birth_date) * 100 + day(person.birth_date)
                    then 1
                else 0
            end
    end as integer) as age,
    person.sex,
    person.citizenship_code,
    person.birth_country_code,
    movement.counterpart_country_code,
    visa_seen.visa_class_code,
    permit_seen.department_code,
    cast(case
        when turned.direction = 'emigration' then date_diff('day', final.previous_date, turned.movement_date)
        else date_diff('day', turned.movement_date, final.next_date)
    end as integer) as length_of_stay_days
from turned
inner join person on person.person_id = turned.person_id
inner join movement on movement.person_id = turned.person_id and movement.seq = turned.seq
left join final on final.person_id = turned.person_id and final.seq = turned.seq
left join visa_seen on visa_seen.person_id = turned.person_id and visa_seen.seq = turned.seq and visa_seen.turn = 1
left join permit_seen
    on permit_seen.person_id = turned.person_id and permit_seen.seq = turned.seq and permit_seen.turn = 1

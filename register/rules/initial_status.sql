-- initial_status: one row per person, the residence status before the first movement and the evidence for it.
--
-- Born in the country within the series: resident from birth. First movement at least V days after the start of the
-- series: the person was on the other side. Otherwise the first that speaks, in this order: birth in the country, a
-- residence permit or visa in force since before the first movement (for a visa since before the series, because one
-- that is newer announces a migration and does not prove a residence), a civil-registry act before the first movement,
-- citizenship (a national is a resident, a foreigner is not), and last the opposite of the first direction.
-- Reads: movement, presence, person, permit, visa, mention, membership, permit_class, visa_class.
with first_movement as (
    select person_id, movement_date, direction
    from (
        select
            person_id, movement_date, direction,
            row_number() over (partition by person_id order by seq) as turn
        from movement
        where is_in_scope
    ) as counted
    where turn = 1
),

document as (
    select membership.person_id, papers.kind, papers.issued_on, papers.expires_on
    from (
        select permit.record_id, 'permit' as kind, permit.issued_on, permit.expires_on
        from permit
        inner join permit_class on permit_class.code = permit.permit_class_code
        where cast(permit_class.permits_residence as boolean)
        union all
        select visa.record_id, 'visa' as kind, visa.issued_on, visa.expires_on
        from visa
        inner join visa_class on visa_class.code = visa.visa_class_code
        where cast(visa_class.permits_residence as boolean)
    ) as papers
    inner join mention on mention.record_id = papers.record_id and mention.role = 'self'
    inner join membership on membership.identity_id = mention.identity_id
),

in_force as (
    select document.person_id, min(document.issued_on) as issued_on
    from document
    left join first_movement on first_movement.person_id = document.person_id
    where (document.kind = 'permit' or document.issued_on < :observed_from)
        and (first_movement.movement_date is null or document.issued_on < first_movement.movement_date)
        and (
            document.expires_on is null
            or document.expires_on >= coalesce(first_movement.movement_date, :observed_from)
        )
    group by document.person_id
),

act as (
    select presence.person_id, min(presence.shown_on) as shown_on
    from presence
    left join first_movement on first_movement.person_id = presence.person_id
    where presence.kind in ('birth', 'marriage')
        and (first_movement.movement_date is null or presence.shown_on < first_movement.movement_date)
    group by presence.person_id
),

weighed as (
    select
        person.person_id,
        person.birth_date,
        first_movement.movement_date,
        first_movement.direction,
        case
            when person.birth_in_country and person.birth_date >= :observed_from then 'birth'
            when date_diff('day', :observed_from, first_movement.movement_date) >= :threshold then 'first_crossing'
            when person.birth_in_country or person.birth_country_code = :country then 'birth'
            when in_force.person_id is not null then 'permit'
            when act.person_id is not null then 'act'
            when person.citizenship_code is not null then 'citizenship'
            else 'default'
        end as evidence,
        in_force.issued_on,
        act.shown_on,
        person.citizenship_code
    from person
    left join first_movement on first_movement.person_id = person.person_id
    left join in_force on in_force.person_id = person.person_id
    left join act on act.person_id = person.person_id
)

select
    person_id,
    cast(case
        when evidence in ('birth', 'permit', 'act') then 1
        when evidence = 'citizenship' then case when citizenship_code = :country then 1 else 0 end
        when direction = 'departure' then 1
        else 0
    end as integer) as status,
    evidence,
    coalesce(
        case
            when evidence = 'birth' then birth_date
            when evidence = 'permit' then issued_on
            when evidence = 'act' then shown_on
        end,
        movement_date,
        :observed_from
    ) as known_on
from weighed

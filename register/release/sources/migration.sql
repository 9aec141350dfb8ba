-- migration: one row per migration, final or provisional, of the years that are published (not the burn-in), in the
-- completed registers: what is missing from the records is estimated, and weighs what it is likely to be.
-- The visa in force or, without one, the permit nearest in time gives the class; the municipality is that permit's.
-- Reads: told_event, permit, mention, told_membership.
with permit_seen as (
    select
        event.event_id,
        arg_min(
            permit.permit_class_code,
            struct_pack(away := abs(date_diff('day', permit.issued_on, event.event_date)), id := permit.record_id)
        ) as nearest,
        arg_min(
            struct_pack(m := permit.municipality_code, d := permit.department_code),
            struct_pack(away := abs(date_diff('day', permit.issued_on, event.event_date)), id := permit.record_id)
        ) filter (permit.department_code is not null) as placed
    from told_event as event
    inner join told_membership as membership on membership.person_id = event.person_id
    inner join mention on mention.identity_id = membership.identity_id and mention.role = 'self'
    inner join permit on permit.record_id = mention.record_id
    group by event.event_id
)

select
    event.event_id as unit_id,
    event.weight * event.probability as weight,
    event.draw,
    event.weight as draw_weight,
    event.linkage,
    event.status = 'final' as is_final,
    event.year,
    strftime(event.event_date, '%Y-%m') as year_month,
    event.direction,
    event.sex,
    event.age,
    event.citizenship_code,
    event.birth_country_code,
    event.counterpart_country_code,
    event.visa_class_code,
    coalesce(event.visa_class_code, permit_seen.nearest) as document_code,
    coalesce(permit_seen.placed.d, event.department_code) as department_code,
    permit_seen.placed.m as municipality_code
from told_event as event
left join permit_seen on permit_seen.event_id = event.event_id
where event.year >= :first_year

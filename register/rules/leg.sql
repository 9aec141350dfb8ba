-- leg: one row per movement that counts, in each person's order (`place`): the recorded crossings and the entries that
-- nobody recorded but an act in the country proves ("irregular entries").
--
-- An act imputes an entry on its day when, by the crossings until then, the person was abroad: the crossing before it
-- is a departure; or there is none, the act lies inside the series, and the person is a foreigner born elsewhere without
-- an act from before the series. `is_gap` marks a leg in the direction of the one before: something between is missing.
-- Reads: passage, presence, person.
with earlier_resident as (
    select distinct person_id from presence where shown_on < :observed_from
),

stream as (
    select person_id, movement_date as happened_on, 0 as kind_order, place, direction, cast(null as varchar) as kind
    from passage
    where fate is null
    union all
    select person_id, shown_on as happened_on, 1 as kind_order, 0 as place, cast(null as varchar) as direction, kind
    from presence
    where shown_on >= :observed_from
),

followed as (
    select
        *,
        count(direction) over (
            partition by person_id order by happened_on, kind_order, place, kind
            rows between unbounded preceding and current row
        ) as n_crossing,
        last_value(direction ignore nulls) over (
            partition by person_id order by happened_on, kind_order, place, kind
            rows between unbounded preceding and current row
        ) as last_direction
    from stream
),

act as (
    select
        *,
        row_number() over (partition by person_id, n_crossing order by happened_on, kind) as turn
    from followed
    where kind_order = 1
),

entry as (
    select act.person_id, act.happened_on, act.kind
    from act
    inner join person on person.person_id = act.person_id
    left join earlier_resident on earlier_resident.person_id = act.person_id
    where act.turn = 1
        and (
            act.last_direction = 'departure'
            or (
                act.last_direction is null
                and earlier_resident.person_id is null
                and coalesce(person.citizenship_code, '') <> :country
                and not coalesce(person.birth_in_country, false)
                and coalesce(person.birth_country_code, '') <> :country
            )
        )
),

united as (
    select
        person_id, movement_date, 0 as kind_order, place, moved_at, direction, border_post_code, transport_mode,
        counterpart_country_code, purpose_code, cast(null as varchar) as imputation
    from passage
    where fate is null
    union all
    select
        person_id, happened_on as movement_date, 1 as kind_order, 0 as place, cast(null as timestamp) as moved_at,
        'arrival' as direction, cast(null as varchar) as border_post_code, cast(null as varchar) as transport_mode,
        cast(null as varchar) as counterpart_country_code, cast(null as varchar) as purpose_code, kind as imputation
    from entry
),

born as (
    select person_id, birth_date
    from person
    where birth_in_country and birth_date >= :observed_from
)

select
    united.person_id,
    row_number() over (
        partition by united.person_id order by united.movement_date, united.kind_order, united.place
    ) as place,
    united.movement_date,
    united.moved_at,
    united.direction,
    united.border_post_code,
    united.transport_mode,
    united.counterpart_country_code,
    united.purpose_code,
    united.imputation,
    coalesce(
        lag(united.movement_date) over (
            partition by united.person_id order by united.movement_date, united.kind_order, united.place
        ),
        born.birth_date
    ) as previous_date,
    coalesce(
        coalesce(
            lag(united.direction) over (
                partition by united.person_id order by united.movement_date, united.kind_order, united.place
            ),
            case when born.person_id is not null then 'arrival' end
        ) = united.direction,
        false
    ) as is_gap
from united
left join born on born.person_id = united.person_id and born.birth_date <= united.movement_date

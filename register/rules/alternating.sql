-- alternating: histories that do not alternate, made to, as history; one row per crossing and per missing leg.
--
-- Crossings of one day without an hour (:order_by = 'day') are put in an order that continues from the side that the
-- person was on, or else leads to the next crossing, or else is the order received. If no such order lets the history
-- alternate, a crossing repeated within a day is taken for a duplicate: it stands beside the first, where it adds no day.
-- Where two crossings still have one direction, a leg half-way (rounded down) completes the days: it is not judged and
-- has no record.
-- Reads: recorded (as history).
with balance as (
    select
        person,
        day,
        case
            when sum(case when side = 1 then 1 else -1 end) > 0 then 1
            when sum(case when side = 1 then 1 else -1 end) < 0 then 0
        end as net_side,
        case when min(side) = max(side) then min(side) end as only_side
    from recorded
    group by person, day
),

-- The side with which a day begins: all crossings counted (first_side), or repeated ones once (first_side_once).
continuity as (
    select
        person,
        day,
        coalesce(
            1 - last_value(net_side ignore nulls) over before, net_side, first_value(net_side ignore nulls) over after
        ) as first_side,
        coalesce(
            1 - last_value(only_side ignore nulls) over before, only_side, first_value(only_side ignore nulls) over after
        ) as first_side_once
    from balance
    window
        before as (partition by person order by day rows between unbounded preceding and 1 preceding),
        after as (partition by person order by day rows between 1 following and unbounded following)
),

begun as (
    select
        recorded.*,
        coalesce(continuity.first_side, first_value(recorded.side) over received) as first_side,
        coalesce(continuity.first_side_once, first_value(recorded.side) over received) as first_side_once,
        row_number() over (partition by recorded.person, recorded.day, recorded.side order by recorded.place)
            as repetition
    from recorded
    inner join continuity on continuity.person = recorded.person and continuity.day = recorded.day
    window received as (partition by recorded.person, recorded.day order by recorded.place)
),

turned as (
    select
        *,
        case when :order_by = 'day' then repetition else 0 end as turn,
        case when :order_by = 'day' and side <> first_side then 1 else 0 end as half,
        case when :order_by = 'day' and side <> first_side_once then 1 else 0 end as half_once
    from begun
),

tried as (
    select *, lag(side) over (partition by person order by day, turn, half, place) = side as is_gap from turned
),

chosen as (
    select
        tried.person, tried.day, tried.side, tried.place, tried.record, tried.closes, tried.given_status,
        case when broken.person is null then tried.turn else 0 end as turn,
        case when broken.person is null then tried.half else tried.half_once end as half
    from tried
    left join (select distinct person from tried where is_gap) as broken on broken.person = tried.person
),

ordered as (
    select
        *,
        row_number() over (partition by person order by day, turn, half, place) as seq,
        lag(side) over (partition by person order by day, turn, half, place) as previous_side,
        lag(given_status) over (partition by person order by day, turn, half, place) as previous_status,
        lag(day) over (partition by person order by day, turn, half, place) as previous_day
    from chosen
),

completed as (
    select
        person, seq * 2 as seq, record, day, side, true as is_crossing, closes, given_status
    from ordered
    union all
    select
        person,
        seq * 2 - 1 as seq,
        cast(null as bigint) as record,
        cast(previous_day + (day - previous_day) // 2 as integer) as day,
        1 - side as side,
        false as is_crossing,
        closes,
        previous_status as given_status
    from ordered
    where previous_side = side
)

select
    person,
    row_number() over (order by person, seq) as place,
    record,
    day,
    side,
    is_crossing,
    closes,
    given_status
from completed
order by place

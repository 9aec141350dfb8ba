-- gap: one row per missing leg (two arrivals or two departures in a row), with the day on which the policy puts it.
--
-- midpoint       half-way, rounded down: the convention of the offices' own code.
-- permit-expiry  a missing departure on the last day of a permit or visa that ran out between the two arrivals; where
--                there is none, and for missing arrivals, the midpoint.
-- stochastic     after a stay as long as one drawn from the stays observed on that side that fit the gap; the draw is a
--                hash of the person, the place and the seed, so the same register is always imputed alike.
-- drop-person    no day: the person is taken out (see movement).
-- Reads: leg, permit, visa, mention, membership.
with missing as (
    select
        person_id,
        place,
        direction,
        previous_date,
        movement_date,
        date_diff('day', previous_date, movement_date) as length,
        md5(concat(person_id, '|', place, '|', :seed)) as draw
    from leg
    where is_gap
),

document as (
    select membership.person_id, papers.issued_on, papers.expires_on
    from (
        select record_id, issued_on, expires_on from permit
        union all
        select record_id, issued_on, expires_on from visa
    ) as papers
    inner join mention on mention.record_id = papers.record_id and mention.role = 'self'
    inner join membership on membership.identity_id = mention.identity_id
    where papers.expires_on is not null
),

expiry as (
    select missing.person_id, missing.place, max(document.expires_on) as expires_on
    from missing
    inner join document
        on document.person_id = missing.person_id
        and document.issued_on < missing.movement_date
        and document.expires_on between missing.previous_date and missing.movement_date
    where missing.direction = 'arrival'
    group by missing.person_id, missing.place
),

-- Completed stays begin with the direction that the gap repeats: after an arrival, stays in the country.
observed as (
    select
        person_id,
        place,
        case when direction = 'arrival' then 'departure' else 'arrival' end as direction,
        date_diff('day', previous_date, movement_date) as length
    from leg
    where previous_date is not null and not is_gap
),

ranked as (
    select
        direction,
        length,
        row_number() over (partition by direction order by length, person_id, place) as rank
    from observed
),

fitting as (
    select missing.person_id, missing.place, max(ranked.rank) as n_fitting
    from missing
    inner join (select direction, length, max(rank) as rank from ranked group by direction, length) as ranked
        on ranked.direction = missing.direction and ranked.length <= missing.length
    where :missing_leg = 'stochastic'
    group by missing.person_id, missing.place
),

drawn as (
    select
        missing.person_id,
        missing.place,
        missing.direction,
        cast(floor(
            fitting.n_fitting
            * ((strpos('0123456789abcdef', substr(missing.draw, 1, 1)) - 1) * 65536
                + (strpos('0123456789abcdef', substr(missing.draw, 2, 1)) - 1) * 4096
                + (strpos('0123456789abcdef', substr(missing.draw, 3, 1)) - 1) * 256
                + (strpos('0123456789abcdef', substr(missing.draw, 4, 1)) - 1) * 16
                + (strpos('0123456789abcdef', substr(missing.draw, 5, 1)) - 1)) / 1048576.0
        ) as bigint) + 1 as rank
    from missing
    inner join fitting on fitting.person_id = missing.person_id and fitting.place = missing.place
)

select
    missing.person_id,
    missing.place,
    case when missing.direction = 'arrival' then 'departure' else 'arrival' end as direction,
    case
        when :missing_leg = 'permit-expiry' and expiry.expires_on is not null then expiry.expires_on
        when :missing_leg = 'stochastic' and ranked.length is not null
            then missing.previous_date + cast(ranked.length as integer)
        else missing.previous_date + cast(missing.length // 2 as integer)
    end as movement_date,
    case
        when :missing_leg = 'permit-expiry' and expiry.expires_on is not null then 'permit_expiry'
        when :missing_leg = 'stochastic' and ranked.length is not null then 'stochastic'
        else 'midpoint'
    end as imputation
from missing
left join expiry on expiry.person_id = missing.person_id and expiry.place = missing.place
left join drawn on drawn.person_id = missing.person_id and drawn.place = missing.place
left join ranked on ranked.direction = drawn.direction and ranked.rank = drawn.rank

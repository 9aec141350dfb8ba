-- flow: migrations of a year by direction, sex, five-year age group, citizenship, country of birth and counterpart
-- country, at full cross grain: every event is counted in exactly one row, so that any sum over rows is a total.
--
-- estimate = sum of probabilities; standard_error = square root of the sum of p (1 - p), the doubt about outcomes alone;
-- share_final = the part of the estimate that is certain. Years that begin within the first W days of the series (the
-- burn-in, in which initial statuses are guessed) are left out; the events themselves are kept in event.
-- Reads: event, age_group.
select
    event.year,
    event.direction,
    coalesce(event.sex, '0') as sex,
    age_group.code as age_group,
    event.citizenship_code,
    event.birth_country_code,
    event.counterpart_country_code,
    sum(event.probability) as estimate,
    sqrt(sum(event.probability * (1.0 - event.probability))) as standard_error,
    sum(case when event.status = 'final' then event.probability else 0.0 end) / sum(event.probability) as share_final
from event
left join age_group
    on event.age >= cast(age_group.age_from as integer)
    and event.age <= coalesce(cast(age_group.age_to as integer), 999)
where date_diff('day', :observed_from, cast(concat(cast(event.year as varchar), '-01-01') as date)) >= :window
group by
    event.year, event.direction, coalesce(event.sex, '0'), age_group.code, event.citizenship_code,
    event.birth_country_code, event.counterpart_country_code

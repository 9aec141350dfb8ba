-- completion: one row per person and draw, key case_id: which completed lives count, and how much of a person each is.
--
-- A person whose draws differ where it can matter (a crossing missed in a gap of more than 90 days, before the first thing
-- seen or after the last, or another side at the start) has every draw, each with weight 1 / m. Of all others draw 1 stands for all, as draw 0, with
-- weight 1. People whom other linkages make (is_drawn) are completed likewise, and weigh nothing in the register.
-- People of whom there is no record (unseen) live as the person who tells of them does in that draw.
-- `part` divides the people into parts to which the rule is applied one after another.
-- Reads: person, drawn_person, missed, opening, unseen.
with doubtful as (
    select distinct person_id from missed where is_wide
    union
    select person_id from opening group by person_id having min(status) < max(status)
),

draw as (
    select distinct draw from opening
),

completed as (
    select
        concat(person.person_id, '#', cast(draw.draw as varchar)) as case_id,
        person.person_id,
        draw.draw,
        1.0 / :draws as weight,
        0 as copy,
        drawn_person.person_id is not null as is_drawn
    from person
    inner join doubtful on doubtful.person_id = person.person_id
    left join drawn_person on drawn_person.person_id = person.person_id
    cross join draw
    union all
    select
        person.person_id as case_id, person.person_id, 0 as draw, 1.0 as weight, 0 as copy,
        drawn_person.person_id is not null as is_drawn
    from person
    left join doubtful on doubtful.person_id = person.person_id
    left join drawn_person on drawn_person.person_id = person.person_id
    where doubtful.person_id is null
    union all
    select
        concat(unseen.person_id, '#', cast(unseen.draw as varchar), '#', cast(unseen.turn as varchar)) as case_id,
        unseen.person_id, unseen.draw, 1.0 / :draws as weight, unseen.turn + 1 as copy,
        drawn_person.person_id is not null as is_drawn
    from unseen
    left join drawn_person on drawn_person.person_id = unseen.person_id
)

select *, cast(hash(person_id) % :parts as integer) as part from completed

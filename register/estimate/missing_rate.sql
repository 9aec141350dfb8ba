-- missing_rate: one row per border post, key border_post_code: how many crossings after one at the post were written down
-- and how many were missed, mean over draws, with the error of the share.
--
-- A missed crossing has no post of its own; it belongs to the one before it, with which its journey began or ended.
-- Reads: observed, missed, drawn_person.
with seen as (
    select border_post_code, count(*) as n_crossing
    from (
        select lag(post) over (partition by person_id order by step) as border_post_code, kind
        from observed
        where kind <= 1 and person_id not in (select person_id from drawn_person)
    ) as followed
    where border_post_code is not null
    group by border_post_code
),

by_draw as (
    select after_post as border_post_code, draw, count(*) as n_missed
    from missed
    where after_post is not null and person_id not in (select person_id from drawn_person)
    group by after_post, draw
),

summed as (
    select
        border_post_code,
        sum(n_missed) * 1.0 / :draws as n_missed,
        greatest(0.0, sum(n_missed * n_missed) - power(sum(n_missed), 2) * 1.0 / :draws)
            / greatest(:draws - 3, 1) * (1.0 + 1.0 / :draws) as spread
    from by_draw
    group by border_post_code
)

select
    seen.border_post_code,
    seen.n_crossing,
    coalesce(summed.n_missed, 0.0) as n_missed,
    coalesce(summed.n_missed / (seen.n_crossing + summed.n_missed), 0.0) as missing_share,
    coalesce(sqrt(summed.spread) / (seen.n_crossing + summed.n_missed), 0.0) as missing_share_error
from seen
left join summed on summed.border_post_code = seen.border_post_code

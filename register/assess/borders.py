"""What crossings tell of the posts that recorded them: entries and exits that alternate, posts that stopped."""

from __future__ import annotations

from collections.abc import Iterator

from register.assess.declaration import TOTAL, UNDATED, Indicators
from register.assess.measures import Row, period_of, ratio
from register.engine import Engine


def crossings(engine: Engine, indicators: Indicators, relation: str, suffix: str = "") -> Iterator[Row]:
    """Yield the alternation of entries and exits, by post and year, and entries that nothing followed.

    Parameters
    ----------
    relation
        SQL giving who, moment, direction, post, last_seen: the last moment at which any record has the person.
    suffix
        Of the names of the indicators.
    """
    open_days = int(indicators.parameters["open_days"])
    engine.run(
        f"""
        create or replace temp table step as
        select post, year(moment) as year,
            case when before is not null then before <> direction end as alternates,
            direction = 'arrival' and moment < ends - interval {open_days} day as is_old_entry,
            after is null and last_seen <= moment as is_last
        from (
            select post, moment, direction, last_seen, max(moment) over () as ends,
                lag(direction) over (partition by who order by moment, direction, post) as before,
                lead(direction) over (partition by who order by moment, direction, post) as after
            from ({relation}) where who is not null
        )
        """
    )
    sql = """
        select year, post, grouping(year) as all_years, grouping(post) as all_posts,
            count(*) filter (alternates), count(alternates),
            count(*) filter (is_old_entry and is_last), count(*) filter (is_old_entry)
        from step group by grouping sets ((year, post), (year), (post), ()) order by 3, 1, 4, 2
        """
    for year, post, all_years, all_posts, good, steps, last, entries in engine.rows(sql):
        period = TOTAL if all_years else period_of(year)
        variable = TOTAL if all_posts else f"post.{post or UNDATED}"
        yield from ratio(period, variable, f"alternation{suffix}", good, steps)
        if all_posts:
            yield from ratio(period, variable, f"entries_unanswered{suffix}", last, entries)
    engine.run("drop table step")


def posts(engine: Engine, indicators: Indicators) -> Iterator[Row]:
    """Yield posts that report, by year, and posts that stopped, over ``fact``.

    A post stopped if it has been silent for so long that at its own pace, until then, it would have sent at least
    ``silent_records`` records: by chance, with Poisson arrivals, one in twenty thousand. A post that sent something on
    fewer days than that has no pace.
    """
    days, least = indicators.parameters["silent_days"], indicators.parameters["silent_records"]
    engine.run(
        "create or replace temp table at_post as select post, year, moment::date as day from fact"
        " where role = 0 and post is not null and moment is not null"
    )
    seen = engine.rows("select post, year, count(*) from at_post group by post, year order by year, post")
    ever: set[str] = set()
    for year in sorted({year for _, year, _ in seen}):
        now = {post for post, when, _ in seen if when == year}
        ever |= now
        yield from ratio(str(year), "border_post_code", "posts_reporting", len(now), len(ever))
    stopped = engine.rows(
        f"""
        select post, last, n / (datediff('day', first, last) + 1) * silence as lost, n, silence
        from (
            select post, min(day) as first, max(day) as last, count(*) as n, count(distinct day) as days,
                datediff('day', max(day), (select max(day) from at_post)) as silence
            from at_post group by post
        )
        where silence >= {days} and days >= {least} and n / (datediff('day', first, last) + 1) * silence >= {least}
        order by lost desc, post
        """
    )
    engine.run("drop table at_post")
    if ever:
        yield from ratio(TOTAL, "border_post_code", "posts_reporting", len(ever) - len(stopped), len(ever))
    for post, last, lost, n, _ in stopped:
        yield (last.strftime("%Y-%m"), f"post.{post}", "post_silent", float(lost), float(lost), float(n))

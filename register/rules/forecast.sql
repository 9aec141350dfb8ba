-- forecast: for each open crossing the share that spends V of W days on the side to which it leads, key (person_id, seq):
-- the transparent baseline.
--
-- As the Australian Bureau of Statistics estimates its preliminary overseas migration: an initial classification (the
-- person is on that side now, or not) plus the mean adjustment that turned out right for the same season two years
-- earlier, by category (direction, months since, contrary days so far, whether the status before is certain), age,
-- citizenship and region (how the border was crossed). Cells of fewer than 30 fall back to all seasons, then to the
-- category with citizenship, then to the category, and last to days so far over V. Class plus mean adjustment is the share of the cell that migrated.
-- Reads: landmark.
with finished as (
    select
        direction, band, is_lasting, is_settled, against_class, is_national, is_documented, age_band, is_by_land, season,
        -- Rounded, so that the order in which tenths are added up decides nothing.
        round(sum(weight), 6) as n,
        round(sum(case when is_migration then weight else 0.0 end), 6) as n_migration
    from landmark
    where not is_open
    group by direction, band, is_lasting, is_settled, against_class, is_national, is_documented, age_band, is_by_land, season
),

anytime as (
    select
        direction, band, is_lasting, is_settled, against_class, is_national, is_documented, age_band, is_by_land,
        round(sum(n), 6) as n, round(sum(n_migration), 6) as n_migration
    from finished
    group by direction, band, is_lasting, is_settled, against_class, is_national, is_documented, age_band, is_by_land
),

anyone as (
    select
        direction, band, is_lasting, is_settled, against_class, is_national, is_documented,
        round(sum(n), 6) as n, round(sum(n_migration), 6) as n_migration
    from finished
    group by direction, band, is_lasting, is_settled, against_class, is_national, is_documented
),

category as (
    select direction, band, is_lasting, is_settled, against_class, round(sum(n), 6) as n, round(sum(n_migration), 6) as n_migration
    from finished
    group by direction, band, is_lasting, is_settled, against_class
)

select
    landmark.person_id,
    landmark.seq,
    case
        when finished.n >= 30 then finished.n_migration / finished.n
        when anytime.n >= 30 then anytime.n_migration / anytime.n
        when anyone.n >= 30 then anyone.n_migration / anyone.n
        when category.n >= 30 then category.n_migration / category.n
        else least(1.0, landmark.days_with * 1.0 / :threshold)
    end as share
from landmark
left join finished
    on finished.direction = landmark.direction and finished.band = landmark.band
    and finished.is_lasting = landmark.is_lasting and finished.is_settled = landmark.is_settled
    and finished.against_class = landmark.against_class
    and finished.is_national = landmark.is_national and finished.is_documented = landmark.is_documented
    and finished.age_band = landmark.age_band and finished.is_by_land = landmark.is_by_land
    and finished.season = landmark.season - 8
left join anytime
    on anytime.direction = landmark.direction and anytime.band = landmark.band
    and anytime.is_lasting = landmark.is_lasting and anytime.is_settled = landmark.is_settled
    and anytime.against_class = landmark.against_class
    and anytime.is_national = landmark.is_national and anytime.is_documented = landmark.is_documented
    and anytime.age_band = landmark.age_band and anytime.is_by_land = landmark.is_by_land
left join anyone
    on anyone.direction = landmark.direction and anyone.band = landmark.band
    and anyone.is_lasting = landmark.is_lasting and anyone.is_settled = landmark.is_settled
    and anyone.against_class = landmark.against_class
    and anyone.is_national = landmark.is_national and anyone.is_documented = landmark.is_documented
left join category
    on category.direction = landmark.direction and category.band = landmark.band
    and category.is_lasting = landmark.is_lasting and category.is_settled = landmark.is_settled
    and category.against_class = landmark.against_class
where landmark.is_open

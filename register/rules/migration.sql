-- migration: one row per crossing that is a migration or may be one, key (person_id, seq).
--
-- A final one is certain (probability 1, finalised_on); one that is not is a crossing whose outcome is open, with its
-- probability from outlook.
-- Reads: verdict, outlook.
select
    verdict.person_id,
    verdict.seq,
    verdict.movement_date,
    case when verdict.direction = 'arrival' then 'immigration' else 'emigration' end as direction,
    verdict.is_migration and verdict.finalised_on is not null as is_final,
    case when verdict.is_migration and verdict.finalised_on is not null then 1.0 else outlook.probability end
        as probability,
    verdict.finalised_on
from verdict
left join outlook on outlook.person_id = verdict.person_id and outlook.seq = verdict.seq
where (verdict.is_migration and verdict.finalised_on is not null)
    or (verdict.finalised_on is null and outlook.probability > 0.000001)

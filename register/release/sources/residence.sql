-- residence: one row per stretch in which a person may live in the country, in the completed registers, with the
-- probability that she does: as in the stock. It holds from the day after after_date to until_date, birth and death
-- taken in.
-- Reads: told_residency, told_person.
select
    residency.person_id,
    residency.draw,
    residency.weight * residency.probability as weight,
    residency.weight as draw_weight,
    residency.linkage,
    residency.is_final = 1 as is_final,
    residency.after_date,
    residency.until_date,
    person.birth_date,
    person.death_date,
    person.birth_in_country,
    person.sex,
    person.citizenship_code
from told_residency as residency
inner join told_person as person on person.person_id = residency.person_id

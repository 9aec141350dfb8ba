-- status_change: one row per immigration of a foreigner who entered with no visa or permit of residence and got the first
-- such document later, before leaving again. The year is that of the document.
-- Reads: told_event, permit, visa, permit_class, visa_class, mention, told_membership.
with document as (
    select membership.person_id, papers.issued_on, papers.expires_on, papers.code, papers.record_id
    from (
        select permit.record_id, permit.issued_on, permit.expires_on, permit.permit_class_code as code
        from permit
        inner join permit_class on permit_class.code = permit.permit_class_code
        where cast(permit_class.permits_residence as boolean)
        union all
        select visa.record_id, visa.issued_on, visa.expires_on, visa.visa_class_code as code
        from visa
        inner join visa_class on visa_class.code = visa.visa_class_code
        where cast(visa_class.permits_residence as boolean)
    ) as papers
    inner join mention on mention.record_id = papers.record_id and mention.role = 'self'
    inner join told_membership as membership on membership.identity_id = mention.identity_id
),

arrived as (
    select
        event.*,
        bool_or(
            document.issued_on <= event.event_date
            and coalesce(document.expires_on, date '9999-12-31') >= event.event_date
        ) as had_document,
        min(struct_pack(d := document.issued_on, code := document.code, id := document.record_id)) filter (
            document.issued_on > event.event_date
            and document.issued_on <= event.event_date + cast(coalesce(event.length_of_stay_days, 99999) as integer)
        ) as first_document
    from told_event as event
    left join document on document.person_id = event.person_id
    where event.direction = 'immigration' and event.citizenship_code <> :country
    group by all
)

select
    event_id as unit_id,
    weight * probability as weight,
    draw,
    weight as draw_weight,
    linkage,
    status = 'final' as is_final,
    year(first_document.d) as year,
    sex,
    age,
    citizenship_code,
    first_document.code as document_code
from arrived
where not coalesce(had_document, false)
    and year(first_document.d) between :first_year and :last_year

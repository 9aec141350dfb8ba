"""The identify stage: mentions to identities, one row per distinct bundle of identity values."""

from __future__ import annotations

from register.concepts import Table

KEYS = ("identity_id", "roles", "n_mention")


def identity_sql(identity: Table) -> str:
    """Return the SQL of table ``identity`` over ``bundle`` and ``mention``.

    Every block of an extract wrote the bundles it met; of equal ones the raw spelling that sorts first is kept.
    A bundle that no standing record mentions any more (its record was corrected later) is left out.
    """
    values = [column for column in identity.columns if column not in KEYS]
    listed = ", ".join(values)
    first = ", ".join(f"min({column}) as {column}" for column in values)
    return f"""
        with counted as (
            select identity_id, bool_and(role = 'self') as is_self, count(*) as n_mention
            from mention group by identity_id
        ),
        -- few are named in another role
        named as (
            select identity_id, array_to_string(list_sort(list(distinct role)), ';') as roles
            from mention semi join (from counted where not is_self) using (identity_id) group by identity_id
        ),
        mentioned as (
            select identity_id, coalesce(roles, 'self') as roles, n_mention
            from counted left join named using (identity_id)
        ),
        repeated as (select identity_id from bundle group by identity_id having count(*) > 1),
        bundled as (
            select identity_id, {listed} from bundle anti join repeated using (identity_id)
            union all
            select identity_id, {first} from bundle semi join repeated using (identity_id) group by identity_id
        )
        select b.*, m.roles, m.n_mention from bundled b join mentioned m using (identity_id)
        """

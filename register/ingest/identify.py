"""The identify stage: mentions to identities, one row per distinct bundle of identity values."""

from __future__ import annotations

from register.schema import Table

KEYS = ("identity_id", "roles", "n_mention")


def identity_sql(identity: Table) -> str:
    """Return the SQL of table ``identity`` over ``bundle`` and ``mention``.

    Every block of an extract wrote the bundles it met; of equal ones the raw spelling that sorts first is kept.
    A bundle that no standing record mentions any more (its record was corrected later) is left out.
    """
    values = [column for column in identity.columns if column not in KEYS]
    listed = ", ".join(f"min({column}) as {column}" for column in values)
    return f"""
        with mentioned as (
            select identity_id, string_agg(distinct role, ';' order by role) as roles, count(*) as n_mention
            from mention group by identity_id
        ),
        bundled as (select identity_id, {listed} from bundle group by identity_id)
        select b.*, m.roles, m.n_mention from bundled b join mentioned m using (identity_id)
        """

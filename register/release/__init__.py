"""From the tables of a run to what the office publishes.

    declaration   schemas/releases/*.toml: the tables, their dimensions, the periods that were not like others
    sources/*.sql one row per thing counted: a migration, a stay, a crossing, a resident
    tables        any declaration -> cells with their margins, and the sums that tie them
    disclose      the only door to release/: rounding, suppression or cell keys, and the gates
    vintage       what was published before, and the revision triangle
    publish       the walk: tables, protection, files
    tidy sdmx workbook report quality    the files

Nothing but :mod:`register.release.disclose` hands cells to a writer, and writers see no tables of the run.
"""

"""What a stage works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from register.console import Console
from register.engine import Engine
from register.errors import RegisterError
from register.project import Project
from register.run import Run
from register.schema import Schema

SQL_TYPES: Mapping[str, str] = {
    "string": "varchar",
    "code": "varchar",
    "date": "date",
    "datetime": "timestamp",
    "integer": "bigint",
    "number": "double",
    "boolean": "boolean",
}


@dataclass
class Workshop:
    """What a stage works with. It reads tables by name in ``engine`` and keeps its results with `write`."""

    project: Project
    schema: Schema
    engine: Engine
    run: Run
    staging: Path
    console: Console
    makes: tuple[str, ...]
    #: Whether everything is to be made anew, whatever an earlier build left.
    force: bool = False
    rows: dict[str, int] = field(default_factory=dict)
    written: dict[str, Path] = field(default_factory=dict)

    def write(self, name: str, sql: str) -> None:
        """Write a query as a table of the run, with the columns, types and order that its declaration gives."""
        table = self.schema.tables[name]
        path = self.staging / f"{name}.parquet"
        columns = [
            f'cast("{c.name}" as {SQL_TYPES[c.concept.type]}) as "{c.name}"' for c in table.columns.values()
        ]
        columns += [f'"{extra}"' for extra in self._extra_columns(sql, table.extra)]
        self.rows[name] = self.engine.write(
            f"select {', '.join(columns)} from ({sql})", path, order_by=table.key
        )
        self.written[name] = path
        if table.key:
            key = ", ".join(table.key)
            self.engine.view("__written", path)
            # Hashes that all differ are of keys that all differ; only else is each key looked at.
            (alike,) = self.engine.rows(f"select count(*) - count(distinct hash({key})) from __written")[0]
            repeated = (
                alike
                and self.engine.rows(
                    f"select count(*) from (select 1 from __written group by {key} having count(*) > 1)"
                )[0][0]
            )
            if repeated:
                raise RegisterError("key_repeated", table=name, count=repeated, key=key)

    def keep(self, rows: Mapping[str, int]) -> None:
        """Keep tables that a stage wrote itself into ``staging``, with how many rows each has."""
        self.rows.update(rows)
        self.written.update({name: self.staging / f"{name}.parquet" for name in rows})

    def _extra_columns(self, sql: str, prefix: str) -> list[str]:
        if not prefix:
            return []
        described = self.engine.rows(f"describe {sql}")
        return [str(row[0]) for row in described if str(row[0]).startswith(prefix)]

    def write_made(self) -> None:
        """Write every table the stage makes, if not written yet, from the relation of that name in the database."""
        for name in self.makes:
            if name in self.written:
                continue
            self.write(name, f'select * from "{name}"')

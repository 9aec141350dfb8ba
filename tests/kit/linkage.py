"""Small towns for the tests of linkage: a few identities and their records, linked with the shipped rules."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb
import polars as pl

from register.console import Console
from register.ingest.documents import read_documents
from register.ingest.names import standardise_names
from register.link.declaration import load_rules
from register.link.itinerary import load_itinerary
from register.link.predict import PredictReport, predict
from register.link.resolve import ResolveReport, resolve
from register.link.rules import Rules
from register.pipeline import build
from register.project import init_project
from register.synth import generate

DECLARED = Path(__file__).parent.parent.parent / "linkage_rules"
PASSPORT, NATIONAL_ID, FOREIGNER_ID, PPT, PEP = "passport", "national_id", "foreigner_id", "ppt", "pep"

IDENTITY: Mapping[str, Any] = {
    **dict.fromkeys(("identity_id", "given_name", "surname_1", "surname_2", "given_1", "given_2"), pl.String),
    **dict.fromkeys(("given_key", "surname_1_key", "surname_2_key"), pl.String),
    "birth_date": pl.Date,
    **dict.fromkeys(("birth_date_precision", "sex", "citizenship_code", "birth_country_code"), pl.String),
    **dict.fromkeys(("document_kind_code", "document_number", "document_issuer_code"), pl.String),
    **dict.fromkeys(("document_2_kind_code", "document_2_number", "document_2_issuer_code"), pl.String),
    **dict.fromkeys(("document_key", "document_2_key"), pl.String),
    **dict.fromkeys(("municipality_code", "department_code"), pl.String),
    "n_mention": pl.Int64,
}


@cache
def rules() -> Rules:
    """The rules that the project ships."""
    return load_rules(DECLARED / "people.toml")


def someone(
    given: str = "LILIANA",
    surname_1: str | None = "ZAMBRANO",
    surname_2: str | None = "URDANETA",
    born: str | None = "1988-04-23",
    sex: str | None = "2",
    citizenship: str | None = "VEN",
    document: tuple[str | None, str] | None = (PASSPORT, "112233445"),
    second: tuple[str, str] | None = None,
    records: int = 1,
    **more: Any,
) -> dict[str, Any]:
    """One identity, as a row of `identity`: a woman from Venezuela unless told otherwise."""
    issuer = "COL" if document and document[0] in (FOREIGNER_ID, PPT, PEP) else citizenship
    return {
        "given": given,
        "surname_1": surname_1,
        "surname_2": surname_2,
        "birth_date": date.fromisoformat(born) if born else None,
        "birth_date_precision": "day" if born else None,
        "sex": sex,
        "citizenship_code": citizenship,
        "document_kind_code": document[0] if document else None,
        "document_number": document[1] if document else None,
        "document_issuer_code": issuer if document and document[0] else None,
        "document_2_kind_code": second[0] if second else None,
        "document_2_number": second[1] if second else None,
        "document_2_issuer_code": citizenship if second else None,
        "n_mention": records,
    } | more


@dataclass
class Town:
    """Identities by name, the records that name them, and what was decided about them."""

    identities: dict[str, dict[str, Any]]
    crossings: list[tuple[str, str, str, str]] = field(default_factory=list)
    deaths: dict[str, str] = field(default_factory=dict)
    births: list[str] = field(default_factory=list)
    decisions: list[tuple[str, str, str]] = field(default_factory=list)
    before: dict[str, str] = field(default_factory=dict)
    first_seen: dict[str, str] = field(default_factory=dict)
    #: Records that said something else before: by the identity that they give now, the one that they gave.
    corrected: dict[str, str] = field(default_factory=dict)
    #: More records by key: the identity that each gives.
    records: dict[str, str] = field(default_factory=dict)
    threads: int = 2
    identity_order: Sequence[str] = ()
    #: Nameless identities that fill the register, so that a coincidence is as unlikely as in a small country.
    others: int = 20_000

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection that holds the town's tables."""
        con = duckdb.connect(config={"threads": self.threads})
        con.register("identity_rows", identity_frame(self.identities, self.identity_order).to_arrow())
        con.execute("create table identity as from identity_rows")
        con.unregister("identity_rows")
        con.execute(
            "insert into identity (identity_id, n_mention) select 'other ' || range, 1 from range($others)",
            {"others": self.others},
        )
        self._records(con)
        if self.decisions:
            con.execute(
                "create table decision (position bigint, source_l varchar, record_key_l varchar, role_l varchar,"
                " source_r varchar, record_key_r varchar, role_r varchar, judgement varchar)"
            )
            rows = [
                (n, "visa", one, "self", "visa", two, "self", judgement)
                for n, (one, two, judgement) in enumerate(self.decisions)
            ]
            con.executemany("insert into decision values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        if self.before:
            con.execute("create table previous_membership (identity_id varchar, person_id varchar)")
            con.executemany("insert into previous_membership values (?, ?)", list(self.before.items()))
            con.execute("create table previous_person (person_id varchar, first_seen_on date)")
            seen = [(person, self.first_seen.get(person)) for person in sorted(set(self.before.values()))]
            con.executemany("insert into previous_person values (?, ?)", seen)
            con.execute(
                "create table previous_mention (record_id varchar, role varchar, identity_id varchar)"
            )
            given = {name: name for name in self.identities} | self.records
            said = [(f"visa:{key}", "self", self.corrected.get(key, now)) for key, now in given.items()]
            con.executemany("insert into previous_mention values (?, ?, ?)", said)
        return con

    def _records(self, con: duckdb.DuckDBPyConnection) -> None:
        con.execute(
            "create table mention (record_id varchar, source varchar, record_key varchar, role varchar,"
            " identity_id varchar)"
        )
        con.execute(
            "create table crossing (record_id varchar, crossed_at timestamp, direction varchar,"
            " border_post_code varchar)"
        )
        con.execute("create table death (record_id varchar, died_on date, registered_on date)")
        con.execute("create table birth (record_id varchar, born_on date, registered_on date)")
        given = {name: name for name in self.identities} | self.records
        mentions = [(f"visa:{key}", "visa", key, "self", name) for key, name in given.items()]
        for n, (name, at, direction, post) in enumerate(self.crossings):
            mentions.append((f"crossing:{n}", "crossing", str(n), "self", name))
            moment = datetime.fromisoformat(at)
            con.execute(
                "insert into crossing values (?, ?, ?, ?)", [f"crossing:{n}", moment, direction, post]
            )
        for name, died in self.deaths.items():
            mentions.append((f"death:{name}", "death", name, "self", name))
            con.execute("insert into death values (?, ?, null)", [f"death:{name}", date.fromisoformat(died)])
        for name in self.births:
            mentions.append((f"birth:{name}", "birth", name, "child", name))
            con.execute(
                "insert into birth values (?, ?, null)",
                [f"birth:{name}", self.identities[name]["birth_date"]],
            )
        con.executemany("insert into mention values (?, ?, ?, ?, ?)", mentions)

    def link(self) -> Linked:
        """Predict and resolve with the shipped rules."""
        con = self.connect()
        predicted = predict(con, rules())
        resolved = resolve(con, rules(), load_itinerary(DECLARED / "itinerary.toml"), "a secret")
        return Linked(con, predicted, resolved)


@dataclass
class Linked:
    """A linked town."""

    con: duckdb.DuckDBPyConnection
    predicted: PredictReport
    resolved: ResolveReport

    @property
    def person_of(self) -> dict[str, str]:
        """The person of each identity."""
        return dict(
            self.con.execute(
                "select identity_id, person_id from membership where not starts_with(identity_id, 'other ')"
            ).fetchall()
        )

    @property
    def together(self) -> set[frozenset[str]]:
        """The identities of each person."""
        groups: dict[str, set[str]] = {}
        for identity, person in self.person_of.items():
            groups.setdefault(person, set()).add(identity)
        return {frozenset(group) for group in groups.values()}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.con.execute(sql).fetchall()


def groups(*names: str) -> set[frozenset[str]]:
    """``groups("ab", "c")``: a and b are one person, c another."""
    return {frozenset(name) for name in names}


def identity_frame(identities: Mapping[str, Mapping[str, Any]], order: Sequence[str] = ()) -> pl.DataFrame:
    """The table `identity`: names and documents standardised as ingest does it."""
    rows = [{"identity_id": name, **identities[name]} for name in order or identities]
    names = pl.DataFrame(
        [
            {
                "identity_id": row["identity_id"],
                "given_name_raw": row["given"],
                "surname_1_raw": row["surname_1"],
                "surname_2_raw": row["surname_2"],
            }
            for row in rows
        ],
        schema=dict.fromkeys(("identity_id", "given_name_raw", "surname_1_raw", "surname_2_raw"), pl.String),
    )
    standard = standardise_names(names, "separate")
    kept = [name for name in IDENTITY if name == "identity_id" or name not in standard.columns]
    rest = pl.DataFrame(
        [{name: row.get(name) for name in kept} for row in rows],
        schema={name: IDENTITY[name] for name in kept},
    )
    rest = rest.join(standard, on="identity_id", how="left", maintain_order="left")
    for slot in ("document", "document_2"):
        columns = {"kind": f"{slot}_kind_code", "number": f"{slot}_number", "issuer": f"{slot}_issuer_code"}
        given = rest.select(pl.col(column).alias(part) for part, column in columns.items())
        rest = rest.with_columns(read_documents(given)["document_bare_key"].alias(f"{slot}_key"))
    return rest.select(list(IDENTITY))


@cache
def country() -> tuple[Path, Path]:
    """A country of 2,000 people at the default rates of faults, linked: the tables of the run, and the truth."""
    folder = Path(mkdtemp())
    generate(folder / "country", people=2000, seed=3, years=(2018, 2024))
    project = init_project(folder / "project", "col")
    for extract in (folder / "country" / "extracts").iterdir():
        shutil.copy(extract, project.extracts / extract.name)
    report = build(project, Console("en", quiet=True), until="resolve")
    return report.path / "tables", folder / "country" / "truth"

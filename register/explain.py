"""How a person's verdicts came about: movements, stays and the numbers that decided, in sentences.

Reads statistical tables only: no name and no document number is here to be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from register.commands import open_tables
from register.errors import UsageError
from register.project import Project
from register.run import find_run

Row = dict[str, Any]
Text = Callable[..., str]


@dataclass(frozen=True)
class Explanation:
    """A person's movements with their verdicts, stays and events; ``rule`` has threshold, window and cut-off.

    ``verdicts``: one row per movement in scope: the columns of table ``verdict`` with those of ``movement`` and the
    probability of an open one. ``stays``, ``events``: rows of these tables. ``initial``: row of ``initial_status``.
    """

    person_id: str
    person: Row
    initial: Row
    verdicts: list[Row]
    stays: list[Row]
    events: list[Row]
    rule: Row

    def to_dict(self) -> Row:
        """Return everything as plain values."""
        return asdict(self)


def explain_person(project: Project, person_id: str, run_name: str | None = None) -> Explanation:
    """Collect what a run says of one person.

    Raises
    ------
    UsageError
        If the run has no such person or was not built to the end.
    """
    run = find_run(project.runs, run_name)
    with open_tables(project, run) as engine:
        for table in ("person", "verdict", "stay", "event", "initial_status", "outlook"):
            if not engine.has(table):
                raise UsageError("table_not_built", table=table, run=run.name)

        def rows(sql: str) -> list[Row]:
            found = engine.con.execute(sql, {"person": person_id})
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

        engine.con.register("border_post", project.schema().codelist("border_post").to_arrow())
        person = rows("select * from person where person_id = $person")
        if not person:
            raise UsageError("no_person", name=person_id, run=run.name)
        initial = rows("select * from initial_status where person_id = $person")
        verdicts = rows(
            """
            select v.*, m.border_post_code, p.label_es as post_es, p.label_en as post_en, m.is_imputed, m.imputation,
                m.counterpart_country_code, o.probability
            from verdict v join movement m using (person_id, seq) left join outlook o using (person_id, seq)
                left join border_post p on p.code = m.border_post_code
            where person_id = $person order by seq
            """
        )
        stays = rows("select * from stay where person_id = $person order by from_date, to_date")
        events = rows("select * from event where person_id = $person order by event_date")
    rule = project.rule.rule
    return Explanation(
        person_id=person_id,
        person=person[0],
        initial=initial[0] if initial else {},
        verdicts=verdicts,
        stays=stays,
        events=events,
        rule={
            "name": rule.name,
            "threshold": rule.threshold,
            "window": rule.window,
            "observed_until": run.stages["events"].get("observed_until"),
        },
    )


def sentences(found: Explanation, text: Text, language: str) -> list[str]:
    """Tell the explanation in sentences of the catalogue, one or two per movement."""
    lines = [text("explain.head", person=found.person_id, movements=len(found.verdicts), **found.rule)]
    if found.initial:
        lines.append(
            text(
                "explain.initial",
                side=text(f"explain.side_{found.initial['status']}"),
                evidence=text(f"explain.evidence_{found.initial['evidence']}"),
            )
        )
    for row in found.verdicts:
        lines.append("")
        lines.append(_movement_line(row, text, language))
        lines.append("   " + _verdict_line(row, found.rule, text))
    lines.append("")
    if not found.events:
        lines.append(text("explain.no_events"))
    for event in found.events:
        key = "explain.event_final" if event["status"] == "final" else "explain.event_open"
        lines.append(
            text(
                key,
                direction=text(f"explain.{event['direction']}"),
                date=event["event_date"],
                final=event["finalised_on"],
                probability=f"{100 * event['probability']:.0f}",
            )
        )
    return lines


def _movement_line(row: Mapping[str, Any], text: Text, language: str) -> str:
    line = text(
        "explain.movement",
        seq=row["seq"],
        date=row["movement_date"],
        direction=text(f"explain.{row['direction']}"),
        post=row[f"post_{language}"] or text("explain.no_post"),
    )
    if row["is_imputed"]:
        line += " " + text("explain.imputed", imputation=text(f"explain.imputation_{row['imputation']}"))
    return line


def _verdict_line(row: Mapping[str, Any], rule: Mapping[str, Any], text: Text) -> str:
    allowed = rule["window"] - rule["threshold"]
    arriving = row["direction"] == "arrival"
    numbers = {
        "observed": row["days_observed"],
        "with_days": row["days_with"],
        "against": row["days_against"],
        "threshold": rule["threshold"],
        "allowed": allowed,
        "side": text("explain.inside" if arriving else "explain.outside"),
        "other": text("explain.outside" if arriving else "explain.inside"),
        "final": row["finalised_on"],
        "probability": "?" if row["probability"] is None else f"{100 * row['probability']:.0f}",
        "kind": text("explain.immigration" if arriving else "explain.emigration"),
        "status": text(f"explain.status_{row['status_before']}"),
    }
    if row["is_migration"]:
        return text("explain.is_migration", **numbers)
    if row["is_migration"] is False:
        if row["status_before"] is None:
            return text("explain.rescued", limit=2 * rule["threshold"] - rule["window"], **numbers)
        return text(
            "explain.not_migration" if row["is_migrating_direction"] else "explain.return_leg", **numbers
        )
    return text("explain.open" if row["status_before"] is not None else "explain.unknown_before", **numbers)

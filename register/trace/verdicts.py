"""How a person's verdicts came about: movements, stays and the numbers that decided, in sentences.

Reads statistical tables only: no name and no document number is here to be shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from register.errors import UsageError
from register.project import Project
from register.run import find_run
from register.tables import open_for_rule

Row = dict[str, Any]
Text = Callable[..., str]

IMPUTATIONS = ("midpoint", "permit_expiry", "stochastic", "permit", "birth", "marriage")


@dataclass(frozen=True)
class Explanation:
    """A person's movements with their verdicts, stays and events; ``rule`` has threshold, window and cut-off.

    ``verdicts``: one row per movement in scope: the columns of table ``verdict`` with those of ``movement`` and the
    probability of an open one. ``stays``, ``events``: rows of these tables. ``initial``: row of ``initial_status``.
    ``out_of_scope``: movements that do not count (crew, transit, a person left out, after the death).
    """

    person_id: str
    person: Row
    initial: Row
    verdicts: list[Row]
    out_of_scope: list[Row]
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
    with open_for_rule(project, run) as engine:
        for table in ("person", "verdict", "stay", "event", "initial_status", "outlook"):
            if not engine.has(table):
                raise UsageError("table_not_built", table=table, run=run.name)

        def rows(sql: str) -> list[Row]:
            found = engine.con.execute(sql, {"person": person_id})
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

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
        out_of_scope = rows(
            "select * from movement where person_id = $person and not is_in_scope order by seq"
        )
        stays = rows("select * from stay where person_id = $person order by from_date, to_date")
        events = rows("select * from event where person_id = $person order by event_date")
    rule = project.rule.rule
    return Explanation(
        person_id=person_id,
        person=person[0],
        initial=initial[0] if initial else {},
        verdicts=verdicts,
        out_of_scope=out_of_scope,
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
    """Tell the explanation in sentences of the catalogue, for a reader who knows nothing of the rule."""
    rule = {**found.rule, "allowed": found.rule["window"] - found.rule["threshold"]}
    until = in_words(dt.date.fromisoformat(str(rule["observed_until"])), text)
    lines = [
        text("explain.head", person=found.person_id, movements=len(found.verdicts), until=until),
        text("explain.rule", **rule),
    ]
    if found.initial:
        lines.append(
            text(
                "explain.initial",
                side=text(f"explain.side_{found.initial['status']}"),
                evidence=text(f"explain.evidence_{found.initial['evidence']}"),
            )
        )
    if found.verdicts:
        lines += ["", text("explain.movements")]
    for row in found.verdicts:
        lines += ["", _movement_line(row, text, language), "   " + _verdict_line(row, rule, text)]
    if found.out_of_scope:
        days = ", ".join(in_words(row["movement_date"], text) for row in found.out_of_scope)
        lines += ["", text("explain.out_of_scope", days=days)]
    lines += ["", text("explain.stays"), "", *(f"- {_stay_line(row, text)}" for row in found.stays)]
    lines += ["", text("explain.result"), ""]
    if not found.events:
        lines.append(text("explain.no_events"))
    for event in found.events:
        key = "explain.event_final" if event["status"] == "final" else "explain.event_open"
        lines.append(
            text(
                key,
                direction=text(f"explain.{event['direction']}"),
                date=in_words(event["event_date"], text),
                final=event["finalised_on"] and in_words(event["finalised_on"], text),
                probability=f"{100 * event['probability']:.0f}",
            )
        )
    return lines


def in_words(day: dt.date, text: Text) -> str:
    """Return a date as one says it."""
    return text("date.long", day=day.day, month=text(f"date.month_{day.month}"), year=day.year)


def _movement_line(row: Mapping[str, Any], text: Text, language: str) -> str:
    line = text(
        "explain.movement",
        seq=row["seq"],
        date=in_words(row["movement_date"], text),
        direction=text(f"explain.{row['direction']}"),
        post=row[f"post_{language}"] or text("explain.no_post"),
    )
    if row["is_imputed"]:
        line += " " + text("explain.imputed", imputation=text(f"explain.imputation_{row['imputation']}"))
    return line


def _stay_line(row: Mapping[str, Any], text: Text) -> str:
    begin, end = row["from_date"], row["to_date"]
    side = text("explain.inside" if row["is_present"] else "explain.outside")
    if end is None:
        line = text("explain.stay_on", begin=in_words(begin, text), side=side)
    else:
        line = text(
            "explain.stay",
            begin=in_words(begin, text),
            end=in_words(end, text),
            side=side,
            days=(end - begin).days,
        )
    if row["from_evidence"] in IMPUTATIONS:
        line += text("explain.supposed", imputation=text(f"explain.imputation_{row['from_evidence']}"))
    return line


def _verdict_line(row: Mapping[str, Any], rule: Mapping[str, Any], text: Text) -> str:
    arriving = row["direction"] == "arrival"
    final = row["finalised_on"]
    numbers = {
        "observed": row["days_observed"],
        "with_days": row["days_with"],
        "against": row["days_against"],
        "threshold": rule["threshold"],
        "allowed": rule["allowed"],
        "limit": 2 * rule["threshold"] - rule["window"],
        "side": text("explain.inside" if arriving else "explain.outside"),
        "other": text("explain.outside" if arriving else "explain.inside"),
        "certain": text("explain.certain", final=in_words(final, text))
        if final
        else text("explain.not_yet_certain"),
        "probability": "?" if row["probability"] is None else f"{100 * row['probability']:.0f}",
        "kind": text("explain.immigration" if arriving else "explain.emigration"),
        "status": text(f"explain.side_{row['status_before']}"),
    }
    line = text(f"explain.{_reason(row, rule)}", **numbers)
    # Runs built before the column existed do not say it.
    return f"{line} {text('explain.rests_on_imputed')}" if row.get("rests_on_imputed") else line


def _reason(row: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    """Return which sentence tells why a crossing has its verdict."""
    is_known = row["status_before"] is not None
    if row["is_migration"]:
        return "is_migration"
    if row["is_migration"] is None:
        return "open" if is_known else "unknown_before"
    if not is_known:
        return "rescued"
    if not row["is_migrating_direction"]:
        return "return_leg"
    return "not_migration" if row["days_against"] > rule["allowed"] else "not_by_death"

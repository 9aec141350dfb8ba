"""Applies the rule: to the register as recorded, and to completed lives, some of the people at a time.

A completed register has several times the movements of the recorded one. It is taken through the rule in parts of the
people, so that memory depends on the size of a part; what is not yet known of open crossings is estimated from the
finished ones of all parts together.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from register.engine import Engine
from register.estimate.complete import read_sql
from register.estimate.outcome import forecast_by_model
from register.rules.residence import EVENTS, Parameters, create_tables

#: The rule's tables before and after the forecast of open crossings.
_JUDGED = EVENTS[EVENTS.index("initial_status") + 1 : EVENTS.index("forecast")]
_CONCLUDED = EVENTS[EVENTS.index("forecast") + 1 :]
#: What is made of a part before the forecast and read after it.
_KEPT = {
    "verdict": "select * from verdict",
    "landmark": "select landmark.* replace (person.weight as weight) from landmark "
    "inner join person on person.person_id = landmark.person_id",
}
#: What the rule reads of a part: each made by the statement of that name with ``completed_`` before it.
_READ = ("movement", "person", "membership", "initial_status")
_COLUMNS = "completion.person_id, completion.draw, completion.copy, completion.weight, completion.is_drawn"


def derive_events(
    engine: Engine,
    parameters: Parameters,
    provisional: str,
    *,
    learns_from: str = "true",
    until: str = "event",
) -> None:
    """Make the tables of ``EVENTS`` after ``initial_status``, open crossings estimated by the baseline or the model.

    Parameters
    ----------
    engine
        With the records, the code lists, ``membership``, ``person``, ``movement`` and ``initial_status``.
    parameters
        Of the rule.
    provisional
        How open crossings are estimated: ``"baseline"`` or ``"model"``.
    learns_from
        Whose finished crossings tell of open ones: SQL over ``person_id``.
    until
        The last table that is wanted.
    """
    create_tables(engine.con, _JUDGED, parameters)
    engine.run(f"delete from landmark where not is_open and not ({learns_from})")
    _forecast(engine, parameters, provisional)
    create_tables(engine.con, _CONCLUDED[: _CONCLUDED.index(until) + 1], parameters)


def derive_completed(
    engine: Engine, apart: Engine, folder: Path, parameters: Parameters, provisional: str
) -> None:
    """Apply the rule to the completed lives: makes the views ``derived_event`` and ``derived_residency`` in ``engine``.

    Their columns are those of ``completed_event`` and ``completed_residency``, with ``is_drawn``: whether the person is
    one whom other linkages make.

    Parameters
    ----------
    engine
        As `complete` left it.
    apart
        A database of its own, with ``mention``, ``visa``, ``permit`` and the code lists: there a case is a person, so
        that the rule needs to know nothing of draws.
    folder
        Where the parts are kept, as long as the views are read.
    parameters
        Of the rule.
    provisional
        How open crossings are estimated: ``"baseline"`` or ``"model"``.
    """
    # A register of nobody has a part as well, in which nobody is.
    parts = [number for (number,) in engine.rows("select distinct part from completion order by part")] or [0]
    for part in parts:
        _hand_over(engine, folder, parameters, part)
        _view(apart, folder, _READ, part)
        create_tables(apart.con, _JUDGED, parameters)
        for name, query in _KEPT.items():
            apart.write(query, _path(folder, name, part))
            apart.run(f"drop table {name}")
    apart.view("landmark", [_path(folder, "landmark", part) for part in parts])
    _forecast(apart, parameters, provisional)
    for part in parts:
        _view(apart, folder, (*_READ, "completion", "verdict"), part)
        create_tables(apart.con, (*_CONCLUDED, "stay", "residency"), parameters)
        for name in ("event", "residency"):
            apart.write(
                f"select {_COLUMNS}, {name}.* exclude (person_id) from {name} "
                f"inner join completion on completion.case_id = {name}.person_id",
                _path(folder, name, part),
            )
    for name in ("event", "residency"):
        engine.view(f"derived_{name}", [_path(folder, name, part) for part in parts])


def _forecast(engine: Engine, parameters: Parameters, provisional: str) -> None:
    create_tables(engine.con, ("forecast",), parameters)
    if provisional == "model":
        forecast_by_model(engine.con)


def _hand_over(engine: Engine, folder: Path, parameters: Parameters, part: int) -> None:
    """Write what the rule reads of a part, a case in the place of each person."""
    engine.write(
        f"select * exclude (part) from completion where part = {part}", _path(folder, "completion", part)
    )
    for name in _READ:
        query = read_sql(f"completed_{name}", {**parameters.values(), "part": part})
        engine.write(query, _path(folder, name, part))


def _view(engine: Engine, folder: Path, names: Iterable[str], part: int) -> None:
    for name in names:
        engine.view(name, _path(folder, name, part))


def _path(folder: Path, name: str, part: int) -> Path:
    return folder / f"{name}_{part}.parquet"

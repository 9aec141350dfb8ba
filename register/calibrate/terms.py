"""Totals named as R names the columns of a model: ``(Intercept)``, ``stypeH``, ``stypeH:sch.wideYes``, ``api99``.

An office that calibrates in R has its totals under these names; a table with a column ``term`` takes them as they are.
"""

from __future__ import annotations

from register.calibrate.survey import Survey
from register.errors import DeclarationError, suggest

INTERCEPT = "(Intercept)"


def read_term(term: str, survey: Survey, place: str) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Return what a term counts: variable to code, and the columns summed.

    Raises
    ------
    DeclarationError
        If a part of it is neither a column nor a variable with one of its codes.
    """
    cell: dict[str, tuple[str, ...]] = {}
    summed: list[str] = []
    if term == INTERCEPT:
        return cell, ()
    known = sorted({*survey.frame.columns, *survey.variables}, key=len, reverse=True)
    for part in term.split(":"):
        if part in known:
            summed.append(part)
            continue
        for name in known:
            code = part.removeprefix(name)
            if part.startswith(name) and survey.codes(name, place).eq(code).any():
                cell[name] = (code,)
                break
        else:
            near = suggest(part, known)
            raise DeclarationError("no_survey_column", where=place, name=part, suggestion=near)
    return cell, tuple(summed)

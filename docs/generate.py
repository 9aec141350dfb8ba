"""Writes the reference pages from the declarations and from the program itself: ``make docs``.

Nothing on those pages is written twice. Tables, concepts and code lists come from ``schemas/``, commands from
the command line's own help, errors from the catalogue. What a declaration's keys mean stands in
``docs/keys.toml``, and a test holds it against what the program accepts. Every page exists in both languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer.main

from register import errors
from register.assess.declaration import load_indicators
from register.assess.labels import figure
from register.assess.questionnaire import load_questionnaire
from register.cli import make_app
from register.cli.usage import argument_name
from register.errors import RegisterError
from register.locale import LANGUAGES, catalogue
from register.schema import Schema, load_schema, profile_directory
from register.toml_file import read_toml

DOCS = Path(__file__).parent
REFERENCE = DOCS / "reference"
FEW_CODES = 25
#: A word that goes with a number stands in the reference as with many.
PLURAL = re.compile(r"\{\w+:[^{}|]*\|([^{}]*)\}")
STAR = " \\*"

Words = dict[str, str]


def pages() -> dict[Path, str]:
    """Return every generated page: its path and its text."""
    schema = load_schema(profile_directory() / "schemas")
    words = read_toml(DOCS / "words.toml")
    keys = read_toml(DOCS / "keys.toml")
    made: dict[Path, str] = {}
    for language in LANGUAGES:
        said = {key: str(node[language]) for key, node in words.items()}
        bodies = {
            "tables": tables(schema, language, said),
            "concepts": concepts(schema, language, said),
            "codelists": codelists(schema, language, said),
            "commands": commands(language, said),
            "indicators": indicators(schema, language, said),
            "errors": error_pages(keys["errors"], language, said),
        }
        for page in ("source-declarations", "settings", "linkage-rules", "calibration"):
            bodies[page] = declared_keys(keys[page], language, said)
        for name, body in bodies.items():
            made[REFERENCE / f"{name}.{language}.md"] = _page(name, body, language, said)
    return made


def _page(name: str, body: Iterable[str], language: str, said: Words) -> str:
    other = next(known for known in LANGUAGES if known != language)
    head = [
        f"# {said[name]}",
        f"*[{said['other_language']}]({name}.{other}.md) · {said['generated']}*",
        said[f"{name}_intro"],
    ]
    return "\n\n".join([*head, *body]).rstrip() + "\n"


def _grid(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(_cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return "" if value is None else re.sub(r"\s+", " ", str(value)).replace("|", "\\|")


def tables(schema: Schema, language: str, said: Words) -> Iterator[str]:
    """Yield a section for each table: grain, key, folder and columns; the stages in order."""
    from register.pipeline import STAGES

    names = [table for stage in STAGES for table in stage.makes]
    names += sorted(set(schema.tables) - set(names))  # what a command makes beside the stages
    for name in names:
        table = schema.tables[name]
        yield f"## {name}"
        yield f"**{said['row']}:** {table.grain[language]}."
        key = ", ".join(f"`{column}`" for column in table.key) or said["none"]
        folder = said["identified" if table.identified else "statistical"]
        facts = {"key": key, "stage": f"`{table.stage}`", "folder": folder}
        yield " · ".join(f"**{said[fact]}:** {value}" for fact, value in facts.items())
        rows = [
            (
                f"`{column.name}`",
                column.concept.type,
                column.concept.label[language],
                f"[`{column.concept.codelist}`](codelists.{language}.md#{column.concept.codelist})"
                if column.concept.codelist
                else "",
            )
            for column in table.columns.values()
        ]
        if table.extra:
            rows.append((f"`{table.extra}…`", "", said["extra"], ""))
        yield _grid([said["column"], said["type"], said["meaning"], said["codelist"]], rows)
        if table.checks:
            rows_of = [(f"`{check.column}`", f"`{check.reason}`", f"`{check.sql}`") for check in table.checks]
            yield _grid([said["check"], said["reason"], "SQL"], rows_of)


def concepts(schema: Schema, language: str, said: Words) -> Iterator[str]:
    """Yield one table of all concepts."""
    rows = [
        (
            f"`{concept.name}`",
            concept.label[language],
            concept.definition[language],
            concept.type,
            concept.source_standard,
        )
        for concept in sorted(schema.concepts.values(), key=lambda concept: concept.name)
    ]
    yield _grid([said["concept"], said["label"], said["definition"], said["type"], said["standard"]], rows)


def codelists(schema: Schema, language: str, said: Words) -> Iterator[str]:
    """Yield a section for each code list; short lists are given in full."""
    usual = {"code", "label_es", "label_en", "valid_from", "valid_to", "aliases"}
    for name in schema.codelist_names:
        frame = schema.codelist(name)
        more = ", ".join(f"`{column}`" for column in frame.columns if column not in usual)
        yield f"## {name}"
        file = f"schemas/codelists/{name}.csv"
        facts = [f"[`{file}`](../../{file})", f"{frame.height} {said['codes']}"]
        yield " · ".join([*facts, f"{said['more_columns']}: {more}"] if more else facts)
        if frame.height <= FEW_CODES:
            yield _grid(
                [said["code"], said["label"]],
                [(f"`{code}`", label) for code, label in frame.select("code", f"label_{language}").rows()],
            )


def commands(language: str, said: Words) -> Iterator[str]:
    """Yield a section for each command, its arguments and options, from the command line's own help."""
    group = typer.main.get_command(make_app(language))
    yield f"## register {said['global']}"
    yield _grid([said["option"], said["meaning"], said["default"]], _parameters(group, language))
    for name, command in _walk(group, "register"):
        yield f"## {name}"
        yield str(command.help)
        parameters = _parameters(command, language)
        if parameters:
            yield _grid([said["option"], said["meaning"], said["default"]], parameters)


def _walk(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _walk(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def _parameters(command: Any, language: str) -> list[tuple[str, str, str]]:
    rows = []
    for parameter in command.params:
        if not parameter.help or "completion" in parameter.name:
            continue
        is_argument = parameter.param_type_name == "argument"
        name = argument_name(parameter.name, language).upper() if is_argument else ", ".join(parameter.opts)
        # The default language is that of the reader's system, not of this page.
        shown = parameter.default not in (None, False, []) and parameter.name != "lang"
        rows.append((f"`{name}`", parameter.help, f"`{parameter.default}`" if shown else ""))
    return rows


def declared_keys(page: dict[str, Any], language: str, said: Words) -> Iterator[str]:
    """Yield a section for each part of a declaration, with its keys."""
    for section in page["section"]:
        yield f"## {section['title'][language]}"
        if "text" in section:
            yield section["text"][language]
        rows = [(f"`{key}`", node[language]) for key, node in section["key"].items()]
        yield _grid([said["key"], said["meaning"]], rows)


def error_pages(page: dict[str, Any], language: str, said: Words) -> Iterator[str]:
    """Yield the exit codes, the reasons of rejection, and every message of the catalogue."""
    yield f"## {said['exit_codes']}"
    yield _grid(
        [said["code"], said["meaning"]], [(code, node[language]) for code, node in page["exit"].items()]
    )
    yield f"## {said['reasons']}"
    yield said["reasons_intro"]
    yield _grid(
        [said["reason"], said["meaning"]],
        [
            (f"`{key.removeprefix('reason.')}`", text[language])
            for key, text in catalogue().items()
            if key.startswith("reason.")
        ],
    )
    yield f"## {said['messages']}"
    yield _grid(
        [said["key"], said["message"]],
        [
            (f"`{key.removeprefix('errors.')}`", PLURAL.sub(r"\1", text[language]))
            for key, text in sorted(catalogue().items())
            if key.startswith("errors.")
        ],
    )


def indicators(schema: Schema, language: str, said: Words) -> Iterator[str]:
    """Yield what is measured of a source, what is asked of it, and what each official table asks for."""
    declared, questionnaire = load_indicators(schema), load_questionnaire(schema)
    yield f"## {said['measured']}"
    rows = [
        (
            f"`{one.name}`" + STAR * one.essential,
            f"{one.label[language]}. {one.definition[language]}",
            f"`{one.formula[language]}`",
            " / ".join(figure(limit, one.unit, language) for limit in one.thresholds),
            f"{one.framework['blue_ets']}; Zhang {one.framework['zhang']}; ESSnet {one.framework['essnet']}",
        )
        for one in declared.indicators.values()
    ]
    yield _grid(
        [said["indicator"], said["meaning"], said["formula"], said["thresholds"], said["frameworks"]], rows
    )
    yield f"## {said['questions']}"
    asked = [
        (
            f"`{question.name}`" + STAR * question.essential,
            question.text[language],
            "; ".join(f"{score}: {answer[language]}" for score, answer in enumerate(question.answers)),
        )
        for question in questionnaire.questions
    ]
    yield _grid([said["key"], said["question"], said["scores"]], asked)
    yield f"## {said['supports']}"
    needs = [
        (
            table,
            f"[`{source}`](tables.{language}.md#{source})",
            said[f"role_{need.role}"],
            ", ".join(f"`{variable}`" for variable in need.variables),
        )
        for table, sources in sorted(declared.support.items())
        for source, need in sources.items()
    ]
    yield _grid([said["official_table"], said["record"], said["role"], said["variables"]], needs)


def exit_codes() -> set[int]:
    """Return every exit code that the program can leave with."""
    kinds = {RegisterError, *RegisterError.__subclasses__()}
    return {0, errors.INTERRUPTED, *(kind.exit_code for kind in kinds)}


def main() -> None:
    """Write the pages."""
    REFERENCE.mkdir(exist_ok=True)
    made = pages()
    for path in REFERENCE.glob("*.md"):
        if path not in made:
            path.unlink()
    for path, text in made.items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()

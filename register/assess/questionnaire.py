"""The declared part: questions scored 0 to 3, and an office's answers to them.

Answers stand in one TOML file, a table for each source, so that they can be written in an editor, kept under version
control and compared between countries: all countries are asked the same questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from register.assess.declaration import AUXILIARY, CORRECTION, DIRECT, shipped_or_own
from register.errors import DeclarationError
from register.schema import Schema, refuse_unknown_keys
from register.toml_file import read_toml

FILE = "questionnaire.toml"
HIGHEST = 3
NOTE = "note"


@dataclass(frozen=True)
class Question:
    """One question: its text and what each of the scores 0 to 3 means, in Spanish and English."""

    name: str
    section: str
    text: Mapping[str, str]
    answers: tuple[Mapping[str, str], ...]
    essential: bool


@dataclass(frozen=True)
class Questionnaire:
    """The questions in order, the titles of their sections, and the mean scores that uses ask for."""

    questions: tuple[Question, ...]
    sections: Mapping[str, Mapping[str, str]]
    least_direct: float
    least_correction: float


@dataclass(frozen=True)
class Declared:
    """What was answered of one source: scores by question, and a note."""

    scores: Mapping[str, int] = field(default_factory=dict)
    note: str = ""

    @property
    def mean(self) -> float | None:
        """The mean of the answered questions; none if none was answered."""
        return sum(self.scores.values()) / len(self.scores) if self.scores else None

    def ceiling(self, questionnaire: Questionnaire) -> int:
        """Return the best use that the answers allow; unanswered questions allow all."""
        if self.mean is None:
            return DIRECT
        if self.mean < questionnaire.least_correction or any(
            question.essential and self.scores.get(question.name) == 0 for question in questionnaire.questions
        ):
            return AUXILIARY
        return DIRECT if self.mean >= questionnaire.least_direct else CORRECTION


def load_questionnaire(schema: Schema) -> Questionnaire:
    """Load the questions.

    Raises
    ------
    DeclarationError
        Naming the file, the key and the mend.
    """
    path = shipped_or_own(schema.directory, FILE)
    tree = read_toml(path)
    refuse_unknown_keys(tree, ("rule", "section", "question"), str(path))
    rule = tree.get("rule", {})
    refuse_unknown_keys(rule, ("least_direct", "least_correction"), f"{path} [rule]")
    questions = []
    for name, node in tree.get("question", {}).items():
        where = f"{path} [question.{name}]"
        refuse_unknown_keys(node, ("section", "essential", "text", "answers"), where)
        for key in ("section", "text", "answers"):
            if key not in node:
                raise DeclarationError("missing_key", where=where, key=key)
        if len(node["answers"]) != HIGHEST + 1 or node["section"] not in tree.get("section", {}):
            raise DeclarationError("assess_question", where=where)
        questions.append(
            Question(
                name,
                node["section"],
                node["text"],
                tuple(node["answers"]),
                bool(node.get("essential", False)),
            )
        )
    return Questionnaire(
        tuple(questions),
        tree.get("section", {}),
        float(rule.get("least_direct", 2.0)),
        float(rule.get("least_correction", 1.0)),
    )


def load_answers(path: Path, questionnaire: Questionnaire) -> dict[str, Declared]:
    """Return the answers by source; none if nothing was answered yet.

    Raises
    ------
    DeclarationError
        If a question is unknown or a score is not 0, 1, 2 or 3.
    """
    if not path.is_file():
        return {}
    names = [question.name for question in questionnaire.questions]
    answers = {}
    for source, node in read_toml(path).items():
        where = f"{path} [{source}]"
        if not isinstance(node, dict):
            raise DeclarationError("not_a_section", where=str(path), key=source)
        refuse_unknown_keys(node, (*names, NOTE), where)
        scores = {key: _score(value, key, where) for key, value in node.items() if key != NOTE}
        answers[source] = Declared(scores, str(node.get(NOTE, "")))
    return answers


def _score(value: Any, key: str, where: str) -> int:
    if type(value) is not int or not 0 <= value <= HIGHEST:
        raise DeclarationError("assess_score", where=where, key=key, value=value)
    return value


def write_answers(
    path: Path,
    questionnaire: Questionnaire,
    answers: Mapping[str, Declared],
    sources: Mapping[str, str],
    language: str,
) -> None:
    """Write the answers as a form: every question of every source with its scale; the unanswered as comments.

    Parameters
    ----------
    sources
        Titles by source; what was answered of a source that is no longer declared is kept.
    """
    lines: list[str] = []
    for name in dict.fromkeys([*sources, *answers]):
        declared = answers.get(name, Declared())
        lines += [f"# {sources.get(name, name)}", f"[{_key(name)}]"]
        for question in questionnaire.questions:
            lines.append(f"# {question.text[language]}")
            lines += [f"#   {score}  {answer[language]}" for score, answer in enumerate(question.answers)]
            score = declared.scores.get(question.name)
            lines.append(f"# {question.name} = " if score is None else f"{question.name} = {score}")
        lines += [f"{NOTE} = {_text(declared.note)}", ""]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_suffix(".tmp")
    beside.write_text("\n".join(lines), "utf-8")
    beside.replace(path)


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else _text(name)


def _text(value: str) -> str:
    """Write a TOML basic string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'

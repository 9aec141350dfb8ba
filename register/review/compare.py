"""Two identities field by field: what is equal, alike, different or missing, and which signs differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

EQUAL, ALIKE, DIFFERENT, MISSING, INCOMPARABLE = "equal", "alike", "different", "missing", "incomparable"
#: A surname that is equal to the other surname of the other side.
SWAPPED = "swapped"
#: From this similarity on (0 to 1), or with this few edits, two texts are alike: their differing signs are marked.
SIMILAR, EDITS = 0.72, 2


@dataclass(frozen=True)
class Piece:
    """A stretch of a value; ``differs`` where the other side's is not the same."""

    text: str
    differs: bool = False


@dataclass(frozen=True)
class Field:
    """One line of the comparison: the value on each side in pieces, none if it is missing, and how they compare."""

    name: str
    label: str
    left: tuple[Piece, ...]
    right: tuple[Piece, ...]
    sign: str


class Labels:
    """Names of columns and codes in a reader's language, as the schemas declare them."""

    def __init__(self, schema: Any, language: str) -> None:
        self._columns = schema.tables["identity"].columns
        self._schema = schema
        self._language = language
        self._codes: dict[str, Mapping[str, str]] = {}

    def column(self, name: str) -> str:
        """Return the label of a column of ``identity``."""
        return str(self._columns[name].concept.label[self._language])

    def value(self, column: str, value: Any) -> str:
        """Return a value of ``identity`` as text: the label of a code, a date as ISO writes it."""
        codelist = self._columns[column].concept.codelist
        return "" if value is None else self.code(codelist, str(value)) if codelist else str(value)

    def code(self, codelist: str, code: str | None) -> str:
        """Return the label of a code; the code itself if the list does not have it."""
        if codelist not in self._codes:
            self._codes[codelist] = self._schema.labels(codelist, self._language)
        return self._codes[codelist].get(code or "", code or "")


TEXTS = ("surname_1", "surname_2", "given_name", "married_name")
SURNAMES = ("surname_1", "surname_2")
CODES = ("sex", "citizenship_code", "birth_country_code", "department_code", "municipality_code")


def compare(left: Mapping[str, Any], right: Mapping[str, Any], labels: Labels) -> list[Field]:
    """Return the lines of a comparison of two rows of ``identity``; what neither side has is left out."""
    fields = [_text(name, left[name], right[name], labels.column(name)) for name in TEXTS]
    fields = [_swapped(field, left, right) for field in fields]
    fields.append(_date(left, right, labels))
    for name in CODES:
        one, other = (labels.value(name, side[name]) for side in (left, right))
        fields.append(_whole(name, one, other, labels.column(name)))
    fields += _documents(left, right, labels)
    return [field for field in fields if field.left or field.right]


def as_written(identity: Mapping[str, Any]) -> str:
    """Return the name of an identity as the office of origin wrote it."""
    parts = ("full_name_raw", "given_name_raw", "surname_1_raw", "surname_2_raw")
    return " · ".join(str(identity[part]).strip() for part in parts if identity[part])


def _text(name: str, left: Any, right: Any, label: str) -> Field:
    one, other = left or "", right or ""
    if not one or not other or one == other:
        return _whole(name, one, other, label)
    if _alike(one, other):
        return Field(name, label, *_pieces(one, other), ALIKE)
    return _whole(name, one, other, label)


def _swapped(field: Field, left: Mapping[str, Any], right: Mapping[str, Any]) -> Field:
    """Return the line of a surname that stands in the place of the other one on the other side as such."""
    if field.name not in SURNAMES or field.sign == EQUAL:
        return field
    place = SURNAMES.index(field.name)
    crossed = (
        (left[SURNAMES[place]], right[SURNAMES[1 - place]]),
        (right[SURNAMES[place]], left[SURNAMES[1 - place]]),
    )
    if not any(one and one == other for one, other in crossed):
        return field
    one, other = (tuple(Piece(piece.text) for piece in side) for side in (field.left, field.right))
    return Field(field.name, field.label, one, other, SWAPPED)


def _alike(one: str, other: str) -> bool:
    from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

    few = DamerauLevenshtein.distance(one, other) <= EDITS and min(len(one), len(other)) > EDITS
    shared = set(one.split()) & set(other.split())
    return few or bool(shared) or JaroWinkler.similarity(one, other) >= SIMILAR + 0.1


def _date(left: Mapping[str, Any], right: Mapping[str, Any], labels: Labels) -> Field:
    label = labels.column("birth_date")
    one, other = (_day(side) for side in (left, right))
    if not one or not other or one == other:
        return _whole("birth_date", one, other, label)
    near = sum(a != b for a, b in zip(one, other, strict=False)) + abs(len(one) - len(other)) <= EDITS
    swapped = len(one) == len(other) == 10 and one[:4] == other[:4] and one[5:7] == other[8:]
    contained = one.startswith(other) or other.startswith(one)
    if near or swapped or contained:
        return Field("birth_date", label, *_pieces(one, other), ALIKE)
    return _whole("birth_date", one, other, label)


def _day(identity: Mapping[str, Any]) -> str:
    """Return a birth date to the precision that is known."""
    day = identity["birth_date"]
    if day is None:
        return ""
    return str(day) if identity["birth_date_precision"] in (None, "day") else str(day)[:4]


def _documents(left: Mapping[str, Any], right: Mapping[str, Any], labels: Labels) -> list[Field]:
    """Return a line for each document. Numbers of one kind can differ; numbers of two kinds say nothing."""
    fields = []
    ones, others = (_numbers(side, labels) for side in (left, right))
    for place in range(max(len(ones), len(others))):
        one = ones[place] if place < len(ones) else None
        other = others[place] if place < len(others) else None
        label = labels.column("document_number") + (f" {place + 1}" if place else "")
        fields.append(
            _document(label, place, one, other, {n for _, n, _ in ones} & {n for _, n, _ in others})
        )
    return fields


Document = tuple[str, str, str]


def _numbers(identity: Mapping[str, Any], labels: Labels) -> list[Document]:
    found = []
    for start in ("document", "document_2"):
        number = identity[f"{start}_number"]
        if number:
            kind = labels.value("document_kind_code", identity[f"{start}_kind_code"])
            found.append((kind, str(number), identity[f"{start}_issuer_code"] or ""))
    return found


def _document(label: str, place: int, one: Document | None, other: Document | None, both: set[str]) -> Field:
    name = f"document_{place + 1}"
    if one is None or other is None:
        present = one or other
        sign = EQUAL if present and present[1] in both else MISSING
        return Field(name, label, _plain(one), _plain(other), sign)
    if one[1] == other[1] or {one[1], other[1]} & both:
        return Field(name, label, _plain(one), _plain(other), EQUAL)
    if _alike(one[1], other[1]) and (one[0] == other[0] or not (one[0] and other[0])):
        left, right = _pieces(one[1], other[1])
        return Field(name, label, (*left, _tail(one)), (*right, _tail(other)), ALIKE)
    if one[0] != other[0]:
        return Field(name, label, _plain(one), _plain(other), INCOMPARABLE)
    return Field(
        name, label, (Piece(one[1], True), _tail(one)), (Piece(other[1], True), _tail(other)), DIFFERENT
    )


def _plain(document: Document | None) -> tuple[Piece, ...]:
    return () if document is None else (Piece(document[1]), _tail(document))


def _tail(document: Document) -> Piece:
    said = ", ".join(part for part in (document[0], document[2]) if part)
    return Piece(f"  ({said})" if said else "")


def _whole(name: str, one: str, other: str, label: str) -> Field:
    """Return a line whose values are equal or differ as a whole."""
    sign = MISSING if not one or not other else EQUAL if one == other else DIFFERENT
    left, right = ((Piece(text, sign == DIFFERENT),) if text else () for text in (one, other))
    return Field(name, label, left, right, sign)


def _pieces(one: str, other: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Return both texts in pieces: what they share, and what each has by itself."""
    blocks = SequenceMatcher(a=one, b=other, autojunk=False).get_opcodes()
    left = [Piece(one[a:b], kind != "equal") for kind, a, b, _, _ in blocks if b > a]
    right = [Piece(other[a:b], kind != "equal") for kind, _, _, a, b in blocks if b > a]
    return tuple(left), tuple(right)

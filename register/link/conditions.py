"""When a pair is at a level of a comparison: the conditions, in DuckDB's SQL.

``_l`` and ``_r`` are what Splink adds to the columns of the two sides of a pair.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from register.engine import literal
from register.link.rules import Compare, Level

DIALECT = "duckdb"

#: The kind, number and issuer of each document an identity may show.
SLOTS = (
    ("document_kind_code", "document_number", "document_issuer_code"),
    ("document_2_kind_code", "document_2_number", "document_2_issuer_code"),
)


#: A typing error is seen in document numbers of so many signs. One edit leaves at least so many at an end as they were.
SHORTEST, KEPT_BY_EDIT = 5, 2


def _either(left: str, right: str) -> str:
    return f"({left}_l = {right}_r or {right}_l = {left}_r)"


def _only_if(cheap: str, dear: str) -> str:
    """Return a condition whose dear part is computed only where the cheap part holds: ``and`` computes both."""
    return f"case when {cheap} then {dear} else false end"


def _one_edit(left: str, right: str) -> str:
    """Return the condition that one text becomes the other by one letter more, less or other, or two exchanged.

    The distance that knows of exchanges is dear, and only two letters in other places ask for it. Where one text is
    longer, the half before the edit or the half behind it is left as it was: cheap to see, and it spares most pairs.
    """
    other = _nearly_equal(f"hamming({left}, {right})", f"damerau_levenshtein({left}, {right}) = 1")
    alike = f"case when {left} = {right} then true else {other} end"  # what is empty has no distance
    half = f"(least(length({left}), length({right})) - 1) // 2"
    ends = f"starts_with({left}, left({right}, {half})) or ends_with({left}, right({right}, {half}))"
    longer = _only_if(ends, f"levenshtein({left}, {right}) = 1")
    return f"coalesce(case abs(strlen({left}) - strlen({right})) when 0 then {alike} when 1 then {longer} end, false)"


def _nearly_equal(apart: str, exchanged: str) -> str:
    """Return the condition that texts of one length are one edit apart, by the number of places where they differ."""
    return _only_if(f"{apart} <= 2", f"case when {apart} < 2 then true else {exchanged} end")


def _null(compare: Compare) -> str:
    return f"{compare.concept}_l is null or {compare.concept}_r is null"


def phonetic_key(compare: Compare) -> str:
    """Return the column that holds the phonetic key of a text."""
    return str(compare.columns.get("key", f"{compare.concept}_key"))


def _text(compare: Compare, level: Level) -> str:
    """Conditions on names and other text."""
    own, other = compare.concept, level.column
    left, right = f"{own}_l", f"{own}_r"
    match level.word:
        case "exact":
            return f"{left} = {right}"
        case "swapped_with_":
            return _either(own, str(other))
        case "joined_with_":
            one, two = (f"replace({side}, ' ', '')" for side in (left, right))
            both = [f"replace({own}_{side} || {other}_{side}, ' ', '')" for side in "lr"]
            alike = f"coalesce({one} = {two} or {both[0]} = {two} or {both[1]} = {one}, false)"
            return _only_if(f"unicode({left}) = unicode({right})", alike)  # cheap: they begin alike
        case "rearranged":
            sides = [[f"{column}_{side}" for column in compare.columns["whole"]] for side in "lr"]
            whole = [f"concat_ws(' ', {', '.join(side)})" for side in sides]
            words = [f"list_sort(string_split({text}, ' '))" for text in whole]
            # The same words are as many bytes, and each of them is somewhere on the other side.
            size = [" + ".join(f"coalesce(strlen({one}) + 1, 0)" for one in side) for side in sides]
            first = left if own in compare.columns["whole"] else whole[0]
            there = _only_if(f"{size[0]} = {size[1]}", f"contains({whole[1]}, split_part({first}, ' ', 1))")
            return _only_if(there, f"{words[0]} = {words[1]}")
        case "one_of_two":
            first, second = compare.columns["words"]
            return (
                f"{second}_l is null and {first}_l in ({first}_r, {second}_r)"
                f" or {second}_r is null and {first}_r in ({first}_l, {second}_l)"
            )
        case "shared_word":
            words = list(compare.columns["words"])
            return " or ".join(f"{one}_l = {two}_r" for one, two in product(words, words))
        case "truncated":
            return (
                f"length({left}) >= 3 and starts_with({right}, {left})"
                f" or length({right}) >= 3 and starts_with({left}, {right})"
            )
        case "initial":
            return (
                f"length({left}) = 1 and starts_with({right}, {left})"
                f" or length({right}) = 1 and starts_with({left}, {right})"
            )
        case "phonetic":
            return f"{phonetic_key(compare)}_l = {phonetic_key(compare)}_r"
        case "typo":
            return _one_edit(left, right)
        case _:
            return f"jaro_winkler_similarity({left}, {right}) >= {level.threshold}"


def _date(compare: Compare, level: Level) -> str:
    """Conditions on dates. A date known to the year only equals another of that year."""
    left, right = f"{compare.concept}_l", f"{compare.concept}_r"
    precision = compare.columns.get("precision")
    full = f"{precision}_l = 'day' and {precision}_r = 'day'" if precision else "true"
    match level.word:
        case "exact":
            return f"{left} = {right} and {full}"
        case "heaped":
            return f"{left} = {right} and {full} and month({left}) = 1 and day({left}) = 1"
        case "year_only":
            return f"not ({full}) and year({left}) = year({right})"
        case "swapped":
            return (
                f"{full} and year({left}) = year({right})"
                f" and month({left}) = day({right}) and day({left}) = month({right})"
            )
        case "typo":
            written = ", ".join(f"strftime({side}, '%Y%m%d')" for side in (left, right))
            apart = f"hamming({left}::varchar, {right}::varchar)"  # written faster, with hyphens in the same places
            eight = " and ".join(f"year({side}) between 1000 and 9999" for side in (left, right))
            # Of eight digits one edit changes one, or exchanges two: their sum stays, and with it the rest of nine.
            rest = [f"(year({side}) + month({side}) + day({side})) % 9" for side in (left, right)]
            exchanged = _only_if(" = ".join(rest), f"damerau_levenshtein({written}) = 1")
            # One digit other leaves the year or the day of the year: few pairs need be written out.
            same_day = f"month({left}) = month({right}) and day({left}) = day({right})"
            spared = f"(year({left}) = year({right}) or {same_day} or {' = '.join(rest)})"
            told = f"{full} and {eight} and not ({_heaped(compare)})"
            return _only_if(f"{told} and {spared}", _nearly_equal(apart, exchanged))
        case "same_year":
            return f"year({left}) = year({right})"
        case "same_day":
            years = ", ".join(f"year({side})::varchar" for side in (left, right))
            near = f"({_heaped(compare)}) and damerau_levenshtein({years}) > 1"
            same = f"month({left}) = month({right}) and day({left}) = day({right})"
            return f"{full} and {same} and not ({near})"
        case _:
            return f"{full} and abs({left} - {right}) <= {level.threshold:g}"


def _heaped(compare: Compare) -> str:
    """Return the condition that two dates are both the first of January, where that is known to tell little.

    It is what an office writes where it knows the year: all that such dates tell is how near their years are.
    """
    if not any(level.word == "heaped" for level in compare.levels):
        return "false"
    sides = (f"month({compare.concept}_{side}) = 1 and day({compare.concept}_{side}) = 1" for side in "lr")
    return " and ".join(sides)


def document_slots(compare: Compare) -> tuple[tuple[str, str, str], ...]:
    """Return the columns of each document that a comparison of documents reads."""
    given = compare.columns.get("slots")
    return tuple(tuple(slot) for slot in given) if given else SLOTS


def _document(compare: Compare, level: Level) -> str:
    """Conditions on documents: any that one shows against any that the other shows."""
    permanent = ", ".join(literal(kind) for kind in compare.columns.get("permanent", ["national_id"]))
    pairs = list(product(document_slots(compare), repeat=2))
    terms = []
    for (kind_l, number_l, issuer_l), (kind_r, number_r, issuer_r) in pairs:
        left, right = f"{number_l}_l", f"{number_r}_r"
        same_kind = f"{kind_l}_l = {kind_r}_r"
        match level.word:
            case "equal":
                terms.append(f"{left} = {right}")
            case "typo":
                there = f"{left} is not null and {right} is not null and coalesce({same_kind}, true)"
                long = f"length({left}) >= {SHORTEST} and length({right}) >= {SHORTEST}"
                terms.append(_only_if(f"{there} and {long}", _one_edit(left, right)))
            case "different":
                terms.append(
                    f"({same_kind} and {kind_l}_l in ({permanent})"
                    f" and coalesce({issuer_l}_l = {issuer_r}_r, true) and {left} <> {right})"
                )
            case _:
                terms.append(f"({same_kind} and {kind_l}_l not in ({permanent}) and {left} <> {right})")
    return " or ".join(terms)


def _category(compare: Compare, level: Level) -> str:
    """Conditions on codes."""
    match level.word:
        case "same_":
            return f"{level.column}_l = {level.column}_r"
        case "as_":
            return _either(compare.concept, str(level.column))
        case _:
            return f"{compare.concept}_l = {compare.concept}_r"


def _number(compare: Compare, level: Level) -> str:
    left, right = f"{compare.concept}_l", f"{compare.concept}_r"
    return f"{left} = {right}" if level.word == "exact" else f"abs({left} - {right}) <= {level.threshold:g}"


def _sql(_: Compare, level: Level) -> str:
    return level.sql[DIALECT]


#: For each kind of comparison: when nothing can be said, and the condition of a level.
BY: dict[str, tuple[Callable[[Compare], str], Callable[[Compare, Level], str]]] = {
    "name": (_null, _text),
    "text": (_null, _text),
    "date": (_null, _date),
    "document": (_null, _document),
    "category": (_null, _category),
    "exact": (_null, _category),
    "number": (_null, _number),
    "sql": (_null, _sql),
}

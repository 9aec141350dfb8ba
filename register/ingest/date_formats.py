"""Turns the date formats that a declaration names into patterns, those of partial dates too."""

from __future__ import annotations

import re
from collections.abc import Sequence

EXCEL = "excel"
"""The format of a spreadsheet's serial day number: 1 is 31 December 1899."""

EPOCH = r"epoch(?P<zone>[+-][0-9]{2}:[0-9]{2})?"
"""The format of seconds, or thousandths of them, since 1970 in universal time; with a zone, read in its local time."""

_UNKNOWN_PART = r"XX|xx|--|__|\?\?|\*\*"
_PATTERNS = {
    "d": rf"(?P<d>[0-9]{{1,2}}|{_UNKNOWN_PART})",
    "m": rf"(?P<m>[0-9]{{1,2}}|{_UNKNOWN_PART})",
    "j": r"(?P<j>[0-9]{3})",
    "Y": r"(?P<Y>[0-9]{4})",
    "y": r"(?P<y>[0-9]{2})",
    "b": r"(?P<b>\p{L}{3})\p{L}*\.?",
    "B": r"(?P<b>\p{L}{3})\p{L}*\.?",
    "H": r"(?P<H>[0-9]{1,2})",
    "I": r"(?P<H>[0-9]{1,2})",
    "M": r"(?P<M>[0-9]{2})",
    "S": r"(?P<S>[0-9]{2})(?:[.,][0-9]+)?",
    "f": r"[0-9]+",
    "A": r"\p{L}+\.?",
    "a": r"\p{L}+\.?",
    "p": r"(?P<p>[AaPp])\.?\s?[Mm]\.?",
    "z": r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)",
    "%": "%",
}
_TIME_LEFT_OVER = r"(?:[ T]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"


_SHORT = {
    "%e": "%d",
    "%k": "%H",
    "%l": "%I",
    "%h": "%b",
    "%F": "%Y-%m-%d",
    "%T": "%H:%M:%S",
    "%R": "%H:%M",
    "%D": "%m/%d/%y",
}
# How spreadsheets and databases write formats, the longer first.
_SPELT = (
    *(
        ("yyyy", "%Y"),
        ("aaaa", "%Y"),
        ("yy", "%y"),
        ("aa", "%y"),
        ("mmmm", "%B"),
        ("mmm", "%b"),
        ("ddd", "%j"),
    ),
    *(("dd", "%d"), ("hh24", "%H"), ("hh", "%H"), (":mm", ":%M"), ("mi", "%M"), ("mm", "%m"), ("ss", "%S")),
)


def whole_format(format_: str) -> str:
    """Return a format without the directives that stand for others: ``%F`` is ``%Y-%m-%d``, ``%-d`` is ``%d``."""
    return re.sub("%.", lambda found: _SHORT.get(found[0], found[0]), format_.replace("%-", "%"))


def spelt_format(format_: str) -> str:
    """Return what a format written as "dd/mm/yyyy" means, or one that confuses months and minutes; empty if none."""
    if "%" in format_:
        with_minutes = re.sub("%m(?!.*%m)", "%M", format_) if "%H" in format_ else ""
        tried = (format_.replace("%M", "%m"), with_minutes, format_.replace("%D", "%d").replace("%M", "%m"))
        return next((form for form in tried if form not in ("", format_) and _is_whole(form)), "")
    meant = format_.lower()
    for letters, directive in _SPELT:
        meant = meant.replace(letters, directive)
    return meant if not check_date_format(meant) else ""


def _is_whole(format_: str) -> bool:
    meant = whole_format(format_)
    return check_date_format(meant) is None and repeated_part(meant) is None


def is_count(format_: str) -> bool:
    """Say whether a format is a number that counts days or seconds, and no text with parts."""
    return format_ == EXCEL or re.fullmatch(EPOCH, format_) is not None


def check_date_format(format_: str) -> str | None:
    """Return what is wrong with a declared format, or null: for the checks of declarations."""
    if is_count(format_):
        return None
    directives = re.findall("%(.)", format_)
    unknown = [directive for directive in directives if directive not in _PATTERNS]
    if unknown:
        return f"%{unknown[0]}"
    if not {"Y", "y"} & set(directives):
        return "%Y"
    # Minutes where months are meant, and days of no month, would leave every date unread.
    if "M" in directives and not {"H", "I"} & set(directives):
        return "%H"
    if "d" in directives and not {"m", "b", "B"} & set(directives):
        return "%m"
    return None


def repeated_part(format_: str) -> str | None:
    """Return a directive that a format names twice, null if there is none."""
    same = {"B": "b", "I": "H"}
    parts = [same.get(part, part) for part in re.findall("%(.)", format_) if part not in "faAz%"]
    return next((f"%{part}" for part in parts if parts.count(part) > 1), None)


def patterns(formats: Sequence[str], *, partial: bool) -> list[tuple[str, bool]]:
    """Return what to try: each format as a pattern, then what it becomes without day, and without month.

    A format that is a count is returned as it is, and told.
    """
    shorter: list[str] = []
    for format_ in formats:
        if partial and "%Y" in format_ and not is_count(format_):
            month_form = _without(_tokens(_date_part(format_)), ("%d",))
            shorter += ["".join(month_form), "".join(_without(month_form, ("%m", "%b", "%B")))]
    unique = dict.fromkeys([*formats, *shorter])
    return [(format_, True) if is_count(format_) else (_pattern(format_), False) for format_ in unique]


def _tokens(format_: str) -> list[str]:
    """Divide a format into directives and what stands between them."""
    return re.findall("%.|[^%]+", format_)


def _without(tokens: list[str], dropped: tuple[str, ...]) -> list[str]:
    """Leave a directive out, and the separator that goes with it."""
    places = [place for place, token in enumerate(tokens) if token in dropped]
    if not places:
        return tokens
    place = places[0]
    before = place > 0 and not tokens[place - 1].startswith("%")
    after = place == 0 and len(tokens) > 1 and not tokens[1].startswith("%")
    return tokens[: place - before] + tokens[place + 1 + after :]


def _date_part(format_: str) -> str:
    """Return a format up to its first directive of time."""
    return re.split(r"[ T]*%[HIMSfpz]", format_, maxsplit=1)[0]


def _pattern(format_: str) -> str:
    """Turn a format into a pattern; its time may be missing from a value, or be there unasked."""
    date_part = _date_part(format_)
    time_part = format_[len(date_part) :]
    packed = re.search(r"%[dmYy]%[dmYy]", date_part) is not None

    def translate(piece: str) -> str:
        out = []
        for token in _tokens(piece):
            if not token.startswith("%"):
                out.append(re.escape(token).replace(r"\ ", r"\s*"))
                continue
            if token[1] not in _PATTERNS:
                raise ValueError(f"unknown directive {token!r} in date format {format_!r}")
            pattern = _PATTERNS[token[1]]
            out.append(pattern.replace("{1,2}", "{2}") if packed and token in ("%d", "%m") else pattern)
        return "".join(out)

    time = f"(?:{translate(time_part)})?" if time_part else _TIME_LEFT_OVER
    return f"^{translate(date_part)}{time}$"

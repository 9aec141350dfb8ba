"""Standardise document numbers: one writing per number, variants to compare by, doubts as flags."""

from __future__ import annotations

import polars as pl

from register.ingest.check_digits import NATIONAL_ID_RULES

DOCUMENT_FLAGS: tuple[str, ...] = (
    *("document_placeholder", "document_damaged", "document_prefix", "document_short", "document_no_digits"),
    "document_check_failed",
)
"""What can be said about a document number; `document_flags` holds some of these, joined by ";"."""

NATIONAL_ID = "national_id"

_PLACEHOLDERS: tuple[str, ...] = (
    *("SN", "NA", "ND", "NN", "NR", "NT", "NI", "NP", "SD", "SI", "NO", "NULL", "NULO", "NONE", "NAN", "X"),
    *("NOTIENE", "NOPORTA", "NOREGISTRA", "NOAPLICA", "NOPRESENTA", "NOINFORMA", "NOREPORTA", "NOPOSEE"),
    *("NODISPONIBLE", "NOESPECIFICADO", "SINDOCUMENTO", "SINDOCUMENTOS", "SINNUMERO", "SINDATO", "SINDATOS"),
    *("SININFORMACION", "SINIDENTIFICACION", "SINIDENTIFICAR", "SINPASAPORTE", "INDOCUMENTADO"),
    *(
        "INDOCUMENTADA",
        "DESCONOCIDO",
        "DESCONOCIDA",
        "NINGUNO",
        "NINGUNA",
        "PENDIENTE",
        "ENTRAMITE",
        "UNKNOWN",
    ),
    *("NOTAVAILABLE", "MENORDEEDAD", "MENORSINIDENTIFICACION", "ADULTOSINIDENTIFICACION", "PERDIDO"),
    *("EXTRAVIADO", "VENCIDO", "123456", "1234567", "12345678", "123456789", "1234567890", "0123456789"),
)
#: A number that lost its last figures to an exponent: nobody can tell what it was.
DAMAGED = r"^[0-9][.,][0-9]+[Ee]\+?[0-9]{1,2}$"
_ONE_CHARACTER_OVER_AND_OVER = "^(?:0+|X{2,}|" + "|".join(f"{digit}{{4,}}" for digit in "123456789") + ")$"
# The kind written before the number, set off by a sign or a space: "C.C. 1.234", "PAS: AB123".
_PREFIX = (
    r"^(?:C\.?\s?C|C\.?\s?E|T\.?\s?I|R\.?\s?C|C\.?\s?I|D\.?\s?N\.?\s?I|PAS(?:AP(?:ORTE)?)?|PASSPORT|PPT|PEP|PTP|"
    r"NUIP|NIT|RUT|RUN|CPF|RG|CURP|DOC(?:UMENTO)?|CEDULA|NUMERO|NRO|NUM|N[º°]|NO)[.:#\s\-]+([A-Z]{0,3}[\s\-]?[0-9])"
)
# Look-alikes, folded to figures for comparison only.
_CONFUSED = {"O": "0", "Q": "0", "I": "1", "L": "1", "S": "5", "B": "8", "Z": "2", "G": "6"}


def standardise_documents(raw: pl.DataFrame) -> pl.DataFrame:
    """Standardise distinct documents.

    Parameters
    ----------
    raw
        Grain: one distinct document. Columns: kind (code of the list document_kind, or null), number
        (text as in the extract) and issuer (ISO 3166-1 alpha-3, or null). Further columns are kept.

    Returns
    -------
    pl.DataFrame
        The input, in its order, with document_number (upper case, letters and figures only, leading
        zeros kept; null when absent or a placeholder), document_confusion_key (look-alike letters as
        figures: O/0, I/1, S/5, B/8, Z/2; for comparison, never a correction), document_bare_key (the
        same without leading zeros, which spreadsheets drop, and without the prefix letter of a
        Venezuelan identity card), document_check (true, false, or null where the issuer has no rule for
        it) and document_flags (codes of :data:`DOCUMENT_FLAGS` joined by ";", or null).
    """
    distinct = raw.select("kind", "number", "issuer").cast(pl.String).unique()
    text = (
        pl.col("number")
        .str.normalize("NFKD")
        .str.replace_all(r"\p{M}", "")
        .str.to_uppercase()
        .str.strip_chars()
    )
    distinct = distinct.with_columns(_text=text)
    distinct = distinct.with_columns(_own=pl.col("_text").str.replace(_PREFIX, "${1}"))
    # A spreadsheet made a decimal of the number, or lost its last figures to an exponent.
    whole = pl.col("_own").str.replace(r"^([0-9]{4,})[.,]00?$", "${1}")
    distinct = distinct.with_columns(
        _number=whole.str.replace_all("[^A-Z0-9]", ""),
        _damaged=pl.col("_own").str.contains(DAMAGED),
    )
    number = pl.col("_number")
    placeholder = (pl.col("_text") != "") & (
        (number == "") | number.is_in(_PLACEHOLDERS) | number.str.contains(_ONE_CHARACTER_OVER_AND_OVER)
    )
    absent = (number == "") | placeholder | pl.col("_damaged")
    distinct = distinct.with_columns(
        document_number=pl.when(~absent).then(number), _placeholder=placeholder & ~pl.col("_damaged")
    )
    number = pl.col("document_number")
    distinct = distinct.with_columns(
        document_confusion_key=_unconfused(number), document_bare_key=_bare_key()
    )
    distinct = _with_check(distinct)
    flags = {
        "document_placeholder": pl.col("_placeholder"),
        "document_damaged": pl.col("_damaged"),
        "document_prefix": number.is_not_null() & (pl.col("_own") != pl.col("_text")),
        "document_short": number.str.len_chars() < 4,
        "document_no_digits": ~number.str.contains("[0-9]"),
        "document_check_failed": ~pl.col("document_check"),
    }
    joined = pl.concat_str(
        (pl.when(condition).then(pl.lit(flag)) for flag, condition in flags.items()),
        separator=";",
        ignore_nulls=True,
    )
    distinct = distinct.with_columns(document_flags=joined.replace("", None)).select(
        *("kind", "number", "issuer", "document_number", "document_confusion_key", "document_bare_key"),
        *("document_check", "document_flags"),
    )
    return raw.with_columns(pl.col("kind", "number", "issuer").cast(pl.String)).join(
        distinct, on=["kind", "number", "issuer"], how="left", nulls_equal=True, maintain_order="left"
    )


def read_documents(raw: pl.DataFrame) -> pl.DataFrame:
    """Return document_number and document_bare_key of each row, in order: `standardise_documents` for ingest.

    Nearly every number is plain letters and figures and needs no mending; the others are standardised.

    Parameters
    ----------
    raw
        Grain: one document, not necessarily distinct. Columns kind, number and issuer, as in `standardise_documents`.
    """
    number = pl.col("number")
    is_plain = number.str.contains("^[A-Z0-9]{4,}$") & ~number.is_in(_PLACEHOLDERS)
    is_plain &= ~number.str.contains(_ONE_CHARACTER_OVER_AND_OVER)
    work = raw.with_columns(document_number=number, _plain=is_plain.fill_null(number.is_null()))
    plain = work.with_columns(document_bare_key=_bare_key()).select("document_number", "document_bare_key")
    if work["_plain"].all():
        return plain
    others = standardise_documents(raw.filter(~work["_plain"])).select(plain.columns)
    place = (
        pl.when("_plain").then(pl.int_range(pl.len())).otherwise((~pl.col("_plain")).cum_sum() + pl.len() - 1)
    )
    return pl.concat([plain, others])[work.select(place).to_series()]


def _unconfused(number: pl.Expr) -> pl.Expr:
    """Return look-alike letters as figures."""
    return number.str.replace_many(list(_CONFUSED), list(_CONFUSED.values()))


def _bare_key() -> pl.Expr:
    """Return document_number without look-alikes, leading zeros and the letter of a Venezuelan identity card."""
    number = pl.col("document_number")
    is_venezuelan = (pl.col("issuer") == "VEN") & (pl.col("kind") == NATIONAL_ID)
    unprefixed = (
        pl.when(is_venezuelan.fill_null(False))
        .then(number.str.replace("^[VE]([0-9])", "${1}"))
        .otherwise(number)
    )
    return _unconfused(unprefixed).str.strip_chars_start("0")


def _with_check(distinct: pl.DataFrame) -> pl.DataFrame:
    """Add whether the check digit of national identity numbers holds; null without a rule."""
    is_national = (pl.col("kind") == NATIONAL_ID).fill_null(False)
    checked = [
        distinct.filter(is_national & (pl.col("issuer") == issuer)).with_columns(
            document_check=rule(pl.col("document_number"))
        )
        for issuer, rule in NATIONAL_ID_RULES.items()
    ]
    unruled = ~is_national | ~pl.col("issuer").is_in(list(NATIONAL_ID_RULES)).fill_null(False)
    rest = distinct.filter(unruled).with_columns(document_check=pl.lit(None, pl.Boolean))
    return pl.concat([rest, *checked])

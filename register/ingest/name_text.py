"""Text of names: cleaning and phonetic keys, as Polars expressions over distinct values.

Nothing here knows which word is a given name and which a surname; see
:mod:`register.ingest.names` for that.
"""

from __future__ import annotations

import string
from collections.abc import Iterable

import polars as pl

from register.ingest import name_words as words


def _mojibake() -> dict[str, str]:
    """Map UTF-8 read as Latin-1 or Windows-1252 (once, or twice) back to the letter it was."""
    repairs: dict[str, str] = {}
    for letter in "ÁÉÍÓÚÜÑÇÀÈÌÒÙÂÊÔÃÕÄËÏÖáéíóúüñçàèìòùâêôãõäëïöªº’":
        read_wrong = {letter}
        for _ in range(2):
            read_wrong = {
                text.encode("utf-8").decode(wrong)
                for text in read_wrong
                for wrong in ("latin-1", "cp1252")
                if _decodes(text.encode("utf-8"), wrong)
            }
            repairs.update(dict.fromkeys(read_wrong, letter))
    # Longest first: what was read wrong twice holds what was read wrong once.
    return dict(sorted(repairs.items(), key=lambda repair: -len(repair[0])))


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


MOJIBAKE = _mojibake()
# Letters that Unicode does not decompose, and the marks that join rather than separate.
_UNDECOMPOSED = {
    "ß": "SS", "ẞ": "SS", "Ø": "O", "Æ": "AE", "Œ": "OE", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "TH", "İ": "I",
    "Ħ": "H", "Ŋ": "N", "Ŧ": "T", "Mª": "MARIA ", "M.ª": "MARIA ", "Mº": "MARIA ",
    **dict.fromkeys("'’‘`´ʼ′ʹ\u00ad\u200b\u200d\ufeff\u0640", ""),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    # Ñ of the code pages 437 and 850, read as Latin-1.
    **dict.fromkeys("¥¤", "N"),
}  # fmt: skip
_DOUBLES = {letter * 2: letter for letter in string.ascii_uppercase}


MACHINE_READ = "([NU])XX+"


def repair_mojibake(text: pl.Expr) -> pl.Expr:
    """Undo UTF-8 read as Latin-1 or Windows-1252 ("NuÃ±ez" is "Nuñez"); other text is untouched.

    Only the exact byte pairs of Spanish, Portuguese and French letters are undone, so that a
    Portuguese "JOÃO" stays what it is.
    """
    return text.str.replace_many(list(MOJIBAKE), list(MOJIBAKE.values()), leftmost=True)


def clean(text: pl.Expr) -> pl.Expr:
    """Return upper-case ASCII words with single spaces; hyphens and commas stay, for their meaning.

    Accents are taken off (Ñ is N, and so are the signs that stand for a lost one: "MU#OZ", "MU¥OZ", "MUNXXOZ"),
    apostrophes join ("O'BRIEN" is "OBRIEN"), 0, 1, 5 and 8 among letters are O, I, S and B, other digits and signs are
    dropped. Empty text is null.
    """
    upper = repair_mojibake(text).str.to_uppercase()
    ascii_only = (
        upper.str.replace_many(list(_UNDECOMPOSED), list(_UNDECOMPOSED.values()), leftmost=True)
        .str.normalize("NFKD")
        .str.replace_all(r"\p{M}", "")
        .str.to_uppercase()
        # A lost character ("NU?EZ") leaves a gap inside a word, not two words.
        .str.replace_all(r"['?\x{FFFD}]", "")
    )
    letters = (
        ascii_only.str.replace_all(r"([A-Z])0", "${1}O")
        .str.replace_all(r"0([A-Z])", "O${1}")
        .str.replace_all(r"([A-Z])1([A-Z])", "${1}I${2}")
        # A figure that a name ends in is no letter, but for the S of ROJAS and TORRES.
        .str.replace_all(r"([AEIOU])5", "${1}S")
        .str.replace_all(r"5([A-Z])", "S${1}")
        .str.replace_all(r"8([A-Z])", "B${1}")
        .str.replace_all("[0-9]", "")
        .str.replace_all(r"([A-Z])#([A-Z])", "${1}N${2}")
        # The NXX and UXX of a machine-readable zone are Ñ and Ü.
        .str.replace_all(MACHINE_READ, "${1}")
    )
    tidy = (
        letters.str.replace_all(r"[^A-Z,\-]+", " ")
        .str.replace_all(r" *-[ \-]*", "-")
        .str.replace_all(r"[ \-]*,[ ,\-]*", ",")
        .str.strip_chars(" -")
    )
    return tidy.replace(["", ","], None)


def is_plain(text: pl.Expr) -> pl.Expr:
    """Return whether text is already as :func:`clean` would leave it, as most of an upper-case extract is."""
    return text.str.contains("^[A-Z]+(?: [A-Z]+)*$") & ~text.str.contains(MACHINE_READ)


def has_word(text: pl.Expr, vocabulary: Iterable[str]) -> pl.Expr:
    """Return whether cleaned text has one of some words or phrases as a whole word."""
    return (" " + text + " ").str.contains_any([f" {word} " for word in vocabulary])


def phonetic_key(text: pl.Expr) -> pl.Expr:
    """Return a Spanish phonetic key, word by word, particles left out; null stays null.

    The key folds what Spanish spelling confuses: b/v, s/z/c before e and i, ll/y, silent h,
    g/j before e and i, qu/k/c, x/s, ph/f, gu/hu/w before a and o, initial y/j, doubled letters,
    n before p and b; and the German ue, oe, ae that ICAO 9303 writes for ü, ö, ä. It takes text
    that :func:`clean` made. Small letters are finished codes that later steps leave alone.
    """
    particles = "|".join((*words.PARTICLES, "Y", "E"))
    bare = (" " + text.str.replace_all(r"[^A-Z]+", " ") + " ").str.replace_all(rf"\b(?:{particles})\b", "")
    # A name made of particles only ("LE", "VAN") is still a name.
    worded = pl.when(bare.str.contains("[A-Z]")).then(bare).otherwise(text)
    sounds = (
        worded.str.replace_many(
            ["PH", "TH", "SH", "CH", "CK", "QUE", "QUI", "GUE", "GUI", "GUY"],
            ["F", "T", "c", "c", "k", "kE", "kI", "gE", "gI", "gI"],
            leftmost=True,
        )
        .str.replace_all(r"\bHU([AEIO])|\bWU|GU([AO])", "w${1}${2}")
        .str.replace_all(r"\bX(I?M)|\bY([AEIOU])", "j${1}${2}")
        .str.replace_all(r"\bLL([AEIOU])", "j${1}")
        .str.replace_many(["H", "LL"], ["", "y"])
        .str.replace_many(["UE", "OE", "AE"], ["U", "O", "A"])
        .str.replace_many(["CE", "CI", "CY", "GE", "GI", "GY"], ["sE", "sI", "sI", "jE", "jI", "jI"])
        .str.replace_all(r"Y([AEIOU])", "y${1}")
        .str.replace_many(
            ["C", "Q", "K", "V", "Z", "X", "J", "Y", "W", "NP", "NB", "NV"],
            ["k", "k", "k", "B", "S", "S", "j", "I", "w", "MP", "MB", "MB"],
        )
        .str.to_uppercase()
        .str.replace_many(list(_DOUBLES), list(_DOUBLES.values()))
        .str.replace_all(" +", " ")
        .str.strip_chars()
    )
    # A name without any sound ("H") is its own key.
    return pl.coalesce(sounds.replace("", None), text)

"""The sections on blocks, weights and what cannot be linked."""

from __future__ import annotations

from collections.abc import Iterator

from register.diagnose.pieces import NEAR, Pieces
from register.locale.numbers import number
from register.page import weights
from register.page.svg import shorten
from register.page.weights import Bar
from register.release.charts import Point

#: A trained m and the observed one are far apart from this many times on, with at least so many pairs.
FAR = 3.0
FEWEST_PAIRS = 50
WIDEST = 29


def blocks(p: Pieces) -> Iterator[str]:
    """Tell what blocks cost and find, and how large their largest groups are."""
    found = p.found.blocks
    yield p.look("blocks_look")
    names = [f"{row.number}. {row.block}" for row in found]
    for key, per in (("found", 100), ("alone", 10_000)):
        points = [
            Point(shorten(name, WIDEST), per * getattr(row, key))
            for name, row in zip(names, found, strict=True)
        ]
        yield p.bars(f"blocks-{key}", p.text(key), f"{key}_about", {p.text(f"{key}_unit"): points})
    yield p.look("largest_look")
    heads = ("block", "comparisons", "finds", "only", "groups", "largest", "largest_share")
    rows = [
        [
            name,
            p.count(row.comparisons),
            p.decimal(100 * row.found, 1),
            p.decimal(100 * row.alone, 2),
            p.count(row.groups),
            " · ".join(p.count(size) for size in row.largest),
            p.decimal(100 * row.largest_share, 1),
        ]
        for name, row in zip(names, found, strict=True)
    ]
    yield p.table(p.text("blocks"), [p.text(head) for head in heads], rows)


def levels(p: Pieces) -> Iterator[str]:
    """Give the weight of every level, beside what this run's pairs say."""
    yield p.look("levels_look")
    groups: dict[str, list[Bar]] = {}
    rows = []
    for row in p.found.levels:
        concept, level = p.words.concept(row.concept), p.words.level(row.concept, row.level)
        groups.setdefault(concept, []).append(Bar(level, row.weight, is_hollow=row.is_fixed))
        seen = row.observed
        far = seen is not None and row.pairs >= FEWEST_PAIRS and not 1 / FAR < seen / row.m < FAR
        numbers = [weights.bits(row.weight, p.language), p.small(row.m), p.small(row.u)]
        observed = f"{p.small(seen)}{' ≠' if far else ''}"
        rows.append([concept, level, *numbers, observed, p.count(row.pairs)])
    svg = weights.diverging("c-levels", p.text("levels"), p.text("levels_about"), groups, p.language)
    yield p.figure(p.text("levels"), svg)
    heads = [p.text("comparison"), p.text("level"), p.text("weight"), "m", "u"]
    heads += [p.text("observed"), p.text("pairs_at")]
    yield p.table(p.text("levels"), heads, rows, 2)


def weight_bands(p: Pieces) -> Iterator[str]:
    """How the weights of pairs are distributed, near the threshold and in all."""
    found = p.found
    yield p.look("weights_look")
    marks = {
        p.text(f"threshold_{name}", value=number(value, p.language)): value
        for name, value in (("link", found.link), ("review", found.review))
    }
    series = (p.text("together"), p.text("apart"))
    near = [band for band in found.weights if found.review <= band.foot < found.link + NEAR]
    for name, bands in (("weights_near", near), ("weights_all", found.weights)):
        bins = [(float(band.foot), float(band.together), float(band.apart)) for band in bands]
        svg = weights.histogram(
            f"c-{name}", p.text(name), p.text("weights_about"), bins, series, marks,
            p.text("weight_axis"), p.language,
        )  # fmt: skip
        yield p.figure(p.text(name), svg)
    heads = [p.text("from_weight"), *series]
    rows = [[number(band.foot, p.language), p.count(band.together), p.count(band.apart)] for band in near]
    beyond = [band for band in found.weights if band.foot >= found.link + NEAR]
    sums = (sum(band.together for band in beyond), sum(band.apart for band in beyond))
    rows.append([p.band(found.link + NEAR, None), *map(p.count, sums)])
    yield p.table(p.text("weights"), heads, rows)


def unlinkables(p: Pieces) -> Iterator[str]:
    """Identities too poor to be linked."""
    yield p.look("unlinkables_look")
    points, rows = [], []
    for row in p.found.unlinkables:
        label = p.group(row.by, row.code)
        share = row.unlinkable / row.identities if row.identities else 0.0
        if row.by in ("source", "citizenship"):
            points.append(Point(label, 1000 * share))
        by = p.text(f"by_{row.by}")
        rows.append([by, label, p.count(row.identities), p.count(row.unlinkable), p.percent(share, 2)])
    yield p.bars("unlinkables", p.text("unlinkables"), "unlinkables_about", {p.text("per_thousand"): points})
    heads = [p.text(name) for name in ("kind", "group", "identities", "unlinkable", "share")]
    yield p.table(p.text("unlinkables"), heads, rows, 2)

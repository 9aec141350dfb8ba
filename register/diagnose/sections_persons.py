"""The sections on persons, on how far to trust them, and on the run before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape

from register.diagnose.pieces import NEAR, Pieces
from register.page import weights
from register.release.charts import Point


def clusters(p: Pieces) -> Iterator[str]:
    """Sizes and shapes of persons."""
    found = p.found
    yield p.look("clusters_look")
    named = [(_size(p, row.low, row.high), row.persons, row.records) for row in found.sizes if row.persons]
    points = [Point(label, persons) for label, persons, _ in named]
    yield p.bars("sizes", p.text("sizes_caption"), "clusters_about", {p.text("persons"): points})
    heads = [p.text(name) for name in ("identities", "persons", "records")]
    yield p.table(
        p.text("sizes_caption"),
        heads,
        [[label, p.count(a), p.count(b)] for label, a, b in named],
    )
    shapes = [(p.text(f"shape_{row.shape}"), row.persons, row.identities) for row in found.shapes]
    points = [Point(label, persons) for label, persons, _ in shapes]
    yield p.bars("shapes", p.text("shapes_caption"), "shapes_about", {p.text("persons"): points})
    heads = [p.text(name) for name in ("shape", "persons", "identities")]
    yield p.table(
        p.text("shapes_caption"),
        heads,
        [[label, p.count(a), p.count(b)] for label, a, b in shapes],
    )


def bridges(p: Pieces) -> Iterator[str]:
    """Bridges by weight, and the weakest."""
    yield p.look("bridges_look")
    found = [(p.band(row.low, row.high), row.bridges, row.halves) for row in p.found.bridges]
    series = {
        p.text("bridges_all"): [Point(label, many) for label, many, _ in found],
        p.text("bridges_halves"): [Point(label, halves) for label, _, halves in found],
    }
    yield p.bars("bridges", p.text("bridges"), "bridges_about", series)
    heads = [p.text(name) for name in ("weight", "bridges_all", "bridges_halves")]
    yield p.table(p.text("bridges"), heads, [[label, p.count(a), p.count(b)] for label, a, b in found])
    if p.found.weakest:
        heads = [p.text(name) for name in ("identity", "identity", "weight", "sides")]
        rows = [
            [
                row.identity_id_l,
                row.identity_id_r,
                weights.bits(row.match_weight, p.language),
                f"{row.smaller} + {row.larger}",
            ]
            for row in p.found.weakest
        ]
        yield p.table(p.text("weakest"), heads, rows, 2)
        yield f"<p>{escape(p.text('weakest_hint'))}</p>"


def conflicts(p: Pieces) -> Iterator[str]:
    """Conflicts by rule and outcome."""
    yield p.look("conflicts_look")
    if not p.found.conflicts:
        yield f"<p>{escape(p.text('none'))}</p>"
        return
    told: dict[str, list[int]] = {}
    for row in p.found.conflicts:
        counts = told.setdefault(row.rule, [0, 0, 0])
        counts[0 if row.detail == "parted" else 1] += row.many
        counts[2] += row.persons
    series = {
        p.text(name): [Point(p.words.rule(rule), counts[turn]) for rule, counts in told.items()]
        for turn, name in enumerate(("parted", "kept"))
    }
    yield p.bars("conflicts", p.text("conflicts"), "conflicts_about", series)
    heads = [p.text(name) for name in ("rule", "parted", "kept", "persons")]
    rows = [[p.words.rule(rule), *map(p.count, counts)] for rule, counts in told.items()]
    yield p.table(p.text("conflicts"), heads, rows)


def trust(p: Pieces) -> Iterator[str]:
    """Precision and recall by stratum and by group."""
    trust = p.found.trust
    yield p.look("trust_look")
    expected, reviewed = trust.expected, trust.reviewed
    line = p.text(
        "expected_line",
        precision=p.percent(expected.precision, 2),
        recall=p.percent(expected.recall, 2),
        pairs=p.count(expected.pairs),
    )
    yield f"<p>{escape(line)}</p>"
    if reviewed is None:
        line = p.text("no_review")
    else:
        shares = {
            name: p.percent(getattr(reviewed, name), 2)
            for part in ("precision", "recall")
            for name in (part, f"{part}_low", f"{part}_high")
        }
        line = p.text("reviewed_line", many=p.count(reviewed.reviewed), **shares) + " " + p.text("sampled")
    yield f"<p>{escape(line)}</p>"
    named = []
    for place, row in enumerate(trust.strata):
        after = trust.strata[place + 1 : place + 2]
        high = after[0].foot if after and after[0].is_linked == row.is_linked else None
        key = "linked_from" if row.is_linked else "apart_from"
        named.append((p.text(key, band=p.band(row.foot, high)), row))
    series = {p.text("by_model"): [Point(label, 100 * row.promised) for label, row in named]}
    if reviewed is not None:
        series[p.text("by_review")] = [
            Point(label, 100 * row.share, 100 * max(row.high - row.share, row.share - row.low))
            if row.judged
            else Point(label, 0.0)
            for label, row in named
        ]
    yield p.bars("trust", p.text("trust"), "trust_about", series)
    heads = [p.text(name) for name in ("stratum", "pairs", "by_model", "judged", "same", "by_review")]
    rows = [
        [
            label,
            p.count(row.pairs),
            p.decimal(100 * row.promised, 2),
            p.count(row.judged),
            p.count(row.same) if row.judged else "–",
            p.decimal(100 * row.share, 2) if row.judged else "–",
        ]
        for label, row in named
    ]
    yield p.table(p.text("trust"), heads, rows)
    heads = [
        *(p.text(name) for name in ("kind", "group", "pairs", "links", "precision", "recall")),
    ]
    rows = [
        [
            p.text(f"by_{row.by}"),
            p.group(row.by, row.code),
            p.count(row.pairs),
            p.count(row.links),
            p.percent(row.precision, 2),
            p.percent(row.recall, 2),
        ]
        for row in trust.groups
    ]
    yield p.table(p.text("groups_caption"), heads, rows, 2)


def figures(p: Pieces) -> Iterator[str]:
    """Put the run before beside this one."""
    found = p.found
    yield p.look("figures_look")
    if found.run_before is None:
        yield f"<p>{escape(p.text('figures_none'))}</p>"
        caption = p.text("figures")
    else:
        caption = p.text("figures_caption", before=found.run_before, now=found.run)
    if found.weights_before:
        feet = sorted({band.foot for band in (*found.weights_before, *found.weights)})
        near = [foot for foot in feet if found.review <= foot < found.link + NEAR]
        series = {}
        for name, bands in (("before", found.weights_before), ("now", found.weights)):
            told = {band.foot: band.together + band.apart for band in bands}
            series[p.text(name)] = [Point(p.band(foot, foot + 1), told.get(foot, 0)) for foot in near]
        yield p.bars("figures", caption, "figures_about", series)
    heads = [p.text(name) for name in ("figure", "before", "now", "change")]
    rows = []
    for row in found.figures:
        show = _share_or_count(p, row.name)
        change = "–"
        if row.before and row.now is not None:
            change = weights.bits(100 * (row.now / row.before - 1), p.language) + "\u00a0%"
        rows.append([p.text(f"figure_{row.name}"), show(row.before), show(row.now), change])
    yield p.table(caption, heads, rows)
    if found.changes:
        rows = [[p.text(f"change_{name}"), p.count(many)] for name, many in found.changes.items()]
        yield p.table(p.text("changes"), [p.text("kind"), p.text("persons")], rows)


def _size(p: Pieces, low: int, high: int | None) -> str:
    if high is None:
        return p.text("and_more", low=low)
    return str(low) if low == high else f"{low}–{high}"


def _share_or_count(p: Pieces, name: str) -> Callable[[float | None], str]:
    if name.startswith("expected"):
        return lambda share: p.percent(share, 2)
    if name == "identities_per_person":
        return lambda value: "–" if value is None else p.decimal(value, 2)
    return p.count

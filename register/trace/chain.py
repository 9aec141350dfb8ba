"""The strongest links that hold a person together."""

from __future__ import annotations

from collections.abc import Sequence

Link = tuple[str, str, float]


def strongest_tree(links: Sequence[Link]) -> list[Link]:
    """Return the links that a person needs, the strongest first: taken in that order, each joins what was apart.

    The maximum spanning forest (Kruskal 1956). ``links`` are those of one person, so there are few.
    """
    group: dict[str, str] = {}

    def root(name: str) -> str:
        while group.setdefault(name, name) != name:
            name = group[name]
        return name

    kept = []
    for one, other, weight in sorted(links, key=lambda link: (-link[2], link[0], link[1])):
        a, b = root(one), root(other)
        if a != b:
            group[a] = b
            kept.append((one, other, weight))
    return kept


def path(tree: Sequence[Link], start: str, end: str) -> list[Link]:
    """Return the way from one identity to another along a tree; empty if there is none.

    Of all ways it is the one whose weakest link is strongest.
    """
    ways: dict[str, list[Link]] = {start: []}
    waiting = [start]
    while waiting:
        here = waiting.pop()
        for link in tree:
            if here in link[:2]:
                there = link[1] if link[0] == here else link[0]
                if there not in ways:
                    ways[there] = [*ways[here], (here, there, link[2])]
                    waiting.append(there)
    return ways.get(end, [])

"""A map of departments, shaded by class.

The outlines stand in ``schemas/maps/<country>.geojson``; another country is another file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from register.release.charts import WIDTH, figure, number

SHADES = ("#eef2f6", "#c9d8ea", "#8fb2d9", "#4a7fbb", "#1b4f8a")
HEIGHT = 640.0


def department_map(
    name: str, title: str, description: str, path: Path, values: Mapping[str, float], labels: Mapping[str, str],
    words: Mapping[str, str], language: str,
) -> str:  # fmt: skip
    """Return the map; a department without a published value is hatched, not white."""
    features = json.loads(path.read_text("utf-8"))["features"]
    rings = [point for feature in features for ring in _rings(feature["geometry"]) for point in ring]
    west, east = min(p[0] for p in rings), max(p[0] for p in rings)
    south, north = min(p[1] for p in rings), max(p[1] for p in rings)
    # Degrees of longitude are narrower away from the equator.
    narrow = math.cos(math.radians((south + north) / 2))
    scale = min((WIDTH - 200) / ((east - west) * narrow), HEIGHT / (north - south))
    limits = class_limits(list(values.values()))
    body = [
        '<defs><pattern id="none" width="6" height="6" patternUnits="userSpaceOnUse">'
        '<path d="M0 6L6 0" stroke="#9aa5b1" stroke-width="1"/></pattern></defs>'
    ]
    outlines, empty = [], []
    for feature in features:
        code = str(feature["properties"]["code"])
        path_data = "".join(
            "M"
            + "L".join(f"{(x - west) * narrow * scale:.1f} {(north - y) * scale:.1f}" for x, y in ring)
            + "Z"
            for ring in _rings(feature["geometry"])
        )
        value = values.get(code)
        if value is None:
            empty.append(path_data)
        # Without a fill there would be nothing to point at but the outline.
        fill = (
            'none" pointer-events="all' if value is None else SHADES[sum(value > limit for limit in limits)]
        )
        text = words["none"] if value is None else number(value, language)
        outlines.append(
            f'<path d="{path_data}" fill="{fill}" stroke="#5b6773" stroke-width="0.7">'
            f"<title>{labels.get(code, code)}: {text}</title></path>"
        )
    # One hatched area: a browser that prints makes an image as large as the map of each.
    body += [f'<path d="{"".join(empty)}" fill="url(#none)"/>', *outlines]
    edges = [0.0, *limits, max(values.values(), default=0.0)]
    entries = [
        (SHADES[i], f"{number(edges[i] + 1, language)} – {number(edges[i + 1], language)}")
        for i in range(len(limits) + 1)
    ]
    for position, (fill, text) in enumerate([*entries, ("url(#none)", words["none"])]):
        y = 20 + 26 * position
        body.append(
            f'<rect x="{WIDTH - 190}" y="{y}" width="20" height="16" fill="{fill}" stroke="#5b6773"/>'
            f'<text x="{WIDTH - 162}" y="{y + 13}">{text}</text>'
        )
    return figure(name, title, description, "".join(body), (north - south) * scale + 4)


def class_limits(values: list[float]) -> list[float]:
    """Return up to four limits between classes of about equal numbers of departments."""
    ordered = sorted(set(values))
    count = min(len(SHADES), len(ordered))
    return [ordered[len(ordered) * i // count - 1] for i in range(1, count)]


def _rings(geometry: Mapping[str, Any]) -> Iterator[list[tuple[float, float]]]:
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    for polygon in polygons:
        yield from polygon

"""Where on the map a country lies, from the same shapes that the browser draws.

Reads `assets/topojson/world_110m.json` (TopoJSON: arcs of whole-number steps, scaled and moved to degrees).
Not in here: drawing (`charts.py`), and any list of countries typed by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

FILE = Path(__file__).parent / "assets" / "topojson" / "world_110m.json"
WHOLE_WORLD = 200.0
"""A region that spans more degrees of longitude than this is shown on the whole world."""

Box = tuple[float, float, float, float]


def bounds(iso3: Iterable[str], margin: float = 0.12) -> Box | None:
    """West, east, south and north in degrees around the main lands of some countries, with a margin.

    A country counts with its largest piece only, so that overseas parts do not pull the view away. None
    when no country has a shape or when they span the better part of the world.
    """
    known = _boxes()
    boxes = [known[code] for code in iso3 if code in known]
    if not boxes:
        return None
    west, east = min(box[0] for box in boxes), max(box[1] for box in boxes)
    south, north = min(box[2] for box in boxes), max(box[3] for box in boxes)
    if east - west > WHOLE_WORLD:
        return None
    wide, high = max((east - west) * margin, 2.0), max((north - south) * margin, 2.0)
    return west - wide, east + wide, max(south - high, -85.0), min(north + high, 85.0)


@lru_cache(maxsize=1)
def _boxes() -> dict[str, Box]:
    """The box around the largest piece of each country, by ISO 3166-1 alpha-3 code."""
    world = json.loads(FILE.read_text(encoding="utf-8"))
    (scale_x, scale_y), (move_x, move_y) = world["transform"]["scale"], world["transform"]["translate"]
    arcs: list[Box] = []
    for steps in world["arcs"]:
        x = y = 0
        xs, ys = [], []
        for step_x, step_y, *_ in steps:
            x, y = x + step_x, y + step_y
            xs.append(x * scale_x + move_x)
            ys.append(y * scale_y + move_y)
        arcs.append((min(xs), max(xs), min(ys), max(ys)))
    boxes = {}
    for country in world["objects"]["countries"]["geometries"]:
        if country.get("id") is None or country["type"] not in ("Polygon", "MultiPolygon"):
            continue
        pieces = country["arcs"] if country["type"] == "MultiPolygon" else [country["arcs"]]
        outlines = [piece[0] for piece in pieces if piece]
        around = [_join([arcs[index if index >= 0 else ~index] for index in outline]) for outline in outlines]
        boxes[country["id"]] = max(around, key=lambda box: (box[1] - box[0]) * (box[3] - box[2]))
    return boxes


def _join(boxes: list[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        max(box[1] for box in boxes),
        min(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )

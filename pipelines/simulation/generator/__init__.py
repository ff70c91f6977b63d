"""A seeded, invented community with planted truths: the same seed gives the same world, byte for byte.

    people    who there is, where, since when, under which names in which system
    scale     how many, how long, how lively
    sumo  knowledge  pontoon  bugzilla  reps  discourse    what they do there, as native records
    kept      the files that its people keep
    bulk      larger communities, made a month at a time as columns
    truth     what the numbers must come to: written while acts are made, never derived from records

Everything is drawn from numpy Generators, one a system, so that a change in one leaves the others as they
were. Names are syllables; addresses lie in reserved domains, staff log-ins under mozilla.com have invented
local parts. Sizes and rates are parameters of `Scale`; how an interface looks is told in `servers`.
"""

from __future__ import annotations

from pipelines.simulation.generator.build import build, generate
from pipelines.simulation.generator.scale import SCALES, Scale
from pipelines.simulation.generator.truth import Truth, write_truth

__all__ = ["SCALES", "Scale", "Truth", "build", "generate", "write_truth"]

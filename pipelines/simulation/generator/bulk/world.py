"""A community made in bulk as native records, to be served: the same columns that become a lake, as rows.

A record takes some kilobytes: `medium` needs about 6 GB in memory, so `mozilla` goes to a lake alone.
"""

from __future__ import annotations

from pipelines.simulation.generator.bulk import bugzilla, keeping, pontoon, reps, sumo, truth
from pipelines.simulation.generator.bulk.crowd import make_crowd
from pipelines.simulation.generator.bulk.size import Size
from pipelines.simulation.generator.truth import Truth
from pipelines.simulation.world import DiscourseWorld, RepsWorld, SumoWorld, World
from pipelines.sources import SOURCES


def build(size: Size, seed: int) -> tuple[World, Truth]:
    """The whole community and what is true in it."""
    crowd = make_crowd(size, seed)
    made = truth.drawn(crowd)
    found = truth.noted(crowd, made)
    people = truth.people_tables(crowd)
    pairs = [sumo.records(crowd, month) for month in made.sumo]
    world = World(
        name=f"{size.name} seed {seed}",
        since={source: size.begins(SOURCES[source].opened_on) for source in crowd.accounts},
        now=dict.fromkeys(crowd.accounts, size.clock),
        bugzilla=[record for month in made.bugzilla for record in bugzilla.records(crowd, month)],
        pontoon=pontoon.world(crowd, made.pontoon),
        sumo=SumoWorld(
            questions=[record for questions, _ in pairs for record in questions],
            answers=[record for _, answers in pairs for record in answers],
            users=sumo.profile_records(crowd, made.sumo),
        ),
        reps=RepsWorld(
            people=reps.people(crowd),
            events=[record for month in made.reps for record in month.events],
            activities=[record for month in made.reps for record in month.activities],
        ),
        discourse=DiscourseWorld(
            topics=[record for month in made.discourse for record in month.topics],
            posts=[record for month in made.discourse for record in month.posts],
        ),
    )
    events = [keeping.event_of(record) for record in world.reps.events]
    files, planted = keeping.keep(crowd, {**people, **found}, events)
    world.kept.update(files)
    return world, Truth(people=people["people"], accounts=people["accounts"], **found, kept=planted)

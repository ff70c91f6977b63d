"""One community from a scale and a seed: everybody first, then each system, then the truth."""

from __future__ import annotations

from dataclasses import replace

from pipelines.simulation.generator import bugzilla, discourse, people, pontoon, reps, sumo
from pipelines.simulation.generator.scale import SCALES, Scale
from pipelines.simulation.generator.truth import Ledger, Truth
from pipelines.simulation.world import SOURCES, World


def generate(scale: str = "small", seed: int = 1) -> tuple[World, Truth]:
    """The community of this size and seed, and what is true in it.

    Raises ValueError for a size there is not, or a negative seed.
    """
    if scale not in SCALES:
        raise ValueError(f"There is no scale '{scale}'; there is {', '.join(SCALES)}.")
    if seed < 0:
        raise ValueError(f"The seed {seed} is negative.")
    return build(SCALES[scale], seed)


def build(scale: Scale, seed: int) -> tuple[World, Truth]:
    """The same for a scale of one's own (tests use smaller ones)."""
    ledger = Ledger(until=scale.now)
    declared: dict[int, str] = {}
    roster = people.make_people(scale, seed)
    world = World(
        name=f"{scale.name} seed {seed}",
        since=dict.fromkeys(SOURCES, scale.since),
        now=dict.fromkeys(SOURCES, scale.clock),
        bugzilla=bugzilla.make(scale, seed, roster, ledger),
        pontoon=pontoon.make(scale, seed, roster, ledger),
        sumo=sumo.make(scale, seed, roster, ledger, declared),
        reps=reps.make(scale, seed, roster, ledger, declared),
        discourse=discourse.make(scale, seed, roster),
    )
    shown = reps.visible(roster, scale)
    roster.accounts = [
        replace(account, is_visible=account.number in shown) if account.source == "reps" else account
        for account in roster.accounts
    ]
    people.note_people(roster, ledger, declared)
    return world, ledger.finished()

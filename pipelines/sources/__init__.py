"""What each system offers and how it may be asked. Pure: no Dagster, no lake, no environment in here."""

from pipelines.sources import bugzilla, curated, discourse, pontoon, reps, sumo, survey
from pipelines.sources.spec import Source

SOURCES: dict[str, Source] = {
    module.SOURCE.name: module.SOURCE
    for module in (bugzilla, pontoon, sumo, reps, discourse, curated, survey)
}
"""Every source by name. Add one: its module, and its name in the line above."""

SYSTEMS: dict[str, Source] = {name: source for name, source in SOURCES.items() if source.kept is None}
"""Those that are asked over the network; the others are files that people keep."""

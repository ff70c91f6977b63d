"""The data folder's lock as a resource that every step asks for: Dagster holds it as long as a run works.

Runs of Dagster work side by side; `mdm run`, `build`, `forget` and `compact` work alone.
"""

from collections.abc import Iterator

import dagster as dg

from pipelines import run, settings

FOLDER = "folder"


@dg.resource(description="The lock of MDM_DATA: nobody works there alone meanwhile")
def folder(_context: dg.InitResourceContext) -> Iterator[None]:
    """Taken before the first step of a run in one process; freed after its last, or when it is killed."""
    with run.one_of_many(settings.data_dir()):
        yield

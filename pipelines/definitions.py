"""Entry point of Dagster: everything in `defs/`, and the main job run in this process.

Not in here: any asset or job of its own.
"""

from __future__ import annotations

import dagster as dg

from pipelines import settings
from pipelines.defs import compaction, folder, identity, ingest, publication, schedules, transform
from pipelines.sources import SOURCES

defs = dg.Definitions(
    assets=[
        *ingest.landings,
        identity.identity_links,
        identity.identity_snapshot,
        transform.models,
        publication.published,
    ],
    jobs=[
        *ingest.jobs,
        schedules.main,
        schedules.nightly,
        schedules.rebuild,
        schedules.check_archives,
        compaction.compact,
    ],
    schedules=[schedules.every_night, schedules.every_quarter, schedules.every_month],
    resources={folder.FOLDER: folder.folder, folder.FOLDER_ALONE: folder.folder_alone},
    executor=dg.in_process_executor,  # a run holds the folder's lock from its first step to its last
)


def execute_main(since: str | None, until: str | None) -> list[str]:
    """Run the main job here and now, kept in the instance of DAGSTER_HOME.

    Returns why it failed, a sentence a step; [] when it published. Raises SettingRefused.
    """
    asked = {"config": {"since": since, "until": until}}
    instance = _instance()
    done = defs.resolve_job_def("main").execute_in_process(
        instance=instance,
        run_config={
            "ops": {f"{name}_landing": asked for name in SOURCES},
            "loggers": {"console": {"config": {"log_level": "WARNING"}}},
        },
        raise_on_error=False,
    )
    return folder.failures(instance, done.run_id)


def _instance() -> dg.DagsterInstance:
    """The instance of DAGSTER_HOME. Raises SettingRefused where what an operator wrote there does not work.

    Of the error its kind alone is told: its words may repeat a password.
    """
    try:
        return dg.DagsterInstance.get()
    except Exception as error:  # every storage and launcher raises its own
        path = settings.data_dir() / "dagster" / "dagster.yaml"
        raise settings.SettingRefused(
            f"{path} does not work ({type(error).__name__}): mend it, or move it away and mdm writes its own."
        ) from None

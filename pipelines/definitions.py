"""Entry point of Dagster: everything in `defs/`, and the main job run in this process.

Not in here: any asset or job of its own.
"""

from __future__ import annotations

import dagster as dg

from pipelines.defs import folder, identity, ingest, publication, schedules, transform
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
    ],
    schedules=[schedules.every_night, schedules.every_quarter],
    resources={folder.FOLDER: folder.folder},
    executor=dg.in_process_executor,
)


def execute_main(since: str | None, until: str | None) -> list[str]:
    """Run the main job here and now, kept in the instance of DAGSTER_HOME.

    Returns why it failed, a sentence a step; [] when it published.
    """
    asked = {"config": {"since": since, "until": until}}
    done = defs.resolve_job_def("main").execute_in_process(
        instance=dg.DagsterInstance.get(),
        run_config={
            "ops": {f"{name}_landing": asked for name in SOURCES},
            "loggers": {"console": {"config": {"log_level": "WARNING"}}},
        },
        raise_on_error=False,
    )
    refused = [
        f"{check.check_name}: {check.description}"
        for check in done.get_asset_check_evaluations()
        if not check.passed and check.blocking
    ]
    failed = [
        f"{event.step_key}: {_cause(event.step_failure_data.error)}"
        for event in done.get_step_failure_events()
        if event.step_failure_data.error is not None
    ]
    return refused or failed


def _cause(error: object) -> str:
    """The innermost error of a failed step, on one line."""
    while getattr(error, "cause", None) is not None:
        error = error.cause  # type: ignore[attr-defined]
    sentence = " ".join(str(getattr(error, "message", error)).split())
    return sentence.removeprefix("dagster._core.definitions.events.Failure: ")

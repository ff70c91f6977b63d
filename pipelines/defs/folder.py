"""The data folder's lock, and the note of how a run went, as resources of which every step asks for one.

Runs of Dagster work side by side; `mdm run`, `build`, `publish`, `forget`, `compact` and other commands that
write work alone. What became of a run is noted here, whoever started it, so that `mdm status` tells it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from pipelines import records, run, settings

FOLDER = "folder"
FOLDER_ALONE = "folder_alone"


@dg.resource(description="The lock of MDM_DATA: nobody works there alone meanwhile")
def folder(context: dg.InitResourceContext) -> Iterator[None]:
    """Taken before the first step of a run in one process; freed after its last, or when it is killed.

    The run's note is begun with it and ended with it: one without an end is of a run at work, or killed.
    """
    data = settings.data_dir()
    with run.one_of_many(data):
        began_at = datetime.now(UTC)
        records.note_run(data, began_at, None, ())
        yield
        assert context.instance is not None
        assert context.run_id is not None
        failed = failures(context.instance, context.run_id)
        records.note_run(data, began_at, datetime.now(UTC), failed)


@dg.resource(description="The lock of MDM_DATA for this run alone: it begins when nobody else works there")
def folder_alone() -> Iterator[None]:
    """Taken and freed as `folder`, but with nobody beside; no note, for it is no run that numbers hang on."""
    with run.only_run(settings.data_dir(), waits=True):
        yield


def failures(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """Why a run failed, as its events tell: `step: sentence`; [] when it went well.

    The reasons of a gate that blocks stand for the steps that were not tried because of it.
    """
    wanted = {dg.DagsterEventType.ASSET_CHECK_EVALUATION, dg.DagsterEventType.STEP_FAILURE}
    events = [entry.get_dagster_event() for entry in instance.all_logs(run_id, of_type=wanted)]
    refused, failed = [], []
    for event in events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            failed += [f"{event.step_key}: {_cause(error)}"] if error is not None else []
        elif not (check := event.asset_check_evaluation_data).passed and check.blocking:
            refused.append(f"{check.check_name}: {check.description}")
    return refused or failed


def _cause(error: object) -> str:
    """The innermost error of a failed step, on one line."""
    while getattr(error, "cause", None) is not None:
        error = error.cause  # type: ignore[attr-defined]
    sentence = " ".join(str(getattr(error, "message", error)).split())
    return sentence.removeprefix("dagster._core.definitions.events.Failure: ")

"""Publication as an asset, its gate as a blocking check on it: what is refused is not published."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from pipelines import publish, records, run, settings, status, warehouse
from pipelines.lake import Lake
from pipelines.sources import SOURCES

PUBLISHED = dg.AssetKey("published")


@dg.multi_asset(
    name="publication",
    specs=[
        dg.AssetSpec(
            PUBLISHED,
            deps=[dg.AssetKey(["metrics", "metric_value"]), dg.AssetKey(["metrics", "metric"])],
            group_name="published",
            description="Versioned files of aggregates, and the pointer to the current one",
            kinds={"duckdb"},
            skippable=True,
        )
    ],
    check_specs=[
        dg.AssetCheckSpec(
            "publish_gate", asset=PUBLISHED, blocking=True, description="judged before the pointer moves"
        )
    ],
    pool="warehouse",
)
def published(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Disclosure control, the publish gate, new files, one rename of the pointer."""
    data = settings.data_dir()
    run.display.stage("publishing")
    world = run.world_of(data)
    kept = data / "raw" / "_pipeline"
    release = publish.Release(
        run_id=context.run_id[:12],
        as_of=world.as_of(),
        code_revision=settings.code_revision(),
        created_at=datetime.now(UTC),
        inputs={"world": world.name, "last_batches": status.last_batches(Lake(data), SOURCES.values())},
    )
    try:
        done = publish.publish(
            data / "warehouse.duckdb", warehouse.manifest(data), data / "published", release
        )
    except publish.PublicationRefused as refusal:
        checks = records.publish_checks(len(refusal.sentences), 0)
        records.note_checks(kept, release.run_id, release.as_of, checks)
        reasons = "; ".join(refusal.sentences)
        yield dg.AssetCheckResult(
            asset_key=PUBLISHED, check_name="publish_gate", passed=False, description=reasons
        )
        return
    records.note_checks(kept, release.run_id, release.as_of, records.publish_checks(0, len(done.warnings)))
    records.note_publication(kept, data / "published", done.version, release.as_of)
    yield dg.MaterializeResult(
        asset_key=PUBLISHED,
        metadata={
            "version": done.version,
            "path": dg.MetadataValue.path(str(done.path)),
            **{f"rows of {table}": rows for table, rows in done.rows.items()},
            **{f"suppressed for {audience}": cells for audience, cells in done.suppressed.items()},
        },
        check_results=[
            dg.AssetCheckResult(
                asset_key=PUBLISHED,
                check_name="publish_gate",
                passed=True,
                description="; ".join(done.warnings) or "accepted",
            )
        ],
    )

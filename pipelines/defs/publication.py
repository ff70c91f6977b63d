"""Publication as an asset, its gate as a blocking check on it: what is refused is not published."""

from collections.abc import Iterator

import dagster as dg

from pipelines import publish, run, settings
from pipelines.defs.folder import FOLDER

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
    required_resource_keys={FOLDER},
)
def published(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Disclosure control, the publish gate, new files, one rename of the pointer."""
    run.display.stage("publishing")
    try:
        done = run.publish(settings.data_dir(), context.run_id[:12])
    except publish.PublicationRefused as refusal:
        reasons = "; ".join(refusal.sentences)
        yield dg.AssetCheckResult(
            asset_key=PUBLISHED, check_name="publish_gate", passed=False, description=reasons
        )
        return
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

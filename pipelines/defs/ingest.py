"""One asset a stream, one landing step and one job a source, made from `SOURCES`.

The landing gate has judged every batch before it was written, so what is refused never arrives and
nothing downstream needs to be held back: its check is red, its source is old, the others go on.
A source that blocked us is asked again by the same run when the block is over; the others go on meanwhile.
"""

from collections.abc import Iterator

import dagster as dg

from pipelines import run, settings
from pipelines.defs.folder import FOLDER
from pipelines.landing import FeedResult
from pipelines.sources import SOURCES
from pipelines.sources.spec import Feed, Source, Stream

WAITS = 2
"""How often one run waits for the end of a block; after that it is the next run's."""


class Asked(dg.Config):
    """The span to ask for, `YYYY-MM-DD`, UTC, half-open; empty: from each feed's cursor on."""

    since: str | None = None
    until: str | None = None


def key_of(source: Source, stream: Stream) -> dg.AssetKey:
    return dg.AssetKey([source.name, stream.name])


def landing_of(source: Source) -> dg.AssetsDefinition:
    """The step that lands all feeds of one source."""

    @dg.multi_asset(
        name=f"{source.name}_landing",
        specs=[
            dg.AssetSpec(
                key_of(source, stream), group_name=source.name, description=stream.about, kinds={"parquet"}
            )
            for stream in source.streams
        ],
        check_specs=[
            dg.AssetCheckSpec(
                "landing_gate", asset=key_of(source, stream), description="judged before it was written"
            )
            for stream in source.streams
        ],
        pool="landing",
        required_resource_keys={FOLDER},
    )
    def land(context: dg.AssetExecutionContext, config: Asked) -> Iterator[dg.MaterializeResult]:
        data = settings.data_dir()
        results = {
            result.feed: result
            for result in run.land_source(
                data,
                source,
                run_id=context.run_id[:12],
                since=run.parse_since(config.since) if config.since else None,
                until=run.parse_since(config.until) if config.until else None,
            )
        }
        left_s = run.wait_for_block(data, source)
        if left_s is not None and context.retry_number < WAITS:
            raise dg.RetryRequested(max_retries=WAITS, seconds_to_wait=left_s)
        for feed in source.feeds:
            yield from reported(source, feed, results.get(feed.name))

    return land


def reported(source: Source, feed: Feed, result: FeedResult | None) -> Iterator[dg.MaterializeResult]:
    """What one feed did, as Dagster shows it; None: not asked, because an earlier feed was refused."""
    reasons = result.refused if result else ("not asked: another feed of this source was refused",)
    for stream in feed.streams:
        yield dg.MaterializeResult(
            asset_key=key_of(source, stream),
            metadata={
                "new versions": result.written[stream.name] if result else 0,
                "requests": result.requests if result else 0,
                "seconds": result.seconds if result else 0.0,
                "refused": "; ".join(reasons) or "nothing",
            },
            check_results=[
                dg.AssetCheckResult(
                    asset_key=key_of(source, stream),
                    check_name="landing_gate",
                    passed=not reasons,
                    severity=dg.AssetCheckSeverity.ERROR,
                    description="; ".join(reasons or (result.warnings if result else ()))
                    or "all batches accepted",
                )
            ],
        )


landings = [landing_of(source) for source in SOURCES.values()]
jobs = [
    dg.define_asset_job(
        f"land_{source.name}",
        selection=dg.AssetSelection.keys(*(key_of(source, stream) for stream in source.streams)),
        description=f"Everything new in {source.title}",
    )
    for source in SOURCES.values()
]

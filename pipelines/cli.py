"""`mdm`: the command line. Thin verbs over what is below, a display for long work, exit codes.

Exit codes: 0 done (for `run`: something was published), 1 it failed, 2 the call or a setting was wrong,
3 nobody was erased, because nothing is known of that name, 130 it was interrupted.
Not in here: any step itself.
"""

from __future__ import annotations

import contextlib
import errno
import json
import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from expectations.publish.common import PERSONAL
from pipelines import acknowledgement, embedded, identity, records, review, run, settings, status, warehouse
from pipelines.lake import replace_file
from pipelines.landing import FeedResult
from pipelines.pointer import PointerBroken
from pipelines.sources import SOURCES, curated, files, survey
from pipelines.vault import VaultClosed

if TYPE_CHECKING:
    from pipelines.explain import Explanation, Inlet

app = typer.Typer(
    name="mdm",
    help="Mission-Driven Mozillians: from sources to published community metrics.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
WRONG_CALL = 2
NOT_KNOWN = 3
FULL = "the disk is full ({}): make room, then run again; nothing that was landed is lost."
TROUBLES = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: "{} cannot be written: its disk is read-only.",
    errno.EACCES: "{} may not be read or written by this user.",
    errno.EIO: "the disk fails at {}: look at it before the next run.",
}
"""What a person must do about a disk, by the number of its error."""
OURS = "# mdm writes this file anew each time. Without this line it is yours, and stays as you leave it."
"""First line of a `dagster.yaml` that no operator wrote."""
KEPT = ((curated.SOURCE, curated.SHEETS), (survey.SOURCE, survey.SHEETS))


class CallRefused(Exception):
    """The command was called in a way that cannot work: one sentence."""


REFUSALS = (
    CallRefused,
    settings.SettingRefused,
    run.DataInUse,
    run.NothingToBuild,
    embedded.SimulationFailed,
    PointerBroken,
    VaultClosed,
    warehouse.WarehouseClosed,
)
"""What one sentence is enough for: it says what is wrong and where to look."""


def main() -> None:
    """Entry point: what the caller did wrong is one line and exit code 2, never a traceback."""
    try:
        app()
    except REFUSALS as error:
        print(f"mdm: {error}", file=sys.stderr)
        raise SystemExit(WRONG_CALL) from None
    except warehouse.DbtFailed as error:
        print(f"mdm: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except OSError as error:
        if error.errno not in TROUBLES:
            raise
        print(f"mdm: {TROUBLES[error.errno].format(error.filename or 'the data folder')}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print("mdm: interrupted; the next run goes on where this one stopped", file=sys.stderr)
        raise SystemExit(130) from None


def _console() -> Console:
    """The display; wide enough for its tables where there is no terminal to ask for its width.

    Bound to today's standard output: `_quiet` sends what others print elsewhere, not this.
    """
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 140
    return console


def _day(value: str | None, option: str) -> datetime | None:
    if value is None:
        return None
    try:
        return run.parse_since(value)
    except ValueError:
        raise CallRefused(f"{option} takes a day as YYYY-MM-DD, not {value!r}.") from None


# --- run --------------------------------------------------------------------------------------


class Shown(run.Display):
    """One line a feed while records come in, one line for the stage; plain lines without a terminal."""

    def __init__(self, progress: Progress, console: Console) -> None:
        self.results: list[FeedResult] = []
        self._progress, self._console = progress, console
        self._tasks: dict[str, Any] = {}
        self._stage: Any = None

    def received(self, source: str, feed: str, records: int) -> None:
        name = f"{source}/{feed}"
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=None, count="")
        self._progress.update(self._tasks[name], count=f"{records:,} records")

    def landed(self, result: FeedResult) -> None:
        self.results.append(result)
        name = f"{result.source}/{result.feed}"
        outcome = "refused" if result.refused else f"{sum(result.written.values()):,} new versions"
        line = f"{name}: {result.received:,} records read in {result.requests:,} requests, {outcome}"
        if len(result.written) > 1 and not result.refused:
            line += f" ({', '.join(f'{stream} {rows:,}' for stream, rows in result.written.items())})"
        if name in self._tasks:
            self._progress.update(self._tasks[name], count=outcome, total=1, completed=1)
        if not self._console.is_terminal:
            self._console.print(line, highlight=False)

    def stage(self, name: str) -> None:
        if self._stage is not None:
            self._progress.update(self._stage, total=1, completed=1)
        self._stage = self._progress.add_task(name, total=None, count="")
        if not self._console.is_terminal:
            self._console.print(name, highlight=False)


@app.command("run")
def run_(
    sources: Annotated[
        str, typer.Option(help="demo: the embedded community; live: the real systems.")
    ] = "demo",
    recorded: Annotated[Path | None, typer.Option(help="Serve recorded data of this folder instead.")] = None,
    scale: Annotated[str, typer.Option(help="Size of the generated community.")] = "small",
    seed: Annotated[int, typer.Option(help="Seed of the generated community.")] = 1,
    faults: Annotated[
        str | None, typer.Option(help="Faults of the simulated sources, e.g. sumo.html@3,reps.down.")
    ] = None,
    limits: Annotated[
        str | None, typer.Option(help="Simulated sources that limit who asks too much, e.g. pontoon, or all.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="First day (UTC) to ask for, YYYY-MM-DD.")] = None,
    until: Annotated[str | None, typer.Option(help="Day (UTC) before which to stop, YYYY-MM-DD.")] = None,
) -> None:
    """Run the main job: sources -> lake -> warehouse -> published."""
    if sources not in ("demo", "live"):
        raise CallRefused(f"--sources takes demo or live, not {sources!r}.")
    if sources == "live" and (recorded or faults or limits):
        raise CallRefused(
            "--recorded, --faults and --limits belong to simulated sources, not to --sources live."
        )
    if recorded is not None and not recorded.is_dir():
        raise CallRefused(f"RECORDED={recorded}: there is no such folder.")
    span = {"since": _day(since, "--since"), "until": _day(until, "--until")}
    if span["since"] and span["until"] and span["since"] >= span["until"]:
        raise CallRefused("--since must lie before --until.")
    data = settings.data_dir()
    settings.apply({"MDM_DATA": str(data)})
    console = _console()
    with run.only_run(data):
        if sources == "live":
            settings.hash_key(data)  # refused before the folder is marked as live
            settings.forum_lists()
            for source in SOURCES.values():
                if source.kept is None:
                    settings.source_url(source)  # refused before the first request to any
            run.begin(data, run.World())
            outcome = _execute(console, data, since, until)
        else:
            asked = recorded.absolute() if recorded else None
            console.print(f"starting the {'recorded' if asked else 'demo'} community's servers")
            with embedded.community(scale=scale, seed=seed, recorded=asked, faults=faults, limits=limits) as (
                world,
                variables,
            ):
                _embed(data, world, variables)
                outcome = _execute(console, data, since, until)
    raise SystemExit(outcome)


def _embed(data: Path, world: run.World, variables: dict[str, str]) -> None:
    """Make the folder the demo community's and point this process at it; decisions of one's own stay."""
    own = settings.kept_folder(curated.SOURCE, data)
    run.begin(data, world)
    settings.make_embedded_hash_key(data)
    settings.apply(variables)
    with _refusals():
        review.add_decisions(own, settings.kept_folder(curated.SOURCE, data), settings.hash_key(data))


def _execute(console: Console, data: Path, since: str | None, until: str | None) -> int:
    """The main Dagster job in this process; 0 when it published."""
    began = time.monotonic()
    _prepare_dagster(data, {})
    records.note_run(data, datetime.now(UTC), None, ())  # all there is of a run that never comes to a step
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:24}"),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        shown = Shown(progress, console)
        run.display = shown
        shown.stage("preparing")
        with _quiet(data / "dagster" / "last_run.log"):
            from pipelines.definitions import execute_main

            trouble = execute_main(since, until)
        if shown._stage is not None:
            progress.update(shown._stage, total=1, completed=1)
    return _report(console, data, shown.results, trouble, time.monotonic() - began)


@contextlib.contextmanager
def _quiet(log: Path) -> Iterator[None]:
    """What dbt and Dagster print goes to a file, so that the display stays readable."""
    with log.open("w") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        yield


def _report(
    console: Console, data: Path, results: list[FeedResult], trouble: list[str], seconds: float
) -> int:
    """The table of what the run did and where the result is; the exit code."""
    state = status.as_json(data, SOURCES.values())
    table = Table(title=None, header_style="bold", box=None, padding=(0, 2))
    for name in ("stream", "read", "new versions", "live records", "read up to"):
        table.add_column(name, justify="left" if name == "stream" else "right")
    for result in results:
        streams = state["sources"][result.source]["streams"]
        for place, (stream, written) in enumerate(result.written.items()):
            table.add_row(
                f"{result.source}/{stream}",
                f"{result.received:,}" if place == 0 else "",
                "refused" if result.refused else f"{written:,}",
                f"{streams[stream]['records']:,}",
                (streams[stream]["watermark"] or "never")[:16].replace("T", " "),
            )
    console.print(table)
    for row in run.world_of(data).set_aside:
        console.print(f"set aside in {row['input_set']}: {row['records']:,} ({row['reason']})")
    refused = [(result, sentence) for result in results for sentence in result.refused]
    for result, sentence in refused:
        watermark = state["sources"][result.source]["watermark"]
        until = watermark or "nothing"
        console.print(f"[bold]old:[/bold] {result.source} ({sentence}); its data ends at {until}")
    for sentence in trouble:
        console.print(f"[bold]failed:[/bold] {sentence}", markup=True)
    requests = sum(result.requests for result in results)
    version = state["published"]
    if trouble or version["version"] is None:
        cost = f"{requests:,} requests, {seconds:.0f} s"
        console.print(f"nothing was published; {cost}; details: {data}/dagster/last_run.log")
        return 1
    contributions = sum(state["warehouse"]["contributions"]["by_source"].values())
    console.print(
        f"published {version['version']}: {contributions:,} contributions of "
        f"{state['warehouse']['persons']:,} persons; {requests:,} requests, {seconds:.0f} s"
    )
    console.print(f"result: {version['path']}\nlook at it: make serve")
    return 0


# --- status, serve, dev, simulate -------------------------------------------------------------


@app.command("status")
def status_(
    as_json: Annotated[bool, typer.Option("--json", help="The whole state as JSON.")] = False,
) -> None:
    """What is stored, how fresh it is, what was published."""
    data = settings.data_dir()
    state = status.as_json(data, SOURCES.values())
    if as_json:
        print(json.dumps(state, indent=1))
        return
    console = _console()
    table = Table(header_style="bold", box=None, padding=(0, 2))
    for name in (
        "stream",
        "records",
        "versions",
        "batches",
        "requests",
        "quarantined",
        "complete",
        "read up to",
        "last gate",
    ):
        table.add_column(name, justify="left" if name in ("stream", "last gate") else "right")
    for source, found in state["sources"].items():
        for stream, row in found["streams"].items():
            shares = found["completeness"].get(stream, {})
            table.add_row(
                f"{source}/{stream}",
                *(f"{row[name]:,}" for name in ("records", "versions", "batches", "requests", "quarantined")),
                f"{min(shares.values()):.2%}" if shares else "no count",
                (row["watermark"] or "never")[:16].replace("T", " "),
                row["reason"] or row["verdict"],
            )
    console.print(table)
    for source, found in state["sources"].items():
        if found["blocked_until"]:
            console.print(f"{source} asked us to stay away until {found['blocked_until']}")
        if found["waited_s"]:
            console.print(f"{source}: waited {found['waited_s']:,.0f} s in its last run, as it asks")
        for sentence in status.owed_in_words(source, found["owed"]):
            console.print(sentence, markup=False)
        for stream, shares in found["completeness"].items():
            for window, share in shares.items():
                if share != 1.0:
                    of = f"of the records that the source counts, {status.WINDOWS[window]}"
                    console.print(f"{source}/{stream}: {share:.2%} {of}")
    outcome = status.last_run_in_words(state["last_run"])
    for sentence in (*outcome, *status.identities_in_words(state["identities"], outcome)):
        console.print(sentence, markup=False)
    version = state["published"]["version"]
    console.print(f"published: {version or 'nothing yet'}   data: {data} ({run.world_of(data).name})")


@app.command("explain")
def explain_(
    metric: Annotated[str, typer.Argument(help="A metric, e.g. active_contributors.")],
    period: Annotated[str | None, typer.Option(help="2026-05, 2026-Q2 or 2026; the newest without.")] = None,
    region: Annotated[str | None, typer.Option(help="A region's code or name.")] = None,
    country: Annotated[str | None, typer.Option(help="A country's code or name.")] = None,
    locale: Annotated[str | None, typer.Option(help="A locale.")] = None,
    area: Annotated[str | None, typer.Option(help="An area of contribution.")] = None,
    population: Annotated[str | None, typer.Option(help="community, volunteer_strict, staff or all.")] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="Any other dimension: product=firefox; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
) -> None:
    """A number's way back: meaning, SQL, models, batches, rows at each step, what moved it."""
    from dataclasses import asdict

    from pipelines import explain
    from pipelines.publish import PublicationFailed

    named = {"region": region, "country": country, "locale": locale, "area": area, "population": population}
    given = {name: value for name, value in named.items() if value is not None}
    for pair in where or ():
        name, separator, value = pair.partition("=")
        if not separator:
            raise CallRefused(f"--where takes dimension=value, not {pair!r}.")
        given[name] = value
    try:
        found = explain.explain(settings.data_dir(), metric, period, given)
    except (explain.NotExplained, PublicationFailed) as error:
        raise CallRefused(str(error)) from None
    if as_json:
        print(json.dumps(asdict(found), indent=1, default=str))
        return
    _explained(_console(), found)


def _explained(console: Console, found: Explanation) -> None:
    """The page that `mdm explain` prints."""
    from pipelines.explain import period_of, slice_of

    told = found.declaration
    console.print(f"[bold]{told['title']}[/bold] ({told['metric']}, version {told['version']})")
    console.print(f"{told['question']}\n{told['definition']}")
    console.print(
        f"unit: {told['unit']}; interval: {told['interval_method']}; window: {told['window_text']}; "
        f"k counts {told['persons']}; parameters: {told['parameters'] or 'none'}; after: {told['reference']}"
    )
    if told["notes"]:
        console.print(str(told["notes"]))
    console.print(f"\n[bold]Values[/bold] in {found.version}, for staff")
    columns = ("period", "slice", "value", "95 % interval", "of", "persons", "status", "flags")
    table = _table(*columns, right=columns[2:6])
    for row in found.values:
        interval = row["ci_low"] is not None
        table.add_row(
            period_of(row),
            slice_of(row),
            _figure(row["value"]),
            f"{_figure(row['ci_low'])} to {_figure(row['ci_high'])}" if interval else "",
            f"{_figure(row['numerator'])} of {_figure(row['denominator'])}" if row["denominator"] else "",
            _figure(row["persons"]),
            row["status"],
            row["flags"] or "",
        )
    console.print(table)
    if found.more_values:
        console.print(f"and {found.more_values:,} more; name a period or a slice")
    console.print("\n[bold]From raw to value[/bold]")
    within = " to ".join(f"{moment:%Y-%m-%d}" for moment in found.period if moment) or "in the period"
    asked = ("of",) if found.slice else ()
    table = _table("step", "what", *asked, "rows", within, right=("rows", within))
    for inlet in found.inlets:
        of = ("everybody",) if found.slice else ()
        table.add_row(f"raw/{inlet.source}/{inlet.stream}", _batches(inlet), *of, f"{inlet.records:,}", "")
    for step in found.steps:
        of = (step.of or "everybody",) if found.slice else ()
        rows = (_rows(step.rows), _rows(step.in_period) if step.has_time else "")
        table.add_row(f"{step.layer}.{step.model}", step.about, *of, *rows)
    console.print(table)
    if found.is_suppressed:
        console.print("a value of this slice is suppressed, so all rows are everybody's")
    elif found.slice:
        console.print(
            "everybody: the step does not tell the slice; one that tells a part of it is counted by that part"
        )
    for aside in found.set_aside:
        of_whom = f", {aside.of or 'of everybody'}" if found.slice else ""
        told_acts = f"{_rows(aside.acts)} acts of {aside.source}{of_whom} ({aside.reason})"
        console.print(f"set aside {within}: {told_acts}")
    if found.previous_version is None:
        console.print("\nthere is no version before this one")
    else:
        console.print(f"\n[bold]Since {found.previous_version}[/bold]: {len(found.changes)} of these changed")
    for change in found.changes:
        console.print(
            f"{change.slice}: {_figure(change.before)} ({change.before_status}) -> {_figure(change.now)} "
            f"({change.status}); {'; '.join(change.causes) or 'no recorded cause'}"
        )
    console.print(f"\n[bold]SQL[/bold], {found.sql_path}\n")
    console.print(found.sql, markup=False)


def _batches(inlet: Inlet) -> str:
    """`9 batches, <first> to <last>, 13,059 versions`; their ids begin with when they were landed, in UTC."""
    many = f"{inlet.batches:,} batch" if inlet.batches == 1 else f"{inlet.batches:,} batches"
    span = " to ".join(dict.fromkeys(filter(None, (inlet.first_batch, inlet.last_batch))))
    return ", ".join(filter(None, (many, span, f"{inlet.versions:,} versions")))


def _rows(number: int | None) -> str:
    """Rows of a step; of a slice with few of them only that."""
    from pipelines.explain import K

    return f"under {K}" if number is None else f"{number:,}"


def _table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(header_style="bold", box=None, padding=(0, 2))
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left")
    return table


def _figure(number: float | None) -> str:
    if number is None:
        return "-"
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.4g}"


@app.command()
def compact() -> None:
    """Merge each stream's files into one; of what is gone at its source, only the tombstone stays.

    Of Reps who are listed no more the last profile stays too: they have left.
    """
    data, console = settings.data_dir(), _console()
    with run.only_run(data):
        for stream, files in run.compact(data).items():
            console.print(f"{stream}: {files:,} files are one")


@app.command()
def forget(
    source: Annotated[str, typer.Argument(help="Where the person has the account, e.g. sumo.")],
    identifiers: Annotated[
        list[str], typer.Argument(help="Log-in, user name or number there; several are one person.")
    ],
    unseen: Annotated[
        bool, typer.Option("--unseen", help="On purpose for somebody of whom nothing is stored yet.")
    ] = False,
) -> None:
    """Erase one person everywhere, for good; what they did stays as an anonymous fact."""
    if not all(name.strip() for name in identifiers):
        raise CallRefused("An empty name names nobody: nothing was done.")
    if source not in SOURCES:
        raise CallRefused(f"There is no source '{source}'; there are {', '.join(SOURCES)}.")
    from pipelines.forget import forget as erase

    data, console = settings.data_dir(), _console()
    with run.only_run(data):
        receipt = erase(data, settings.hash_key(data), SOURCES[source], identifiers, run.vault_of(data))
    if receipt.is_empty and receipt.erased_on is not None:
        on = f" on {receipt.erased_on}" if receipt.erased_on else ""
        console.print(f"already erased{on}, and nothing was stored since")
    elif receipt.is_empty:
        console.print(
            f"no such account of {source} is known here: nothing was erased. Check the spelling, capital "
            "letters too. What is read later under this name is left out all the same."
        )
    for name, rows in receipt.rows.items():
        if rows:
            console.print(f"{name}: {rows:,} rows")
    console.print(
        f"links and snapshots: {receipt.identity_rows:,} rows; vault: {receipt.vault_rows:,} rows; "
        f"quarantine: {receipt.quarantined_files:,} files"
    )
    console.print(f"receipt: {receipt.path}")
    if not receipt.is_empty:
        console.print("the warehouse is removed and made anew by the next run, or now by mdm build")
    elif receipt.erased_on is None and not unseen:
        raise SystemExit(NOT_KNOWN)


curated_app = typer.Typer(help="Files that people keep: curated facts and the survey.", no_args_is_help=True)
app.add_typer(curated_app, name="curated")


@curated_app.command("check")
def curated_check() -> None:
    """Name every error of the kept files by file, line and column; lands nothing."""
    data, console, found = settings.data_dir(), _console(), list[str]()
    for source, sheets in KEPT:
        folder = settings.kept_folder(source, data)
        there = [sheet.file for sheet in sheets if (folder / sheet.file).exists()]
        console.print(f"{source.name}: {', '.join(there) or 'no file'} in {folder}")
        found += files.errors_of(folder, sheets, datetime.now(UTC))
    for sentence in found:
        console.print(sentence, markup=False)
    console.print(f"{len(found):,} errors" if found else "no error")
    raise SystemExit(1 if found else 0)


@curated_app.command("template")
def curated_template() -> None:
    """Put an empty file there for each kind that has none, with comments that explain its columns."""
    data, console = settings.data_dir(), _console()
    for source, sheets in KEPT:
        for path in files.write_templates(settings.kept_folder(source, data), sheets):
            console.print(f"written: {path}", markup=False)


identity_app = typer.Typer(help="Who is one person: a look at doubtful links.", no_args_is_help=True)
app.add_typer(identity_app, name="identity")
ACCOUNT = "source:pseudonym, as the review lists it, or source:kind:name, e.g. sumo:username:somebody."


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """What is missing or wrong for a review, as one sentence."""
    try:
        yield
    except (review.NotReviewed, files.FileRefused, VaultClosed) as error:
        raise CallRefused(str(error)) from None


def _review_place(data: Path) -> review.Place:
    folder, world = settings.kept_folder(curated.SOURCE, data), run.world_of(data)
    return review.Place(data, folder, settings.hash_key(data), world.is_live)


@identity_app.command("review")
def identity_review(
    limit: Annotated[int, typer.Option(min=1, help="So many pairs, likeliest to be wrong first.")] = 20,
) -> None:
    """Doubtful links with what speaks for and against; on a terminal, asks what they are."""
    data, console = settings.data_dir(), _console()
    with _refusals():
        if not (data / "warehouse.duckdb").exists():
            raise CallRefused(f"There is no warehouse in {data} yet: run `mdm run` or `mdm build` first.")
        place, vault = _review_place(data), run.vault_of(data)
        with run.only_run(data):
            found = review.review(place, vault, limit)
            names = dict[str, str]()
            if vault is not None and sys.stdout.isatty():
                names = review.shown(vault, [key for pair, _ in found.pairs for key in pair.accounts])
        if vault is None:
            console.print(
                "without a vault (MDM_VAULT_KEY): no name is shown, nor compared in what is for and against"
            )
        elif not sys.stdout.isatty():
            console.print("names are shown on a terminal only")
        _contradicted(console, found.without_effect)
        asks = sys.stdout.isatty() and sys.stdin.isatty()
        is_settled = review.settled((), ())
        for n, (pair, told) in enumerate(found.pairs, 1):
            if pair.declared is None and is_settled(pair.accounts):
                continue
            console.print(f"\n[bold]{n} of {len(found.pairs)}[/bold]  {_standing(pair)}")
            for key in pair.accounts:
                active, name = _active(found.accounts.get(key)), names.get(key, "")
                console.print(f"  {key}  {active}  {name}".rstrip(), markup=False)
            for_it = [f"{meaning} (x {_times(times)})" for meaning, times in told if times > 1]
            against = [f"{meaning} (x {_times(times)})" for meaning, times in told if times < 1]
            console.print(f"  for: {'; '.join(for_it) or 'nothing'}", markup=False)
            console.print(f"  against: {'; '.join(against) or 'nothing'}", markup=False)
            answer = _asked(console) if asks else ""
            if answer == "quit":
                return
            if answer:
                decided = _decided(console, place, *pair.accounts, answer)
                is_settled = review.settled(decided, found.built.declared)
    console.print(f"\nlisted: {len(found.pairs):,}; also worth a look: {found.more:,}")
    if found.pairs and not asks:
        console.print("decide: mdm identity decide ACCOUNT ACCOUNT same|different")


def _standing(pair: review.Pair) -> str:
    """What is known of a pair before one looks: its score, and what the numbers make of it."""
    known = f"declared ({pair.declared})" if pair.declared else f"score {pair.score:.3f}"
    now = "one person in the numbers with probable links" if pair.joined else "two persons"
    return f"{known}, now {now}" + (f": {pair.cut}" if pair.cut else "")


def _active(account: identity.Account | None) -> str:
    if account is None or account.first_day is None or account.last_day is None:
        return "no activity"
    first, last = (date(1970, 1, 1) + timedelta(days=day) for day in (account.first_day, account.last_day))
    return f"active {first:%Y-%m} to {last:%Y-%m}"


def _times(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:g}"


def _asked(console: Console) -> str:
    """What a person says of a pair: same, different, quit, or nothing."""
    answers = {"s": "same", "d": "different", "": "", "q": "quit"}
    while True:
        try:
            answer = console.input("  same person, different, skip or quit? s/d/Enter/q ").strip().lower()
        except (EOFError, KeyboardInterrupt):
            console.print()
            return "quit"
        if answer in answers:
            return answers[answer]


def _decided(
    console: Console, place: review.Place, one: str, other: str, decision: str
) -> list[review.Decision]:
    """Write a decision down and tell what undoes it; all decisions."""
    today = run.world_of(place.data).as_of().date()
    written, decided = review.decide(place, one, other, decision, today)
    console.print(
        f"written: {decision}, {place.file}, line {written.line}; counts from the next mdm run on",
        markup=False,
    )
    console.print(f"undo: mdm identity undo {' '.join(written.pair)}", markup=False)
    _contradicted(console, review.without_effect(decided))
    return decided


def _contradicted(console: Console, decisions: list[review.Decision]) -> None:
    for one in decisions:
        where = f"line {one.line} of identity.csv" if one.line else "a decision"
        console.print(f"without effect, other decisions contradict it: {where}, same, {' '.join(one.pair)}")


@identity_app.command("decide")
def identity_decide(
    one: Annotated[str, typer.Argument(help=ACCOUNT)],
    other: Annotated[str, typer.Argument(help=ACCOUNT)],
    decision: Annotated[str, typer.Argument(help="same or different.")],
) -> None:
    """Write down that two accounts are, or are not, one person's; it wins over every other link."""
    if decision not in ("same", "different"):
        raise CallRefused("The decision is same or different.")
    data = settings.data_dir()
    with _refusals():
        _decided(_console(), _review_place(data), one, other, decision)


@identity_app.command("undo")
def identity_undo(
    one: Annotated[str, typer.Argument(help=ACCOUNT)],
    other: Annotated[str, typer.Argument(help=ACCOUNT)],
) -> None:
    """Take a decision back: its line leaves the file, all others stay as they are."""
    data = settings.data_dir()
    with _refusals():
        place = _review_place(data)
        lines = review.undo(place, one, other)
    numbers = ", ".join(map(str, lines))
    _console().print(f"removed: {place.file}, line {numbers}; counts from the next mdm run on", markup=False)


@identity_app.command("acknowledge")
def identity_acknowledge(
    persons: Annotated[int, typer.Argument(help="So many persons changed, as the refused publication says.")],
    reason: Annotated[str, typer.Option(help="Why that is right, in a few words without a name.")],
) -> None:
    """Let a publication through that sees many persons otherwise; the next such change needs its own."""
    if not reason.strip() or re.search(PERSONAL, reason):
        raise CallRefused("--reason takes a few words, without an address or a pseudonym.")
    data = settings.data_dir()
    with run.only_run(data):
        try:
            found = acknowledgement.acknowledge(data, persons, reason.strip(), datetime.now(UTC))
        except acknowledgement.NotAcknowledged as error:
            raise CallRefused(str(error)) from None
    _console().print(f"acknowledged: {found.counted()}; publish it: mdm publish", markup=False)


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8050,
    audience: Annotated[str, typer.Option(help="public, or internal: smaller groups, for staff.")] = "public",
) -> None:
    """Show the pages on 127.0.0.1."""
    if audience not in ("public", "internal"):
        raise CallRefused(f"--audience takes public or internal, not {audience!r}.")
    from dashboards.app import serve as serve_pages

    try:
        serve_pages(settings.data_dir() / "published", port=port, audience=audience)
    except OSError as error:
        raise CallRefused(str(error)) from None


@app.command("report")
def report_(
    internal: Annotated[
        bool, typer.Option("--internal", help="The edition for staff: smaller groups, exact numbers.")
    ] = False,
    region: Annotated[str | None, typer.Option(help="For one region: its code or name.")] = None,
    locale: Annotated[str | None, typer.Option(help="For one language community, e.g. pt-BR.")] = None,
    version: Annotated[str | None, typer.Option(help="An earlier publication instead, by its name.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file; else <MDM_DATA>/reports/<version>-....html")
    ] = None,
) -> None:
    """Write a report to send on, from the published files alone: one HTML file, for screens and paper."""
    from dashboards import report as reports
    from dashboards.data import NothingPublished, PublishedUnreadable, open_published

    data, audience = settings.data_dir(), "internal" if internal else "public"
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        raise CallRefused(f"--out {out}: {'a folder' if out.is_dir() else 'its folder is not there'}.")
    try:
        published = open_published(data / "published", audience, version)
        view = reports.view_of(published, region, locale)
        text = reports.report(published, view, datetime.now(UTC).replace(tzinfo=None))
    except NothingPublished as error:
        raise CallRefused(f"{str(error).rstrip('.')}: `mdm run` makes a publication.") from None
    except (PublishedUnreadable, reports.NotInPublication) as error:
        raise CallRefused(str(error)) from None
    if out is None:
        parts = [published.version, audience, view.region, view.locale]
        out = data / "reports" / f"{'-'.join(filter(None, parts))}.html"
        out.parent.mkdir(exist_ok=True)
    replace_file(out, text.encode())
    print(f"report: {out}")


@app.command()
def simulate(
    scale: Annotated[str, typer.Option(help="Size of the generated community.")] = "small",
    seed: Annotated[int, typer.Option(help="Seed of the generated community.")] = 1,
    recorded: Annotated[Path | None, typer.Option(help="Serve recorded data of this folder instead.")] = None,
    faults: Annotated[str | None, typer.Option(help="Faults to show, e.g. sumo.html@3,reps.down.")] = None,
    limits: Annotated[
        str | None, typer.Option(help="Sources that limit who asks too much, e.g. bugzilla,pontoon, or all.")
    ] = None,
    port: Annotated[int, typer.Option(help="First port; 0: any free ones.")] = 0,
    kept: Annotated[Path | None, typer.Option(help="Folder for the files that its people keep.")] = None,
    to_lake: Annotated[
        bool, typer.Option("--to-lake", help="Write it straight into MDM_DATA, with what is true in it.")
    ] = False,
) -> None:
    """Serve a simulated community on 127.0.0.1; prints the roots of its sources as JSON.

    What is true in a generated one stands in MDM_DATA/truth, unless the folder is another community's.
    """
    if to_lake:
        _to_lake(scale, seed)
        return
    if recorded is not None and not recorded.is_dir():
        raise CallRefused(f"--recorded {recorded}: there is no such folder.")
    from pipelines.simulation.__main__ import main as serve_world

    truth = None if recorded else _place_of_truth(scale, seed)
    raise SystemExit(serve_world(scale, seed, recorded, port, faults or "", kept, truth, limits or ""))


def _place_of_truth(scale: str, seed: int) -> Path | None:
    """Where what is true in a served community is written; None, and a word, where another one's would be."""
    data = settings.data_dir()
    held = run.world_of(data)
    if held.is_live or held.name == f"{scale} seed {seed}":
        return data
    print(
        f"mdm: {data} holds the data of {held.name}: truth of {scale} seed {seed} not written",
        file=sys.stderr,
    )
    return None


def _to_lake(scale: str, seed: int) -> None:
    """A large community into an empty data folder, without servers: seconds to minutes instead of hours."""
    from pipelines.simulation.generator.bulk.lake import write_lake
    from pipelines.simulation.generator.bulk.size import SIZES

    if scale not in SIZES:
        raise CallRefused(f"--to-lake takes --scale {' or '.join(SIZES)}; mdm run lands the small community.")
    if seed < 0:
        raise CallRefused(f"The seed {seed} is negative.")
    data, console = settings.data_dir(), _console()
    with run.only_run(data), Progress(console=console, disable=not console.is_terminal) as shown:
        task = shown.add_task("writing", total=None)

        def progress(source: str, done: int, every: int) -> None:
            shown.update(task, description=f"writing {source}", completed=done, total=every)

        done = write_lake(data, SIZES[scale], seed, progress=progress)
    for stream, rows in sorted(done.rows.items()):
        console.print(f"{stream}: {rows:,} rows")
    console.print(
        f"{done.events:,} events ({done.contributions:,} contributions) of {done.people:,} people with"
        f" {done.accounts:,} accounts; {done.seconds:,.0f} s, {done.peak_bytes / 1e9:.1f} GB at most"
    )
    console.print(f"result: {data}/raw, truth: {data}/truth\nbuild the warehouse: mdm build")


@app.command()
def dev(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000) -> None:
    """The Dagster UI with all assets, checks and schedules, over the community the folder holds."""
    data = settings.data_dir()
    world = run.world_of(data) if (data / "world.json").exists() else None
    settings.apply({"MDM_DATA": str(data)})
    if world is not None and world.is_live:
        _dagster(data, port)
        return
    with embedded.community() as (demo, variables):
        if world is None or world.name == demo.name:
            with run.only_run(data):
                _embed(data, demo, variables)
        else:
            _console().print(
                f"the sources of {world.name} are not running: only the warehouse can be rebuilt"
            )
        _dagster(data, port)


def _prepare_dagster(data: Path, more: dict[str, Any]) -> None:
    """Point this process and its children at the folder's own Dagster instance. more: of its settings.

    A `dagster.yaml` that an operator wrote stays as it is (docs/dagster.md).
    """
    home = data / "dagster"
    home.mkdir(exist_ok=True)
    instance = {
        **more,
        "telemetry": {"enabled": False},
        "event_log_storage": {
            "module": "pipelines.defs.event_log",
            "class": "EventLog",
            "config": {"base_dir": str(home / "history" / "runs")},
        },
    }
    path = home / "dagster.yaml"
    if not path.exists() or _is_ours(path.read_text()):
        replace_file(path, f"{OURS}\n{json.dumps(instance, indent=2)}\n".encode())
    settings.apply({"DAGSTER_HOME": str(home), **warehouse.environment(data)})


def _is_ours(content: str) -> bool:
    """Whether a `dagster.yaml` is one that mdm wrote: it says so, or is one from before it said so."""
    if content.startswith("{"):
        with contextlib.suppress(ValueError):
            return set(json.loads(content)) <= {"concurrency", "telemetry", "event_log_storage"}
    return content.startswith(OURS)


def _dagster(data: Path, port: int) -> None:
    """Dagster's UI and daemon. Of pools only they use any: the daemon frees what a killed run holds."""
    _prepare_dagster(data, {"concurrency": {"pools": {"default_limit": 1}}})
    warehouse.parse(data)
    import subprocess

    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-m",
        "pipelines.definitions",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    with contextlib.suppress(KeyboardInterrupt):
        subprocess.run(command, cwd=settings.ROOT, env=settings.environment({}), check=False)


@app.command()
def build(
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Make every table anew, also where nothing of it is new.")
    ] = False,
) -> None:
    """Rebuild the warehouse from the lake, with all its tests, without asking any source."""
    data = settings.data_dir()
    with run.only_run(data), run.noted(data, "mdm build"):
        run.link(data)
        with run.building(data, run.new_run_id()):
            warehouse.build(data, full_refresh=full_refresh)
        run.keep_persons(data)
    _console().print(f"built {data / 'warehouse.duckdb'}; publish it: mdm publish")


@app.command()
def publish(
    back_to: Annotated[
        str | None, typer.Option(help="Only make this earlier version the current one again.")
    ] = None,
) -> None:
    """Publish the warehouse as it stands, if the publish gate accepts it; asks no source, builds nothing."""
    data, console = settings.data_dir(), _console()
    settings.apply({})
    from pipelines.publish import PublicationFailed, PublicationRefused, roll_back

    with run.only_run(data):
        try:
            if back_to is not None:
                console.print(f"current again: {roll_back(data / 'published', back_to)}")
                return
            with run.noted(data, "mdm publish"):
                done = run.publish(data, run.new_run_id())
        except PublicationFailed as error:
            raise CallRefused(str(error)) from None
        except PublicationRefused as refusal:
            for sentence in refusal.sentences:
                print(f"mdm: refused: {sentence}", file=sys.stderr)
            raise SystemExit(1) from None
    for sentence in done.warnings:
        console.print(f"warning: {sentence}", markup=False)
    console.print(f"published {done.version}" + ("" if done.is_new else ", which was there before"))
    console.print(f"result: {done.path}")


@app.command()
def docs() -> None:
    """Every model and column and the lineage from a source's stream to its page, as one page."""
    data = settings.data_dir()
    if not (data / "warehouse.duckdb").exists():
        raise CallRefused(f"There is no warehouse in {data} yet: run `mdm run` or `mdm build` first.")
    print(f"documented in {warehouse.document(data)}")


@app.command()
def parse() -> None:
    """Let dbt read its whole project, without a database: names, references, contracts."""
    warehouse.dbt(settings.data_dir(), "parse")


if __name__ == "__main__":
    main()

"""The app: addresses to pages, controls to addresses, downloads, and the server.

All state is in the address (page, month, region, area), so every view can be sent on. Pages are rendered
from the published files only and ask no other host for anything; a content security policy holds the browser
to that.
Not in here: what a page shows (`pages/`), how published files are read (`data.py`).
"""

from __future__ import annotations

import errno
import logging
import re
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import dash
import flask
import pandas as pd
import waitress
from dash import ALL, MATCH, Input, Output, State, dcc, html
from dash.development.base_component import Component

from dashboards import around, parts, words
from dashboards import card as cards
from dashboards import notices as known
from dashboards.card import Page, View
from dashboards.data import (
    AUDIENCES,
    EACH,
    NothingPublished,
    Published,
    PublishedUnreadable,
    open_published,
    opened_once,
)
from dashboards.pages import PAGES

NAME = "Mission-Driven Mozillians"
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
"""Nothing but this server; inline parts are Dash's own start-up script and plotly's styles."""
MAKE_ONE = "make run"
THREADS = 8
SCRIPTS = "/_dash-component-suites/"
"""Where Dash serves its own scripts and plotly's; they change only when those packages do."""
SCRIPTS_KEPT = 24 * 3600
"""Seconds a browser keeps a script whose address does not name its version, plotly's 5 MB among them."""

INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
<link rel="prefetch" as="script" href="/_dash-component-suites/plotly/package_data/plotly.min.js">
{%css%}
</head>
<body>
<noscript><p class="plain">These pages are drawn in the browser and need JavaScript. Every number
they show is also in the published file, which any DuckDB client opens.</p></noscript>
{%app_entry%}
{%config%}
{%scripts%}
{%renderer%}
</body>
</html>
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rendered:
    """What one address gives: the document's title, the navigation, the main part, what its controls say."""

    title: str
    nav: Sequence[Component]
    main: Sequence[Component]
    controls: dict[str, str] = field(default_factory=dict)
    version: str | None = None

    @property
    def arrival(self) -> dict[str, Any]:
        """What the browser keeps of the page it is on."""
        return {"title": self.title, "controls": self.controls, "version": self.version}


def create_app(
    published: Path, audience: str = "public", now: Callable[[], datetime] | None = None
) -> dash.Dash:
    """The pages over one folder of published versions.

    published: the folder with the pointer `current`; it need not exist yet, the pages then say what makes it.
    now: the reader's clock, UTC without zone; the machine's when not given.
    Raises ValueError for an unknown audience.
    """
    if audience not in AUDIENCES:
        raise ValueError(f"audience is one of {', '.join(AUDIENCES)}, not {audience!r}")
    clock = now or (lambda: datetime.now(UTC).replace(tzinfo=None))
    server = flask.Flask(__name__)
    server.config["COMPRESS_CACHE_BACKEND"] = _CompressedScripts
    server.config["COMPRESS_CACHE_KEY"] = lambda request: request.path
    app = dash.Dash(
        __name__,
        server=server,
        title=NAME,
        update_title="",
        serve_locally=True,
        compress=True,
        enable_mcp=False,
        suppress_callback_exceptions=True,
        index_string=INDEX,
        assets_ignore=r".*\.txt$",
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    app.layout = _shell(audience)

    @app.callback(
        Output("nav", "children"),
        Output("main", "children"),
        Output("arrival", "data"),
        Input("address", "pathname"),
        Input("address", "search"),
    )
    def page_of_address(pathname: str | None, search: str | None) -> tuple[Any, Any, dict[str, Any]]:
        try:
            rendered = render(published, audience, pathname or "/", search or "", clock())
        except Exception:
            log.exception("page %s", pathname)
            rendered = Rendered(f"Not drawn · {NAME}", _nav(None, View(None)), _not_drawn())
        return (
            list(rendered.nav),
            list(rendered.main),
            rendered.arrival,
        )

    @app.callback(
        Output("address", "search"),
        Input({"control": ALL}, "value"),
        Input({"card": ALL, "graph": "map"}, "clickData"),
        State({"control": ALL}, "id"),
        State("address", "search"),
        State("arrival", "data"),
        prevent_initial_call=True,
    )
    def address_of_choice(
        values: list[str | None],
        clicks: list[Any],
        ids: list[dict[str, str]],
        search: str | None,
        arrival: Any,
    ) -> Any:
        chosen = {each["control"]: value or "" for each, value in zip(ids, values, strict=True)}
        wanted = next_search(
            search or "", chosen, (arrival or {}).get("controls", {}), clicked_region(clicks)
        )
        return dash.no_update if wanted is None else wanted

    @app.callback(
        Output({"table": MATCH, "part": "content"}, "children"),
        Input({"table": MATCH, "part": "opener"}, "n_clicks"),
        State({"table": MATCH, "part": "opener"}, "id"),
        State("address", "pathname"),
        State("address", "search"),
        State("arrival", "data"),
        prevent_initial_call=True,
    )
    def table_when_opened(
        clicks: int | None, ids: dict[str, str], pathname: str | None, search: str | None, arrival: Any
    ) -> Any:
        if not clicks:
            return dash.no_update
        version = (arrival or {}).get("version")
        return opened_table(published, audience, version, pathname or "/", search or "", ids["table"])

    app.clientside_callback(
        dash.ClientsideFunction("pages", "arrive"), Output("arrived", "data"), Input("arrival", "data")
    )
    _routes(server, published, audience)
    return app


def next_search(
    search: str, chosen: dict[str, str], drawn: dict[str, str], clicked: str | None
) -> str | None:
    """The query to go to after a choice, None to stay.

    chosen: what the controls say now; drawn: what they said when the page was drawn. A page just drawn
    reports its controls too: nothing was chosen then, and the address stays as the reader wrote it.
    """
    asked = _asked(search)
    changed = {name: value for name, value in chosen.items() if value != drawn.get(name)}
    if clicked is not None and not changed:
        changed = {"region": clicked}
    wanted = {name: value for name, value in (asked | changed).items() if value}
    return f"?{urlencode(wanted)}" if changed and wanted != asked else None


def clicked_region(clicks: Sequence[Any]) -> str | None:
    """The region that a click on a map asks for; None when nothing with a region was clicked."""
    for click in clicks:
        for point in (click or {}).get("points", ()):
            data = point.get("customdata")
            if data:
                return str(data[0])
    return None


@opened_once()
def render(published: Path, audience: str, pathname: str, search: str, now: datetime) -> Rendered:
    """The page at an address. Never raises for what a reader can ask or a publisher can break: it says so."""
    try:
        found = open_published(published, audience)
        view, remarks = view_of(found, search)
        view = replace(view, read_at=now.replace(minute=0, second=0, microsecond=0))
        page = PAGES.get("/" + pathname.strip("/"))
        nav = _nav(page, view)
        if page is None:
            return Rendered(
                f"Not found · {NAME}",
                nav,
                _sentence("There is no such page.", f"Nothing is kept at {pathname}."),
            )
        title = f"{page.title(found, view)} · {NAME}"
        controls = {control.name: control.value for control in _controls(page, found, view)}
        return Rendered(title, nav, _page(page, found, view, remarks, now), controls, found.version)
    except NothingPublished:
        main = _sentence(
            "Nothing is published yet.",
            "These pages show a published version of the figures, and there is none so far. "
            "This command makes one; reload the page when it has ended:",
            MAKE_ONE,
        )
        return Rendered(f"Nothing is published yet · {NAME}", _nav(None, View(None)), main)
    except PublishedUnreadable as error:
        log.error("published files: %s", error)
        main = _sentence(
            "The published version cannot be read.",
            f"{error} Nothing is shown rather than something half-read. This command makes a new version:",
            MAKE_ONE,
        )
        return Rendered(f"Cannot be read · {NAME}", _nav(None, View(None)), main)


def opened_table(
    published: Path, audience: str, version: str | None, pathname: str, search: str, key: str
) -> Component:
    """The rows of one card as a table, of the version that the page shows."""
    page = PAGES.get("/" + pathname.strip("/"))
    card = None if page is None else page.card(key)
    try:
        found = open_published(published, audience, version)
    except (NothingPublished, PublishedUnreadable) as error:
        return html.P(str(error))
    shown = None if card is None else cards.show(card, found, view_of(found, search)[0])
    return html.P("There is no such table.") if shown is None else cards.table(shown)


def view_of(published: Published, search: str) -> tuple[View, list[known.Notice]]:
    """What an address asks for, brought to what there is; a remark for each thing that there is not."""
    asked, remarks = _asked(search), []
    ends = parts.months(published)
    month = ends[-1] if ends else None
    wanted = asked.get("month")
    if wanted:
        found = [end for end in ends if _start(end) == wanted]
        if found:
            month = found[0]
        elif month is not None:
            remarks.append(
                known.Notice(
                    "warning", "There is no such month.", f"Shown instead: {words.month(_before(month))}."
                )
            )
    region = asked.get("region")
    kinds = dict(zip(published.regions["code"], published.regions["kind"], strict=True))
    if region and kinds.get(region) != "region":
        remarks.append(known.Notice("warning", "There is no such region.", "Shown instead: all regions."))
        region = None
    area = asked.get("area")
    if area and area not in parts.areas(published):
        remarks.append(known.Notice("warning", "There is no such area.", "Shown instead: all areas."))
        area = None
    return View(month, region or None, area or None), remarks


def _asked(search: str) -> dict[str, str]:
    query = parse_qs(search.lstrip("?"))
    return {name: query[name][0] for name in ("region", "area", "month") if query.get(name)}


def _before(end: datetime) -> datetime:
    return (pd.Timestamp(end) - pd.DateOffset(months=1)).to_pydatetime()


def _start(end: datetime) -> str:
    return f"{_before(end):%Y-%m}"


def _shell(audience: str) -> Component:
    return html.Div(
        [
            dcc.Location(id="address", refresh="callback-nav"),
            dcc.Store(id="arrival"),
            dcc.Store(id="arrived"),
            html.A("Skip to content", href="#main", className="skip"),
            html.Header(
                html.Div(
                    [
                        html.Span(
                            [NAME, html.Span("community metrics", className="tagline")], className="brand"
                        ),
                        html.Nav(id="nav", **cards.aria(label="Pages")),
                    ],
                    className="inner",
                )
            ),
            html.Main(html.P("Loading…", className="plain"), id="main", tabIndex=-1),
        ],
        className=f"audience-{audience}",
    )


def _nav(page: Page | None, view: View) -> list[Component]:
    """Links to all pages; a narrow screen keeps them in a menu, so that the page itself comes first."""
    links = []
    for each in PAGES.values():
        query = view.query() if each.by_region else view.query(region=None, area=None)
        here = {"aria-current": "page"} if page is each else {}
        links.append(
            html.Li(
                dcc.Link(
                    each.name,
                    href=f"{each.path}?{query}" if query else each.path,
                    className="here" if here else "",
                )
            )
        )
    opener = ["Pages: ", html.B(page.name)] if page else ["Pages"]
    return [html.Details([html.Summary(opener), html.Ul(links)], className="menu")]


def _sentence(title: str, text: str, command: str | None = None) -> list[Component]:
    shown = [html.H1(title, id="top", tabIndex=-1), html.P(text)]
    return [html.Div([*shown, *([html.Pre(html.Code(command))] if command else [])], className="plain")]


def _not_drawn() -> list[Component]:
    return _sentence(
        "This page cannot be drawn.",
        "The published version does not have the form that these pages expect. The server's log says where.",
    )


def _page(
    page: Page, published: Published, view: View, remarks: list[known.Notice], now: datetime
) -> list[Component]:
    return [
        html.Div(
            [
                html.Div(
                    [
                        *_crumbs(page, published, view),
                        html.H1(page.title(published, view), id="top", tabIndex=-1),
                        html.P(page.lead(published, view), className="lead"),
                    ],
                ),
                html.Div(
                    [_dropdown(each) for each in _controls(page, published, view)],
                    className="controls",
                    role="group",
                    **cards.aria(label="What to show"),
                ),
            ],
            className="head",
        ),
        around.noticed(published, [*remarks, *known.notices(published, view, now, regional=page.by_region)]),
        *page.facts(published, view),
        *_sections(page.path, published, view),
        html.Footer(
            [
                *around.foot(published),
                html.P("Borders are drawn as in Natural Earth (public domain) and take no position."),
            ]
        ),
    ]


def _crumbs(page: Page, published: Published, view: View) -> list[Component]:
    if not (page.by_region and view.region):
        return []
    back = dcc.Link("All regions", href=f"{page.path}?{view.query(region=None)}")
    return [
        html.Nav(
            [back, html.Span(" / ", **cards.aria(hidden="true")), published.region_name(view.region)],
            className="crumbs",
            **cards.aria(label="Where you are"),
        )
    ]


@dataclass(frozen=True)
class _Control:
    """A choice that becomes part of the address."""

    name: str
    label: str
    options: list[dict[str, str]]
    value: str


def _controls(page: Page, published: Published, view: View) -> list[_Control]:
    ends = parts.months(published)
    if not ends or view.month is None:
        return []
    options = [{"label": words.month(_before(end)), "value": _start(end)} for end in reversed(ends)]
    month = _Control("month", "Month", options, _start(view.month))
    if not page.by_region:
        return [month]
    rows = published.select("active_contributors_by_region", ("month",), until=view.month, region=EACH)
    names = sorted((published.region_name(code), code) for code in set(rows["region"]) - {"unknown"})
    listed = [
        {"label": "All regions", "value": ""},
        *({"label": name, "value": code} for name, code in names),
    ]
    areas = [
        {"label": "All areas", "value": ""},
        *({"label": words.area(area), "value": area} for area in parts.areas(published)),
    ]
    return [
        _Control("region", "Region", listed, view.region or ""),
        _Control("area", "Area", areas, view.area or ""),
        month,
    ]


def _dropdown(control: _Control) -> Component:
    name = f"label-{control.name}"
    return html.Div(
        [
            html.Span(control.label, id=name, className="label"),
            html.Div(
                dcc.Dropdown(
                    id={"control": control.name},
                    options=control.options,
                    value=control.value,
                    clearable=False,
                    searchable=len(control.options) > 8,
                    maxHeight=320,
                ),
                role="group",
                **cards.aria(labelledby=name),
            ),
        ],
        className=f"control control-{control.name}",
    )


@lru_cache(maxsize=128)
def _sections(path: str, published: Published, view: View) -> tuple[Component, ...]:
    """The cards of a page, kept: a published version never changes, ages are told by the hour."""
    page = PAGES[path]
    return tuple(_section(section, page, published, view) for section in page.sections)


def _section(section: cards.Section, page: Page, published: Published, view: View) -> Component:
    """The cards with a number; those without one are folded behind a line that names them and says why."""
    name = "s-" + re.sub(r"[^a-z]+", "-", section.title.lower())
    here = [
        (each, cards.show(each, published, view)) for each in section.cards if each.applies(published, view)
    ]
    why = [cards.why_nothing(shown) for _, shown in here]
    drawn = [each for each, reason in zip(here, why, strict=True) if not reason]
    folded = [each for each, reason in zip(here, why, strict=True) if reason]

    def grid(some: list[tuple[cards.Card, cards.Shown | None]]) -> Component:
        framed = [cards.frame(card, shown, page, published, view) for card, shown in cards.in_rows(some)]
        return html.Div(framed, className="cards")

    rest: list[Component] = []
    if folded:
        number, said = cards.without_number(folded)
        asked = "question" if len(here) == 1 else "questions"
        count = html.Strong(f"No number to show for {number} of {len(here)} {asked}. ")
        rest = [html.Details([html.Summary([count, said]), grid(folded)], className="folded")]
    return html.Section(
        [
            html.Div([html.H2(section.title, id=name), html.P(section.lead)], className="section-head"),
            *([grid(drawn)] if drawn else []),
            *rest,
        ],
        **cards.aria(labelledby=name),
    )


def _routes(server: flask.Flask, published: Path, audience: str) -> None:
    """The downloads, the health check, and the headers of every answer."""

    @server.get("/download/<page>/<key>.csv")
    def download(page: str, key: str) -> flask.Response:
        asked = flask.request.args.get("version")
        shown_page = PAGES.get("/" if page == "overview" else f"/{page}")
        card = None if shown_page is None else shown_page.card(key)
        if card is None:
            return _refused(404, "There is no such download.")
        try:
            found = open_published(published, audience, asked)
            view, _ = view_of(found, flask.request.query_string.decode("ascii", "replace"))
            shown = cards.show(card, found, view)
        except (NothingPublished, PublishedUnreadable) as error:
            return _refused(404, str(error))
        if shown is None:
            return _refused(404, "This version does not hold this metric.")
        return flask.Response(
            cards.csv(shown),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{cards.file_name(card, found)}"'},
        )

    @server.get("/health")
    def health() -> flask.Response:
        try:
            found = open_published(published, audience)
        except (NothingPublished, PublishedUnreadable) as error:
            return _refused(503, str(error))
        return flask.Response(f"{found.version}\n", content_type="text/plain; charset=utf-8")

    @server.after_request
    def guarded(response: flask.Response) -> flask.Response:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        if flask.request.path.startswith(SCRIPTS) and response.cache_control.max_age is None:
            response.cache_control.max_age = SCRIPTS_KEPT
        return response


class _CompressedScripts(dict[str, bytes]):
    """What Flask-Compress keeps: scripts, so that plotly's 5 MB are compressed once and not for each reader.

    Keys are `<algorithm>;<path>`; anything else would be an answer that may differ the next time.
    """

    def set(self, key: str, compressed: bytes) -> None:
        if key.partition(";")[2].startswith(SCRIPTS):
            self[key] = compressed


def _refused(code: int, sentence: str) -> flask.Response:
    return flask.Response(sentence + "\n", status=code, content_type="text/plain; charset=utf-8")


def server_of(app: dash.Dash, host: str, port: int) -> waitress.server.BaseWSGIServer:
    """A server for an app, bound to its address and not yet answering; `run()` answers until interrupted.

    port: 0 lets the system choose. Requests are not logged, errors are; a handful of threads draw pages.
    Raises OSError, its text one sentence, when the address cannot be had.
    """
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        taken = "another program uses it: end that one, or choose another port"
        reason = taken if error.errno == errno.EADDRINUSE else str(error.strerror)
        raise OSError(f"Pages cannot be served on port {port} of {host}: {reason}.") from None
    return waitress.create_server(app.server, sockets=[listening], threads=THREADS, ident=None)


def serve(published: Path, host: str = "127.0.0.1", port: int = 8050, audience: str = "public") -> None:
    """Serve the pages until interrupted; the only thing written is one line that says where they are.

    Each page is drawn once before that line, so that no reader waits for the first drawing.

    Raises OSError, its text one sentence, when the address cannot be had.
    """
    app = create_app(published, audience)
    server = server_of(app, host, port)
    for path in PAGES:
        render(published, audience, path, "", datetime.now(UTC).replace(tzinfo=None))
    sys.stdout.write(f"Pages for the {audience} audience: http://{host}:{port}/ (Ctrl+C ends)\n")
    sys.stdout.flush()
    server.run()
    server.close()

"""How to read an interface to its end without losing a row that moves meanwhile.

    common   values to go on from, and which re-reads are due
    keyset   SUMO: windows side by side, then by value; newest first
    lists    lists by page, with and without details
    search   Bugzilla: by id, then by time of change; sweeps
    windows  Bugzilla's flag activity: windows of whole days
    days     Pontoon: one answer a project and day
    revisions  SUMO's list of revisions, a page for people
    topics   Discourse: topics of a tag, each with its posts

One class a way of paging, each declared by a source with its own path and names. Every walk yields pages
with the cursor that continues after them, and at the end a page (possibly empty) with the watermark; a page
may say which part of a stream it has shown completely. Not in here: connections and retries (`http.py`),
what is done with a page (`landing.py`).

Rows met twice are normal (inclusive cursors, overlaps); landing writes a record only when it changed.
"""

from pipelines.sources.walks.days import ProjectDays
from pipelines.sources.walks.keyset import Members, NewestFirst, ValueKeyset
from pipelines.sources.walks.lists import ListWithDetails, OneList, PagedList
from pipelines.sources.walks.revisions import RevisionList
from pipelines.sources.walks.search import BugzillaSearch
from pipelines.sources.walks.topics import TaggedTopics
from pipelines.sources.walks.windows import DayWindows

__all__ = [
    "BugzillaSearch",
    "DayWindows",
    "ListWithDetails",
    "Members",
    "NewestFirst",
    "OneList",
    "PagedList",
    "ProjectDays",
    "RevisionList",
    "TaggedTopics",
    "ValueKeyset",
]

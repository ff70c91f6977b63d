"""Probable links: which accounts of different systems look like one person's, scored by Splink on DuckDB.

    lake + vault -> `evidence`  one row an account: names, hashes, languages, country, active span
                 -> `score`     pairs that share a key, each with the probability that it is one person
                 -> <data>/raw/_pipeline/identity_links.parquet   pairs of pseudonyms with their score
    warehouse -> <data>/raw/_pipeline/identity/<day>.parquet      who was one person on the run's day
              -> <data>/raw/_pipeline/identity_accepted.parquet   the same, as published or acknowledged last

Weights are constants (`WEIGHTS`), not trained on each run: a pair's score then depends on its own evidence
and not on who else came, the same lake gives the same links, and a person can follow a score by multiplying.
Handles and display names are read from the vault into memory and never written; without a vault, links rest
on hashes alone. Not in here: links that people declare or decide and who is one person in the end
(`dbt/models/intermediate/identity/`, `clusters.py`), bots (dbt leaves them out), the review (`review.py`).
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.lake import Lake, write_parquet
from pipelines.privacy import pseudonymiser
from pipelines.settings import ROOT
from pipelines.sources import SOURCES
from pipelines.vault import Vault

log = logging.getLogger(__name__)

THRESHOLD = 0.9
"""A pair that scores more is a probable link (catalogue 0.3)."""

DOUBTFUL = 0.5
"""Pairs from here on are kept for the review; below, nothing is known of them."""

PRIOR = 1e-4
"""Probability that two accounts that nothing is known of are one person's: a few links each among
20,000 accounts."""

LINKS_SCHEMA = pa.schema(
    [("account_key_1", pa.string()), ("account_key_2", pa.string()), ("score", pa.float64())]
)

WEIGHTS: dict[str, tuple[tuple[str, str, float], ...]] = {
    "name": (
        ("missing", "name_l is null or name_r is null", 1.0),
        ("same full name, nobody else's in a system", "name_l = name_r and not name_is_shared_l", 4e5),
        ("same full name, several have it", "name_l = name_r", 3e3),
        ("nearly the same full name", "jaro_winkler_similarity(name_l, name_r) >= 0.95", 1e3),
        ("different full names", "ELSE", 0.02),
    ),
    "handle": (
        ("same address", "mail_l = mail_r", 1e7),
        (
            "same sign-in name or nick, nobody else's",
            "list_has_any(own_signs_l, own_signs_r)",
            4e5,
        ),
        ("same sign-in name or nick, several have it", "list_has_any(signs_l, signs_r)", 2e4),
        (
            "sign-in name is the other's full name",
            "(name_l is null or name_r is null)"
            " and (list_has_any(full_forms_l, said_r) or list_has_any(full_forms_r, said_l))",
            5e5,
        ),
        (
            "sign-in name is the other's with digits for letters",
            "list_has_any(spelled_l, own_signs_r) or list_has_any(spelled_r, own_signs_l)",
            1e5,
        ),
        (
            "sign-in name is the other's with digits behind it",
            "list_has_any(bare_l, own_signs_r) or list_has_any(bare_r, own_signs_l)",
            6e4,
        ),
        (
            "sign-in name is a short form of the other's name",
            "(name_l is null or name_r is null)"
            " and (list_has_any(initial_forms_l, said_r) or list_has_any(initial_forms_r, said_l))",
            4e4,
        ),
        (
            "sign-in name is a longer short form of the other's name",
            "(name_l is null or name_r is null)"
            " and (list_has_any(short_forms_l, said_r) or list_has_any(short_forms_r, said_l))",
            7e3,
        ),
        ("sign-in names with other digits behind them", "list_has_any(stems_l, stems_r)", 1.5e3),
        ("nearly the same sign-in name", "jaro_winkler_similarity(handle_l, handle_r) >= 0.94", 300.0),
        ("nothing to compare", "ELSE", 1.0),
    ),
    "locale": (
        ("missing", "len(coalesce(locales_l, [])) = 0 or len(coalesce(locales_r, [])) = 0", 1.0),
        ("a language in common", "list_has_any(locales_l, locales_r)", 5.0),
        ("no language in common", "ELSE", 0.4),
    ),
    "country": (
        ("missing", "country_l is null or country_r is null", 1.0),
        ("same declared country", "country_l = country_r", 20.0),
        ("different declared countries", "ELSE", 0.05),
    ),
    "span": (
        ("missing", "first_day_l is null or first_day_r is null", 1.0),
        (
            "active at the same time",
            "greatest(first_day_l - last_day_r, first_day_r - last_day_l) <= 30",
            3.0,
        ),
        (
            "active one soon after the other",
            "greatest(first_day_l - last_day_r, first_day_r - last_day_l) <= 180",
            0.5,
        ),
        ("active long after the other", "ELSE", 0.05),
    ),
    "system": (
        ("two accounts in one system", "source_l = source_r", 0.05),
        ("different systems", "ELSE", 1.0),
    ),
}
"""Comparison -> its levels from the strongest: what it means, when it holds, and how many times likelier the
pair is one person's for it. Set by counting right and wrong pairs at each level in three generated
communities of twenty thousand people (`make bench PARTS=truths` counts them), and languages, countries and
spans of random pairs beside them. A long time between two accounts is held likelier than it is there: real
people come back. `docs/identity.md` says how to read them."""

NOBODY = frozenset({"deleted user"})
"""What a system shows in place of a name that is gone."""

MOST_ACCOUNTS_OF_A_KEY = 30
"""A key that more accounts share (a first name, `admin`) proposes no pairs."""


@dataclass
class Account:
    """What is known of one account. Days are counted from 1970; empty and None: nothing known.

    nicks: other sign-in names that its shown name tells.
    """

    source: str
    account: str
    handle: str | None = None
    nicks: list[str] = field(default_factory=list)
    name: str | None = None
    mail: str | None = None
    local: str | None = None
    locales: list[str] = field(default_factory=list)
    country: str | None = None
    first_day: int | None = None
    last_day: int | None = None

    @property
    def key(self) -> str:
        return f"{self.source}:{self.account}"


def link(data: Path, key: bytes, vault: Vault | None) -> int:
    """Score all accounts of the lake and write the pairs worth keeping; returns how many are probable.

    key: of the pseudonyms, to know what stands before an @ when a name says it.
    """
    pairs = score(evidence(data, vault), key)
    write_links(data, pairs)
    return sum(value > THRESHOLD for _, _, value in pairs)


def prepare(data: Path) -> None:
    """Files without rows where there are none yet, so that dbt reads them before the first links."""
    if not links_path(data).exists():
        write_links(data, ())
    snapshots(data)


def write_links(data: Path, pairs: Iterable[tuple[str, str, float]]) -> None:
    """Replace the file that dbt reads: sorted, so that the same pairs give the same bytes."""
    rows = sorted(pairs)
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], []]
    links_path(data).parent.mkdir(parents=True, exist_ok=True)
    write_parquet(pa.table(columns, schema=LINKS_SCHEMA), links_path(data))


def links_path(data: Path) -> Path:
    return data / "raw" / "_pipeline" / "identity_links.parquet"


# --- Snapshots -----------------------------------------------------------------------------------

SNAPSHOT_SCHEMA = pa.schema(
    [
        ("snapshot_on", pa.date32()),
        ("account_key", pa.string()),
        ("person_id", pa.string()),
        ("probable_person_id", pa.string()),
    ]
)


PERSONS_NOW = """
    select cast(runs.as_of as date) as snapshot_on, account_key, person_id, probable_person_id
    from intermediate.int_identity__accounts cross join staging.stg_pipeline__runs as runs
    where not is_bot order by account_key
"""
"""Who is one person in a warehouse, a row an account: what snapshots hold."""


def snapshots(data: Path) -> Path:
    """The folder of snapshots, with a file without rows, so that it reads before the first one."""
    folder = data / "raw" / "_pipeline" / "identity"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "_schema.parquet").exists():
        write_parquet(SNAPSHOT_SCHEMA.empty_table(), folder / "_schema.parquet")
    return folder


def keep_snapshot(data: Path) -> int:
    """Write down who is one person in the warehouse, under the day of its run; returns the accounts.

    A second build on the same day takes the file's place, so that a rebuild compares with the same days.
    """
    table = _persons_now(data)
    if table.num_rows:
        day = table["snapshot_on"][0].as_py().isoformat()
        write_parquet(table, snapshots(data) / f"{day}.parquet")
    return table.num_rows


FORMER_SCHEMA = pa.schema([("source", pa.string()), ("login", pa.string()), ("account", pa.string())])


def keep_former_logins(data: Path) -> int:
    """Write down which accounts had which log-in that only a history tells of; returns how many.

    An erasure asks for them (`forget.py`): no row of the lake names both, and after one erasure there is no
    warehouse to ask for the next.
    """
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as warehouse:
        table = warehouse.execute(
            "select 'bugzilla' as source, login, account from intermediate.int_identity__former_logins"
            " order by login"
        ).to_arrow_table()
    write_parquet(table.cast(FORMER_SCHEMA), former_logins_path(data))
    return table.num_rows


def former_logins_path(data: Path) -> Path:
    return data / "raw" / "_pipeline" / "former_logins.parquet"


def under_former_logins(data: Path, source: str, known: set[str]) -> set[str]:
    """The log-ins that the accounts among these pseudonyms had, and the accounts that had the log-ins, by the
    last build; nothing before the first."""
    path = former_logins_path(data)
    if not path.exists():
        return set()
    table = pq.read_table(path)
    here = table.filter(pc.and_(pc.equal(table["source"], source), _named(table, known)))
    return {*here["login"].to_pylist(), *here["account"].to_pylist()}


def _named(table: pa.Table, pseudonyms: set[str]) -> pa.ChunkedArray:
    """Whether a row of former log-ins names one of these."""
    values = pa.array(sorted(pseudonyms), pa.string())
    return pc.or_(*(pc.is_in(table[name], value_set=values) for name in ("login", "account")))


def accept(data: Path) -> None:
    """Make who is one person in the warehouse what the next publication is compared with."""
    write_parquet(_persons_now(data), accepted_path(data))


def accepted_path(data: Path) -> Path:
    return data / "raw" / "_pipeline" / "identity_accepted.parquet"


def _persons_now(data: Path) -> pa.Table:
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as warehouse:
        return warehouse.execute(PERSONS_NOW).to_arrow_table().cast(SNAPSHOT_SCHEMA)


def forget(data: Path, source: str, pseudonyms: set[str]) -> int:
    """Take an erased person out of links, former log-ins and snapshots; of these all that they were part of.

    Returns how many rows went.
    """
    gone = 0
    keys = pa.array([f"{source}:{one}" for one in sorted(pseudonyms)], pa.string())
    path = links_path(data)
    if path.exists():
        table = pq.read_table(path)
        named = pc.or_(*(pc.is_in(table[f"account_key_{n}"], value_set=keys) for n in (1, 2)))
        kept = table.filter(pc.invert(named))
        if kept.num_rows < table.num_rows:
            write_parquet(kept, path)
        gone += table.num_rows - kept.num_rows
    if (path := former_logins_path(data)).exists():
        table = pq.read_table(path)
        kept = table.filter(pc.invert(pc.and_(pc.equal(table["source"], source), _named(table, pseudonyms))))
        if kept.num_rows < table.num_rows:
            write_parquet(kept, path)
        gone += table.num_rows - kept.num_rows
    kept_files = [*snapshots(data).glob("2*.parquet"), accepted_path(data)]
    for path in (one for one in kept_files if one.exists()):
        table = kept = pq.read_table(path)
        here = table.filter(pc.is_in(table["account_key"], value_set=keys))
        for name in ("person_id", "probable_person_id"):
            kept = kept.filter(pc.invert(pc.is_in(kept[name], value_set=here[name].combine_chunks())))
        if here.num_rows:
            write_parquet(kept, path)
        gone += table.num_rows - kept.num_rows
    return gone


# --- Names ---------------------------------------------------------------------------------------

NICK = r":(\w(?:[\w.|-]*\w)?)"
"""How people of Mozilla write a nick into their shown name, most of them in brackets."""

LOOKS_LIKE = str.maketrans("013457", "oieast")
"""Digits that people write for letters, where a name is taken or for fun."""


def full_name(text: str | None) -> str | None:
    """`Ada Lovelace [:ada] (away)` -> `ada lovelace`; None for less than two words of letters.

    Accents and case go, words are put in order, so that `Lovelace, Ada` is the same name. A nick outside of
    brackets is a word of the name where it would be none without it: `Ada :Lovelace`.
    """
    outside = re.sub(r"\[.*?\]|\(.*?\)", " ", text or "")
    for said in (re.sub(NICK, " ", outside), outside):
        words = re.findall(r"[^\W\d_]+", _folded(said))
        if len(words) >= 2 and sum(map(len, words)) >= 6 and " ".join(words) not in NOBODY:
            return " ".join(sorted(words))
    return None


def handle(text: str | None) -> str | None:
    """`Ada.Lovelace_7` -> `adalovelace7`: letters and digits; None for fewer than four of them."""
    bare = re.sub(r"[\W_]+", "", _folded((text or "").partition("@")[0].partition("+")[0]))
    return bare if len(bare) >= 4 else None


def nicks(text: str | None) -> list[str]:
    """Sign-in names that a shown name tells, in lower case: `Ada [:ada.l, away] :lovelace` -> both.

    Left out are those of which `handle` makes nothing, and what a colon joins to something before it
    (`10:30`, `needinfo:somebody`).
    """
    said = re.findall(rf"(?<![\w:/]){NICK}", text or "")
    return sorted({nick.lower() for nick in said if handle(nick)})


def stem(name: str | None) -> str | None:
    """A handle without the digits at its end; None for fewer than four letters."""
    bare = (name or "").rstrip("0123456789")
    return bare if len(bare) >= 4 else None


def spelled(name: str) -> str:
    """A handle with letters for the digits that look like them: `l0v3lac3` -> `lovelace`."""
    return name.translate(LOOKS_LIKE)


def full_forms(name: str | None) -> set[str]:
    """Sign-in names that say a whole name of two words: `adalovelace`, `lovelace.ada`."""
    words = (name or "").split()
    orders = (words, words[::-1]) if len(words) == 2 else ()
    return {between.join(order) for order in orders for between in ("", ".", "_", "-")}


def initial_forms(name: str | None) -> set[str]:
    """Sign-in names of one word and the other's first letter, five letters at least: `lovelacea`."""
    return _abbreviated(name, (1,))


def short_forms(name: str | None) -> set[str]:
    """The same with two or three of the other's letters: `lovelacead`."""
    return _abbreviated(name, (2, 3)) - initial_forms(name)


def _abbreviated(name: str | None, letters: Iterable[int]) -> set[str]:
    words = (name or "").split()
    orders = (words, words[::-1]) if len(words) == 2 else ()
    parts = [(one, other[:count]) for one, other in orders for count in letters]
    forms = {form for one, part in parts for form in (one + part, part + one)}
    return {form for form in forms if len(form) >= 5}


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


FORMS = {"full_forms": full_forms, "initial_forms": initial_forms, "short_forms": short_forms}
"""Ways to make a sign-in name of a full name, by the columns that `WEIGHTS` compare."""

NO_FORMS = [set[str]() for _ in FORMS]


# --- Evidence ------------------------------------------------------------------------------------

LOGINS = {
    "bugzilla": """
        select account, login, _fetched_at from {users}
        union all select setter_id, setter, _fetched_at from {flag_activity} where setter_id is not null
        union all
        select requestee_id, requestee, _fetched_at from {flag_activity} where requestee_id is not null
    """,
    "sumo": "select account, username as login, _fetched_at from {users}",
}
"""Sources whose acts name log-ins, and where the log-in of an account is seen."""

ACTS = {
    "bugzilla": """
        select creator as who, creation_time as acted_at, null as locale from {bugs}
        union all select creator, creation_time, null from {comments}
        union all select who, "when", null from {changes}
        union all select creator, creation_time, null from {attachments}
    """,
    "sumo": """
        select creator as who, created as acted_at, locale from {questions}
        union all
        select answers.creator, answers.created, questions.locale
        from {answers} as answers left join {questions} as questions on answers.question_id = questions.id
    """,
    "pontoon": """
        select translator as who, "date" as acted_at, locale from {user_actions} where not is_system_user
    """,
    "reps": """
        select reporter as who, cast(report_date as timestamptz) as acted_at, null as locale from {activities}
        union all select owner, start, null from {events}
    """,
    "discourse": """
        select author_id as who, created_at as acted_at, null as locale from {posts} where not is_system
    """,
}
NAMES = {
    "bugzilla": "select login as who, mail_address, local_name, null as country from {logins}",
    "sumo": "select account as who, mail_address, local_name, country from {users}",
    "pontoon": "select account as who, null as mail_address, local_name, null as country from {users}",
    "reps": "select account as who, null as mail_address, local_name, country from {people}",
    "discourse": "select account as who, null as mail_address, local_name, null as country from {users}",
}


def evidence(data: Path, vault: Vault | None) -> list[Account]:
    """Every account of the lake and what is known of it, by key.

    All versions of all records are looked at: a name that somebody had once is theirs. Of several names
    the smallest is taken, so that the order of batches decides nothing.
    """
    found: dict[tuple[str, str], Account] = {}
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            "create table country_names as select distinct name, country from read_csv($1, header = true)",
            [str(ROOT / "dbt" / "seeds" / "country_names.csv")],
        )
        for source in ACTS:
            Lake(data).prepare(SOURCES[source])
            for row in connection.execute(_query(data, source)).to_arrow_table().to_pylist():
                found[source, row["account"]] = Account(source=source, **row)
    for row in vault.read("account links").to_pylist() if vault else ():
        account = found.get((row["source"], row["pseudonym"]))
        if account is not None and row["kind"] == "id":
            account.handle, account.name = handle(row["handle"]), full_name(row["display_name"])
            account.nicks = nicks(row["display_name"])
    return [account for _, account in sorted(found.items())]


def _query(data: Path, source: str) -> str:
    """One row an account of a source: account, mail, local, country, locales, first_day, last_day."""
    folders = {
        stream.name: f"read_parquet('{data}/raw/{source}/{stream.name}/*.parquet', union_by_name = true)"
        for stream in SOURCES[source].streams
    }
    live = {name: f"(select * from {files} where not _is_deleted)" for name, files in folders.items()}
    logins = LOGINS.get(source, "select null as account, null as login, null as _fetched_at where false")
    return f"""
        with logins as (
            select login, account
            from ({logins.format(**live)})
            where login is not null
            qualify row_number() over (partition by login order by _fetched_at desc, account) = 1
        ),
        acts as (
            select
                coalesce(logins.account, acts.who) as account, acts.acted_at,
                case when acts.locale <> 'en-US' then split_part(acts.locale, '-', 1) end as language
            from ({ACTS[source].format(**live)}) as acts left join logins on acts.who = logins.login
            where acts.who <> ''
        ),
        spans as (
            select
                account,
                date_diff('day', date '1970-01-01', cast(min(acted_at) as date)) as first_day,
                date_diff('day', date '1970-01-01', cast(max(acted_at) as date)) as last_day,
                list_sort(list_distinct(list(language) filter (language is not null))) as locales
            from acts group by account
        ),
        names as (
            select
                coalesce(logins.account, names.who) as account,
                min(names.mail_address) as mail, min(names.local_name) as local,
                min(coalesce(country_names.country, upper(names.country))) as country
            from ({NAMES[source].format(**live)}) as names
            left join logins on names.who = logins.login
            left join country_names on country_names.name = lower(trim(names.country))
            group by all
        )
        select
            account, names.mail, names.local, names.country, coalesce(spans.locales, []) as locales,
            spans.first_day, spans.last_day
        from names full join spans using (account)
        order by account
    """


# --- Scores --------------------------------------------------------------------------------------


def score(accounts: Iterable[Account], key: bytes) -> list[tuple[str, str, float]]:
    """Pairs of account keys (the smaller first) with a score of at least `DOUBTFUL`, in order.

    A score is rounded to six digits: what is left of it says nothing, and may depend on the machine.
    """
    records = _records(accounts, key)
    if records.num_rows < 2:
        return []
    found = _predict(records, DOUBTFUL).to_pylist()
    return sorted((row["one"], row["other"], row["score"]) for row in found)


def explain(
    pairs: Iterable[tuple[str, str]], among: Iterable[Account], key: bytes
) -> list[list[tuple[str, float]]]:
    """What speaks for and against each pair of account keys, in their order: (meaning, times likelier).

    among: all accounts, for what is shared in them. What says nothing is left out; of an account that is
    not among them nothing is known.
    """
    wanted = [(place, *sorted(pair)) for place, pair in enumerate(pairs)]
    records = _records(among, key)
    compared = ", ".join(f"l.{name} as {name}_l, r.{name} as {name}_r" for name in records.column_names)
    levels = ", ".join(
        "case "
        + " ".join(f"when {when} then {n}" for n, (_, when, _) in enumerate(levels) if when != "ELSE")
        + f" else {len(levels) - 1} end"
        for levels in WEIGHTS.values()
    )
    found: list[list[tuple[str, float]]] = [[] for _ in wanted]
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.register("records", records)
        columns = zip(*wanted, strict=True) if wanted else ((), (), ())
        named = zip(("place", "one", "other"), (pa.int64(), _TEXT, _TEXT), columns, strict=True)
        connection.register("pairs", pa.table({name: pa.array(values, of) for name, of, values in named}))
        for place, *held in connection.execute(
            f"""
            select place, {levels}
            from (
                select pairs.place, {compared}
                from pairs
                inner join records as l on pairs.one = l.unique_id
                inner join records as r on pairs.other = r.unique_id
            )
            """
        ).fetchall():
            told = (level[n] for level, n in zip(WEIGHTS.values(), held, strict=True))
            found[place] = [(meaning, weight) for meaning, _, weight in told if weight != 1.0]
    return found


def _predict(records: pa.Table, least: float) -> pa.Table:
    from splink import DuckDBAPI, Linker  # loads in a second, and only this step needs it

    logging.getLogger("splink").setLevel(logging.ERROR)  # it misses null levels: weight 1 is ours
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.register("incoming", records)
        connection.execute("create table records as select * from incoming order by unique_id")
        linker = Linker(DuckDBAPI(connection).register("records"), settings(), log_level=None)
        predicted = linker.inference.predict(threshold_match_probability=least).physical_name
        return connection.execute(
            f"""
            select
                least(unique_id_l, unique_id_r) as one, greatest(unique_id_l, unique_id_r) as other,
                round(max(match_probability), 6) as score
            from {predicted} group by all order by all
            """
        ).to_arrow_table()


def settings() -> dict[str, Any]:
    """`WEIGHTS` in Splink's words: a weight is the ratio of its m to its u probability."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unique_id",
        "probability_two_random_records_match": PRIOR,
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": "l.keys = r.keys", "sql_dialect": "duckdb", "arrays_to_explode": ["keys"]}
        ],
        "comparisons": [
            {
                "output_column_name": name,
                "comparison_levels": [
                    {"sql_condition": condition, "label_for_charts": label, **_chances(weight)}
                    for label, condition, weight in levels
                ],
            }
            for name, levels in WEIGHTS.items()
        ],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
    }


def _chances(weight: float) -> dict[str, float]:
    m = min(1.0, weight) / 2
    return {"m_probability": m, "u_probability": m / weight}


def _records(accounts: Iterable[Account], key: bytes) -> pa.Table:
    """The columns that `WEIGHTS` compare, and the keys that propose a pair."""
    every = list(accounts)
    hashed = pseudonymiser(key, "")

    def with_hashes(names: Iterable[str]) -> set[str]:
        """Sign-in names, and what a system that hides them shows in their place."""
        return {form for name in names for form in (name, str(hashed("mail:local", name)))}

    clear, signs, stems = dict[str, set[str]](), dict[str, set[str]](), dict[str, set[str]]()
    for one in every:
        clear[one.key] = {name for name in (one.handle, *map(handle, one.nicks)) if name}
        signs[one.key] = with_hashes({*clear[one.key], *one.nicks}) | {name for name in (one.local,) if name}
        stems[one.key] = {root for name in clear[one.key] if (root := stem(name))}
    shared_names = _shared((one.source, one.name, stem(one.handle) or one.local or one.key) for one in every)
    shared_signs, shared_stems = (
        _shared((one.source, name, one.name or one.key) for one in every for name in names[one.key])
        for names in (signs, stems)
    )
    named = {one.name for one in every} - {None}
    forms = {name: [forms_of(name) for forms_of in FORMS.values()] for name in named}
    often = Counter(form for some in forms.values() for form in set.union(*some))
    rows: list[dict[str, Any]] = []
    for one in every:
        its = NO_FORMS if one.name in shared_names else forms.get(one.name, NO_FORMS)
        own = [with_hashes({form for form in some if often[form] == 1} - shared_stems) for some in its]
        bare = with_hashes(stems[one.key] - signs[one.key] - shared_stems)
        letters = with_hashes(set(map(spelled, clear[one.key])) - clear[one.key] - shared_stems)
        said = ({*stems[one.key], one.local} - {None}) - shared_stems - shared_signs
        keys = {one.name, one.mail, _near(one.name)}
        keys |= {*signs[one.key], *stems[one.key], *bare, *letters}.union(*own)
        rows.append(
            {
                "unique_id": one.key,
                "source": one.source,
                "name": one.name,
                "name_is_shared": one.name in shared_names,
                "handle": one.handle,
                "signs": sorted(signs[one.key]),
                "own_signs": sorted(signs[one.key] - shared_signs),
                "stems": sorted(stems[one.key] - shared_stems),
                "bare": sorted(bare),
                "spelled": sorted(letters),
                "mail": one.mail,
                "said": sorted(map(str, said)),
                **{kind: sorted(some) for kind, some in zip(FORMS, own, strict=True)},
                "locales": one.locales,
                "country": one.country,
                "first_day": one.first_day,
                "last_day": one.last_day,
                "keys": sorted(map(str, keys - {None})),
            }
        )
    crowd = Counter(key for row in rows for key in row["keys"])
    for row in rows:
        row["keys"] = [key for key in row["keys"] if crowd[key] <= MOST_ACCOUNTS_OF_A_KEY]
    return pa.Table.from_pylist(rows, schema=RECORDS_SCHEMA)


def _shared(values: Iterable[tuple[str, str | None, str]]) -> set[str | None]:
    """(system, value, whose) -> values that seem to belong to two people of one system.

    whose: what tells people apart there, so that two accounts of one person do not count as two.
    """
    owners: dict[tuple[str, str | None], set[str]] = defaultdict(set)
    for source, value, whose in values:
        owners[source, value].add(whose)
    return {value for (_, value), several in owners.items() if value and len(several) > 1}


def _near(name: str | None) -> str | None:
    """What names with a slip of the pen still have in common: the beginnings of their words."""
    return None if name is None else " ".join(word[:3] for word in name.split())


_TEXT, _FLAG, _LIST = pa.string(), pa.bool_(), pa.list_(pa.string())
RECORDS_SCHEMA = pa.schema(
    {
        "unique_id": _TEXT,
        "source": _TEXT,
        "name": _TEXT,
        "name_is_shared": _FLAG,
        "handle": _TEXT,
        "signs": _LIST,
        "own_signs": _LIST,
        "stems": _LIST,
        "bare": _LIST,
        "spelled": _LIST,
        "mail": _TEXT,
        "said": _LIST,
        **dict.fromkeys(FORMS, _LIST),
        "locales": _LIST,
        "country": _TEXT,
        "first_day": pa.int64(),
        "last_day": pa.int64(),
        "keys": _LIST,
    }
)

"""`make bench`: what our own code costs beside the least that the same work needs, and beside a peer.

    floors      landing beside a bare HTTP loop, the warehouse beside the same SQL in plain DuckDB
    peers       Perceval and ours against the same server, with both sides' lost rows
    landing     landing alone, without any network
    day         what one more day costs after a full load
    endurance   every fault and kills at random moments, then what the lake holds
    scale       twenty thousand people straight to a lake, to a warehouse, and one of them erased
    spark       the layers up to the marts on Spark, row for row beside DuckDB's (only when asked for)
    mozilla     three hundred thousand people straight to a lake (likewise)
    bad-week    endurance with twenty thousand people: an hour, some ten gigabytes (likewise)
    truths      twenty communities of twenty thousand people, and what of the planted is found (likewise)

    python -m tests.bench [part ...]      all but the last four without a name

Seconds differ between machines, ratios hardly. Nothing here asserts; the README quotes the last run.
"""

from __future__ import annotations

import logging
import sys

from tests.bench import day, endurance, floors, landing, peers, scale, spark, truths

PARTS = {
    "floors": floors.main,
    "landing": landing.main,
    "day": day.main,
    "peers": peers.main,
    "endurance": endurance.main,
    "scale": scale.main,
    "spark": spark.main,
    "mozilla": scale.mozilla,
    "bad-week": endurance.medium,
    "truths": truths.main,
}
ON_DEMAND = ("spark", "mozilla", "bad-week", "truths")


def main() -> None:
    logging.disable(logging.WARNING)
    for name in sys.argv[1:] or [part for part in PARTS if part not in ON_DEMAND]:
        PARTS[name]()


if __name__ == "__main__":
    main()

"""`make bench`: what our own code costs beside the least that the same work needs, and beside a peer.

    floors      landing beside a bare HTTP loop, the warehouse beside the same SQL in plain DuckDB
    peers       Perceval and ours against the same server, with both sides' lost rows
    landing     landing alone, without any network
    day         what one more day costs after a full load
    endurance   every fault and kills at random moments, then what the lake holds

    python -m tests.bench [part ...]      all of them without a name

Seconds differ between machines, ratios hardly. Nothing here asserts; the README quotes the last run.
"""

from __future__ import annotations

import logging
import sys

from tests.bench import day, endurance, floors, landing, peers

PARTS = {
    "floors": floors.main,
    "landing": landing.main,
    "day": day.main,
    "peers": peers.main,
    "endurance": endurance.main,
}


def main() -> None:
    logging.disable(logging.WARNING)
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()

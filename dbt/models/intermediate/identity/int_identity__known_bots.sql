-- One row a machine account that people listed, under the hash by which the lake knows it.

select
    source,
    kind,
    pseudonym(source, kind, value) as handle_hash,
    why
from {{ ref('known_bots') }}

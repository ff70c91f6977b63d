"""Everything that moves data: sources, landing, lake, publication, and the Dagster that orders them."""

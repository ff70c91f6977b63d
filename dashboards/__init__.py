"""The pages: what a reader sees of the published files. Nothing in here opens the warehouse or the lake."""

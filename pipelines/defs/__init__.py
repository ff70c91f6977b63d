"""Thin Dagster: it orders the steps of `pipelines/` and holds no logic of its own.

The only place that imports Dagster (with `pipelines/definitions.py`, the entry point).
"""

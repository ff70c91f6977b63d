"""What may cross a border: into the lake (`landing/`), out to readers (`publish/`).

Declarations only; `gate.py` judges, `pipelines/` acts on the verdict.
"""

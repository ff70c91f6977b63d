# The index of what can be done here. `make run` and `make test` are all a newcomer needs.
#
#   make run                    the main job on the demo community: sources -> lake -> warehouse -> published
#   make run RECORDED=<dir>     the same job on recorded real data
#   make test                   formatting, lint, types, SQL lint, then every test
#   make serve                  the pages on http://127.0.0.1:8050
#   make dev                    the Dagster UI on http://127.0.0.1:3000
#   make docs                   every model, column and lineage as one page, data/docs/index.html
#   make check                  formatting, lint, types, SQL lint, dbt parse; no test
#   make bench                  the benchmarks, as ratios; PARTS="floors landing day peers endurance scale" chooses,
#                               mozilla, bad-week, truths and spark (needs Java) take long and run only when named
#   make lock                   resolve pyproject.toml again into the two hash-locked files (needs uv)
#   make clean                  remove .venv and caches; never data
#
# MDM_DATA says where everything is kept (default ./data), MDM_PYTHON which interpreter makes .venv.

MDM_PYTHON ?= $(firstword $(foreach v,3.11 3.12 3.13,$(if $(shell python$(v) -c '' 2>/dev/null && echo y),python$(v))) python3)
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test serve dev docs check bench lock clean
.DEFAULT_GOAL := run

run: .venv/run.stamp
	@$(BIN)/mdm run $(if $(RECORDED),--recorded "$(RECORDED)")

serve: .venv/run.stamp
	@$(BIN)/mdm serve

dev: .venv/run.stamp
	@$(BIN)/mdm dev

docs: .venv/run.stamp
	@$(BIN)/mdm docs

check: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy & types=$$!; \
	$(BIN)/sqlfluff lint --disable-progress-bar --processes 2 dbt; sql=$$?; \
	wait $$types && exit $$sql
	$(BIN)/mdm parse

test: check
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

bench: .venv/dev.stamp
	@$(BIN)/python -m tests.bench $(PARTS)

# A hash-locked file installs the same packages everywhere; byte code is compiled once, on all cores.
define install
	@test -x $(BIN)/python || $(MDM_PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else f"Python 3.11, 3.12 or 3.13 is needed, this is {v[0]}.{v[1]}; set MDM_PYTHON.")'
	@test -x $(BIN)/python || $(MDM_PYTHON) -m venv .venv
	@echo "installing $(1) into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $(1)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null || true
endef

.venv/run.stamp: requirements.lock pyproject.toml
	$(call install,requirements.lock)
	@touch $@

.venv/dev.stamp: requirements-dev.lock pyproject.toml
	$(call install,requirements-dev.lock)
	@touch $@ .venv/run.stamp

COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate --quiet
lock:
	$(COMPILE) --group build -o requirements.lock
	$(COMPILE) --group dev -o requirements-dev.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info

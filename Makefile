# Everything runs in .venv, which make builds itself from requirements.lock: two clean installs are the same.
PYTHON ?= python3
BIN := .venv/bin
DIST ?= dist

# Otter Wiki pins versions of its own: the tests that publish to a real one are skipped where it cannot be installed.
WIKI := .venv-wiki/bin

.PHONY: audit sbom wheel screenshots demo test soak lint format bench docs docs-check docs-serve messages schemas lock clean

demo: .venv
	$(BIN)/okrsync demo demo

test: .venv
	@$(MAKE) --no-print-directory .venv-wiki || echo "Otter Wiki cannot be installed here: its tests are skipped"
	$(BIN)/pytest -n auto

# The long form of what `make test` does with faults, hostile text and secrets, for an hour and a half. What is counted goes into
# docs/faults.md and docs/hostile.md.
soak: .venv
	$(BIN)/python -m tests.soak
	$(BIN)/python -m tests.hostile
	OKRSYNC_SOAK=1 $(BIN)/pytest -q tests/test_hostile_yaml.py tests/test_hostile_path.py tests/test_canaries.py

lint: .venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(BIN)/python .ci/audit.py

format: .venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv
	$(BIN)/python -m benchmarks

docs-check: .venv
	$(BIN)/pytest -q tests/test_docs*.py

# What the code knows of itself: the schemas for editors, the reference of commands and tables.
schemas: .venv
	$(BIN)/python -m okrsync.schemas config

# What people read, collected from code and templates into okrsync/locale; says what lacks a translation.
messages: .venv
	$(BIN)/python -m docs.messages

# Known vulnerabilities of what the program runs with, by PyPI's advisories; and what that is, as a CycloneDX file.
audit: .venv
	$(BIN)/python .ci/audit.py --strict

sbom: .venv
	mkdir -p $(DIST)
	$(BIN)/cyclonedx-py requirements requirements-runtime.lock --pyproject pyproject.toml --output-reproducible \
		-o $(DIST)/okrsync.cdx.json

# The same bytes from the same commit, wherever and whenever they are built.
wheel: .venv
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m hatchling build -t wheel -d $(DIST)

# The pictures in the README, of the demo's own pages: needs chromium and fonts-noto-cjk (Debian).
screenshots: .venv .venv-wiki
	$(BIN)/python -m docs.screenshots

# The references, written from the code, and the site in dist/site.
docs: .venv
	$(BIN)/python -m docs.generate
	$(BIN)/mkdocs build --strict

docs-serve: .venv
	$(BIN)/mkdocs serve

# The locks hold versions and hashes for Python 3.11 to 3.14: of the program and its tests, and of the program alone (for
# the Dockerfile and the GitHub Action).
lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install -q uv
	.venv-lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --group dev --all-extras pyproject.toml -o requirements.lock
	.venv-lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --all-extras -c requirements.lock pyproject.toml -o requirements-runtime.lock
	echo otterwiki | .venv-lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header --no-emit-index-url - -o tests/otterwiki.lock
	rm -rf .venv-lock

.venv: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch .venv

.venv-wiki: tests/otterwiki.lock
	test -x $(WIKI)/python || $(PYTHON) -m venv .venv-wiki
	$(WIKI)/python -m pip install -q --disable-pip-version-check --require-hashes -r tests/otterwiki.lock
	touch .venv-wiki

clean:
	rm -rf .venv .venv-lock .venv-wiki dist demo .mypy_cache .ruff_cache .pytest_cache .hypothesis

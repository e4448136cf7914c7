# make study   the main job, on the built-in sample
# make test    the tests
# make audit   what is known against the locked packages
# make bench   this engine beside other libraries (make bench-peers installs them, 3 GB); ARGS="--quick" takes minutes
# make double-descent  the example, a quarter of an hour; ARGS="--quick" takes seconds
# make check   what a reviewer would run: format, lint, types, tests
# make lock    the locked versions anew (needs uv)
# Each sets itself up first, in .venv; the second call installs nothing.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet

.PHONY: study test slow audit bench bench-peers double-descent check format lock clean

study: .venv/ready
	@$(BIN)/why128 study

test: .venv/ready-to-test
	@$(BIN)/python -m pytest -q -n 2

slow: .venv/ready-to-test
	@$(BIN)/python -m pytest -q -n 2 -m slow

audit: .venv/ready-to-test
	@$(BIN)/python scripts/audit.py requirements.lock requirements-test.lock

bench: .venv/ready-to-test
	@$(BIN)/python -m benchmarks.bench $(ARGS)

bench-peers: .venv-peers/ready

double-descent: .venv/ready
	@$(BIN)/python examples/double_descent.py $(ARGS)

check: .venv/ready-to-test
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q -n 2

format: .venv/ready-to-test
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("why128 needs Python 3.11, 3.12 or 3.13; $(PYTHON) is " + sys.version.split()[0]) if not (3, 11) <= sys.version_info[:2] <= (3, 13) else None'
	@echo "setting up .venv (once)" >&2
	@$(PYTHON) -m venv .venv
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/ready-to-test: .venv/ready requirements-test.lock
	@echo "setting up what the tests need (once)" >&2
	@$(PIP) --require-hashes -r requirements-test.lock
	@touch $@

.venv-peers/ready: benchmarks/peers/requirements.txt
	@echo "setting up .venv-peers (once): what the engine is compared with" >&2
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip --disable-pip-version-check --no-input install --quiet -r $<
	@touch $@

lock:
	@$(LOCK) --group build -o requirements.lock
	@$(LOCK) --group build --group test -c requirements.lock -o requirements-test.lock

clean:
	@rm -rf .venv .venv-peers

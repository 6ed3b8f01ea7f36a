# The two commands of the README are `make demo` and `make test`; `make help` lists the rest.
# Each does its own set-up on a fresh machine with cargo, a C compiler, Python 3.11 with pip and Node with npm.
# One cargo profile (--release) serves them all, so that nothing is compiled twice.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test prove bench setup lint fmt rules programs agent-static agent-manual agent-package notebooks clean

TARGET := $(or $(CARGO_TARGET_DIR),target)
PYTHON ?= python3
RELEASE := --release --locked
# The check of a release has a second engine, which takes longer to compile than all the rest: it is built where it is named.
VERIFY := -p bufferlake-verify
# nextest runs each test in a process of its own and shows which one hangs; plain `cargo test` does as well.
NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)

# Each lock file in these folders is installed once; it is installed again only when it changes.
NPM_FOLDERS := $(patsubst %/package-lock.json,%,$(wildcard deploy/*/package-lock.json tests/*/package-lock.json))
NPM_STAMPS := $(addsuffix /node_modules/.installed-lock,$(NPM_FOLDERS))
# Python packages that tests and notebooks need, if they need any; the virtual environment lies under target/.
REQUIREMENTS := $(wildcard tests/requirements.txt notebooks/requirements-kernel.txt)
# The oldest engine that must read our files has the name of the newest: it gets a folder of its own.
OLDEST := $(wildcard tests/requirements-oldest.txt)
VENV := $(TARGET)/venv
VENV_STAMP := $(if $(REQUIREMENTS),$(VENV)/.installed-requirements)

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

demo: setup ## Run the whole house on this machine: agents, warehouse, 1 M results, the ranking (ARGS=--once ends after the table)
	cargo build $(RELEASE) --bin agent --bin warehouse --bin demo
	cargo run $(RELEASE) --quiet --bin demo -- $(ARGS)

test: lint programs ## Every kind of test, with a few trials of the long ones
ifeq ($(NEXTEST),yes)
	cargo test $(RELEASE) --doc --quiet
	cargo nextest run $(RELEASE) --no-fail-fast
	cargo nextest run $(RELEASE) $(VERIFY) --no-fail-fast
else
	cargo test $(RELEASE) --no-fail-fast
	cargo test $(RELEASE) $(VERIFY) --no-fail-fast
endif

prove: lint programs ## All trials of every test (about an hour)
	cargo test $(RELEASE) --doc --quiet
	BUFFERLAKE_TRIALS=all cargo test $(RELEASE) --no-fail-fast
	BUFFERLAKE_TRIALS=all cargo test $(RELEASE) $(VERIFY) --no-fail-fast

bench: setup ## Measure, and write target/bench.json (ONLY=name runs a part)
	cargo build $(RELEASE) --bins
	$(if $(filter-out release,$(ONLY)),,cargo build $(RELEASE) $(VERIFY))
	cargo run $(RELEASE) --quiet --bin bench -- $(if $(ONLY),--only $(ONLY)) $(ARGS)

lint: setup ## Format, clippy and, where it is installed, cargo-deny
	cargo fmt --all --check
	cargo clippy $(RELEASE) --all-targets --quiet -- -D warnings
	cargo clippy $(RELEASE) $(VERIFY) --all-targets --quiet -- -D warnings
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --offline check bans licenses sources; \
	else echo 'cargo-deny is not installed: the tests check licences and banned crates by themselves'; fi

rules: setup ## Only the house rules: imports, file sizes, dependency trees, documents
	cargo test $(RELEASE) -p bufferlake-tests --test all house::

fmt: ## Format the code
	cargo fmt --all

programs: setup
	cargo build $(RELEASE) --bins
	cargo build $(RELEASE) $(VERIFY)

# In a folder of its own, because every crate is compiled anew for it. What has no dynamic part needs no library of the system.
STATIC_TARGET := x86_64-unknown-linux-gnu
STATIC_AGENT := $(TARGET)/agent-static/$(STATIC_TARGET)/release/agent
agent-static: ## The agent as one file that runs on any Linux on x86-64
	RUSTFLAGS='-C target-feature=+crt-static' cargo build $(RELEASE) -p bufferlake-agent --bin agent \
	    --target $(STATIC_TARGET) --target-dir $(TARGET)/agent-static
	strip $(STATIC_AGENT)
	@! ldd $(STATIC_AGENT) 2>/dev/null | grep '=>' || { echo '$(STATIC_AGENT) needs libraries' >&2; exit 1; }
	$(STATIC_AGENT) --version
	@ls -l $(STATIC_AGENT)

# Made by a program beside the agent: inside of it they would be a quarter of a megabyte.
AGENT_MANUAL := $(TARGET)/agent-manual
agent-manual: ## The agent's manual pages, and completions for bash, zsh and fish
	rm -rf $(AGENT_MANUAL)
	cargo run $(RELEASE) --quiet -p bufferlake-agent --example manual -- $(AGENT_MANUAL)

agent-package: agent-static agent-manual ## An archive with it and all that deploy/agent/CHECKLIST.md names
	tar -czf $(TARGET)/bufferlake-agent.tar.gz --owner=0 --group=0 --transform 's,^,bufferlake-agent/,' \
	    -C deploy/agent $(notdir $(wildcard deploy/agent/*)) -C $(abspath $(dir $(STATIC_AGENT))) agent \
	    -C $(abspath $(AGENT_MANUAL)) man1 completions
	@tar -tzf $(TARGET)/bufferlake-agent.tar.gz

setup: tools $(NPM_STAMPS) $(VENV_STAMP) ## Fetch what cargo does not: libduckdb, the ASN data and what drives the browser, by npm from lock files

.PHONY: tools
tools:
	@missing=; for tool in cargo cc npm $(PYTHON); do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	if [ -n "$$missing" ]; then echo "not found:$$missing (README.md, 'What it needs')" >&2; exit 1; fi

# npm checks every package against the hash in the lock file. A node_modules that is a link is somebody else's: left alone.
%/node_modules/.installed-lock: %/package-lock.json
	@if [ -L $*/node_modules ]; then exit 0; fi; \
	if cmp -s $< $@; then touch $@; exit 0; fi; \
	echo "npm ci in $*"; \
	npm ci --prefix $* --no-audit --no-fund --loglevel=error && cp $< $@

$(VENV)/.installed-requirements: $(REQUIREMENTS) $(OLDEST)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check $(addprefix -r ,$(REQUIREMENTS))
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(VENV)/oldest \
	    $(addprefix -r ,$(OLDEST))
	cp $< $@

# JupyterLab is heavy and no test needs it: it has an environment of its own.
NOTEBOOKS_VENV := $(TARGET)/notebooks-venv
notebooks: $(NOTEBOOKS_VENV)/.installed-requirements ## Open the notebooks (BUFFERLAKE_RELEASE=URL or directory; without it a small release is simulated)
	@release='$(BUFFERLAKE_RELEASE)'; analytics='$(BUFFERLAKE_ANALYTICS)'; \
	if [ -z "$$release" ]; then \
	    [ -e $(NOTEBOOKS_DEMO)/warehouse/public/latest.json ] || $(MAKE) --no-print-directory $(NOTEBOOKS_DEMO); \
	    release=$(abspath $(NOTEBOOKS_DEMO))/warehouse/public; analytics=$(abspath $(NOTEBOOKS_DEMO))/warehouse/analytics/analytics.duckdb; \
	fi; \
	case "$$release" in http://*|https://*) ;; *) release=$$(realpath "$$release");; esac; \
	if [ -n "$$analytics" ]; then analytics=$$(realpath "$$analytics"); fi; \
	echo "BUFFERLAKE_RELEASE=$$release"; \
	BUFFERLAKE_RELEASE="$$release" BUFFERLAKE_ANALYTICS="$$analytics" $(NOTEBOOKS_VENV)/bin/jupyter lab --notebook-dir=notebooks $(ARGS)

$(NOTEBOOKS_VENV)/.installed-requirements: notebooks/requirements.txt notebooks/requirements-kernel.txt
	@command -v $(PYTHON) >/dev/null || { echo "not found: $(PYTHON)" >&2; exit 1; }
	$(PYTHON) -m venv $(NOTEBOOKS_VENV)
	$(NOTEBOOKS_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	cp $< $@

# A month of 200,000 simulated results, by the demo on ports that are not its usual ones.
NOTEBOOKS_DEMO := $(TARGET)/notebooks-demo
.PHONY: $(NOTEBOOKS_DEMO)
$(NOTEBOOKS_DEMO): setup
	cargo build $(RELEASE) --bin agent --bin warehouse --bin demo
	cargo run $(RELEASE) --quiet --bin demo -- --once --dir $@ --results 200000 --warehouse-port 18080 --agent-ports 18081 18082

clean: ## Remove what was built and fetched
	rm -rf $(TARGET) $(addsuffix /node_modules,$(NPM_FOLDERS))

# `make` alone lists what can be asked for. The work is done by the scripts in scripts/, each of which says what it does.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# The engine to use: 28, 26 or 20 (private ones, from Debian packages), or host (the machine's own).
ENGINE ?= 28
# The conformance kit, and the groups of it that must pass.
KIT ?= ../shared/conformance
KIT_GROUPS ?= smoke syntax expansion from copy add run meta multistage engines options subrequests lint errors $(addprefix real-,a b c d e f g)
export KIT
# The tests of cargo that read the kit say so and pass where there is none.
ifneq ($(wildcard $(KIT)/cases),)
export MULTISTAGE_KIT ?= $(abspath $(KIT))
endif
# How long to fuzz each target, and which.
SECONDS ?= 60
TARGETS ?=

.PHONY: help
help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  ENGINE=28|28-containerd|26|20|host chooses the engine where one is used'

.PHONY: demo
demo: ## builds the examples through the frontend on a real engine, and shows each stage
	@ENGINE=$(if $(filter command\ line environment,$(origin ENGINE)),$(ENGINE),auto) scripts/demo

.PHONY: test
test: lint deny test-cargo test-fuzz test-browser test-kit test-engine test-cluster reproduce sbom ## everything that must hold: lints, tests, kit, builds on Docker 28

.PHONY: lint
lint: ## formatting, clippy and documentation without a warning
	cargo fmt --check
	cargo clippy --locked --quiet --all-targets -- -D warnings
	cargo clippy --locked --quiet --test engine -- -D warnings
	cargo clippy --locked --quiet --no-default-features --lib -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --quiet --no-deps --lib --all-features
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --quiet --no-deps --lib --no-default-features

.PHONY: deny
deny: ## licences, known vulnerabilities, duplicates and sources of all crates; installs cargo-deny
	@scripts/deny

.PHONY: dependencies
dependencies: ## writes the tables in docs/dependencies.md anew
	UPDATE_DEPENDENCIES=1 cargo test --locked --quiet --test dependencies
	git diff --stat -- docs/dependencies.md

.PHONY: test-cargo
test-cargo: ## the tests that need no engine, with all features, with each, and with none
	cargo test --locked
	cargo test --locked --no-default-features --lib
	cargo check --locked --quiet --no-default-features --features gateway --bins
	cargo check --locked --quiet --no-default-features --features cli --bins

.PHONY: test-fuzz
test-fuzz: ## each fuzz target for a few seconds
	@scripts/fuzz 5

.PHONY: fuzz
fuzz: ## each fuzz target for SECONDS (60), or TARGETS alone
	@scripts/fuzz $(SECONDS) $(TARGETS)

.PHONY: public-api
public-api: ## writes the list of the library's public surface anew, after a change to it that is meant
	UPDATE_PUBLIC_API=1 cargo test --locked --quiet --test public_api
	git diff --stat -- tests/public-api.txt

.PHONY: test-kit
test-kit: ## the kit's groups that pass, compared with docker/dockerfile; all its definitions are canonical
	@scripts/kit check $(KIT_GROUPS)
	@scripts/kit prove
	@scripts/kit engines

.PHONY: test-browser
test-browser: ## the HTML pages in a browser; skipped where none can be had
	@cargo build --locked --quiet --bin multistage
	@MULTISTAGE=$(CURDIR)/target/debug/multistage tests/browser/run.sh

.PHONY: test-engine
test-engine: ## real builds on one engine
	@ENGINE=$(ENGINE) scripts/test-engine

.PHONY: test-engines
test-engines: ## real builds on Docker 28, 26 and 20.10, and on 28 with containerd's image store
	@for engine in 28 28-containerd 26 20; do ENGINE=$$engine scripts/test-engine || exit; done

.PHONY: test-cluster
test-cluster: ## two engines in two networks share every layer through a cache in a registry
	@scripts/test-cluster

.PHONY: engine
engine: ## brings up a private Docker engine and a registry
	@ENGINE=$(ENGINE) scripts/engine up

.PHONY: clean-engine
clean-engine: ## stops every private engine and removes all that was made for it
	@for engine in 28 26 20 host; do ENGINE=$$engine scripts/engine down || exit; done
	@rm -rf --one-file-system .engine

.PHONY: image
image: ## the image of the frontend, from a program compiled here; ENGINE must be up
	@ENGINE=$(ENGINE) scripts/image

.PHONY: image-compiled
image-compiled: ## the same, compiled inside the engine
	@ENGINE=$(ENGINE) scripts/image compiled

.PHONY: image-itself
image-itself: ## the same, converted by the frontend itself
	@ENGINE=$(ENGINE) scripts/image itself

.PHONY: reproduce
reproduce: ## builds program and image twice, in different places, and compares
	@ENGINE=$(ENGINE) scripts/reproduce

.PHONY: sbom
sbom: ## writes the bill of materials of the image, and holds it to the schema of CycloneDX
	@scripts/build-frontend target/sbom/multistage-frontend
	@scripts/sbom target/sbom/multistage-frontend.cdx.json target/sbom/multistage-frontend
	@scripts/sbom check target/sbom/multistage-frontend.cdx.json

.PHONY: soak
soak: ## BUILDS builds (10000) on one engine; takes an hour or more
	@ENGINE=$(ENGINE) scripts/soak $(BUILDS)

.PHONY: coverage
coverage: ## measures what the tests run, by room, and writes docs/coverage.md; installs cargo-llvm-cov
	@scripts/coverage

.PHONY: mutants
mutants: ## changes the core in some 1,400 ways and lists what no test notices; takes many hours; installs cargo-mutants
	@scripts/mutants

.PHONY: bench
bench: ## measures size, speed and memory, beside others where they are there, and writes docs/benchmarks.md
	@scripts/bench

.PHONY: parity
parity: ## compares all of the kit and writes the table in README.md
	@scripts/kit parity

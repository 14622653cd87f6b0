# The commands of this repository; people, CI and scripts call these and no others.
# A line "## name: text" describes a target for `make help`.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup check test qemu-test clean

## help: list the commands
help:
	@sed -n 's/^## \([a-z-]*\): /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do printf 'make %-10s %s\n' "$$name" "$$text"; done

## setup: install QEMU and the Rust targets where they are missing
setup:
	@scripts/setup

## check: formatting, lints and quick tests
check: setup
	cargo fmt --all --check
	cargo clippy --all-targets -- -D warnings
	cargo clippy -p woodfrog -p woodfrog-boot -p woodfrog-test-images --target x86_64-unknown-none -- -D warnings
	cargo test -q -p woodfrog --lib

## test: everything above, then every other test
test: check
	cargo test -q

## qemu-test: the bootable tests alone; FILTER=name
qemu-test: setup
	cargo test -q -p woodfrog-qemu -- $(FILTER)

## clean: remove everything that was built
clean:
	rm -rf target build examples/guests/target oracle/target

# The oracle.

.PHONY: oracle

## oracle: remake the expected results of tests/programs (builds Wasmtime)
oracle:
	cargo run --release --manifest-path oracle/Cargo.toml -- tests/programs

# The commands of this repository; people, CI and scripts call these and no others.
# A line "## name: text" describes a target for `make help`.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup check test test-disk qemu-test run fuzz programs bench bench-checkpoint bench-test clean

## help: list the commands
help:
	@sed -n 's/^## \([a-z-]*\): /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do printf 'make %-16s %s\n' "$$name" "$$text"; done

## setup: install QEMU and the Rust targets where they are missing
setup:
	@scripts/setup

# The fuzz targets are checked but for `differential`, which needs Wasmtime, and without libFuzzer, which
# would be compiled.

## check: formatting, lints and quick tests
check: setup
	cargo fmt --all --check
	cargo fmt --manifest-path bench/Cargo.toml --all --check
	cargo fmt --manifest-path tests/wasi/Cargo.toml --check
	cargo fmt --manifest-path examples/foreign-kernel/Cargo.toml --check
	cargo clippy --all-targets -- -D warnings
	cargo clippy -p woodfrog -p woodfrog-boot -p woodfrog-suite -p woodfrog-test-images --target x86_64-unknown-none -- -D warnings
	cargo clippy -p woodfrog --no-default-features --target x86_64-unknown-none -- -D warnings
	cargo clippy --manifest-path examples/foreign-kernel/Cargo.toml --target x86_64-unknown-none --target-dir target -- -D warnings
	CUSTOM_LIBFUZZER_PATH=none/libfuzzer.a cargo clippy --manifest-path fuzz/Cargo.toml --target-dir target -- -D warnings
	RUSTDOCFLAGS=-Dwarnings cargo doc -q --no-deps -p woodfrog
	cargo test -q --lib

# With --doc cargo asks the library's own examples, too, which examples/embedding runs: they need a platform.

# For a few tests that take no time.
SOON_BUILT = 'profile.dev.package.woodfrog.opt-level=0'

## test: everything above, then every other test
test: check
	cargo test -q --bins --examples --test '*'
	cargo test -q --doc --workspace --exclude woodfrog --exclude woodfrog-boot --exclude woodfrog-test-images
	cargo test -q -p woodfrog --no-default-features --config $(SOON_BUILT) --lib module::features

## test-disk: cut the power after every write of a long random history of checkpoints; CRASHES=n SEED=n
test-disk:
	$(if $(CRASHES),CRASHES=$(CRASHES)) $(if $(SEED),SEED=$(SEED)) \
		cargo test --release -q -p woodfrog --lib a_hundred_thousand_crashes -- --ignored --nocapture

## run: freeze a program in mid-run, cut the power, thaw it, compare; WASM=file.wasm ARGS="..." DIR=files MEM=MiB FREEZE_AFTER_MS=n MACHINE=q35|microvm ACCEL=auto|tcg|kvm
run: setup
	@cargo run -q -p woodfrog-qemu --bin freeze-and-thaw -- \
		$(if $(WASM),--wasm "$(WASM)") \
		$(if $(DIR),--dir "$(DIR)") $(if $(MEM),--memory-mib $(MEM)) \
		$(if $(FREEZE_AFTER_MS),--freeze-after-ms $(FREEZE_AFTER_MS)) \
		$(if $(MACHINE),--machine $(MACHINE)) $(if $(ACCEL),--accel $(ACCEL)) \
		-- $(ARGS)

## qemu-test: the bootable tests alone; FILTER=name KILLS=n (power cuts) PASSES=n (between machines) SEED=n
qemu-test: setup
	$(if $(KILLS),KILLS=$(KILLS)) $(if $(PASSES),PASSES=$(PASSES)) $(if $(SEED),SEED=$(SEED)) \
		cargo test -q -p woodfrog-qemu -- $(FILTER) $(if $(KILLS)$(PASSES)$(SEED),--nocapture)

## programs: fetch, build and run programs that others wrote, frozen and not (installs clang); FILTER=part-of-a-name MEM=MiB AGAIN=1
programs: setup
	@scripts/setup programs
	@cargo run -q --release -p woodfrog-programs --bin run-programs -- \
		$(if $(MEM),--memory-mib $(MEM)) $(if $(AGAIN),--again) $(if $(FILTER),"$(FILTER)")

## fuzz: run the fuzz targets, SECONDS=n in all; TARGET=differential|image|disk|module
fuzz: setup
	@scripts/fuzz $(or $(SECONDS),600) $(TARGET)

## bench: measure Woodfrog beside other engines (builds them) and write docs/benchmarks.*; FILTER=part-of-a-name ROUNDS=n QUICK=1
bench: setup
	@cargo run -q --release --locked --manifest-path bench/Cargo.toml -p woodfrog-bench -- \
		--output docs $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(QUICK),--quick) \
		$(if $(FILTER),"$(FILTER)")

## bench-checkpoint: measure what checkpoints and thaws cost on Linux and in QEMU, and write it to docs/benchmarks.md; SEED=n QUICK=1 FOLDER=where-disks-go
bench-checkpoint: setup
	@cargo run -q --release --locked --manifest-path bench/Cargo.toml -p woodfrog-bench-checkpoint -- \
		--output docs $(if $(SEED),--seed $(SEED)) $(if $(QUICK),--quick) \
		$(if $(FOLDER),--folder "$(FOLDER)")

## bench-test: lints and tests of the bench itself, without the other engines
bench-test: setup
	cargo clippy --manifest-path bench/Cargo.toml --no-default-features --all-targets -- -D warnings
	cargo test -q --release --manifest-path bench/Cargo.toml --no-default-features

## clean: remove everything that was built
clean:
	rm -rf target build bench/target examples/guests/target fuzz/target oracle/target

# The oracle.

.PHONY: oracle

## oracle: remake the expected results of tests/programs and tests/random (builds Wasmtime)
oracle:
	cargo run --release --manifest-path oracle/Cargo.toml -- programs tests/programs
	cargo run --release --manifest-path oracle/Cargo.toml -- seeds tests/random/expected.bin

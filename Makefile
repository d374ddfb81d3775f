# What developers run. The checks themselves stand in .ci/run, so that there is one list of them.

.PHONY: check fmt spell lint package deny msrv targets doc test browser python devices
.PHONY: wheel wasm accept golden valgrind miri mutants fuzz

# All that the gate checks.
check:
	@bash .ci/run

fmt spell lint package deny msrv targets doc test browser python devices:
	@bash .ci/run $@

# The wheel of the Python module, in target/wheel: built, checked and tested.
wheel:
	@bash bindings/python/wheel.sh

# The modules for WebAssembly and a page that draws in the browser, in target/wasm/site: built and tested.
wasm:
	@bash bindings/wasm/wasm.sh

# What the project promises, measured: see tools/accept/README.md.
accept:
	@bash tools/accept/all.sh

# The next four look deeper than the gate, and take minutes to hours. Each says what it needs.

# $(call needs,COMMAND THAT SUCCEEDS WHERE THE TOOL IS,HOW TO GET IT)
needs = @$(1) >/dev/null 2>&1 || { echo "error: this needs $(2)" >&2; exit 2; }

# Whole networks, and matrix tiles without the hardware for them, would take hours.
kernels = --skip tiles:: --skip network:: --skip bf16

# Memory errors in the CPU's kernels, with the best vectors that valgrind knows.
valgrind:
	$(call needs,valgrind --version,valgrind: your system's package of that name)
	cargo test -p ancestral-cpu --lib --config \
		'target."cfg(all())".runner = ["valgrind", "--quiet", "--error-exitcode=1"]' \
		-- $(kernels)

# Undefined behaviour in the kernels without vectors, by interpreting them.
miri:
	$(call needs,cargo +nightly miri --version,Miri: rustup +nightly component add miri rust-src)
	ANCESTRAL_SIMD=scalar MIRIFLAGS='-Zmiri-disable-isolation -Zmiri-permissive-provenance' \
		cargo +nightly miri test -p ancestral-cpu --lib -- $(kernels)

# Faults put into the theory, each of which some test should find. FILE=… for a file of it.
mutants:
	$(call needs,cargo mutants --version,cargo-mutants: cargo install --locked cargo-mutants)
	cargo mutants --package ancestral $(if $(FILE),--file $(FILE))

# Each fuzz target for SECONDS seconds: see fuzz/README.md.
SECONDS = 60
fuzz:
	$(call needs,cargo +nightly fuzz --version,cargo-fuzz and a nightly toolchain: cargo install cargo-fuzz)
	for target in $(notdir $(basename $(wildcard fuzz/fuzz_targets/*.rs))); do \
		cargo +nightly fuzz run $$target -- -max_total_time=$(SECONDS) || exit 1; \
	done

# Values of diffusers that tests are held against; needs a Python with torch and diffusers as pinned in
# the script.
golden:
	python3 tools/golden/unet.py crates/testing/golden/unet2d.json
	python3 tools/golden/trajectories.py crates/nn/tests/golden/trajectories.json
	python3 tools/golden/generator.py crates/core/tests/golden/generator.json
	python3 tools/golden/inception.py crates/metrics/tests/golden/inception.json
	python3 tools/golden/metrics.py crates/metrics/tests/golden/metrics.json
	python3 tools/golden/digits.py crates/cli/tests/golden/digits.json
	python3 tools/golden/scheduler_defaults.py crates/format/tests/golden/scheduler_defaults.json
	python3 tools/golden/scheduler_steps.py crates/core/tests/golden/scheduler_steps.json
	python3 tools/golden/scheduler_runs.py crates/core/tests/golden/scheduler_runs.json
	python3 tools/golden/samplers.py crates/core/tests/golden/samplers.json
	python3 tools/golden/likelihood.py crates/core/tests/golden/likelihood.json

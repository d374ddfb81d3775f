# What developers run. The checks themselves stand in .ci/run, so that there is one list of them.

.PHONY: check fmt lint test doc devices accept golden

# All that the gate checks.
check:
	@bash .ci/run

fmt lint test doc devices:
	@bash .ci/run $@

# What the project promises, measured: see tools/accept/README.md.
accept:
	@bash tools/accept/all.sh

# Values of the peer that tests are held against; needs a Python with torch and diffusers as pinned in
# the script.
golden:
	python3 tools/golden/unet.py crates/testing/golden/unet2d.json
	python3 tools/golden/trajectories.py crates/nn/tests/golden/trajectories.json
	python3 tools/golden/generator.py crates/core/tests/golden/generator.json
	python3 tools/golden/digits.py crates/cli/tests/golden/digits.json
	python3 tools/golden/scheduler_defaults.py crates/format/tests/golden/scheduler_defaults.json
	python3 tools/golden/scheduler_steps.py crates/core/tests/golden/scheduler_steps.json
	python3 tools/golden/peer_runs.py crates/core/tests/golden/peer_runs.json
	python3 tools/golden/samplers.py crates/core/tests/golden/samplers.json

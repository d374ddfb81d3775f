# What developers run. The checks themselves stand in .ci/run, so that there is one list of them.

.PHONY: check fmt lint test doc accept

# All that the gate checks.
check:
	@bash .ci/run

fmt lint test doc:
	@bash .ci/run $@

# What the project promises, measured: see tools/accept/README.md.
accept:
	@bash tools/accept/all.sh

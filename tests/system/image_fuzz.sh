# SPDX-License-Identifier: MIT
# Fuzzing of indexes, layers and overlays, a minute in all; `make fuzz-images FUZZ_SECONDS=3600` goes on for longer.
. "$(dirname "$0")/lib.sh"

if ! command -v clang > /dev/null; then
	skip "fuzz-images" "no clang"
	finish
	exit
fi
check "random indexes, layers and overlays" make -s -C "$(dirname "$0")/../.." fuzz-images FUZZ_SECONDS="${FUZZ_SECONDS:-60}"
finish

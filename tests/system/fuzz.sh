# SPDX-License-Identifier: MIT
# Random and structured calls from several threads, a minute in all: the layer lives through them, all ends when it is
# killed, and nothing is left behind. `make fuzz-calls` goes on for longer.
. "$(dirname "$0")/lib.sh"

if [[ -z $MEZZO ]]; then
	skip "fuzz" "for domains only"
	finish
	exit
fi
for seed in ${SEEDS:-1 1000001}; do
	output=$("$MEZZO" do -- "$BUILD/tests/fuzz/calls" "$seed" "${FUZZ_SECONDS:-30}" 2>&1 < /dev/null)
	status=$?
	if [[ $status -ne 0 ]]; then
		echo "# status $status: mezzo do -- build/tests/fuzz/calls $seed ${FUZZ_SECONDS:-30}"
		tail -40 <<< "$output" | sed 's/^/#   /'
	fi
	verdict $status "random calls, seed $seed"
done
finish

# SPDX-License-Identifier: MIT
# Random calls with random arguments: the layer lives through them.
. "$(dirname "$0")/lib.sh"

if [[ -z $MEZZO ]]; then
	skip "fuzz" "for domains only"
	finish
	exit
fi
for seed in ${SEEDS:-1 2 3 4}; do
	output=$("$MEZZO" do --env IN_DOMAIN=1 -- "$BUILD/tests/fuzz/calls" "$seed" 25 400 2>&1 < /dev/null)
	status=$?
	if [[ $status -ne 0 ]]; then
		echo "# status $status: mezzo do --env IN_DOMAIN=1 -- build/tests/fuzz/calls $seed 25 400"
		tail -15 <<< "$output" | sed 's/^/#   /'
	fi
	verdict $status "random calls, seed $seed"
done
finish

# SPDX-License-Identifier: MIT
# Programs of tests/escape try to get at their layer's memory and at the host.
. "$(dirname "$0")/lib.sh"
programs=$BUILD/tests/escape

if [[ -z $MEZZO ]]; then
	skip "escape" "no domain to leave"
	finish
	exit
fi

said=$("$MEZZO" do --verbose -- true 2>&1 < /dev/null)
while read -r name; do
	if [[ $name == memory_cannot_be_touched && $said == *"no protection key"* ]]; then
		skip "layer memory: $name" "no protection key"
		continue
	fi
	output=$("$MEZZO" do -- "$programs/layer_memory" --only "$name" 2>&1 < /dev/null)
	if [[ $output == *"# SKIP"* ]]; then
		skip "layer memory: $name" "not here"
		continue
	fi
	grep -q '^ok 1' <<< "$output"
	status=$?
	[[ $status -eq 0 ]] || sed 's/^/#   /' <<< "$output"
	verdict $status "layer memory: $name"
done < <("$programs/layer_memory" --list)

while read -r name; do
	output=$("$MEZZO" do -- "$programs/gate" "$name" 2>&1 < /dev/null)
	grep -q '^trying' <<< "$output" && ! grep -q '^escaped' <<< "$output" && [[ ! -e /mezzo-escaped ]]
	status=$?
	[[ $status -eq 0 ]] || sed 's/^/#   /' <<< "$output"
	verdict $status "through the gate: $name"
done < <("$programs/gate")
finish

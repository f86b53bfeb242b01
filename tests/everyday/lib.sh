# SPDX-License-Identifier: MIT
# What the scripts of tests/everyday share: real programs as their users run them. Each script is one group
# and prints TAP. A case is shell text, which runs twice, natively and in a domain, each in a fresh copy of
# the directory that the script has prepared: output and status must be the same, and the status 0.
. "$(dirname "$0")/../system/lib.sh"
needs_domain "real programs"
scratch
mkdir files

# Ends the script where one of these programs is missing.
needs_programs()	# names...
{
	local name
	for name; do
		command -v "$name" > /dev/null && continue
		skip "$name" "not installed"
		finish
		exit
	done
}

# Runs the case's text; $1 is what it runs in: nothing, or the domain's command.
run_case()	# output-file prefix...
{
	local output=$1
	shift
	rm -rf run
	cp -a files run
	(cd run && timeout 100 "$@" bash -c "$text" < /dev/null > "../$output" 2> "../$output.errors")
}

# Output and status are those of bare Linux.
same()		# name shell-text
{
	local text=$2 native inside
	run_case native
	native=$?
	run_case inside "$MEZZO" do --
	inside=$?
	if [[ $native -ne 0 ]]; then
		echo "# fails on bare Linux with status $native: the test is broken"
		tail -5 native.errors | sed 's/^/#   /'
	elif [[ $inside -ne 0 ]]; then
		echo "# status $inside in a domain"
		tail -5 inside.errors | sed 's/^/#   /'
	elif ! cmp -s native inside; then
		diff native inside | head -10 | sed 's/^/#   /'
	else
		verdict 0 "$1"
		return
	fi
	verdict 1 "$1"
}

# The same, where the program is installed.
having()	# program name shell-text
{
	if command -v "$1" > /dev/null; then
		same "$2" "$3"
	else
		skip "$2" "$1 is not installed"
	fi
}

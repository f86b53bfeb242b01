# SPDX-License-Identifier: MIT
# What the scripts of tests/system share. Each is sourced by bash and prints TAP.
#
# MEZZO is the command under test; when it is empty a script runs its work on bare Linux, which checks the
# script. A script that calls in_domain goes on inside a domain, whole; others start domains themselves.

set -u
number=0
BUILD=${BUILD:-$(cd "$(dirname "$0")/../.." && pwd)/build}
MEZZO=${MEZZO:-}

# Starts this script again in a domain, unless it is there already or there is none.
in_domain()
{
	if [[ -n $MEZZO && -z ${IN_DOMAIN:-} ]]; then
		export IN_DOMAIN=1
		exec "$MEZZO" do -- /bin/bash "$0"
	fi
}

# Ends a script that can only be tried with domains, where there are none.
needs_domain()	# name
{
	[[ -n $MEZZO ]] && return
	skip "$1" "no domain to test"
	finish
	exit
}

# The same where nobody may mount a small disk, to fill it.
needs_mounts()	# name
{
	unshare -rm mount -t tmpfs none /mnt 2> /dev/null && return
	skip "$1" "no mount namespace to fill a disk in"
	finish
	exit
}

# A root file system in ./tree: busybox, with links of these names.
busybox_tree()	# names...
{
	local name
	mkdir -p tree/bin
	cp "$(command -v busybox)" tree/bin/busybox
	for name; do
		ln -s busybox "tree/bin/$name"
	done
}

# An empty directory, current from then on, removed at the end.
scratch()
{
	scratch_directory=$(mktemp -d "${TMPDIR:-/tmp}/mezzo-system-XXXXXX") || exit 1
	cd "$scratch_directory" || exit 1
	trap 'cd /; rm -rf "$scratch_directory"' EXIT
}

verdict()	# status name
{
	number=$((number + 1))
	if [[ $1 -eq 0 ]]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
	fi
}

skip()		# name reason
{
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# The command succeeds. What it prints is shown when it does not.
check()		# name command...
{
	local name=$1 output status
	shift
	output=$("$@" 2>&1 < /dev/null)
	status=$?
	if [[ $status -ne 0 ]]; then
		echo "# status $status: $*"
		tail -5 <<< "$output" | sed 's/^/#   /'
	fi
	verdict "$status" "$name"
}

# The shell text prints exactly this, and succeeds.
prints()	# name expected shell-text
{
	local output status
	output=$(eval "$3" 2>&1 < /dev/null)
	status=$?
	if [[ $status -eq 0 && $output == "$2" ]]; then
		verdict 0 "$1"
	else
		echo "# status $status, printed:"
		head -5 <<< "$output" | sed 's/^/#   /'
		verdict 1 "$1"
	fi
}

# The shell text ends with this status.
ends()		# name status shell-text
{
	local output status
	output=$(eval "$3" 2>&1 < /dev/null)
	status=$?
	if [[ $status -eq $2 ]]; then
		verdict 0 "$1"
	else
		echo "# status $status, not $2"
		head -5 <<< "$output" | sed 's/^/#   /'
		verdict 1 "$1"
	fi
}

finish()
{
	echo "1..$number"
}

# SPDX-License-Identifier: MIT
# What the scripts about lasting domains share, sourced after lib.sh: a scratch directory with a store
# and the image "box" in it.

needs_domain "lasting domains"
scripts=$(cd "$(dirname "$0")" && pwd)
scratch
export MEZZO MEZZO_STORE=$PWD/store
mkdir -p tree/bin tree/etc
cp "$(command -v busybox)" tree/bin/busybox
tree/bin/busybox --list | grep -v busybox | while read -r name; do ln -sf busybox "tree/bin/$name"; done
echo box > tree/etc/name
mkfifo tree/fifo
check "import" "$MEZZO" image import box tree
# Nothing that was started here outlives the script.
trap '"$MEZZO" rm -f $("$MEZZO" ls -q) > /dev/null 2>&1; cd /; rm -rf "$scratch_directory"' EXIT

# Reads JSON as j, then runs the statement.
json() { python3 -c "import json, sys; j = json.load(sys.stdin); $1"; }
state() { "$MEZZO" inspect "$1" | json 'print(j[0]["state"])'; }
pid() { "$MEZZO" inspect "$1" | json 'print(j[0]["pid"])'; }

# Until the domain has printed a line with the text; false where it ends before.
printed()	# text name
{
	grep -qm1 "$1" < <("$MEZZO" logs -f "$2" 2>&1)
}

# Only where a bug hangs it the limit ends it, with 124.
soon() { timeout -k 1 30 "$@"; }

wait_for()	# text file
{
	for _ in $(seq 500); do
		grep -qs "$1" "$2" && return
		sleep 0.02
	done
	return 1
}

# The verb fails with 125 and one line with the text.
refuses()	# name text verb arguments...
{
	local name=$1 text=$2 output status
	shift 2
	output=$("$MEZZO" "$@" 2>&1 < /dev/null)
	status=$?
	if [[ $status -eq 125 && $(wc -l <<< "$output") -eq 1 && $output == "mezzo: "*"$text"* ]]; then
		verdict 0 "$name"
	else
		echo "# status $status, printed: $output"
		verdict 1 "$name"
	fi
}

# The script again, as an ordinary user who has nothing but a home.
as_user()	# script
{
	local -a as
	mkdir home tool system
	cp "$scripts"/*.sh system/
	cp "${MEZZO%/*}"/mezzo* "$BUILD/tests/programs/changes" tool/
	chmod -R a+rX . tool system
	chown 12345:12345 home
	as=(setpriv --reuid 12345 --regid 12345 --clear-groups
		env -i PATH=/usr/bin:/bin HOME="$PWD/home" TMPDIR="$PWD/home" LANG=C.UTF-8 MEZZO="$PWD/tool/${MEZZO##*/}")
	if ! "${as[@]}" "$PWD/tool/${MEZZO##*/}" do -- /bin/true 2> errors && grep -q 'user namespaces\|sysctl\|userns' errors; then
		skip "as an ordinary user" "this host forbids user namespaces to ordinary users"
		return
	fi
	(cd home && "${as[@]}" bash "$OLDPWD/system/$1.sh") < /dev/null > output 2>&1
	grep -q '^1\.\.' output && ! grep -q '^not ok' output
	status=$?
	[[ $status -eq 0 ]] || { grep -B 4 '^not ok' output | sed 's/^/# /'; tail -2 output | sed 's/^/# /'; }
	verdict $status "as an ordinary user"
}

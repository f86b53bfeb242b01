# SPDX-License-Identifier: MIT
# The suites again, as an ordinary user who has nothing but a home: families of tests/linux and scripts.
. "$(dirname "$0")/lib.sh"

if [[ $(id -u) -ne 0 ]]; then
	skip "ordinary user" "the suites run as one already"
	finish
	exit
fi
scripts=$(cd "$(dirname "$0")" && pwd)
scratch
chmod 755 .
mkdir home tmp tool linux system
chown 12345:12345 home tmp
cp "$BUILD"/tests/linux/* linux/
cp "$scripts"/*.sh system/
as=(setpriv --reuid 12345 --regid 12345 --clear-groups
	env -i PATH=/usr/bin:/bin HOME="$PWD/home" TMPDIR="$PWD/tmp" LANG=C.UTF-8 BUILD="$BUILD" IN_DOMAIN=1)
if [[ -n $MEZZO ]]; then
	cp "${MEZZO%/*}"/mezzo* tool/
	as+=("$PWD/tool/mezzo" do --)
	chmod -R a+rX tool
	cd home || exit 1
	if ! "${as[@]}" /bin/true 2> ../errors; then
		if grep -q 'user namespaces\|sysctl\|userns' ../errors; then
			skip "ordinary user" "this host forbids user namespaces to ordinary users"
			finish
			exit
		fi
	fi
else
	cd home || exit 1
fi
chmod -R a+rX ../linux ../system

# However few processes the host allows: it is told, and is no crash.
few_processes()
{
	local few output told=0
	for few in $(seq 8); do
		output=$(cd / && env -i PATH=/usr/bin:/bin setpriv --reuid 12399 --regid 12399 --clear-groups \
			prlimit --nproc="$few" "$OLDPWD/../tool/mezzo" do -- true 2>&1) && continue
		[[ $output == *"allows no more processes"* ]] && told=1
		[[ $output == mezzo:*"bug in Mezzo"* || -z $output ]] && printf '%s\n' "$few: $output"
	done
	echo "$told"
}
[[ -z $MEZZO ]] || prints "a domain for which there are too few processes" 1 few_processes

all_pass()	# command...: TAP to its end without a failure
{
	"$@" < /dev/null > ../output 2>&1
	grep -q '^1\.\.' ../output && ! grep -q '^not ok' ../output && return 0
	grep -B 3 '^not ok' ../output | grep -v '^ok'
	tail -2 ../output
	return 1
}

for program in ../linux/*; do
	check "linux/${program##*/}" all_pass "${as[@]}" "$PWD/$program" --timeout 30
done
for script in bash dash coreutils findutils text archive make perl python git sqlite busybox; do
	check "$script" all_pass "${as[@]}" bash "$PWD/../system/$script.sh"
done
finish

# SPDX-License-Identifier: MIT
# A limit of disk against a system layer that is an attacker's (tests/escape/hostile): what the host
# refuses or ends, what it says of it, and how much disk that has cost.
. "$(dirname "$0")/lib.sh"

needs_domain "hostile_disk"
scratch
export MEZZO_STORE=$PWD/store
layer=$BUILD/tests/escape/hostile
busybox_tree sh
check "import" "$MEZZO" image import box tree

# The limit is 10 MiB. What a hostile layer gets beyond is what it writes within a tenth of a second, at the speed
# of memory where there is much of that. The attacks go for 2 GiB.
most=1024

# An attack leaves "escaped" out of its output, and no more than that on disk.
attack()	# name
{
	"$MEZZO" rm -f hostile > /dev/null 2>&1
	"$MEZZO" create --disk 10M --layer "$layer" hostile box -- "$1" > /dev/null || return
	"$MEZZO" start -a hostile > out 2>&1 < /dev/null
	taken=$(du -sm store/domains/hostile | cut -f1)
	! grep -q escaped out && [[ $taken -le $most ]]
}

ended="mezzo: the domain passed its disk limit and was ended: its system layer took what it had not asked for"
while read -r name; do
	case $name in
	allocate*) expected="mezzo: the domain ended unexpectedly: its first process was killed by signal 31 (a host call that is not allowed)" ;;
	ask-for-a-wrong-mode | ask-beyond-all-files)
		expected="mezzo: the domain sent a bad request (space that no file has) and was ended" ;;
	ask* | many*) expected="refused 122" ;;
	*) expected=$ended ;;
	esac
	attack "$name" && [[ $(< out) == "$expected" ]]
	status=$?
	[[ $status -eq 0 ]] || sed "s/^/# $taken MiB: /" out
	verdict $status "$name"
done < <("$MEZZO" do --layer "$layer" -- list disk)

check "deleted, and written through a mapping" attack map
prints "what was deleted is gone with the domain" "0" 'ls store/domains/hostile/objects | wc -l'
prints "inspect tells why it ended" '"status":125,"reason":"disk limit passed"' \
	'"$MEZZO" inspect hostile | grep -o "\"status\":125,\"reason\":\"[^\"]*\""'
prints "ps tells" "over its disk" '"$MEZZO" ps -a | grep -o "over its disk"'
check "another end" attack ask
prints "is none of that" "" '"$MEZZO" inspect hostile | grep reason || true'
finish

# SPDX-License-Identifier: MIT
# What else than files may lie in a lasting domain's folder: no verb waits for ever.
. "$(dirname "$0")/lib.sh"

needs_domain "kept_damage"
scratch
export MEZZO_STORE=$PWD/store
busybox_tree sh sleep
mkdir -p tree/w
check "import" "$MEZZO" image import box tree

# The verbs that don't end when a pipe lies in place of a file.
waiting() {
	local verb
	"$MEZZO" run --name pipe box -- sh -c "echo out; echo y > /w/f"
	rm -rf "store/domains/pipe/$1"
	mkfifo "store/domains/pipe/$1"
	for verb in ls ps "inspect pipe" stats "logs pipe" "diff pipe" "cp pipe:/w -" \
			"commit pipe new --replace" "store fsck" "start pipe" "wait pipe" "rename pipe pip" \
			"rename pip pipe" "rm -f pipe"; do
		timeout 5 "$MEZZO" $verb > /dev/null 2>&1 < /dev/null
		[[ $? -ne 124 ]] || echo "$verb"
	done
	rm -rf store/domains/pip*
}
for file in record run lock output overlay; do
	prints "a pipe as $file" "out" 'waiting $file'
done

# A bit that turns in the part of the log that was durable. Names that come after it would be lost:
# nobody goes on as if there were none, and the repair says what it gives up.
"$MEZZO" run --name bit box -- sh -c 'for i in 1 2 3 4 5 6 7 8; do echo $i > /w/f$i; done; sync; echo end > /w/last'
cp store/domains/bit/overlay whole
turn() {	# text: a bit of its first occurrence
	python3 - "$1" << 'PYTHON'
import sys
data = bytearray(open("whole", "rb").read())
data[data.index(sys.argv[1].encode())] ^= 4
open("store/domains/bit/overlay", "wb").write(data)
PYTHON
}
turn f4
ends "the domain does not start" 125 '"$MEZZO" start -a bit 2> err'
prints "and says where to look" 1 'grep -c "log is damaged at byte.*store fsck" err'
prints "which is no crash" 0 'grep -c crash err || true'
prints "fsck finds it" 1 '"$MEZZO" store fsck 2>&1 | grep -c "bit: the log is damaged at byte"'
ends "diff does not show a part" 1 '"$MEZZO" diff bit > part 2> err || { ! [[ -s part ]] && grep -q "store fsck" err && (exit 1); }'
ends "no image is made of a part" 125 '"$MEZZO" commit bit new --replace'
"$MEZZO" store fsck --repair > /dev/null 2>&1
prints "after a repair nothing is found" "" '"$MEZZO" store fsck 2>&1 | grep bit || true'
prints "what came before it is there" "A /w/f1 A /w/f2 A /w/f3" '"$MEZZO" diff bit | grep -v "^C" | xargs'
# What was not synced is the torn end of a power failure, and no damage.
turn last
prints "behind the last sync it is none" "" '"$MEZZO" store fsck 2>&1 | grep bit || true'
prints "and the rest is there" 8 '"$MEZZO" diff bit | grep -c "^A"'
finish

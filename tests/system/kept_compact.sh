# SPDX-License-Identifier: MIT
# The log of a lasting domain is written anew while it runs: it stays small, whatever kills the domain
# meanwhile, and whoever else writes it.
. "$(dirname "$0")/lib.sh"

needs_domain "kept_compact"
scratch
export MEZZO_STORE=$PWD/store
busybox_tree sh mkdir cat ls rm touch seq sleep
mkdir -p tree/w tree/tmp
cp "$BUILD/tests/programs/renames" tree/bin/renames
touch tree/w/gone tree/w/stays
check "import" "$MEZZO" image import box tree

# Four directories at once; files of the image go, come, and get attributes meanwhile.
cat > million <<'END_OF_PROGRAM'
mkdir /w/1 /w/2 /w/3 /w/4 /w/many
rm /w/gone
for d in 1 2 3 4; do renames 250000 250000 /w/$d & done
for i in $(seq 500); do echo $i > /w/many/$i; done
wait
END_OF_PROGRAM
look='renames --look /w/1 250000; renames --look /w/2 250000; renames --look /w/3 250000;
	renames --look /w/4 250000; cat /w/many/1 /w/many/500; ls /w'
expected=$(printf '%s\n' 1 500 1 2 3 4 many stays)
"$MEZZO" create --disk 24M small box -- sleep 1000 > /dev/null && "$MEZZO" start small > /dev/null
prints "a million renames fit into 24 MiB" "" \
	'"$MEZZO" exec small -- sh -c "$(cat million)" | grep -v "250000$" || true'
prints "with the names that they lead to" "$expected" '"$MEZZO" exec small -- sh -c "$look"'
prints "the log is short" yes '[[ $(du -sm store/domains/small | cut -f1) -le 24 ]] && echo yes'
"$MEZZO" kill small > /dev/null; "$MEZZO" wait small > /dev/null
prints "nothing is damaged" "" '"$MEZZO" store fsck | grep small || true'
"$MEZZO" start small > /dev/null
prints "the next run has the same names" "$expected" '"$MEZZO" exec small -- sh -c "$look"'
"$MEZZO" rm -f small > /dev/null

# Killed at any moment: what a program was told is there.
killed() {
	local round d least
	for ((round = 0; round < $1; round++)); do
		"$MEZZO" run -d --name killed box -- sh -c 'mkdir /w/1 /w/2 /w/3
			for d in 1 2 3; do renames 100000000 1000 /w/$d & done; wait' > /dev/null
		sleep "$(printf '%d.%03d' $((round % 2)) $((RANDOM % 1000)))"
		kill -9 "$("$MEZZO" inspect killed | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' | head -1)"
		"$MEZZO" wait killed > /dev/null 2>&1
		"$MEZZO" logs killed > told
		"$MEZZO" store fsck | grep killed
		for d in 1 2 3; do
			least=$(sed -n "s|^/w/$d ||p" told | tail -1)
			[[ -z $least ]] && continue
			"$MEZZO" cp "killed:/w/$d" . && mv "$d" "got$d"
			"$BUILD/tests/programs/renames" --look "got$d" "$least"
			rm -rf "got$d"
		done
		"$MEZZO" rm -f killed > /dev/null
	done
}
prints "killed in the middle" "" 'killed 12'
finish

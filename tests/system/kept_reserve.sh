# SPDX-License-Identifier: MIT
# Domains without a limit leave something of the host's disk free, and print no more than they may.
. "$(dirname "$0")/lib.sh"

needs_domain "kept_reserve"
needs_mounts "kept_reserve"
scratch
busybox_tree sh dd rm df seq awk sleep cat truncate
mkdir -p disk tree/w tree/tmp

cat > whole <<'END'
exec 2> err
mount -t tmpfs -o size=100m none disk || exit 9
export MEZZO_STORE=$PWD/disk/store
"$MEZZO" image import box tree > /dev/null || exit 8
free() { df -Pm disk | awk 'NR == 2 { print $4 }'; }
fill='dd if=/dev/zero of=/w/f bs=64k 2>&1 | cat > /dev/shm/said; cat /dev/shm/said'

"$MEZZO" run --rm --name usual box -- sh -c "$fill; sleep 100000" > said &
pid=$!
until grep -q "records out" said; do sleep 0.1; done
free > usual
"$MEZZO" rm -f usual > /dev/null
wait $pid
grep -o "No space left on device" said
[[ $(< usual) -ge 4 && $(< usual) -le 10 ]] && echo "a twentieth"

export MEZZO_DISK_RESERVE=40M
"$MEZZO" create set box -- sh -c "df -Pm /w | awk 'NR == 2 { print \$4 }' > /dev/shm/df; $fill; cat /dev/shm/df" > /dev/null
"$MEZZO" start -a set > said
grep -o "No space left on device" said
[[ $(free) -ge 39 && $(free) -le 45 ]] && echo "as was set"
# What df has told is what there was.
[[ $(tail -1 said) -le 70 ]] && echo "df tells"
"$MEZZO" rm set > /dev/null

# A program may have much that it does not write, and map it.
"$MEZZO" run --rm --name sparse box -- sh -c 'truncate -s 1000000000 /w/f && echo sparse'

export MEZZO_DISK_RESERVE=0
"$MEZZO" run --rm --name none box -- sh -c "$fill" > said
grep -o "No space left on device" said
MEZZO_DISK_RESERVE=much "$MEZZO" run --rm --name none box -- sh -c "$fill" || echo "status $?"
unset MEZZO_DISK_RESERVE

# Printed: some 60 MB, on a disk of 100.
"$MEZZO" create talks box -- seq 8000000 > /dev/null
"$MEZZO" start -a talks > said
tail -1 said
[[ $(du -sm disk/store/domains/talks | cut -f1) -le 17 ]] && echo bounded
"$MEZZO" logs talks > all
tail -1 all
[[ $(wc -c < all) -gt 1000000 ]] && echo "the last of it"
[[ $(sed 1d all | awk 'NR > 1 && $1 != last + 1 { print "a gap" } { last = $1 }') == "" ]] && echo whole
END
MEZZO=$MEZZO unshare -rm bash whole > out
prints "a domain leaves something free" "No space left on device a twentieth" 'sed -n 1,2p out | xargs'
prints "as much as was set" "No space left on device as was set" 'sed -n 3,4p out | xargs'
prints "and df in the domain knows" "df tells" 'sed -n 5p out'
prints "holes are none of that" "sparse" 'sed -n 6p out'
prints "nothing is left free if that is wanted" "No space left on device" 'sed -n 7p out'
prints "what is no size is refused" "status 125" 'sed -n 8p out'
prints "which is said" "yes" 'grep -q "MEZZO_DISK_RESERVE much: it is a number" err && echo yes'
prints "what it prints is read as it comes" "8000000" 'sed -n 9p out'
prints "and takes no more disk than it may" "bounded" 'sed -n 10p out'
prints "the last of it is kept" "8000000 the last of it whole" 'sed -n 11,13p out | xargs'

# The same with a limit of its own, in two runs.
export MEZZO_STORE=$PWD/store
check "import" "$MEZZO" image import box tree
check "create" "$MEZZO" create --log-size 1M talks box -- seq 100000
check "run" "$MEZZO" start -a talks
check "run again" "$MEZZO" start -a talks
prints "no more than was said" "yes" \
	'[[ $(stat -c %s store/domains/talks/output* | awk "{ n += \$1 } END { print n }") -le 1048576 ]] && echo yes'
prints "the last lines" "$(printf '99999\n100000')" '"$MEZZO" logs -n 2 talks'
prints "inspect tells" '"log_size":1048576' '"$MEZZO" inspect talks | grep -o "\"log_size\":[0-9]*"'
ends "too little" 125 '"$MEZZO" create --log-size 1000 other box -- sh 2> err'
prints "is refused" "mezzo: --log-size 1000: it is 1M at least" 'cat err'
finish

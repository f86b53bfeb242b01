# SPDX-License-Identifier: MIT
# What a lasting domain changes in its files is there when it starts again, and is what bare Linux has
# after the same changes.
. "$(dirname "$0")/lib.sh"

needs_domain "kept"
scratch
export MEZZO_STORE=$PWD/store
changes=$BUILD/tests/programs/changes

mkdir -p tree/bin tree/tmp tree/w
cp "$(command -v busybox)" tree/bin/busybox
cp "$changes" tree/bin/changes
ln -s busybox tree/bin/sh
"$changes" 1 600 tree/w > /dev/null
seq 2000000 > tree/w/large
cp -a tree native
check "import" "$MEZZO" image import box tree

# Each start makes the next changes, between two listings.
cat > tree/script <<'END'
n=$(cat /n 2> /dev/null || echo 10)
changes --list-times /w
echo ---
changes "$n" 400 /w
changes --list /w
echo ---
changes --list-times /w
echo $((n + 1)) > /n
END
check "making the domain" "$MEZZO" create kept box -- sh -c "$(cat tree/script)"

part() { awk -v want="$1" '/^---$/ { n++; next } n == want' "$2"; }

same=0 kept=0
for round in $(seq 10 29); do
	"$MEZZO" start -a kept > "run$round" 2> "err$round" || break
	# An ordinary user can't give files away, nor make what root can, outside.
	if [[ $(id -u) -eq 0 ]]; then
		{ "$changes" "$round" 400 native/w; "$changes" --list native/w; } > "native$round"
		part 1 "run$round" | cmp -s - "native$round" && same=$((same + 1))
	else
		same=$((same + 1))
	fi
	if [[ $round -eq 10 ]]; then
		kept=$((kept + 1))
	else
		cmp -s <(part 2 "run$((round - 1))") <(part 0 "run$round") && kept=$((kept + 1))
	fi
done
prints "twenty runs do what bare Linux does" 20 'echo $same'
prints "each finds what the one before it left, to the nanosecond" 20 'echo $kept'
prints "and nothing is said" "" 'cat err*'

# Many files, and directories that come and go.
cat > tree/many <<'END'
if [ -e /w/many ]; then
	ls /w/many | wc -l
	cat /w/many/d7/f42
	rm -rf /w/many
else
	mkdir /w/many && cd /w/many
	for d in $(seq 100); do
		mkdir d$d && cd d$d && for f in $(seq 100); do echo $d $f > f$f; done; cd ..
	done
	rm -r d5 && mkdir d5 && find . | wc -l
fi
END
check "making a domain" "$MEZZO" create many box -- sh -c "$(cat tree/many)"
prints "ten thousand files are made" "10001" '"$MEZZO" start -a many'
prints "are there and go" "100 7 42" '"$MEZZO" start -a many | xargs'
prints "and can be made again" "10001" '"$MEZZO" start -a many'

# What a rename leaves at the old name is there too, where a file of the image was and where none was.
cat > tree/white <<'END'
if [ ! -e /w/moved ]; then
	echo new > /w/new
	changes --whiteout /w/large /w/moved && changes --whiteout /w/new /w/newer || echo failed
fi
stat -c "%F %a %t:%T %h" /w/large /w/new
wc -l < /w/moved
cat /w/newer
END
check "making a domain" "$MEZZO" create white box -- sh -c "$(cat tree/white)"
white="character special file 0 0:0 1"
for round in first second; do
	prints "whiteouts at the $round start" "$white $white 2000000 new" '"$MEZZO" start -a white | xargs'
done

# The log of what is past does not stay.
cat > tree/past <<'END'
mkdir -p /w/past && cd /w/past
n=$(cat n 2> /dev/null || echo 0)
[ $n -eq 0 ] || { ls | wc -l; cat keep3 new$n; }
n=$((n + 1))
for i in $(seq 100); do [ -e keep$i ] || echo $i > keep$i; done
i=0
while [ $i -lt 6000 ]; do
	i=$((i + 1))
	: > temporary-file-with-a-long-name-$i
	mv temporary-file-with-a-long-name-$i another-file-with-a-long-name-$i
	rm another-file-with-a-long-name-$i
done
echo $n > new$n
echo $n > n
END
sed -i 's/^\tmv \(.*\)$/\tbusybox mv \1/; s/^\trm \(.*\)$/\tbusybox rm \1/' tree/past
check "making a domain" "$MEZZO" create past box -- sh -c "$(cat tree/past)"
for round in 1 2 3 4 5 6; do
	"$MEZZO" start -a past > "past$round"
	[[ $round -eq 3 ]] && size=$(stat -c %s store/domains/past/overlay)
done
prints "an overlay does not grow with what is past" yes \
	'[[ $(stat -c %s store/domains/past/overlay) -le $size ]] && echo yes'
prints "and what is true stays" "106 3 5" 'xargs < past6'

# A large file of the image is not copied when it is changed.
cat > tree/large <<'END'
n=$(cat /n 2> /dev/null || echo 1)
changes --large "$n" /w/large
cat /w/large | md5sum
echo $((n + 1)) > /n
END
check "making a domain" "$MEZZO" create large box -- sh -c "$(cat tree/large)"
same=0
for round in $(seq 20); do
	{ "$changes" --large "$round" native/w/large; md5sum < native/w/large; } > native.large
	"$MEZZO" start -a large | cmp -s - native.large && same=$((same + 1))
done
prints "changes of a large file are those of bare Linux, over restarts" 20 'echo $same'
"$changes" --large 5 tree/w/large > native.large
prints "and where nothing is kept" "$(cat native.large)" '"$MEZZO" run box -- changes --large 5 /w/large'
check "making a domain" "$MEZZO" create byte box -- sh -c \
	'printf x | dd of=/w/large bs=1 seek=7654321 conv=notrunc 2> /dev/null; md5sum < /w/large'
seq 2000000 | { head -c 7654321; printf x; head -c 1 > /dev/null; cat; } | md5sum > native.byte
prints "one byte is changed" "$(cat native.byte)" '"$MEZZO" start -a byte'
prints "and no more than a chunk is copied" yes \
	'[[ $(du -sk store/domains/byte/objects | cut -f1) -lt 100 ]] && echo yes'

cat > tree/longer <<'END'
printf y | dd of=/w/large bs=1 conv=notrunc 2> /dev/null
size=$(wc -c < /w/large)
truncate -s $((size + 5000)) /w/large
cat /w/large | wc -c
tail -c 5001 /w/large | md5sum
END
check "making a domain" "$MEZZO" create longer box -- sh -c "$(cat tree/longer)"
prints "it can be made longer" "$(($(seq 2000000 | wc -c) + 5000)) $({ echo; head -c 5000 /dev/zero; } | md5sum | xargs)" \
	'"$MEZZO" start -a longer | xargs -n 3'

# Killed at any moment: what was written is there.
cat > tree/writer <<'END'
n=0
while [ $n -lt 3000 ]; do
	n=$((n + 1))
	echo "content $n" > /w/f$n
	echo "more $n" >> /w/log
	[ $((n % 7)) -eq 0 ] && mv /w/f$n /w/g$n
	echo "$n"
done
END
# How many follow one another.
cat > tree/reader <<'END'
n=0
while :; do
	n=$((n + 1))
	file=/w/f$n
	[ $((n % 7)) -eq 0 ] && file=/w/g$n
	[ -e $file ] || [ ! -e /w/f$n ] || file=/w/f$n
	text=
	[ -e $file ] && read -r text < $file
	[ "$text" = "content $n" ] || break
done
lines=$(wc -l < /w/log)
echo $((lines < n - 1 ? lines : n - 1))
END
command="if [ -e /w/log ]; then
	$(cat tree/reader)
else
	$(cat tree/writer)
fi"
lost=0
: > err
for round in 1 2 3 4 5; do
	check "making domain $round" "$MEZZO" create "killed$round" box -- sh -c "$command"
	"$MEZZO" start -a "killed$round" > out 2> client.err &
	client=$!
	while [[ $(wc -l < out) -lt $((round * 150)) ]] && kill -0 $client 2> /dev/null; do :; done
	kill -9 "$("$MEZZO" inspect "killed$round" | grep -o '"pid":[0-9]*' | cut -d: -f2)"
	"$MEZZO" wait "killed$round" > /dev/null 2>&1
	wait $client
	written=$(tail -1 out)
	found=$("$MEZZO" start -a "killed$round" 2>> err)
	[[ $found -ge $written ]] || lost=$((lost + 1))
done
prints "nothing is lost by killing a monitor" 0 'echo $lost'
prints "and nothing is said" "" 'cat err'
finish

# SPDX-License-Identifier: MIT
# Domains that last can always be ended, and nobody waits for ever: terminals without anybody who types,
# monitors that can't be reached or were killed, many at once, stores of a newer format.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lasting.sh"

stubborn='trap : TERM; echo ready; while :; do sleep 1; done'
echo 'echo exit' > typed_file

# ---- a terminal, and standard input that is none ----
refuses "run -it without a terminal" "standard input is not a terminal" run -it --name a box -- sh
refuses "... that is gone with its command" "standard input is not a terminal" run -it box -- sh
it() { "$MEZZO" run -it --name a box -- sh 2> /dev/null; }
prints "... with a pipe, a file, nothing" "125 125 125" 'echo exit | it; a=$?; it < typed_file; b=$?; it <&-; echo $a $b $?'
prints "nothing was made" "" '"$MEZZO" ls -q'
for program in sh cat 'cat; cat' 'stty raw; cat' true; do
	prints "run -t: input is at its end: $program" "0 0 0 0" '
		run="soon $MEZZO run -t --rm --name a box -- sh -c \"$program\""
		eval "$run" < /dev/null > o; a=$?; echo typed | eval "$run" > o; b=$?; eval "$run" < typed_file > o; c=$?
		eval "$run" <&- > o; echo $a $b $c $?'
done
prints "start -a of one with a terminal" "0" '"$MEZZO" create -t a box -- sh > /dev/null; soon "$MEZZO" start -a a > o; echo $?'
prints "start -i, a shell that edits lines" "0 1" 'soon "$MEZZO" start -i a < typed_file > o; echo $? $(tr -d "\r" < o | grep -cx exit)'
"$MEZZO" rm a > /dev/null
prints "it waits for who attaches otherwise" "running 5" '"$MEZZO" run -dt --name a box -- sh > /dev/null; echo $(state a) $(echo "exit 5" | soon "$MEZZO" attach a > o; echo $?)'
"$MEZZO" rm a > /dev/null
"$MEZZO" run -dt --name a box -- sh -c 'cat; echo on; read x < /fifo; read x; echo got $x' > /dev/null
soon "$MEZZO" attach a < /dev/null > /dev/null &
printed on a
mkfifo typed
exec 9<> typed
soon "$MEZZO" attach a < typed > o 2> /dev/null &
echo it >&9
printed "^it" a
prints "who comes later types again" "1" '"$MEZZO" exec a sh -c "echo > /fifo"; wait_for "got it" o; grep -c "got it" o'
exec 9>&-
wait
"$MEZZO" rm -f a > /dev/null
for way in "rm -f" kill "stop -t 0"; do
	for program in sh 'stty raw; echo ready; cat' "$stubborn"; do
		prints "$way of a terminal: $program" "a" '"$MEZZO" run -dt --name a box -- sh -c "$program" > /dev/null; soon "$MEZZO" $way a'
		"$MEZZO" rm -f a > /dev/null 2>&1
	done
done
prints "output that is held by Ctrl-S holds no end" "a" '"$MEZZO" run -dt --name a box -- sh -c "stty -echo; echo ready; read x; while :; do echo y; done" > /dev/null
	printed ready a; printf "x\n\023" | soon "$MEZZO" attach a > /dev/null 2>&1 & printed y a; soon "$MEZZO" rm -f a; wait'
prints "nor does a program that stops meanwhile" "a" '"$MEZZO" run -dt --name a box -- sh -c "stty -echo; echo ready; read x < /fifo; echo 1; kill -STOP \$\$" > /dev/null
	printed ready a; printf "\023" | soon "$MEZZO" attach a > /dev/null 2>&1 & "$MEZZO" exec a sh -c "echo > /fifo"; soon "$MEZZO" rm -f a; wait'
prints "what it printed last is there" "100000 20" 'for i in $(seq 20); do "$MEZZO" run -t --rm --name a box -- seq 100000 | tail -1 | tr -d "\r"; done | uniq -c | awk "{ print \$2, \$1 }"'

# ---- a control socket that is gone ----
unreachable() { "$MEZZO" run -d --name a box -- "$@" > /dev/null && rm store/domains/a/control; }

unreachable sleep 1000
refuses "exec says so" "runs, but its control socket is gone" exec a true
refuses "attach says so" "runs, but its control socket is gone" attach a
refuses "kill -s says so" "runs, but its control socket is gone" kill -s USR1 a
prints "its process is known" "True" '"$MEZZO" inspect a | json "print(j[0][\"pid\"] > 1)"'
prints "stop ends it, and wait has the status" "$(printf 'a\n143\nexited')" 'soon "$MEZZO" wait a > status & soon "$MEZZO" stop a; wait; cat status; state a'
"$MEZZO" rm a > /dev/null
unreachable sh -c "$stubborn"
prints "stop -t ends one that ignores it" "a killed" 'wait_for ready store/domains/a/output; echo $(soon "$MEZZO" stop -t 0 a) $(state a)'
prints "it starts again" "a" '"$MEZZO" start a'
rm store/domains/a/control
prints "kill" "a killed" 'echo $(soon "$MEZZO" kill a) $(state a)'
"$MEZZO" start a > /dev/null
rm store/domains/a/control
prints "rm -f" "a" 'soon "$MEZZO" rm -f a; ls store/domains'
unreachable sleep 1000
process=$(pid a)
sed -i 's/^monitor .*/monitor 0000000001/' store/domains/a/run
refuses "a process that does not hold the lock is left alone: stop" "can't be told" stop a
refuses "... kill" "can't be told" kill a
refuses "... rm -f" "can't be told" rm -f a
kill -9 "$process"
prints "once it is dead all is well" "a" 'soon bash -c "until \"\$MEZZO\" rm -f a 2> errors; do :; done"'

# ---- many ----
names=$(seq -f m%g 12)
for name in $names; do "$MEZZO" run -d --name "$name" box -- sh -c "$stubborn" > /dev/null; done
begin=$(date +%s)
prints "stop of many: all are asked first" "12" '"$MEZZO" stop -t 2 $names | wc -l'
check "their times are not added" [ $(($(date +%s) - begin)) -lt 12 ]
prints "rm -f of many, and of none among them" "12 125" '"$MEZZO" start $names > o; "$MEZZO" rm -f nobody $names > o 2> e; s=$?; echo $(wc -l < o) $s'
prints "nothing is left" "" '"$MEZZO" ls -q'

# ---- ends at any time ----
"$MEZZO" run -d --name a box -- sh -c "$stubborn" > /dev/null
prints "of two stops the shorter one counts" "0" 'printed ready a; "$MEZZO" stop -t 1 a > /dev/null & soon "$MEZZO" stop -t 1000 a > /dev/null; echo $?; wait'
"$MEZZO" start a > /dev/null
prints "rm -f while a client is attached" "137 a" 'soon "$MEZZO" attach a > /dev/null & "$MEZZO" exec a true; r=$(soon "$MEZZO" rm -f a); wait $!; echo $? $r'
"$MEZZO" run -dt --name a box -- sh > /dev/null
prints "a client that is killed at its terminal" "a" 'script -qec "$MEZZO attach a" /dev/null < /dev/null > o & "$MEZZO" exec a true; kill -9 $!; soon "$MEZZO" rm -f a; wait $! 2> /dev/null; true'
"$MEZZO" run -d -i --name a box -- sleep 1000 > /dev/null
head -c 3000000 /dev/zero > much
# A shell has its background commands ignore SIGINT: one that does not block it yet would not hear of it.
blocks_int() { wait_for '^SigBlk:.*[2367abef]$' "/proc/$1/status"; }
prints "a client whose input nobody takes hears signals" "130" '"$MEZZO" attach a < much > o & blocks_int $!; "$MEZZO" exec a true; kill -INT $!; wait $!; echo $?'
prints "a waiting client of a monitor that is killed" "137" 'soon "$MEZZO" wait a > status & "$MEZZO" exec a true; kill -9 $(pid a); wait $!; cat status'
"$MEZZO" rm a > /dev/null

# ---- a store of a newer format ----
"$MEZZO" run -d --name a box -- sleep 1000 > /dev/null
"$MEZZO" create b box -- true > /dev/null
cp store/format format
echo 'mezzo-object-store 2' > store/format
look() { find store -printf '%p %T@ %s\n' | sort; }
look > before
for verb in "start b" "stop a" "kill a" "rm -f a" "rm b" "rename b c" "wait b" "attach a" "logs a" "exec a true" ps ls \
	"inspect a" stats "diff a" "cp a:/etc/name x" "cp typed_file a:/x" "create c box -- true" \
	"volume ls" "volume create v" "create --rootfs tree c -- true" "run --name c box -- true" "run -d --rootfs tree -- true"; do
	# shellcheck disable=SC2086
	refuses "a newer format: $verb" "has format 2, which needs a newer program" $verb
done
prints "nothing was written there" "" 'look | diff before -'
cp format store/format
prints "all is as it was" "a b" 'echo $("$MEZZO" rm -f a b)'
finish

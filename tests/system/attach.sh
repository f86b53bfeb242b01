# SPDX-License-Identifier: MIT
# Output and input of domains that last: logs, attach, terminals, and clients that are slow, stopped or
# gone. Where root runs this, all of it is done once more by an ordinary user.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lasting.sh"

# ---- the format ----
"$MEZZO" run --name a box -- sh -c 'echo one; echo two >&2; printf "four\n\nfive"' > o 2> e
prints "both streams arrive" "$(printf 'one\nfour\n\nfive|two\n')" 'cat o; echo "|$(cat e)"'
prints "each line is an entry of the CRI's format" "5" 'grep -cE "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z std(out|err) [FP] " store/domains/a/output'
prints "each is of its stream" "$(printf 'F one\nF four\nF \nP five\n+F two')" 'cut -d" " -f2- store/domains/a/output | grep stdout | cut -d" " -f2-; cut -d" " -f2- store/domains/a/output | grep stderr | sed "s/stderr /+/"'
prints "logs gives the bytes back" "" '"$MEZZO" logs a > lo 2> le; cmp o lo; cmp e le'
prints "logs -t" "3" '"$MEZZO" logs -t a 2> /dev/null | grep -cE "^[0-9-]*T[0-9:.]*Z (one|four|)\$" | grep . ; "$MEZZO" logs -t a 2> /dev/null | grep -c "Z five" > /dev/null'
prints "logs --tail" "$(printf '\nfive')" '"$MEZZO" rm a > /dev/null; "$MEZZO" run --name a box -- sh -c "printf \"1\n2\n\nfive\"" > /dev/null; "$MEZZO" logs --tail 2 a'
prints "logs --tail 0" "" '"$MEZZO" logs -n 0 a'
prints "logs --tail of more than there is" "$(printf '1\n2\n\nfive')" '"$MEZZO" logs -n 99 a'
prints "logs --tail all" "$(printf '1\n2\n\nfive')" '"$MEZZO" logs -n all a'
"$MEZZO" rm a > /dev/null
"$MEZZO" run --name a box -- echo first > /dev/null
middle=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
"$MEZZO" start -a a > /dev/null
prints "logs --since a time" "1" '"$MEZZO" logs --since "$middle" a | wc -l'
prints "... in another zone" "1" '"$MEZZO" logs --since "$(TZ=UTC-2 date -d "$middle" +%Y-%m-%dT%H:%M:%S.%N)+02:00" a | wc -l'
prints "... by seconds" "1" '"$MEZZO" logs --since "$(date -d "$middle" +%s.%N)" a | wc -l'
prints "... an hour ago" "2" '"$MEZZO" logs --since 1h0m a | wc -l'
prints "... in the future" "0" '"$MEZZO" logs --since 2999-01-01 a | wc -l'
refuses "... that is none" "want 2026-01-02T03:04:05Z" logs --since yesterday a
refuses "a tail that is none" "want a number of lines" logs --tail -1 a
echo "no entry" >> store/domains/a/output
prints "what is no entry is shown" "no entry" '"$MEZZO" logs --tail 1 a'
"$MEZZO" rm a > /dev/null

# ---- while it comes fast ----
"$MEZZO" run -d --name a box -- seq 1000000000 > /dev/null
printed 100000 a
prints "logs --tail has so many lines" "5" 'for i in $(seq 20); do soon "$MEZZO" logs --tail 5 a | grep -c .; done | sort -u'
prints "logs has an end" "0" 'soon "$MEZZO" logs a > o; echo $?'
prints "logs -f --tail goes on behind them" "5000" 'soon "$MEZZO" logs -f --tail 5 a | head -5000 > o
	seq $(head -1 o) $(($(head -1 o) + 4999)) | cmp - o && wc -l < o'
"$MEZZO" rm -f a > /dev/null

# ---- much of it ----
head -c 5000000 /dev/urandom > random
prints "bytes go in and out as they are" "" '"$MEZZO" run -i --name a box -- cat < random > o; cmp random o; "$MEZZO" logs a | cmp random -'
prints "a long line" "3000000" '"$MEZZO" rm a > /dev/null; "$MEZZO" run --rm --name a box -- sh -c "head -c 3000000 /dev/zero | tr \"\\\\0\" x" | wc -c'
prints "many short lines" "300000" '"$MEZZO" run --rm --name a box -- seq 300000 | wc -l'
prints "a reader that goes away" "exited 0" '"$MEZZO" run --name a box -- seq 300000 | head -1 > /dev/null; "$MEZZO" wait a > /dev/null; echo $(state a) $("$MEZZO" wait a)'
"$MEZZO" rm a > /dev/null
"$MEZZO" run -d -i --name a box -- sh -c 'echo ready; read go; seq 300000' > /dev/null
mkfifo slow typed
exec 8<> slow 9<> typed
"$MEZZO" attach --no-stdin a > slow 2> e &
client=$!
"$MEZZO" attach a < typed > o &
echo go >&9
prints "a client that does not read holds up nobody" "0" '"$MEZZO" wait a'
kill -9 "$client"
wait
exec 8>&- 9>&-
"$MEZZO" rm a > /dev/null
check "a log that can't be written makes the end a failure" bash -c '(ulimit -Sf 100; "$MEZZO" run -d --name a box -- seq 1000000 > /dev/null); [ $("$MEZZO" wait a) = 125 ]'
prints "and holds whole entries" "0" 'grep -cvE "^[0-9-]*T[0-9:.]{18}Z std(out|err) [FP] (mezzo: output is lost: .*|[0-9]*)\$" store/domains/a/output; true'
"$MEZZO" rm a > /dev/null

# ---- following ----
"$MEZZO" run -d -i --name a box -- cat > /dev/null
"$MEZZO" logs -f a > l1 &
one=$!
"$MEZZO" logs -f -n 0 a > l2 &
exec 9<> typed
"$MEZZO" attach a < typed > o &
echo before >&9
wait_for before l1
wait_for before l2
prints "logs -f of a running domain" "1 1" 'echo $(grep -c before l1) $(grep -c before l2)'
kill -9 "$one"
"$MEZZO" attach a < /dev/null > o2
exec 9>&-
wait
prints "all end with it" "before before exited" 'echo $(cat l2) $(cat o) $(state a)'
prints "logs -f of one that has ended" "before" '"$MEZZO" logs -f a'
"$MEZZO" rm a > /dev/null

# ---- input ----
prints "attach" "$(printf 'got x\n0')" '"$MEZZO" run -d -i --name a box -- sh -c "while read l; do echo got \$l; done" > /dev/null; echo x | "$MEZZO" attach a; echo $?'
prints "start -i" "$(printf 'got y\n0')" 'echo y | "$MEZZO" start -i a; echo $?'
"$MEZZO" rm a > /dev/null
prints "no -i, no input" "0 0" 'echo $("$MEZZO" run --name a box -- wc -c < random) $(echo y | "$MEZZO" start -i a)'
"$MEZZO" rm a > /dev/null
prints "attach has the status" "7" '"$MEZZO" run -d -i --name a box -- sh -c "read x; exit 7" > /dev/null; "$MEZZO" attach a < /dev/null; echo $?'
"$MEZZO" rm a > /dev/null
"$MEZZO" run -d -i --name a box -- sh -c 'while read l; do echo got $l; done; exit 5' > /dev/null
exec 9<> typed
"$MEZZO" attach a < typed > o 2> e &
client=$!
echo one >&9
wait_for "got one" o
kill -INT $client
wait $client
prints "the end of a client is not the domain's" "130 running" 'echo '$?' $(state a)'
exec 9>&-
prints "others go on" "$(printf 'got two\n5')" 'echo two | "$MEZZO" attach a; echo $?'
"$MEZZO" rm a > /dev/null
prints "input that nobody reads stops nothing" "a" '"$MEZZO" run -d -i --name a box -- sleep 1000 > /dev/null; "$MEZZO" attach a < random > /dev/null 2>&1 & "$MEZZO" stop a; wait'
"$MEZZO" rm a > /dev/null

# ---- terminals ----
at_terminal() { script -qec "$1" /dev/null < /dev/null | tr -d '\r'; }

# Runs the command at a terminal; once it printed "ready", types the text. Result: output and status.
typed()		# command text
{
	local typescript=$scratch_directory/typescript status
	: > "$typescript"
	{
		wait_for ready "$typescript"
		printf '%b' "$2"
		wait_for "^Script done" "$typescript"
	} | script -qefc "$1" "$typescript" > /dev/null
	status=$?
	grep -v '^Script ' "$typescript" | tr -d '\r'
	return $status
}

prints "a terminal of its own" "$(printf '/dev/console\nyes')" '"$MEZZO" run -t --rm --name a box -- sh -c "tty; test -t 0 && test -t 1 && test -t 2 && echo yes" | tr -d "\r"'
prints "which has the size of ours" "30 90" 'at_terminal "stty rows 30 cols 90; $MEZZO run -it --rm --name a box -- sh -c \"while [ \\\"\\\$(stty size)\\\" = \\\"24 80\\\" ]; do :; done; stty size\"" | grep -o "30 90"'
prints "what is typed is echoed there, once" "$(printf 'ready\nword\ngot word')" 'typed "$MEZZO run -it --rm --name a box -- sh -c \"echo ready; read l; echo got \\\$l\"" "word\n"'
prints "Ctrl-C is the domain's" "130" 'typed "$MEZZO run -it --rm --name a box -- sh -c \"echo ready; sleep 1000\"" "\003" > /dev/null; echo $?'
prints "Ctrl-D" "0" 'typed "$MEZZO run -it --rm --name a box -- sh -c \"echo ready; exec cat\"" "\004" > /dev/null; echo $?'
"$MEZZO" create -t a box -- sh -c 'cat; cat > /dev/null; exit 3' > /dev/null
prints "the end of input is one for the terminal" "partpart3" 'printf part | "$MEZZO" start -i a; echo $?'
"$MEZZO" rm a > /dev/null
prints "the client is left by Ctrl-P Ctrl-Q" "0 running" 'typed "$MEZZO run -it --name a box -- sh -c \"echo ready; while read l; do echo got \\\$l; done\"" "\020\021" > /dev/null; echo $? $(state a)'
prints "and comes back" "1 exited" '(printf "again\n"; wait_for "got again" o) | "$MEZZO" attach a > o; echo $(grep -c "got again" o) $(state a)'
"$MEZZO" rm a > /dev/null
prints "a job that stops does not stop the monitor" "0" 'typed "$MEZZO run -it --rm --name a box -- sh -c \"echo ready; read l; exit 0\"" "\032x\n" > /dev/null & wait_for ready typescript; while "$MEZZO" kill -s CONT a > /dev/null 2>&1; do :; done; wait $!; echo $?'
if [[ $(id -u) -eq 0 ]]; then
	as_user attach
fi
finish

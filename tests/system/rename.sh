# SPDX-License-Identifier: MIT
# Another name for a domain that runs: all that goes on with it follows, and of two who want one name, or
# the domain, at once each is told how it went.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lasting.sh"

names() { "$MEZZO" ls -q | xargs; }

"$MEZZO" create taken box -- true > /dev/null
"$MEZZO" run -di --name a box -- sh -c 'echo begun; read line; echo $line; sleep 1000' > /dev/null
"$MEZZO" logs -f a > log &
follower=$!
"$MEZZO" wait a > status &
waiter=$!
soon "$MEZZO" attach --no-stdin a > output 2>&1 &
client=$!
process=$(pid a)
check "a domain that runs" soon "$MEZZO" rename a b
prints "it has the other name alone" "b taken" names
prints "it is the same that runs" "running $process" 'echo $(state b) $(pid b)'
refuses "the former name" "there is no domain a" stop a
prints "exec and input find it" "in b" 'soon "$MEZZO" exec b echo in b; echo typed | timeout 1 "$MEZZO" attach b > /dev/null; wait_for typed log'
prints "who follows its output goes on" "begun typed" 'xargs < log'
prints "its output is there" "begun typed" '"$MEZZO" logs b | xargs'
refuses "to a name that is taken" "there is a domain taken already" rename b taken
refuses "to none" "is no name of a domain" rename b /b
refuses "to none" "is no name of a domain" rename b ""
prints "that changed nothing" "b taken" names
prints "once more, and back" "c b" 'soon "$MEZZO" rename b c; echo $("$MEZZO" ps -q; soon "$MEZZO" rename c b; "$MEZZO" ps -q)'
prints "stop by the new name" b 'soon "$MEZZO" stop b'
wait $follower $waiter
wait $client
ended=$?
prints "all heard of the end" "143 143" 'echo $(cat status) $ended'
prints "it starts by it" "b running" 'echo $("$MEZZO" start b) $(state b)'
"$MEZZO" rm -f b > /dev/null
"$MEZZO" run -d --rm --name a box -- sleep 1000 > /dev/null
prints "--rm removes the new name" taken '"$MEZZO" rename a b; "$MEZZO" stop b > /dev/null; names'
"$MEZZO" create a box -- true > /dev/null
prints "one that rests" "b taken" '"$MEZZO" rename a b; names'
"$MEZZO" rm b > /dev/null

# ---- One that rests and is read ----

cat > reader.py <<'EOF'
# Shares the lock of a domain, as cp, diff and commit do, until it is ended.
import fcntl, signal, struct, sys
lock = open(sys.argv[1])
fcntl.fcntl(lock, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0))
print("reads", flush=True)
signal.pause()
EOF
"$MEZZO" create a box -- true > /dev/null
touch store/domains/a/lock
timeout 20 python3 reader.py store/domains/a/lock > reads &
reader=$!
check "one that is read" wait_for reads reads
refuses "it keeps its name meanwhile" "being started, read or changed" rename a b
kill $reader
wait $reader
prints "and is renamed after" "b taken" '"$MEZZO" rename a b; names'
"$MEZZO" rm b > /dev/null

# ---- at once ----
rounds=20
wrong=0
for round in $(seq $rounds); do
	"$MEZZO" run -d --name a box -- sleep 1000 > /dev/null
	soon "$MEZZO" rename a b 2> /dev/null &
	one=$!
	soon "$MEZZO" rename a c 2> /dev/null
	other=$?
	wait $one
	case "$? $other $(names)" in
	"0 125 b taken" | "125 0 c taken") ;;
	*) wrong=$((wrong + 1)) ;;
	esac
	"$MEZZO" rm -f b c > /dev/null 2>&1
done
prints "two of one domain: one of them" 0 'echo $wrong'
wrong=0
for round in $(seq $rounds); do
	"$MEZZO" run -d --name a box -- sleep 1000 > /dev/null
	"$MEZZO" run -d --name b box -- sleep 1000 > /dev/null
	soon "$MEZZO" rename a x 2> /dev/null &
	one=$!
	soon "$MEZZO" rename b x 2> /dev/null
	other=$?
	wait $one
	case "$? $other $(names)" in
	"0 125 b taken x" | "125 0 a taken x") ;;
	*) wrong=$((wrong + 1)) ;;
	esac
	"$MEZZO" rm -f a b x > /dev/null 2>&1
done
prints "two to one name: one of them" 0 'echo $wrong'
wrong=0
for round in $(seq $rounds); do
	"$MEZZO" run -d --name a box -- sleep 1000 > /dev/null
	soon "$MEZZO" stop a > /dev/null 2>&1 &
	one=$!
	soon "$MEZZO" rename a b 2> errors || cat errors >> all
	wait $one
	# Stopped, or it was gone by that name.
	[[ $(names) == "b taken" ]] || wrong=$((wrong + 1))
	"$MEZZO" rm -f b > /dev/null 2>&1
done
prints "beside a stop: it has the name in any case" 0 'echo $wrong; cat all 2> /dev/null; true'
wrong=0
for round in $(seq $rounds); do
	"$MEZZO" run -d --name a box -- sleep 1000 > /dev/null
	soon "$MEZZO" rename a b > /dev/null 2>&1 &
	soon "$MEZZO" rm -f a > printed 2> /dev/null
	status=$?
	wait $!
	# Removed and said so, or not, and it is there.
	case "$status $(< printed) $(names)" in
	"0 a taken" | "125  b taken") ;;
	*) wrong=$((wrong + 1)); echo "$status $(< printed) $(names)" >> all ;;
	esac
	"$MEZZO" rm -f b > /dev/null 2>&1
done
prints "beside rm -f: each says how it went" 0 'echo $wrong; cat all 2> /dev/null; true'
finish

# SPDX-License-Identifier: MIT
# A monitor that was stopped (SIGSTOP) hears nobody: its clients end by signals all the same, and its
# domain is ended without it. One that only does not answer for a while, as beside a slow disk, is waited for.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lasting.sh"

stubborn='trap : TERM; echo ready; while :; do sleep 1; done'
begin() { "$MEZZO" run -d --name a box -- sh -c "$stubborn" > /dev/null && printed ready a; }
deafen() { kill -STOP "$(pid a)"; }

# How a client ends by a signal that comes once it waits. Only SIGKILL, 137, ends one that does not hear it.
ends()		# signal verb arguments...
{
	local signal=$1 client
	shift
	# In the background the shell has SIGINT ignored.
	env --default-signal=INT "$MEZZO" "$@" < /dev/null > printed 2> told &
	client=$!
	until grep -q mezzo "/proc/$client/comm" && grep -q 'poll_schedule\|skb_wait' "/proc/$client/wchan"; do
		sleep 0.02
	done
	kill "-$signal" $client
	# Whose end is not waited for by who reads what is printed.
	(sleep 10; kill -KILL $client) > /dev/null 2>&1 &
	wait $client
	echo $?
	kill $! 2> /dev/null
}

# ---- One that is not stopped: a tracer holds it ----

cat > hold.py <<'EOF'
# Holds a process where it is for so many seconds.
import ctypes, os, sys, time
SEIZE, INTERRUPT, WALL = 0x4206, 0x4207, 0x40000000
process, seconds = int(sys.argv[1]), float(sys.argv[2])
ptrace = ctypes.CDLL(None).ptrace
ptrace.argtypes = [ctypes.c_long] * 4
if ptrace(SEIZE, process, 0, 0) or ptrace(INTERRUPT, process, 0, 0):
    sys.exit("this host lets nobody hold it")
os.waitpid(process, WALL)
print("held", flush=True)
time.sleep(seconds)
EOF
holder=
hold()		# name seconds
{
	rm -f "held-$1"
	python3 hold.py "$(pid "$1")" "$2" > "held-$1" 2>&1 &
	holder=$!
	until grep -qs held "held-$1"; do
		kill -0 $holder 2> /dev/null || return 1
		sleep 0.02
	done
}
sleeper() { "$MEZZO" run -d --name "$@" box -- sleep 1000 > /dev/null; }

sleeper slow
if hold slow 8; then
	prints "kill waits for one that is slow" "slow exited" 'echo $(soon "$MEZZO" kill slow 2> told) $(state slow)'
	prints "and says what it waits for" 1 'grep -c "slow.*does not answer yet" told'
	"$MEZZO" start slow > /dev/null
	hold slow 100
	prints "but ends by a signal at once" 143 'ends TERM kill slow'
	kill $holder
	sleeper gone --rm
	hold gone 8
	prints "rm -f of one with --rm" "gone" 'soon "$MEZZO" rm -f gone 2> told'
	sleeper never
	hold never 100
	never=$holder
	began=$(date +%s)
	timeout -k 1 90 "$MEZZO" kill never > killed 2>&1 &
	killer=$!
else
	never=
	skip "one that is slow" "$(< held-slow)"
fi

# ---- One that is stopped ----

check "begin" begin
deafen
for signal in TERM INT HUP; do
	expected=$((128 + $(kill -l $signal)))
	for verb in "exec a true" "exec -i a cat" "exec -d a true" "cp typed a:/x" "attach a" "logs -f a" "wait a"; do
		echo typed > typed
		# shellcheck disable=SC2086
		prints "SIG$signal ends $verb" $expected "ends $signal $verb"
	done
done
prints "exec says what is not known" 1 'ends TERM exec a true > status; grep -c "does not answer" told'
refuses "a signal that can't be passed on" "passes no signal on" kill -s USR1 a
# The first sixty-odd clients of a monitor that accepts none were all that found a place.
prints "as many as come can look" "100" 'for i in $(seq 100); do soon "$MEZZO" inspect a; done | grep -c name'
prints "kill ends it" "a killed" 'echo $(soon "$MEZZO" kill a) $(state a)'
"$MEZZO" start a > /dev/null
deafen
prints "stop ends it when its time is over" "a killed" 'echo $(soon "$MEZZO" stop -t 1 a) $(state a)'
"$MEZZO" start a > /dev/null
deafen
prints "rm -f removes it" "a" 'soon "$MEZZO" rm -f a; "$MEZZO" ls -q | grep -x a; true'
begin
deafen
prints "one that goes on in time hears stop itself" "exited" 'soon "$MEZZO" stop -t 3 a > /dev/null & p=$!
	sleep 0.2; kill -CONT $(pid a); wait $p; state a'
"$MEZZO" create b box -- sh -c "$stubborn" > /dev/null
prints "start -a ends by a signal, too" "143" '"$MEZZO" start -a b > printed & p=$!; wait_for ready printed; kill -STOP $(pid b)
	kill -TERM $p; (sleep 10; kill -KILL $p) > /dev/null 2>&1 & wait $p; echo $?; kill $!'
prints "and its domain by kill" "b" 'soon "$MEZZO" kill b'

if [[ $never ]]; then
	wait $killer
	took=$(($(date +%s) - began))
	prints "one that never answers is killed in the end" "never killed" 'echo $(grep -v mezzo: killed) $(state never)'
	check "and not before its time" test $took -ge 29
	kill $never 2> /dev/null
fi
finish

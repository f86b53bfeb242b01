# SPDX-License-Identifier: MIT
# A monitor that was stopped (SIGSTOP) hears nobody: its clients end by signals all the same, and its
# domain is ended without it.
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
	(sleep 10; kill -KILL $client) 2> /dev/null &
	wait $client
	echo $?
	kill $! 2> /dev/null
}

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
prints "rm -f removes it" "a" 'soon "$MEZZO" rm -f a; ls store/domains'
begin
deafen
prints "one that goes on in time hears stop itself" "exited" 'soon "$MEZZO" stop -t 3 a > /dev/null & p=$!
	sleep 0.2; kill -CONT $(pid a); wait $p; state a'
"$MEZZO" create b box -- sh -c "$stubborn" > /dev/null
prints "start -a ends by a signal, too" "143" '"$MEZZO" start -a b > printed & p=$!; wait_for ready printed; kill -STOP $(pid b)
	kill -TERM $p; (sleep 10; kill -KILL $p) 2> /dev/null & wait $p; echo $?; kill $!'
prints "and its domain by kill" "b" 'soon "$MEZZO" kill b'
finish

# SPDX-License-Identifier: MIT
# A crash of the system layer: a host signal that strikes it from outside is one. It ends its own domain, with
# a report, and no other. So does a process that is killed from outside, which is no crash.
. "$(dirname "$0")/lib.sh"
scratch

needs_domain "crash"

# The host processes of the domain of a mezzo process, the layer's own first.
domain_processes()	# pid
{
	local init
	init=$(pgrep -P "$1") || return 1
	echo "$init"
	pgrep -P "$init"
}

# A domain whose program sleeps; its mezzo process is $started. Waits until the program runs.
start_sleeper()		# output
{
	"$MEZZO" do -- /bin/sh -c 'echo ready; sleep 20; echo woke' > "$1" 2> "$1.errors" < /dev/null &
	started=$!
	for _ in $(seq 100); do
		grep -q ready "$1" && return
		sleep 0.05
	done
}

crash_and_check()	# name which: word of the list of processes
{
	local victim other status
	start_sleeper other
	other=$started
	start_sleeper victim
	victim=$started
	kill -SEGV "$(domain_processes "$victim" | sed -n "$2")"
	wait "$victim" 2> /dev/null
	status=$?
	[[ $status -eq 120 ]]
	verdict $? "$1: status 120"
	grep -q 'the system layer crashed; this is a bug in Mezzo' victim.errors &&
		grep -q 'host signal 11' victim.errors
	verdict $? "$1: says so"
	grep -qE '  at 0x[0-9a-f]+ [a-z_0-9]+\+0x' victim.errors && grep -qE '  by 0x[0-9a-f]+ [a-z_0-9]+\+0x' victim.errors
	verdict $? "$1: names the functions it was in"
	! grep -q woke victim
	verdict $? "$1: its programs are gone"
	kill -0 "$other" && [[ -z $(cat other.errors) ]]
	verdict $? "$1: another domain goes on"
	kill "$other"
	wait "$other" 2> /dev/null
}

crash_and_check "a program's process" '$p'
crash_and_check "the layer's own process" 1p

kill_and_check()	# name which
{
	start_sleeper victim
	kill -KILL "$(domain_processes "$started" | sed -n "$2")"
	wait "$started" 2> /dev/null
	[[ $? -eq 120 ]]
	verdict $? "$1: status 120"
	grep -q 'mezzo: the domain was ended: .* killed from outside or for want of memory' victim.errors &&
		! grep -q bug victim.errors && [[ $(wc -l < victim.errors) -le 2 ]]
	verdict $? "$1: says what happened, and nothing of a bug"
	! grep -q woke victim
	verdict $? "$1: its programs are gone"
}

kill_and_check "a child's process is killed" 3p
kill_and_check "the first program's process is killed" 2p
kill_and_check "the layer's own process is killed" 1p

# The host process in reserve for the next program is the fourth.
"$MEZZO" do -- /bin/sh -c 'sleep 0.01; echo ready; sleep 0.5; sleep 0.1; sleep 0.1; echo woke' > victim 2> victim.errors < /dev/null &
started=$!
for _ in $(seq 100); do
	[[ $(domain_processes $started | wc -l) -ge 4 ]] && grep -q ready victim && break
	sleep 0.02
done
kill -KILL "$(domain_processes "$started" | sed -n '$p')"
(sleep 10; kill -TERM $started) 2> /dev/null &
watchdog=$!
wait "$started"
status=$?
kill $watchdog
[[ $status -eq 0 && ! -s victim.errors ]] && grep -q woke victim
verdict $? "a process in reserve is killed: another takes its place"
finish

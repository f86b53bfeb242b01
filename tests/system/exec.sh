# SPDX-License-Identifier: MIT
# `mezzo exec`: other programs in a domain that runs. It is about Mezzo alone: there is nothing to compare with
# on bare Linux.
. "$(dirname "$0")/lib.sh"
if [[ -z $MEZZO ]]; then
	skip "exec" "there is no domain"
	finish
	exit
fi
scratch
export MEZZO_STORE=$PWD/store
mkdir store

# An ordinary user for part of it, where we are root: they must reach the program and the folder.
as_user=
if [[ $(id -u) -eq 0 ]]; then
	chmod 755 .
	mkdir -m 777 home
	cp "$MEZZO" "$BUILD/mezzo-system" .
	as_user="setpriv --reuid 12345 --regid 12345 --clear-groups env MEZZO_STORE=$PWD/home/store ./mezzo"
	$as_user version > /dev/null 2>&1 || as_user=
fi
trap '"$MEZZO" kill box > /dev/null 2>&1; [[ -n $as_user ]] && $as_user kill box > /dev/null 2>&1
	cd /; rm -rf "$scratch_directory"' EXIT

exec_in="$MEZZO exec"
"$MEZZO" run -d --name box --rootfs / -e FROM=first -- sleep 10000 > /dev/null || exit 1

# The monitor, which is the one that has the domain's lock.
monitor()
{
	for directory in /proc/[0-9]*; do
		[[ $(readlink "$directory"/fd/* 2> /dev/null) == *"$PWD/store/domains/box/lock"* ]] &&
			echo "${directory#/proc/}"
	done 2> /dev/null
}
monitor=$(monitor)

# Until the shell text succeeds: no longer than 10 s.
until_true()
{
	for _ in $(seq 500); do
		eval "$1" && return
		sleep 0.02
	done
	return 1
}

# ---- output, status, surroundings ----
prints "output" "hello" '$exec_in box -- echo hello'
prints "standard error" "oops" '$exec_in box sh -c "echo oops >&2" 2>&1 > /dev/null'
prints "both in order" "$(printf '1\n2\n3')" '$exec_in box sh -c "echo 1; echo 2 >&2; echo 3" 2>&1'
ends "status" 7 '$exec_in box sh -c "exit 7"'
ends "killed by a signal" 137 '$exec_in box sh -c "kill -KILL \$\$"'
ends "not found" 127 '$exec_in box no-such-command'
prints "says so" "mezzo: no-such-command: not found" '$exec_in box no-such-command 2>&1; true'
ends "not executable" 126 '$exec_in box /etc/passwd'
ends "no such directory" 125 '$exec_in -w /no/such box true'
ends "no such domain" 125 '$exec_in no-such-box true'
ends "no command" 125 '$exec_in box'
ends "no terminal for -t" 125 '$exec_in -t box true 2>&1 | cat; exit ${PIPESTATUS[0]}'
prints "environment of the first program" "first" '$exec_in box sh -c "echo \$FROM"'
prints "and more of it" "second x" 'X=x $exec_in -e FROM=second -e X box sh -c "echo \$FROM \$X"'
prints "directory" "/usr" '$exec_in -w /usr box pwd'
prints "ids" "1:2:2" '$exec_in -u 1:2 box sh -c "echo \$(id -u):\$(id -g):\$(id -G)"'
prints "a user by name" "0:0:$(getent passwd root | cut -d: -f6)" '$exec_in -u root box sh -c "echo \$(id -u):\$(id -g):\$HOME"'
prints "and by number, with the group of its line" "$(id -u daemon):$(id -g daemon)" \
	'$exec_in -u "$(id -u daemon)" box sh -c "echo \$(id -u):\$(id -g)"'
prints "a user and a group" "$(id -u daemon):0" '$exec_in -u daemon:root box sh -c "echo \$(id -u):\$(id -g)"'
prints "HOME of -e goes first" "/h" '$exec_in -u root -e HOME=/h box sh -c "echo \$HOME"'
prints "no such user" "mezzo: user nobody-here: /etc/passwd of the root file system has no nobody-here" \
	'$exec_in -u nobody-here box true 2>&1; true'
prints "a session of its own, under init" "1 same same" '$exec_in box sh -c "read pid comm state ppid pgrp sid rest < /proc/self/stat; \
	set -- \$(cut -d\" \" -f4,5,6 /proc/\$\$/stat); echo \$1 \$([ \$2 = \$\$ ] && echo same) \$([ \$3 = \$\$ ] && echo same)"'
prints "what one changes the other sees" "changed" '$exec_in box sh -c "echo changed > /tmp/file"; $exec_in box cat /tmp/file'
prints "many arguments" "$(seq 20000 | cksum)" '$exec_in box printf "%s\n" $(seq 20000) | cksum'

# ---- input ----
prints "no input without -i" "/dev/null" 'echo text | $exec_in box readlink /proc/self/fd/0'
prints "input by a pipe" "text" 'echo text | $exec_in -i box cat'
head -c 5000000 /dev/urandom > data
prints "much of it, and back" "$(cksum < data)" 'cat data | $exec_in -i box cat | cksum'
prints "input from a file" "$(cksum < data)" '$exec_in -i box cksum < data'
prints "to a file" "$(cksum < data)" '$exec_in -i box cat < data > copy; cksum < copy'
ends "a reader that goes away" 141 '$exec_in box yes | head -1 > /dev/null; exit ${PIPESTATUS[0]}'
ends "a full disk" 125 '$exec_in box echo lost > /dev/full'
prints "by a socket" "3" 'python3 -c "
import socket, subprocess, sys
a, b = socket.socketpair()
p = subprocess.Popen(sys.argv[1:], stdin=b, stdout=b)
b.close()
a.sendall(b\"one two three\")
a.shutdown(socket.SHUT_WR)
print(a.recv(100).decode().strip())
sys.exit(p.wait())" $exec_in -i box wc -w'

# ---- many ----
usage() { $exec_in box cat /proc/mezzo/usage | grep -v handles; }
# A client has gone before the monitor has closed its end: at rest there are the sockets for clients and for requests.
at_rest() { [[ $(readlink "/proc/$monitor/fd"/* | grep -c socket:) -eq 2 ]]; }
outside() { until_true at_rest; ls "/proc/$monitor/fd" | wc -l; ls "/proc/$monitor/task" | wc -l; }
often() { for _ in $(seq "$1"); do $exec_in box true || echo failed; done; }
at_once()
{
	local i all=()
	rm -f go && : > began
	for i in $(seq 15); do
		$exec_in -i box sh -c 'echo began; read line' < <(until_true '[[ -e go ]]') >> began &
		all+=($!)
	done
	until_true '[[ $(wc -l < began) -eq 15 ]]'
	$exec_in box true 2> refused
	echo "$?"
	touch go
	wait "${all[@]}"
	return 0
}
often 20
# Blocks of threads are kept: as many as there were at once.
at_once > /dev/null
before=$(usage; outside)
prints "200 one after the other" "" 'often 200'
prints "leave nothing, inside or outside" "$before" 'usage; outside'
prints "15 at once, and no more" "125" at_once
prints "which is said" "1" 'grep -c "15 programs" refused'
prints "then there is room again" "room" '$exec_in box echo room'
prints "nothing is left of them" "$before" \
	'until_true "[[ \"\$(usage; outside)\" == \"\$before\" ]]"; usage; outside'

# ---- signals and sudden ends ----
signalled()	# signal
{
	rm -f ready
	$exec_in box sh -c 'trap "exit 9" '"$1"'; echo ready; while :; do sleep 0.02; done' > ready &
	until_true 'grep -qs ready ready'
	kill -s "$1" $!
	wait $!
}
ends "SIGTERM is passed on" 9 'signalled TERM'
ends "SIGINT too" 9 'signalled INT'
ends "and SIGUSR1" 9 'signalled USR1'
vanish()
{
	rm -f ready
	$exec_in -i box sh -c 'trap "echo gone > /tmp/gone; exit" HUP; echo ready; while :; do sleep 0.02; done' > ready < /dev/zero &
	until_true 'grep -qs ready ready'
	kill -KILL $!
	wait $! 2> /dev/null
	until_true '$exec_in box cat /tmp/gone 2> /dev/null'
}
prints "SIGHUP where its client was killed" "gone" vanish
vanish_deaf()
{
	rm -f ready
	$exec_in -i box sh -c 'trap "" HUP; echo ready; cat > /dev/null; echo end > /tmp/end' > ready < <(sleep 1000 & echo $! > sleeper; wait) &
	until_true 'grep -qs ready ready'
	kill -KILL $!
	wait $! 2> /dev/null
	until_true '$exec_in box cat /tmp/end 2> /dev/null'
	kill "$(< sleeper)"
}
prints "and the end of its input" "end" vanish_deaf
stuck()
{
	rm -f ready
	{ $exec_in box sh -c 'trap "" HUP; echo ready >&2; yes; echo $? > /tmp/stuck' & echo $! > client; wait; } 2> ready | sleep 1000 &
	until_true 'grep -qs ready ready'
	sleep 0.2
	kill -KILL "$(< client)"
	until_true '$exec_in box cat /tmp/stuck 2> /dev/null'
	kill $!
}
prints "a client killed while its output is stuck" "141" 'stuck 2> /dev/null'
outside_before=$(tail -2 <<< "$before")
prints "nothing is left of them outside" "$outside_before" 'until_true "[[ \"\$(outside)\" == \"\$outside_before\" ]]"; outside'
prints "what a program leaves behind loses its streams" "141" '$exec_in box sh -c "(sleep 0.2; echo late; sleep 0.2) & (sh -c \"while echo; do sleep 0.02; done\"; echo \$? > /tmp/late) &" > /dev/null
	until_true "\$exec_in box cat /tmp/late 2> /dev/null"'
prints "detached" "ran" '$exec_in -d box sh -c "sleep 0.1; echo ran > /tmp/ran"; until_true "\$exec_in box cat /tmp/ran 2> /dev/null"'
ends "detached and not found" 127 '$exec_in -d box no-such-command'

# ---- at a terminal ----
# Runs the command at a terminal; once it printed "ready", types the text. Result: output and status.
typed()		# command text
{
	local typescript=$scratch_directory/typescript status
	: > "$typescript"
	{
		until_true 'grep -q ready "$typescript"'
		printf '%b' "$2"
		until_true 'grep -q "^Script done" "$typescript"'
	} | script -qefc "$1" "$typescript" > /dev/null
	status=$?
	grep -v '^Script ' "$typescript" | tr -d '\r'
	return $status
}
at_terminal() { script -qec "$1" /dev/null < /dev/null | tr -d '\r'; }
prints "the streams are a terminal" "yes" 'at_terminal "$exec_in -it box sh -c \"test -t 0 && test -t 1 && test -t 2 && echo yes\""'
prints "without -t they are none" "no" 'at_terminal "$exec_in -i box sh -c \"test -t 0 || test -t 1 || echo no\""'
prints "its size" "24 80" 'at_terminal "stty rows 24 cols 80; $exec_in -it box stty size"'
prints "/dev/tty and its name" "/dev/console" 'at_terminal "$exec_in -it box sh -c \"tty > /dev/tty\""'
prints "kind of terminal" "some-term" 'at_terminal "TERM=some-term $exec_in -it box sh -c \"echo \\\$TERM\""'
prints "a line is read" "$(printf 'ready\nword\ngot word')" 'typed "$exec_in -it box sh -c \"echo ready; read l; echo got \\\$l\"" "word\n"'
prints "interrupt" "130" 'typed "$exec_in -it box sh -c \"echo ready; sleep 1000\"" "\003" > /dev/null; echo $?'
prints "end of input" "0" 'typed "$exec_in -it box sh -c \"echo ready; cat > /dev/null\"" "\004" > /dev/null; echo $?'
cat > modes.sh << END
$exec_in -it box sh -c 'stty -echo; stty -a' | grep -o -e '-echo\>'
stty -a | grep -o -e '[- ]echo\>'
END
prints "modes are set, and put back" "$(printf '%s\n' -echo ' echo')" 'at_terminal "sh modes.sh"'
prints "job control" "1" 'typed "$exec_in -it -e PS1=ready box bash --norc -i" "sleep 0.1 & wait; echo st\$((1 + 1))p\nexit\n" | grep -c "st2p"'
cat > drive.py << 'END'
# Plays a user at a terminal: for each two arguments waits for a text, then types the other.
import os, pty, re, select, sys, time
pid, fd = pty.fork()
if not pid:
    os.environ.update(PS0="begins", PS1="outer")
    os.execvp("bash", ["bash", "--norc", "-i"])
seen = b""
def look(seconds):
    global seen
    if not select.select([fd], [], [], seconds)[0]:
        return False
    try:
        data = os.read(fd, 65536)
    except OSError:
        return False
    seen += data
    return bool(data)
words = sys.argv[1:]
for text, keys in zip(words[::2], words[1::2]):
    end = time.time() + 10
    while not re.search(text.encode(), seen) and time.time() < end:
        look(0.1)
    found = re.search(text.encode(), seen)
    if not found:
        sys.exit("no %r in %r" % (text, seen))
    seen = seen[found.end():]
    os.write(fd, keys.encode().decode("unicode_escape").encode())
while look(2):
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
cat > reader.sh << 'END'
trap 'echo goes on' CONT
while :; do
	read line && echo "got $line"
	[ "$line" != end ] || exit 0
done
END
reader="$exec_in -it -w $PWD box sh reader.sh"
ends "stopped by its key: the shell reads; and on in the foreground" 6 'python3 drive.py outer "set -b\n" outer "$reader\n" begins "one\n" "got one" "\x1a" Stopped "echo she\"\"ll\n" shell "fg\n" "goes on" "two\n" "got two" "end\n" "got end" "" outer "exit 6\n"'
ends "in the background: stopped when it reads" 6 'python3 drive.py outer "set -b\n" outer "$reader &\n" Stopped "echo she\"\"ll\n" shell "fg\n" "goes on" "two\n" "got two" "end\n" "got end" "" outer "exit 6\n"'
cat > vanish.py << 'END'
# Kills the client of a program at a terminal; prints "restored" where the modes are as they were.
import os, pty, subprocess, sys, termios, time
outer, inner = pty.openpty()
modes = termios.tcgetattr(inner)
client = subprocess.Popen(sys.argv[1:], stdin=inner, stdout=inner, stderr=inner, start_new_session=True)
seen = b""
while b"ready" not in seen:
    seen += os.read(outer, 1000)
assert termios.tcgetattr(inner) != modes
client.kill()
client.wait()
for i in range(500):
    if termios.tcgetattr(inner) == modes:
        print("restored")
        break
    time.sleep(0.02)
END
prints "a terminal whose client was killed" "restored" 'python3 vanish.py $exec_in -it box sh -c "stty raw -echo; echo ready; sleep 1000"'
prints "its program is gone" "0" 'until_true "! \$exec_in box pgrep -f \"sleep 100[0]\$\" > /dev/null"; $exec_in box pgrep -fc "sleep 100[0]\$"; true'

# ---- who speaks to the monitor in his own words (host/domain/control.h) ----
cat > speak.py << 'END'
import array, os, socket, struct, sys
EXEC, SIGNAL, DONE, FAILED, EXITED = 8, 2, 128, 129, 132
def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(os.environ["MEZZO_STORE"] + "/domains/box/control")
    return s
def say(s, kind, value=0, handles=()):
    control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", handles))] if handles else []
    s.sendmsg([struct.pack("Ii", kind, value)], control)
def hear(s, *kinds):
    while True:
        data = s.recv(65536)
        kind, value = struct.unpack("Ii", data[:8])
        if kind in kinds:
            return kind, value, data[8:].decode()
def wish(head, text, group_count=0):
    fd = os.memfd_create("wish")
    head = (*head, group_count, *[0] * 64) if head else ()
    os.write(fd, struct.pack("%dI" % len(head), *head) + text)
    return fd
def ask(*handles):
    s = connect()
    say(s, EXEC, 0, handles)
    return hear(s, DONE, FAILED)[0]
good = (4, 0, 0, 0, 1, 0)
s = connect()
say(s, EXEC, 0, [0, 1, 2, wish((0, 0, 0, 0, 1, 0), b"true\0")])
assert hear(s, EXITED)[1] == 0
say(s, SIGNAL, 15)			# there is no program any more: not for the first one
assert hear(s, DONE)
say(s, EXEC, 0, [0, 1, 2, wish(good, b"true\0")])
assert hear(s, DONE, FAILED)[0] == FAILED
assert ask() == FAILED
assert ask(0, 1, 2) == FAILED
assert ask(0, 1, 2, wish((), b"")) == FAILED
assert ask(0, 1, 2, wish(good, b"true")) == FAILED		# no end
assert ask(0, 1, 2, wish(good, b"true\0", 65)) == FAILED		# more groups than there can be
assert ask(0, 1, 2, wish(good, b"")) == FAILED
assert ask(0, 1, 2, wish((4, 0, 0, 0, 0, 0), b"true\0")) == FAILED
assert ask(0, 1, 2, wish((4, 0, 0, 0, 0xffffffff, 0), b"true\0")) == FAILED
assert ask(0, 1, 2, wish((4, 0, 0, 1, 1, 0), b"tmp\0true\0")) == FAILED	# not absolute
assert ask(0, 1, 2, wish(good, b"x" * (4 << 20) + b"\0")) == FAILED
assert ask(0, 1, 2, os.open("/dev/null", os.O_RDONLY)) == FAILED
assert ask(0, 1, 2, os.open("/", os.O_RDONLY)) == FAILED
assert ask(0, 1, 2, wish(good, b"true\0")) == DONE
END
check "mistakes are answered, and a signal that comes late harms nobody" python3 speak.py
prints "the domain is as it was" "$outside_before" 'until_true "[[ \"\$(outside)\" == \"\$outside_before\" ]]"; outside'

# ---- the end of the domain ----
"$MEZZO" run -d --name short --rootfs / -- sh -c 'until [ -e /tmp/end ]; do sleep 0.02; done' > /dev/null
ends "killed with the domain" 137 '$exec_in short sh -c "touch /tmp/end; sleep 1000"'
ends "no program for one that does not run" 125 '$exec_in short true'
"$MEZZO" start short > /dev/null
unread()
{
	$exec_in short yes 2> /dev/null | { sleep 1000 & echo $! > sleeper; wait; } &
	until_true '[[ -s sleeper ]]'
	sleep 0.2
	$exec_in short touch /tmp/end
	"$MEZZO" wait short
	kill "$(< sleeper)"
}
prints "a domain ends though nobody reads a program's output" "0" unread

# ---- an ordinary user ----
if [[ -n $as_user ]]; then
	prints "as an ordinary user" "hello 0" '$as_user run -d --name box --rootfs / -- sleep 10000 > /dev/null && echo hello | $as_user exec -i box sh -c "echo \$(cat) \$(id -u)"'
	prints "and at a terminal" "yes" 'at_terminal "$as_user exec -it box sh -c \"test -t 0 && stty -a > /dev/null && echo yes\""'
fi
finish

# SPDX-License-Identifier: MIT
# The monitor against a system layer that is an attacker's (tests/escape/hostile): it can be ended and
# asked whatever its domain does, and what it logs is what it was given.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lasting.sh"

layer=$BUILD/tests/escape/hostile

# A domain that attacks.
attacker()	# attack options...
{
	"$MEZZO" rm -f hostile > /dev/null 2>&1
	"$MEZZO" run -d --name hostile --layer "$layer" "${@:2}" box -- "$1"
}
ready() { printed ready hostile || "$MEZZO" logs hostile; }

# ---- A stop at a terminal, before which output is written out ----

cat > terminal.py <<'EOF'
# At a terminal of its own: once it is ready and this many seconds have passed the command is told to
# go on and to end. Its exit status, which is 7 for a domain that heard the signal.
import os, pty, select, signal, sys, time
seconds, command = float(sys.argv[1]), sys.argv[2:]
pid, fd = pty.fork()
if not pid:
    os.execv(command[0], command)
printed = b""
while b"ready" not in printed:
    printed += os.read(fd, 1000)
time.sleep(seconds)
os.kill(pid, signal.SIGTERM)
# As often as it stops: that much any program may do.
try:
    while True:
        os.kill(pid, signal.SIGCONT)
        if select.select([fd], [], [], 0.1)[0]:
            os.read(fd, 65536)
except OSError:
    pass
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
EOF
stopped() { soon python3 terminal.py "$2" "$MEZZO" do --layer "$layer" -- "$1"; }
for attack in deaf endless stops; do
	prints "$attack: a signal at once" 7 "stopped $attack 0"
	prints "$attack: a signal after its stop" 7 "stopped $attack 1.5"
done

# ---- Programs that are started ----

attacker after-the-end > /dev/null
ends "exec ends with the program" 0 'soon "$MEZZO" exec hostile true'
prints "kill" "hostile" 'soon "$MEZZO" kill hostile'

# ---- Descriptors ----

descriptors() { ls "/proc/$1/fd" | wc -l; }
mkdir volume
touch volume/file
(ulimit -n 800; attacker descriptors -v "$PWD/volume:/v" > /dev/null)
check "files of a volume are held" printed "files held" hostile
process=$(pid hostile)
before=$(descriptors "$process")
check "there are many" [ "$before" -gt 300 ]
mkfifo outer
held=0
has_outer() { readlink "/proc/$process/fd/"* | grep -qx "$PWD/outer"; }
for _ in $(seq 15); do
	(exec sleep 1000) | "$MEZZO" exec -i hostile true > outer 2> /dev/null &
	exec 9< outer
	# Only once the monitor has its streams, and so a console for it; the domain never starts it.
	for _ in $(seq 500); do
		has_outer && break
		sleep 0.02
	done
	kill -9 $!
	# The monitor has closed its end, though the domain has not given the console back.
	timeout 10 cat <&9 > /dev/null || held=$((held + 1))
	exec 9<&-
done 2> /dev/null
prints "who reads from a program that was interrupted finds the end" "0" 'echo $held'
prints "programs that were interrupted hold none" "yes" 'for _ in $(seq 100); do [ $(descriptors "$process") -le $((before + 2)) ] && break; sleep 0.02; done
	[ $(descriptors "$process") -le $((before + 2)) ] && echo yes || descriptors "$process"'
prints "all consoles are the domain's" "125" 'soon "$MEZZO" exec hostile true 2> errors; echo $?'
check "and it says so" grep -q "takes no more" errors
prints "kill" "hostile" 'soon "$MEZZO" kill hostile'

# Clients that use up all descriptors: each one more is told so, and the monitor sleeps.
cat > clients.py <<'EOF'
import os, socket, sys, time
folder = os.open(sys.argv[1], os.O_RDONLY)
held = []
def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect("/proc/self/fd/%d/control" % folder)
    return s
def ticks():
    return sum(int(n) for n in open("/proc/%s/stat" % sys.argv[2]).read().rsplit(")", 1)[1].split()[11:13])
while True:
    s = connect()
    s.settimeout(10)
    try:
        s.send(b"\1\0\0\0\0\0\0\0")            # CONTROL_WATCH
        answer = s.recv(1000)
    except (BrokenPipeError, ConnectionResetError):
        answer = s.recv(1000)
    if answer[0] != 128:
        break
    held.append(s)
print(answer[0], answer[8:].decode())
before = ticks()
time.sleep(1)
print("asleep" if ticks() - before < 20 else "awake")
EOF
(ulimit -n 200; "$MEZZO" run -d --name many box -- sleep 1000 > /dev/null)
prints "who comes when there is no descriptor" "$(printf '129 its monitor has no file descriptor left: see `ulimit -n`\nasleep')" \
	'soon python3 clients.py store/domains/many "$(pid many)"'
prints "once they are gone: kill" "many" 'soon "$MEZZO" kill many'

# What comes with an empty message is closed.
"$MEZZO" start many > /dev/null
cat > empty.py <<'EOF'
import array, os, socket, sys
folder = os.open(sys.argv[1], os.O_RDONLY)
for i in range(20):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect("/proc/self/fd/%d/control" % folder)
    s.sendmsg([b""], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 0, 0, 0]))])
    # It has been read when the monitor hangs up.
    try:
        s.recv(1)
    except ConnectionResetError:
        pass
    s.close()
EOF
process=$(pid many)
before=$(descriptors "$process")
check "empty messages with handles" soon python3 empty.py store/domains/many
check "leave nothing" [ "$(descriptors "$process")" -eq "$before" ]

# ---- The log ----

attacker forge > /dev/null
prints "the log's lines are its own" "0" '"$MEZZO" wait hostile > status; cat store/domains/hostile/output* | grep -vc "^20.* stdout [FP] " || true'
finish

# SPDX-License-Identifier: MIT
# Programs whose text comes patched, once a domain has started many of them: signals that strike in their
# calls, at addresses that differ from process to process.
. "$(dirname "$0")/lib.sh"
in_domain
scratch

cat > restart.py << 'END'
import os, signal, time
signal.signal(signal.SIGUSR1, lambda *arguments: None)
signal.siginterrupt(signal.SIGUSR1, False)
reader, writer = os.pipe()
child = os.fork()
if child == 0:
    for i in range(5):
        time.sleep(0.01)
        os.kill(os.getppid(), signal.SIGUSR1)
    os.write(writer, b"x")
    os._exit(0)
assert os.read(reader, 1) == b"x"
os.waitpid(child, 0)
print("done")
END
prints "a hundred programs" "140" 'for i in $(seq 140); do /bin/true && echo; done | wc -l'
prints "calls that start again" "4" 'for i in 1 2 3 4; do /usr/bin/python3 restart.py; done | wc -l'
prints "signals at the end of calls" "60" 'for i in $(seq 60); do
	bash -c "x=\$(seq 500); y=\$(echo \$x | wc -w); [ \$y = 500 ] && echo"; done | wc -l'
finish

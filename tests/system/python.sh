# SPDX-License-Identifier: MIT
# python3: threads, subprocess, multiprocessing by fork, mmap, sqlite3.
. "$(dirname "$0")/lib.sh"
in_domain
scratch
python=/usr/bin/python3

run()	# name expected; the program on stdin
{
	local program
	program=$(cat)
	printf '%s\n' "$program" > program.py
	prints "$1" "$2" "$python program.py"
}

prints "pass" "" "$python -c pass"
prints "standard library" "ok" "$python -c 'import json, re, os, sys, socket, ssl, ctypes, email, decimal, asyncio, unittest; print(\"ok\")'"
run "threads" "499500" << 'END'
import threading
total, lock = 0, threading.Lock()
def add(i):
    global total
    with lock:
        total += i
threads = [threading.Thread(target=add, args=(i,)) for i in range(1000)]
for t in threads: t.start()
for t in threads: t.join()
print(total)
END
run "thread pool and queue" "285" << 'END'
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(lambda x: x * x, range(10))))
END
run "condition with timeout" "False" << 'END'
import threading
c = threading.Condition()
with c: print(c.wait(0.01))
END
run "subprocess" "out 3" << 'END'
import subprocess
r = subprocess.run(['sh', '-c', 'echo out; exit 3'], capture_output=True, text=True)
print(r.stdout.strip(), r.returncode)
END
run "subprocess with pipes" "100000" << 'END'
import subprocess
p = subprocess.Popen(['wc', '-c'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(int(p.communicate(b'x' * 100000)[0]))
END
run "subprocess timeout and kill" "-9" << 'END'
import subprocess
p = subprocess.Popen(['sleep', '100'])
try: p.wait(0.05)
except subprocess.TimeoutExpired: p.kill()
print(p.wait())
END
run "subprocess not found" "FileNotFoundError" << 'END'
import subprocess
try: subprocess.run(['no-such-program'])
except Exception as e: print(type(e).__name__)
END
run "multiprocessing by fork" "[0, 1, 4, 9, 16]" << 'END'
import multiprocessing
def square(x): return x * x
if __name__ == '__main__':
    with multiprocessing.get_context('fork').Pool(4) as pool:
        print(pool.map(square, range(5)))
END
run "multiprocessing queue, lock and value" "400 ok" << 'END'
import multiprocessing as m
m.set_start_method('fork')
def work(v, q):
    for _ in range(100):
        with v.get_lock(): v.value += 1
    q.put('ok')
v, q = m.Value('i', 0), m.Queue()
ps = [m.Process(target=work, args=(v, q)) for _ in range(4)]
for p in ps: p.start()
r = [q.get() for _ in ps]
for p in ps: p.join()
print(v.value, r[0])
END
run "os.fork and waitpid" "7" << 'END'
import os
p = os.fork()
if not p: os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]))
END
run "mmap of a file" "b'hello' b'HELLO'" << 'END'
import mmap
with open('f', 'w+b') as f:
    f.write(b'hello world'); f.flush()
    m = mmap.mmap(f.fileno(), 0)
    a = m[:5]; m[:5] = b'HELLO'; m.flush()
    f.seek(0); print(a, f.read(5))
END
run "anonymous mmap over fork" "b'child'" << 'END'
import mmap, os
m = mmap.mmap(-1, 4096)
if not os.fork():
    m[:5] = b'child'; os._exit(0)
os.wait(); print(m[:5])
END
run "sqlite3" "[(499500,)]" << 'END'
import sqlite3
c = sqlite3.connect('db')
c.execute('create table t (x integer primary key, y text)')
c.executemany('insert into t values (?, ?)', ((i, str(i)) for i in range(1000)))
c.commit(); c.close()
print(sqlite3.connect('db').execute('select sum(x) from t').fetchall())
END
run "sqlite3 from two connections" "locked" << 'END'
import sqlite3
a, b = sqlite3.connect('db', timeout=0), sqlite3.connect('db', timeout=0)
a.isolation_level = b.isolation_level = None
a.execute('begin immediate')
try: b.execute('begin immediate')
except sqlite3.OperationalError: print('locked')
END
run "signals" "USR1 ALRM" << 'END'
import os, signal
seen = []
signal.signal(signal.SIGUSR1, lambda s, f: seen.append('USR1'))
signal.signal(signal.SIGALRM, lambda s, f: seen.append('ALRM'))
os.kill(os.getpid(), signal.SIGUSR1)
signal.setitimer(signal.ITIMER_REAL, 0.01)
while len(seen) < 2: signal.pause()
print(*seen)
END
run "select and poll on pipes" "ready" << 'END'
import os, select
r, w = os.pipe()
p = select.epoll(); p.register(r, select.EPOLLIN)
os.write(w, b'x')
print('ready' if p.poll(1) and select.select([r], [], [], 1)[0] else 'no')
END
run "files and directories" "True ['a', 'b'] 3" << 'END'
import os, pathlib, shutil, tempfile
d = tempfile.mkdtemp()
for n in 'ab': pathlib.Path(d, n).write_text('abc')
print(os.path.isdir(d), sorted(os.listdir(d)), os.stat(d + '/a').st_size)
shutil.rmtree(d)
END
run "os facts" "True" << 'END'
import os, platform, time, resource
print(os.cpu_count() >= 1 and platform.system() == 'Linux' and time.time() > 1e9 and resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 0)
END
run "shared memory" "42" << 'END'
from multiprocessing import shared_memory
s = shared_memory.SharedMemory(create=True, size=100)
t = shared_memory.SharedMemory(name=s.name)
s.buf[0] = 42; print(t.buf[0])
t.close(); s.close(); s.unlink()
END
run "large allocation" "100000000" << 'END'
b = bytearray(100_000_000)
b[-1] = 1
print(len(b))
END
ends "exit status" 5 "$python -c 'raise SystemExit(5)'"
ends "uncaught exception" 1 "$python -c '1/0'"
prints "module from a file" "ok" "echo 'v = \"ok\"' > mod.py; $python -c 'import mod; print(mod.v)'; $python -c 'import mod; print(mod.v)' > /dev/null"
finish

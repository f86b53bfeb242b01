# SPDX-License-Identifier: MIT
# Programs that watch files and processes: inotifywait, tail -F, python's asyncio by pidfd, node.
. "$(dirname "$0")/lib.sh"
in_domain
scratch
python=/usr/bin/python3

if [[ -n $(type -P inotifywait) ]]; then
	prints "inotifywait: a file is written, moved, removed" "CREATE d/a
OPEN d/a
MODIFY d/a
CLOSE_WRITE,CLOSE d/a
MOVED_FROM d/a
MOVED_TO d/b
ATTRIB d/b
DELETE d/b" 'mkdir d; line=
exec {out}< <(exec inotifywait -mr --format "%e %w%f" d 2>&1)
until [[ $line == "Watches established." ]]; do read -r -u "$out" line || exit; done
echo x > d/a; mv d/a d/b; chmod 600 d/b; rm d/b
for i in {1..8}; do read -r -u "$out" line; echo "$line"; done
kill $!'
else
	skip "inotifywait" "not installed"
fi

prints "tail -F follows a name to another file" "a
b
c" 'echo a > log
exec {out}< <(exec tail -n +1 -F log 2> /dev/null)
read -r -u "$out" line; echo "$line"
echo b >> log
read -r -u "$out" line; echo "$line"
echo c > new
mv new log
read -r -u "$out" line; echo "$line"
kill $!'

cat > children.py << 'END_OF_PROGRAM'
import asyncio, os, signal
async def main():
    watcher = asyncio.PidfdChildWatcher()
    watcher.attach_loop(asyncio.get_running_loop())
    asyncio.set_child_watcher(watcher)
    procs = [await asyncio.create_subprocess_exec("sh", "-c", f"exit {i}") for i in range(8)]
    print(*[await p.wait() for p in procs])
    p = await asyncio.create_subprocess_exec("sleep", "1000")
    fd = os.pidfd_open(p.pid)
    signal.pidfd_send_signal(fd, signal.SIGTERM)
    print(await p.wait())
asyncio.run(main())
END_OF_PROGRAM
prints "asyncio waits for children by pidfd" "0 1 2 3 4 5 6 7
-15" "$python children.py 2> /dev/null"

if [[ -n $(type -P node) ]]; then
	cat > watch.js << 'END_OF_PROGRAM'
const fs = require('fs'), { execFile } = require('child_process');
fs.mkdirSync('n');
const watcher = fs.watch('n', (event, name) => {
	console.log(event, name);
	if (name === 'last')
		watcher.close();
});
fs.writeFileSync('n/first', 'x');
fs.unlinkSync('n/first');
execFile('sh', ['-c', 'echo out; exit 3'], (error, out) => {
	console.log(error.code, out.trim());
	fs.mkdirSync('n/last');
});
END_OF_PROGRAM
	prints "node: fs.watch and child_process" "rename first
change first
rename first
3 out
rename last" "node watch.js"
else
	skip "node" "not installed"
fi
finish

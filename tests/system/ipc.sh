# SPDX-License-Identifier: MIT
# Programs that use System V IPC and POSIX queues: ipcmk, ipcs, ipcrm, python3; and, where they are
# installed, stress-ng and the server of PostgreSQL, alone with its database.
. "$(dirname "$0")/lib.sh"
in_domain
scratch
[[ -n ${IN_DOMAIN:-} ]] && domain=1 || domain=

id_of='sed "s/.*: //"'
prints "a segment" "10000 0" 'id=$(ipcmk -M 10000 | '"$id_of"'); ipcs -m -i $id | sed -n "s/.*bytes=\([0-9]*\).*nattch=\([0-9]*\).*/\1 \2/p"; ipcrm -m $id'
prints "a set of semaphores" "3" 'id=$(ipcmk -S 3 | '"$id_of"'); ipcs -s -i $id | sed -n "s/nsems = //p"; ipcrm -s $id'
prints "a queue" "16384" 'id=$(ipcmk -Q | '"$id_of"'); ipcs -q -i $id | sed -n "s/.*qbytes=\([0-9]*\).*/\1/p"; ipcrm -q $id'
ends "one that is gone" 1 'id=$(ipcmk -Q | '"$id_of"'); ipcrm -q $id; ipcrm -q $id'
if [[ $domain ]]; then
	prints "none is left" "1 1 1" 'echo $(for k in shm sem msg; do wc -l < /proc/sysvipc/$k; done)'
fi

cat > shared.py << 'END'
from multiprocessing import shared_memory, get_context
def work(name, lock):
    s = shared_memory.SharedMemory(name=name)
    for _ in range(1000):
        with lock:
            s.buf[0:4] = (int.from_bytes(s.buf[0:4], 'little') + 1).to_bytes(4, 'little')
    s.close()
if __name__ == '__main__':
    c = get_context('spawn')
    lock = c.Lock()
    s = shared_memory.SharedMemory(create=True, size=100000)
    ps = [c.Process(target=work, args=(s.name, lock)) for _ in range(3)]
    for p in ps: p.start()
    for p in ps: p.join()
    print(int.from_bytes(s.buf[0:4], 'little'))
    s.close(); s.unlink()
END
prints "shared memory and a lock of processes that are spawned" "3000" '/usr/bin/python3 shared.py'

if command -v stress-ng > /dev/null; then
	for stressor in shm-sysv sem-sysv msg mq sem shm futex mlock ioprio; do
		check "stress-ng $stressor" stress-ng --$stressor 2 --timeout 1 --verify
	done
else
	skip "stress-ng" "it is not installed"
fi

postgres=$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | tail -1)
if [[ $postgres && $(id -u) -eq 0 ]] && id postgres > /dev/null 2>&1; then
	as="setpriv --reuid=postgres --regid=postgres --clear-groups"
	mkdir database && chown postgres database && chmod 755 .
	check "initdb" $as "$postgres/initdb" -D database --no-sync
	printf 'create table t (i int)\ninsert into t select generate_series(1,100000)\nselect sum(i) from t\n' > queries
	for kind in mmap sysv; do
		prints "postgres with its memory by $kind" '5000050000' \
			'sed "/create/s/ t / '$kind' /; s/into t /into '$kind' /; s/from t/from '$kind'/" queries | '"$as $postgres"'/postgres --single -c shared_memory_type='$kind' -D database postgres 2> log | sed -n "s/.*sum = .\([0-9]*\).*/\1/p"'
	done
	if [[ $domain ]]; then
		prints "and leaves no segment" "1" 'wc -l < /proc/sysvipc/shm'
	fi
else
	skip "postgres" "it is not installed"
fi
finish

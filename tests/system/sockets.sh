# SPDX-License-Identifier: MIT
# Local sockets of lasting domains and volumes, and of real programs: python3, ssh-agent, dbus-daemon.
. "$(dirname "$0")/lib.sh"

needs_domain "sockets"
scratch
export MEZZO_STORE=$PWD/store
busybox_tree sh cat ls mv rm sleep stat test usleep
mkdir -p tree/tmp
cp "$BUILD/tests/programs/local_socket" tree/bin/
check "import" "$MEZZO" image import box tree

# One that serves and one that asks, in one domain.
serve='local_socket echo PATH & until test -S PATH; do usleep 1000; done
	until [ "$(local_socket connect PATH)" = 0 ]; do usleep 1000; done; wait; local_socket connect PATH'
prints "a server that has ended refuses" "0 111" '"$MEZZO" run box -- sh -c "${serve//PATH//s}" | xargs'

# ECONNREFUSED (111) for what an earlier run has bound, and its name is taken (98).
"$MEZZO" create last box -- sh -c 'if test -S /s; then local_socket connect /t; local_socket bind /s
	rm /s; local_socket bind /s; ls /; else local_socket bind /s; local_socket bind /u; mv /u /t; fi' > /dev/null
prints "two are bound" "0 0" '"$MEZZO" start -a last | xargs'
prints "their names are there after a restart" "111 98 0 bin dev proc s sys t tmp" \
	'"$MEZZO" start -a last | xargs'

mkdir shared
prints "in a volume" "0 111" '"$MEZZO" run -v "$PWD/shared:/v" box -- sh -c "${serve//PATH//v/s}" | xargs'
check "whose host has a socket too" test -S shared/s

cat > serve.py << 'END'
import asyncio, multiprocessing, os, socket, socketserver, threading
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline().upper())
def square(x):
    return x * x
if __name__ == '__main__':
    server = socketserver.ThreadingUnixStreamServer('/tmp/served', Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for i in range(20):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect('/tmp/served')
            client.sendall(b'hello\n')
            assert client.recv(100) == b'HELLO\n'
    server.shutdown()
    for method in 'fork', 'spawn', 'forkserver':
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(square, range(10)) == [x * x for x in range(10)]
    with multiprocessing.Manager() as manager:
        assert manager.list([3])[0] == 3
    a, b = socket.socketpair()
    socket.send_fds(a, [b'x'], [os.open('/dev/null', os.O_RDONLY)])
    assert len(socket.recv_fds(b, 1, 4)[1]) == 1
    async def main():
        async def answer(reader, writer):
            writer.write((await reader.readline()).upper())
            writer.close()
        async with await asyncio.start_unix_server(answer, '/tmp/async'):
            reader, writer = await asyncio.open_unix_connection('/tmp/async')
            writer.write(b'abc\n')
            print((await reader.readline()).decode().strip())
            writer.close()
    asyncio.run(main())
END
prints "python3: servers, pools, descriptors" ABC '"$MEZZO" do -- /usr/bin/python3 serve.py'
if command -v ssh-agent > /dev/null; then
	prints "ssh-agent" "ED25519" '"$MEZZO" do -- sh -c "eval \$(ssh-agent) > /dev/null
		ssh-keygen -q -t ed25519 -N \"\" -f /tmp/key; ssh-add -q /tmp/key
		ssh-add -l; ssh-agent -k > /dev/null" 2> /dev/null | grep -o ED25519'
else
	skip "ssh-agent" "not installed"
fi
if command -v dbus-daemon > /dev/null; then
	prints "dbus-daemon" "org.freedesktop.DBus" '"$MEZZO" do -- sh -c "dbus-daemon --session --fork \
		--print-address=1 --print-pid=1 > /tmp/bus; DBUS_SESSION_BUS_ADDRESS=\$(head -1 /tmp/bus) \
		dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
		org.freedesktop.DBus.ListNames; kill \$(sed -n 2p /tmp/bus)" 2> /dev/null |
		grep -o -m1 "org.freedesktop.DBus\"" | tr -d \"\\\"\"'
else
	skip "dbus-daemon" "not installed"
fi
finish

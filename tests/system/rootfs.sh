# SPDX-License-Identifier: MIT
# mezzo run over a small tree made from busybox, as root and as an ordinary user; mezzo do as the latter.
. "$(dirname "$0")/lib.sh"
scratch
chmod 755 .

needs_domain "run"

mkdir -p root/{bin,etc,dev,proc,sys,tmp,root,var/tmp}
cp /bin/busybox root/bin/
for applet in sh ls cat echo id mkdir rm sed grep ps mount wc find cp mv touch chmod chown stat pwd env hostname; do
	ln -s busybox root/bin/$applet
done
printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n' > root/etc/passwd
printf 'root:x:0:\nuser:x:1000:\n' > root/etc/group
chmod 1777 root/tmp
mkdir root/private
chmod 700 root/private
echo secret > root/private/file

as=()
run() { "${as[@]}" "$MEZZO" run --rootfs "$PWD/root" "$@"; }

suite()	# who
{
	prints "$1: run" "hello" 'run -- /bin/echo hello'
	prints "$1: found in PATH" "hello" 'run -- echo hello'
	prints "$1: its own root" "bin dev etc private proc root sys tmp var" 'run -- ls / | paste -sd" "'
	prints "$1: user 0" "uid=0(root) gid=0(root)" 'run -- id | sed "s/ groups=.*//"'
	prints "$1: another user" "uid=1000(user) gid=1000(user)" 'run --user 1000:1000 -- id | sed "s/ groups=.*//"'
	prints "$1: other users are kept out" "1" 'run --user 1000:1000 -- cat /private/file 2> /dev/null; echo $?'
	prints "$1: starts in the root" "/" 'run -- pwd'
	prints "$1: writes stay inside" "inside" 'run -- sh -c "echo inside > /etc/new; cat /etc/new"'
	prints "$1: nothing was written" "group passwd" 'ls root/etc | paste -sd" "'
	prints "$1: permissions of the tree" "1777" 'run -- stat -c %a /tmp'
	prints "$1: devices" "ok" 'run -- sh -c "echo x > /dev/null && [ -c /dev/zero ] && echo ok"'
	prints "$1: proc" "sh" 'run -- sh -c "read name < /proc/1/comm && read name < /proc/\$\$/comm && echo \$name"'
	prints "$1: owners" "0:0" 'run -- stat -c %u:%g /bin/busybox'
	prints "$1: chown inside" "1000:1000" 'run -- sh -c "touch /tmp/f; chown 1000:1000 /tmp/f; stat -c %u:%g /tmp/f"'
	prints "$1: pipes" "3" 'run -- sh -c "echo a b c | sed s/\ /\\\\n/g | wc -l"'
	prints "$1: no way out by .." "bin" 'run -- sh -c "cd /../../..; ls -d bin"'
	prints "$1: link that points outside" "no" 'ln -sf /etc/hostname-of-the-host root/tmp/l; run -- sh -c "cat /tmp/l 2> /dev/null || echo no"'
	ends "$1: not found" 127 'run -- /bin/none'
	ends "$1: status" 33 'run -- sh -c "exit 33"'
}
suite "caller"

if [[ $(id -u) -ne 0 ]]; then
	finish
	exit
fi
mkdir home
chown 12345:12345 home
# The command where an ordinary user can reach it.
mkdir tool
cp "${MEZZO%/*}"/mezzo* tool/
chmod -R a+rX tool root
chmod 700 root/private
chown -R 12345:12345 root
MEZZO=$PWD/tool/mezzo
as=(setpriv --reuid 12345 --regid 12345 --clear-groups env HOME="$PWD/home")
"${as[@]}" "$MEZZO" run --rootfs "$PWD/root" -- /bin/true > /dev/null 2> e
if grep -q 'user namespaces\|sysctl\|userns' e; then
	skip "ordinary user" "this host forbids user namespaces to ordinary users"
	finish
	exit
fi
suite "ordinary user"
as_do() { "${as[@]}" "$MEZZO" do "$@"; }
prints "ordinary user: do" "12345" 'as_do -- id -u'
prints "ordinary user: system programs" "5" 'as_do -- sh -c "seq 5 | sort | tail -1"'
prints "ordinary user: kept out of others' files" "1" 'as_do -- cat /etc/shadow > /dev/null 2>&1; echo $?'
prints "ordinary user: may not change the system" "1" 'as_do -- sh -c "echo x > /etc/passwd" > /dev/null 2>&1; echo $? | sed s/2/1/'
prints "ordinary user: writes to its own" "x" 'as_do -- sh -c "cd $PWD/home; echo x > f; cat f"; ls home'
prints "ordinary user: status" "44" 'as_do -- sh -c "exit 44"; echo $?'
finish

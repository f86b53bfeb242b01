# SPDX-License-Identifier: MIT
# Domains over images of a store.
. "$(dirname "$0")/lib.sh"

needs_domain "image_run"
scratch
export MEZZO_STORE=$PWD/store
mkdir -p tree/bin tree/etc tree/tmp tree/many tree/lib64
cp "$(command -v busybox)" tree/bin/busybox
cp "$(command -v bash)" tree/bin/bash
ldd "$(command -v bash)" | grep -o '/[^ ]*' | while read -r library; do
	mkdir -p "tree${library%/*}" && cp -L "$library" "tree$library"
done
ln -s busybox tree/bin/sh
ln -s ../bin tree/etc/link
: > tree/etc/empty
echo first > tree/etc/file
ln tree/etc/file tree/etc/other
seq 100000 > tree/etc/large
(cd tree/many && seq 4000 | xargs touch)
setfattr -n user.note -v kept tree/etc/file 2> /dev/null
check "import" "$MEZZO" image import box tree
run() { "$MEZZO" run box -- /bin/busybox "$@"; }

prints "a static program" "hello" 'run echo hello'
prints "a dynamic program" "hello" '"$MEZZO" run box -- bash -c "echo hello"'
prints "bytes" "first" 'run cat /etc/file'
prints "a large file" "$(md5sum < tree/etc/large)" 'run cat /etc/large | md5sum'
prints "an empty file" "0" 'run wc -c /etc/empty | cut -d" " -f1'
prints "links" "first" 'run cat /etc/link/../etc/other'
prints "a large directory" "4000" 'run ls /many | wc -l'
prints "names in it" "3999" 'run ls -d /many/3999 | cut -d/ -f3'
ends "an absent name" 1 'run cat /etc/none'
ends "a file as a directory" 1 'run cat /etc/file/x'
prints "a change is private" "second second" 'run sh -c "echo second > /etc/file; echo \$(cat /etc/file /etc/other)"'
prints "and gone with its domain" "first" 'run cat /etc/other'
prints "new and removed names" "yes" 'run sh -c "mkdir /etc/new && mv /etc/file /etc/new/ && rm -r /many &&
	[ ! -e /etc/file ] && [ ! -e /many ] && [ -e /etc/new/file ] && echo yes"'
prints "several at once" "50" 'for i in $(seq 50); do run cat /etc/file & done | grep -c first; wait'
ends "a directory to start in that is not there" 125 '"$MEZZO" run -w /none box -- sh -c pwd'
ends "a file to start in" 125 '"$MEZZO" run -w /etc/file box -- sh -c pwd'
prints "a directory to start in" "/etc" '"$MEZZO" run -w /etc box -- sh -c pwd'
ends "no such image" 125 '"$MEZZO" run none -- sh'
ends "no command" 125 '"$MEZZO" run box'
ends "a program that is not there" 127 '"$MEZZO" run box -- none'
ends "no store" 125 'MEZZO_STORE=/none "$MEZZO" run box -- sh'
finish

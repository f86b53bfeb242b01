# SPDX-License-Identifier: MIT
# tar with gzip and xz.
. "$(dirname "$0")/lib.sh"
in_domain
scratch

mkdir -p t/a/b
seq 100000 > t/numbers
head -c 3000000 /dev/urandom > t/a/random
ln -s ../numbers t/a/symbolic
ln t/numbers t/a/b/hard
mkfifo t/fifo
touch -d @1000000000 t/a/b
chmod 640 t/numbers
name=$(printf 'n%.0s' $(seq 200))
echo long > "t/a/$name"

compare()
{
	diff -r --no-dereference --exclude=fifo t "$1/t" && [[ -p $1/t/fifo ]] &&
		[[ $(readlink "$1/t/a/symbolic") == ../numbers ]] &&
		[[ "$1/t/numbers" -ef "$1/t/a/b/hard" ]] &&
		[[ $(stat -c '%a' "$1/t/numbers") == 640 ]] &&
		[[ $(stat -c '%Y' "$1/t/a/b") == 1000000000 ]]
}

check "create" tar cf t.tar t
check "list" bash -c 'tar tvf t.tar | grep -q numbers'
check "extract" bash -c 'mkdir x1; tar xf t.tar -C x1'
check "content, links, modes and times came back" compare x1
check "gzip" bash -c 'tar czf t.tgz t && mkdir x2 && tar xzf t.tgz -C x2'
check "content through gzip" compare x2
check "xz" bash -c 'tar cJf t.txz t && mkdir x3 && tar xJf t.txz -C x3'
check "content through xz" compare x3
check "tar through a pipe" bash -c 'mkdir x4; tar cf - t | (cd x4; tar xf -)'
check "content through a pipe" compare x4
check "compare with the tree" tar df t.tar
check "append" bash -c 'echo new > new; tar rf t.tar new; tar tf t.tar | grep -qx new'
prints "gzip and back" "same" 'gzip -c t/numbers > g.gz; gunzip -k g.gz; cmp g t/numbers && echo same'
prints "gzip to a pipe" "100000" 'gzip -c t/numbers | zcat | wc -l'
ends "gunzip of rubbish" 1 'gunzip -c t/a/random'
prints "xz and back" "same" 'xz -k t/numbers; xz -dc t/numbers.xz | cmp - t/numbers && echo same; rm t/numbers.xz'
prints "xz with threads" "100000" 'xz -T2 -c t/numbers | xz -dc | wc -l'
ends "tar of a missing file" 2 'tar cf x.tar missing'
prints "system files" "ok" 'tar cf - /usr/include 2> /dev/null | tar tf - > /dev/null && echo ok'
finish

# SPDX-License-Identifier: MIT
# mezzo image: real imports and exports, archives that it makes itself, and every kind of bad input.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
scratch
image=("$BUILD/mezzo-image")
export MEZZO_STORE=$scratch_directory/store
root=$(($(id -u) == 0))

img()
{
	timeout 60 "${image[@]}" "$@"
}

# One line on standard error that matches, status 1, and no image of that name is left.
refuses()	# name pattern arguments...
{
	local name=$1 pattern=$2 status
	shift 2
	img "$@" > o 2> e < /dev/null
	status=$?
	if [[ $status -eq 1 && $(wc -l < e) -eq 1 ]] && grep -q -- "$pattern" e; then
		verdict 0 "$name"
	else
		echo "# status $status, printed:"
		head -3 e | sed 's/^/#   /'
		verdict 1 "$name"
	fi
}

# What the store has on disk, in KiB.
store_size()
{
	du -sk "$MEZZO_STORE" | cut -f1
}

same_trees()	# name left right
{
	check "$1" python3 "$here/image_archives.py" compare "$2" "$3"
}

# ---- a directory, and back ----
mkdir -p tree/dir/deep "tree/with blank"
seq 50000 > tree/numbers
cp tree/numbers tree/dir/equal
ln tree/numbers tree/dir/hard
ln -s ../numbers tree/dir/symbolic
ln -s /absolute/nowhere tree/dangling
ln tree/dangling tree/dangling-too 2> /dev/null
: > tree/empty
mkfifo tree/fifo
truncate -s 20M tree/sparse
echo data | dd of=tree/sparse bs=1 seek=10000000 conv=notrunc status=none
printf 'x' > "tree/$(printf 'n%.0s' $(seq 255))"
printf 'x' > "tree/umlaut-ü"
printf 'x' > "tree/$(printf 'latin-\374')"
deep=tree/dir/deep
for i in $(seq 12); do
	deep=$deep/$(printf 'd%.0s' $(seq 100))
done
mkdir -p "$deep"
echo deep > "$deep/file"
chmod 4755 tree/numbers
chmod 1777 tree/dir
touch -d '2001-02-03 04:05:06.123456789' tree/dir/equal
touch -d '1965-01-01 00:00:00' tree/empty
touch -d '2100-01-01 00:00:00' tree/fifo
setfattr -n user.test -v 'a value' tree/numbers 2> /dev/null
setfattr -n user.binary -v 0x000102ff tree/dir 2> /dev/null
if [[ $root -eq 1 ]]; then
	chmod 0 tree/empty
	mknod tree/null c 1 3
	mknod tree/disk b 8 17
	mknod tree/large c 300 70000
	chown 1000:2000 tree/dir/equal
	chown 4000000000:3000000000 "tree/with blank"
	chmod 600 tree/null
	setcap cap_net_raw+ep tree/dir/equal 2> /dev/null
	setfacl -m u:1234:r,g:5678:rw tree/dir/equal 2> /dev/null
	setfacl -d -m u:1234:r tree/dir 2> /dev/null
fi
check "import a directory" img import tree tree
check "export as tar" img export tree tree.tar
mkdir out
check "tar unpacks it" tar --xattrs --xattrs-include='*' -xpf tree.tar -C out
same_trees "content, attributes, links, xattrs and devices came back" tree out
before=$(store_size)
check "the same again" img import again tree
after=$(store_size)
verdict $((after - before > 64)) "the same again needs next to no room ($((after - before)) KiB)"
check "the sparse file stays sparse" test "$after" -lt 8000
check "import of the export" img import from-tar tree.tar
img export from-tar again.tar
check "it is the same image" cmp tree.tar again.tar
img export tree again.tar
check "an export is always the same" cmp tree.tar again.tar
check "export as OCI" img export --format oci tree tree.oci
check "import of the OCI layout" img import from-oci tree.oci
img export from-oci again.tar
check "it is the same image" cmp tree.tar again.tar
img tag from-oci renamed
check "an OCI export is always the same" bash -c '"$0" export --format oci tree | cmp tree.oci -' "${image[@]}"
check "a layout that is a directory" bash -c 'mkdir l && tar xf tree.oci -C l && "$0" import layout l && "$0" export layout | cmp tree.tar -' "${image[@]}"
for kind in gz bz2 xz zst lz4; do
	case $kind in
	gz) gzip -c tree.tar > "packed.$kind" ;;
	bz2) command -v bzip2 > /dev/null && bzip2 -c tree.tar > "packed.$kind" ;;
	xz) xz -0 -c tree.tar > "packed.$kind" ;;
	zst) command -v zstd > /dev/null && zstd -q -c tree.tar > "packed.$kind" ;;
	lz4) command -v lz4 > /dev/null && lz4 -q -c tree.tar > "packed.$kind" ;;
	esac
	if [[ -s packed.$kind ]]; then
		check "a tar packed as $kind" bash -c '"$0" import --replace packed "packed.$1" && "$0" export packed | cmp tree.tar -' "${image[@]}" "$kind"
	else
		skip "a tar packed as $kind" "no program for it"
	fi
done
rm -f packed.*
prints "a tar on standard input" "same" 'cat tree.tar | img import stdin - > /dev/null && img export stdin | cmp - tree.tar && echo same'
tar --format=gnu -cf gnu.tar -C tree .
check "a tar of GNU tar" img import gnu gnu.tar
tar --acls --xattrs --xattrs-include='*' -cf acl.tar -C tree .
check "a tar with access control lists" img import acl acl.tar
if [[ $root -eq 1 ]]; then
	img export acl acl-out.tar
	mkdir acl-out
	tar --xattrs --xattrs-include='*' -xpf acl-out.tar -C acl-out
	same_trees "they are the same bytes" tree acl-out
fi

# ---- names, and what is told ----
refuses "a name that is taken" "there is an image tree already: say --replace" import tree tree
check "--replace" img import --replace tree tree
prints "names" "again from-oci from-tar tree" 'img ls | tail -n +2 | cut -d" " -f1 | grep -E "^(again|from-oci|from-tar|tree)$" | paste -sd" "'
prints "latest goes without saying" "tree" 'img show --json tree:latest | python3 -c "import json,sys; print(json.load(sys.stdin)[\"name\"])"'
prints "shared with others" "True" 'img show --json tree | python3 -c "import json,sys; i=json.load(sys.stdin); print(i[\"shared_bytes\"] == i[\"object_bytes\"] > 0)"'
prints "--json of import" "['bytes', 'created', 'files', 'imported', 'name', 'objects', 'source']" 'img import --json --replace tree tree | python3 -c "import json,sys; print(sorted(json.load(sys.stdin)))"'
refuses "a name that is none" "is no name of an image" import ../x tree
refuses "an image that is missing" "there is no image nowhere" show nowhere
refuses "rm of one that is missing" "there is no image nowhere" rm tree nowhere
check "then nothing is removed" img show tree
refuses "a source that is missing" "no/such: No such file" import x no/such
refuses "export to a full disk" "can't write" export tree /dev/full
refuses "tag over another" "already" tag tree again
(ulimit -f 1; img import large tree > /dev/null 2> e; [[ $? -eq 1 ]]) && grep -q 'File too large' e
verdict $? "a limit of ulimit -f: said, and nothing dies of it"
refuses "an unknown verb" "unknown verb 'fly'" fly
refuses "an unknown option" "option --fly is not known" ls --fly
if [[ -n $MEZZO ]]; then
	prints "mezzo image" "tree" '"$MEZZO" image ls | grep -o "^tree "| tr -d " "'
	ends "its failures have mezzo's status" 125 '"$MEZZO" image show nowhere'
	ends "no domain without image" 125 '"$MEZZO" run nowhere -- /bin/true'
	mkdir small
	cp "$(command -v busybox)" small/
	img import busybox small
	prints "a domain over an image" "of an image" '"$MEZZO" run busybox -- /busybox echo of an image'
fi
if [[ $root -eq 1 ]] && ! command -v debootstrap > /dev/null; then
	refuses "debootstrap is missing" "apt-get install debootstrap" build-debian debian
fi
if [[ $root -eq 1 ]]; then
	# One that stands in for it, and does not end.
	mkdir fake
	cat > fake/debootstrap <<- 'END'
		#!/bin/sh
		echo "$@" > "$FAKE/arguments"
		for directory; do :; done
		mkdir "$directory/made"
		sleep 1000 &
		echo $! > "$FAKE/pid.new"
		mv "$FAKE/pid.new" "$FAKE/pid"
		wait
	END
	chmod +x fake/debootstrap
	FAKE=$PWD/fake TMPDIR=$PWD/fake PATH=$PWD/fake:$PATH "${image[@]}" build-debian --include=gcc,make slow trixie 2> fake/said &
	building=$!
	for ((i = 0; i < 300; i++)); do
		[[ -s fake/pid ]] && break
		sleep 0.1
	done
	kill -TERM "$building"
	wait "$building"
	prints "build-debian ends by the signal" 143 "echo $?"
	prints "and says so" "mezzo-image: interrupted" 'cat fake/said'
	check "so does what debootstrap started" bash -c 'for i in {1..100}; do kill -0 "$(cat fake/pid)" 2> /dev/null || exit 0; sleep 0.1; done; exit 1'
	prints "and its tree" "" 'ls -d fake/mezzo-debian-* 2> /dev/null; true'
	prints "packages are passed on" "--variant=minbase --include=gcc,make trixie" "sed 's, [^ ]*mezzo-debian.*,,' fake/arguments"
fi
prints "no store, no images" "[]" 'MEZZO_STORE=nowhere img ls --json 2> /dev/null'
prints "which is said" "mezzo-image: no images: there is no store in nowhere yet" 'MEZZO_STORE=nowhere img ls'
refuses "no store at a place that was named" "nowhere: there is no store here yet" ls --store nowhere
refuses "an option before the verb" "the verb comes first and --store behind it" --store nowhere ls
MEZZO_STORE=nowhere refuses "no store, nothing to show" "there is no store here yet" show tree
img tag tree twice
check "rm of a name that is given twice" img rm twice twice:latest

# ---- archives of other makes ----
check "make archives" python3 "$here/image_archives.py" make archives
for kind in docker docker-linked docker-new oci oci-nested oci-gzip oci-wide; do
	check "import $kind" img import "$kind" "archives/$kind.tar"
	prints "the layers of $kind" "$(printf './\n./dir/\n./dir/two\n./same')" "img export $kind | tar t | sed 's,/*\$,,;s,^\\([^.]\\),./\\1,' | sed 's,^\\.\$,./,;s,^\\./dir\$,./dir/,' | LC_ALL=C sort"
	prints "the config of $kind" "['/bin/sh'] ['A=1'] /work SIGINT" "img show --json $kind | python3 -c 'import json,sys; c=json.load(sys.stdin)[\"config\"]; print(c[\"Cmd\"], c[\"Env\"], c[\"WorkingDir\"], c[\"StopSignal\"])'"
done
check "one of two" img import --select two:latest two archives/docker-two.tar
refuses "which of two" "several images: pick one with --select" import which archives/docker-two.tar

# ---- bad input ----
images=$(img ls --json)
objects=$(find "$MEZZO_STORE/objects" -type f | wc -l)
while IFS='|' read -r file pattern; do
	refuses "bad: $file" "$pattern" import bad "archives/bad/$file"
done < archives/bad.list
size=$(stat -c %s archives/small.tar)
wrong=0
for ((cut = 0; cut < size; cut += 512)); do
	head -c "$cut" archives/small.tar > cut.tar
	img import bad cut.tar > o 2> e
	[[ $? -eq 1 && $(wc -l < e) -eq 1 ]] || { wrong=1; echo "# cut at $cut: $(head -1 e)"; }
	gzip -c archives/small.tar | head -c $((cut / 64)) > cut.tgz
	img import bad cut.tgz > o 2> e
	[[ $? -eq 1 && $(wc -l < e) -eq 1 ]] || { wrong=1; echo "# packed, cut at $((cut / 64)): $(head -1 e)"; }
done
verdict $wrong "a tar cut at every block is refused"
check "and whole it is taken" img import small archives/small.tar
img rm small
size=$(stat -c %s archives/oci.tar)
wrong=0
for ((cut = 512; cut < size; cut += 1024)); do
	head -c "$cut" archives/oci.tar > cut.tar
	img import bad cut.tar > o 2> e
	[[ $? -eq 1 && $(wc -l < e) -eq 1 ]] || { wrong=1; echo "# cut at $cut: $(head -1 e)"; }
done
verdict $wrong "a layout cut anywhere is refused"
prints "no image came of it" "$images" 'img ls --json'
prints "and no object" "$objects" 'find "$MEZZO_STORE/objects" -type f | wc -l'
mkdir archives/free
check "a file tree that looks like a bundle" bash -c 'mkdir -p b/blobs && tar cf b.tar -C b blobs && ! "$0" import b b.tar && "$0" import --format tar b b.tar' "${image[@]}"

# ---- the end ----
check "all hashes are those of the bytes" bash -c 'exec -a "mezzo store" "$0" fsck' "${image[@]}"
check "rm of all" bash -c '"$0" rm $("$0" ls | tail -n +2 | cut -d" " -f1)' "${image[@]}"
prints "leaves no object" "0" 'find "$MEZZO_STORE/objects" -type f | wc -l'
chmod -R u+rwx . 2> /dev/null
finish

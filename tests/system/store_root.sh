# SPDX-License-Identifier: MIT
# What lies in a store's own folder: a format or a lock that is missing or damaged, and what is no file where one
# should be. Nothing is ever taken for a place for a new store that has anything of one in it.
. "$(dirname "$0")/lib.sh"
scratch
export MEZZO_STORE=$PWD/store

# Nothing may wait for what nobody writes into a fifo.
img() { timeout 20 "$BUILD/mezzo-image" "$@"; }
st() { timeout 20 bash -c 'exec -a "mezzo store" "$0" "$@"' "$BUILD/mezzo-image" "$@"; }

fresh()
{
	rm -rf store
	cp -a sound store
}

# Every verb refuses, and fsck tells and mends.
refuses()	# name message finding
{
	prints "$1: ls says what to do" "mezzo-image: $PWD/store/$2: run \`mezzo store fsck --repair\`" "img ls 2>&1 || true"
	prints "$1: so does info" "mezzo store: $PWD/store/$2: run \`mezzo store fsck --repair\`" "st info 2>&1 || true"
	ends "$1: an import fails" 1 "img import other tree"
	ends "$1: fsck ends with damage" 4 "st fsck"
	prints "$1: and tells it" "$3
$PWD/store: its own folder is damaged, and nothing else was looked at: see --repair" "st fsck || true"
	mended "$1"
}

mended()	# name
{
	ends "$1: is mended" 1 "st fsck --repair"
	prints "$1: and sound" "$PWD/store: no damage" "st fsck"
	prints "$1: with its image" "$whole" "img export box - | sha256sum"
	check "$1: and takes another" img import other tree
	prints "$1: its format is the current one" "$(cat sound/format)" "cat store/format"
}

mkdir tree
seq 1000 > tree/one
seq 3000 > tree/four
img import box tree > /dev/null
whole=$(img export box - | sha256sum)
mv store sound

# ---- format ----
fresh
rm store/format
refuses "no format" "format is missing" "format is missing"
fresh
rm store/format store/tables/data.mdb store/mappings/*
ends "objects alone: no store is made over them" 1 "img import other tree"
prints "objects alone: they are there" "$(find sound/objects -type f | wc -l)" "find store/objects -type f | wc -l"
for part in new mappings lost; do
	rm -rf store
	mkdir -p "store/$part"
	touch "store/$part/file"
	ends "$part alone: no store is made over it" 1 "img import other tree"
done
rm -rf store
mkdir -p store/domains/d
printf 'mapping 7\n' > store/domains/d/record
ends "a domain over an image: no store is made under it" 1 "img import other tree"
printf 'mapping 0\n' > store/domains/d/record
check "a domain over a folder: one is" img import other tree
for kind in empty junk cut folder fifo socket link; do
	fresh
	rm store/format
	case $kind in
	empty)	touch store/format ;;
	junk)	head -c 500 /dev/zero > store/format ;;
	cut)	head -c 12 sound/format > store/format ;;
	folder)	mkdir -p store/format/sub ;;
	fifo)	mkfifo store/format ;;
	link)	ln -s nothing store/format ;;
	socket)	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("store/format")' ;;
	esac
	refuses "format: $kind" "format is damaged" "format is damaged"
	prints "format: $kind: what it was is kept" "format" "ls store/lost"
done
fresh
rm store/format
truncate -s 8192 store/tables/data.mdb
ends "neither format nor tables: found" 4 "st fsck"
mended "neither format nor tables"

# What was begun and not finished is no store, and is made one.
rm -rf store
mkdir -p store/tables store/new store/objects/00 store/objects/01
touch store/lock store/format.new
head -c 8192 /dev/zero > store/tables/data.mdb
ends "an unfinished store is none" 125 "st fsck"
check "and is finished" img import box tree
prints "as any" "$PWD/store: no damage" "st fsck"

# ---- lock, and what the store makes itself ----
fresh
rm store/lock
ends "no lock: found" 4 "st fsck"
mended "no lock"
for kind in mkdir mkfifo "ln -s nothing"; do
	fresh
	rm store/lock
	$kind store/lock
	refuses "lock: $kind" "lock is no file" "lock is no file: put aside in lost/"
	for name in reserve format.new; do
		fresh
		rm -f store/$name
		$kind store/$name
		prints "$name: $kind: told" "$name is no file: put aside in lost/" "st fsck | head -1"
		mended "$name: $kind"
	done
done

# ---- objects ----
for kind in mkdir mkfifo; do
	fresh
	object=$(find store/objects -type f -size +12k)
	rm "$object"
	$kind "$object"
	prints "an object: $kind: told" "1" "st fsck | grep -c '^${object#store/} is no file'"
	ends "an object: $kind: export fails" 1 "img export box -"
	ends "an object: $kind: the file is lost" 4 "st fsck --repair"
	prints "an object: $kind: and told" "image box: /four is lost" "st fsck | head -1"
	check "an object: $kind: the same bytes come" img import other tree
	prints "an object: $kind: and heal it" "$whole" "img export box - | sha256sum"
	fresh
	object=store/objects/$(st ls --json | python3 -c 'import json,sys; i="%016x" % max(o["id"] for o in json.load(sys.stdin)); print(i[14:] + "/" + i)')
	rm "$object"
	$kind "$object"
	ends "an index: $kind: export fails" 1 "img export box -"
	ends "an index: $kind: lost" 4 "st fsck --repair"
	check "an index: $kind: the same comes" img import other tree
	prints "an index: $kind: and heals it" "$PWD/store: no damage" "st fsck"
done
finish

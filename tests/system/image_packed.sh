# SPDX-License-Identifier: MIT
# Packed archives: all that an archive's format checks is checked, and an import that fails leaves nothing behind.
. "$(dirname "$0")/lib.sh"
scratch
export MEZZO_STORE=$PWD/store
image=$BUILD/mezzo-image

files() { find "$MEZZO_STORE/$1" -type f | wc -l; }

# The import fails with one line, which has the text, and nothing is left of it.
refused()	# name archive text
{
	local status
	"$image" import packed "$2" > /dev/null 2> errors
	status=$?
	[[ $status -eq 1 && $(wc -l < errors) -eq 1 && $(< errors) == *"$3"* &&
		$(files objects) -eq $objects && $(files new) -eq 0 ]] && ! "$image" show packed > /dev/null 2>&1
	status=$?
	[[ $status -eq 0 ]] || sed 's/^/# /' errors
	verdict $status "$1"
}
accepts() { "$image" import packed "$1" > /dev/null && "$image" export packed - | tar xO content | cmp - content && "$image" rm packed > /dev/null; }

# Changes one bit of the byte at an offset, from the end where it is negative.
flip()		# from to offset
{
	python3 -c 'import sys; b = bytearray(open(sys.argv[1], "rb").read()); b[int(sys.argv[3])] ^= 1; open(sys.argv[2], "wb").write(b)' "$@"
}

mkdir small
echo small > small/file
"$image" import small small > /dev/null
head -c 300000 /dev/urandom > content
tar cf a.tar content
accepts a.tar
objects=$(files objects)
for pair in "gzip gz" "bzip2 bz2" "xz xz" "zstd zst" "lz4 lz4" "lzma lzma"; do
	read -r tool suffix <<< "$pair"
	if ! command -v "$tool" > /dev/null; then
		skip "$tool" "there is no $tool"
		continue
	fi
	"$tool" -c < a.tar > "a.$suffix"
	check "$tool" accepts "a.$suffix"
	flip "a.$suffix" damaged 150000
	refused "$tool: a byte in the middle" damaged damaged
	flip "a.$suffix" damaged -2
	refused "$tool: a byte of its end" damaged damaged
	head -c -3 "a.$suffix" > damaged
	refused "$tool: cut off" damaged damaged
	(cat "a.$suffix"; echo something else) > damaged
	refused "$tool: with something behind it" damaged damaged
done

flip a.gz damaged -6
refused "gzip: its checksum" damaged "incorrect data check"
flip a.gz damaged -1
refused "gzip: its size" damaged "incorrect length check"
(head -c 100000 a.tar | gzip; tail -c +100001 a.tar | gzip) > parts
check "gzip of several parts" accepts parts
(head -c 100000 a.tar | gzip; tail -c +100001 a.tar | gzip | head -c -1) > damaged
refused "... of which the last one is cut off" damaged truncated
(cat a.gz; head -c 10000 /dev/zero) > padded
check "gzip with zeros behind it" accepts padded
(cat padded; echo something else) > damaged
refused "... and something behind these" damaged "something else"
check "gzip that comes in pieces" bash -c '(head -c 1 a.gz; sleep 0.2; tail -c +2 a.gz) | "$0" import packed - > /dev/null && "$0" rm packed > /dev/null' "$image"
head -c 1 a.gz > damaged
refused "one byte of it" damaged "no tar"
gzip < /dev/null > damaged
refused "gzip of nothing" damaged "an empty file, no tar"

# ---- within bundles ----
"$image" export --format oci small - | gzip > bundle
check "an OCI layout in gzip" "$image" import bundle bundle
flip bundle damaged -6
objects=$(files objects)
refused "... with a wrong checksum" damaged "incorrect data check"
finish

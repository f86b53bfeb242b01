# SPDX-License-Identifier: MIT
# Objects of a lasting domain's own that are one with others': each file is changed for itself.
. "$(dirname "$0")/lib.sh"

needs_domain "kept_shared"
scratch
export MEZZO_STORE=$PWD/store
busybox_tree sh dd cat seq md5sum sleep truncate
mkdir -p tree/w
cp "$BUILD/tests/programs/changes" tree/bin/changes
check "import" "$MEZZO" image import box tree
inside() { "$MEZZO" exec "$1" -- sh -c "D=/w; $2"; }
again() { "$MEZZO" kill "$1" > /dev/null; "$MEZZO" wait "$1" > /dev/null; "$MEZZO" start "$1" > /dev/null; }
sum='cat $D/small $D/large | md5sum'

for name in a b c d; do
	check "making $name" "$MEZZO" create $name box -- sleep 100000
	"$MEZZO" start $name > /dev/null
	inside $name 'seq 20000 > $D/small; seq 500000 > $D/large'
	"$MEZZO" kill $name > /dev/null
	"$MEZZO" wait $name > /dev/null
done

# By hand what `mezzo store dedup` does.
for name in b c d; do
	for object in store/domains/a/objects/*; do
		[[ -s $object ]] && ln -f "$object" "store/domains/$name/objects/${object##*/}"
	done
done
prints "they are shared" 8 'find store/domains/*/objects -size +50k -links 4 | wc -l'
for name in a b c d; do
	"$MEZZO" start $name > /dev/null
done

# Each is changed in its own way: bare Linux tells what must come of it.
mkdir native
seq 20000 > native/small
seq 500000 > native/large
in_a=:
in_b='printf x | dd of=$D/large bs=1 seek=1000000 conv=notrunc 2> /dev/null; echo more >> $D/small'
in_c=': > $D/small; truncate -s 3000000 $D/large; echo end >> $D/large'
in_d='truncate -s 100 $D/small; seq 7 > $D/large'
for name in a b c d; do
	change=in_$name
	cp -r native "native$name"
	(D=native$name && eval "${!change}")
	inside $name "${!change}"
done
for name in a b c d; do
	prints "what $name has" "$(D=native$name && eval "$sum")" 'inside $name "$sum"'
	again $name
	prints "and has when it starts again" "$(D=native$name && eval "$sum")" 'inside $name "$sum"'
	"$MEZZO" kill $name > /dev/null
done
"$MEZZO" wait a > /dev/null
check "removing one" "$MEZZO" rm a
"$MEZZO" start d > /dev/null
prints "leaves the others" "$(D=natived && eval "$sum")" 'inside d "$sum"'
"$MEZZO" rm -f b c d > /dev/null
finish

# SPDX-License-Identifier: MIT
# Files out of domains, by the rules of docker cp; and nothing of a domain reaches beyond where it is wanted.
. "$(dirname "$0")/lib.sh"

needs_domain "cp"
scratch
export MEZZO_STORE=$PWD/store
mkdir -p tree/bin tree/etc tree/dir/sub
cp "$(command -v busybox)" tree/bin/busybox
ln -s busybox tree/bin/sh
echo first > tree/etc/file
ln -s ../dir tree/etc/link
ln -s /etc/file tree/absolute
echo secret > host-secret
ln -s "$PWD/host-secret" tree/escape
ln -s ../../../../../../../../etc/file tree/dir/up
seq 400000 > tree/dir/large
check "import" "$MEZZO" image import box tree
check "a domain" "$MEZZO" create d box -- /bin/sh -c 'cd /dir; echo n > n; ln n m; chmod 640 n; chown 5:6 n; touch -d @1000000 n
	mkfifo p; mknod dev c 1 3; chmod 4755 large; printf X | dd of=large bs=1 seek=200000 conv=notrunc 2> /dev/null
	echo deep > sub/deep; truncate -s 3000000 sparse; mkdir /shut; echo s > /shut/s; chmod 500 /shut'
check "run" "$MEZZO" start -a d
cp tree/dir/large expect
printf X | dd of=expect bs=1 seek=200000 conv=notrunc 2> /dev/null

# Files.
check "a file to a new name" "$MEZZO" cp d:/etc/file new
prints "has its bytes" first 'cat new'
check "over a file" "$MEZZO" cp d:/dir/n new
prints "replaces it" "n 640 1000000" 'echo $(cat new) $(stat -c "%a %Y" new)'
mkdir into
check "into a directory" "$MEZZO" cp d:/etc/file into
check "and with a slash" "$MEZZO" cp d:etc/file into/
prints "under its name" first 'cat into/file'
ends "a directory with a slash that is not there" 125 '"$MEZZO" cp d:/etc/file none/'
ends "below what is not there" 125 '"$MEZZO" cp d:/etc/file none/x'
ends "a file that is not there" 125 '"$MEZZO" cp d:/etc/none x'
ends "a file as a directory" 125 '"$MEZZO" cp d:/etc/file/ x'
ends "to a device" 125 '"$MEZZO" cp d:/etc/file /dev/null'
check "a large file of which a byte was changed" "$MEZZO" cp d:/dir/large large
check "has its bytes" cmp expect large
prints "and no set-user-id bit" 755 'stat -c %a large'
check "a file with a hole" "$MEZZO" cp d:/dir/sparse sparse
prints "has its size" 3000000 'stat -c %s sparse'
ln -s into/target pointer && : > into/target
check "over a link" "$MEZZO" cp d:/etc/file pointer
prints "to where it leads" "first into/target" 'echo $(cat into/target) $(readlink pointer)'

# Directories.
check "a directory to a new name" "$MEZZO" cp d:/dir copy
prints "with all in it" "copy copy/large copy/m copy/n copy/p copy/sparse copy/sub copy/sub/deep copy/up" 'echo $(find copy | LC_ALL=C sort)'
prints "hard links are links" 2 'stat -c %h copy/n'
check "into a directory" "$MEZZO" cp d:/dir into
prints "under its name" deep 'cat into/dir/sub/deep'
mkdir content
check "what is in it" "$MEZZO" cp d:/dir/. content
prints "without its name" deep 'cat content/sub/deep'
ends "over a file" 125 '"$MEZZO" cp d:/dir new'
mkdir -p clash/dir/n
ends "a file over a directory" 125 '"$MEZZO" cp d:/dir clash'
check "one that is shut" "$MEZZO" cp d:/shut shut
prints "has its mode" "500 s" 'echo $(stat -c %a shut) $(cat shut/s)'
check "all of it" "$MEZZO" cp d:/ whole
prints "the root" first 'cat whole/etc/file'
if [[ $(id -u) -eq 0 ]]; then
	check "-a" "$MEZZO" cp -a d:/dir archive
	prints "owners, bits and devices" "5:6 4755 character special file" 'echo $(stat -c %u:%g archive/n) $(stat -c %a archive/large) $(stat -c %F archive/dev)'
fi

# What is left out within a tree is an error where it is named.
prints "a device by name" "125 mezzo: /dir/dev is a device, and copied with -a alone" 'echo $("$MEZZO" cp d:/dir/dev x 2>&1; echo $?) | sed "s/\(.*\) \(.*\)/\2 \1/"'
prints "is not there" "" 'ls x 2> /dev/null || true'
prints "in a tar it is" "c" '"$MEZZO" cp d:/dir/dev - | tar tvf - | cut -c1'
prints "one of the host into a domain" "125 mezzo: /dev/null is a device, and copied with -a alone" 'echo $("$MEZZO" cp /dev/null d:/x 2>&1; echo $?) | sed "s/\(.*\) \(.*\)/\2 \1/"'
prints "within a tree one is left out" "mezzo: note: 1 sockets and devices were left out" 'rm -rf x; "$MEZZO" cp d:/dir x 2>&1'

# Links.
check "a link" "$MEZZO" cp d:/etc/link link
prints "is one" ../dir 'readlink link'
check "-L" "$MEZZO" cp -L d:/etc/link followed
prints "is followed" deep 'cat followed/sub/deep'
check "links on the way" "$MEZZO" cp d:/etc/link/sub/deep deep
check "an absolute one" "$MEZZO" cp -L d:/absolute absolute
prints "leads to where it does inside" first 'cat absolute'
check "one that goes up" "$MEZZO" cp -L d:/dir/up up
prints "stays inside" first 'cat up'
ends "one to a file of the host" 125 '"$MEZZO" cp -L d:/escape stolen'
prints "got nothing" "" 'cat stolen 2> /dev/null || true'

# A link at the destination is not gone through.
mkdir outside planted && ln -s "$PWD/outside" planted/dir
ends "a directory over a link that somebody planted" 125 '"$MEZZO" cp d:/dir planted'
prints "nothing is behind it" "" 'ls outside'
mkdir -p planted2/dir && ln -s "$PWD/host-secret" planted2/dir/n
check "a file over one" "$MEZZO" cp d:/dir planted2
prints "takes the link's place" "secret n" 'echo $(cat host-secret planted2/dir/n)'

# Tars.
prints "a tar" "sub sub/deep" '"$MEZZO" cp d:/dir/sub - | tar tf - | xargs echo'
prints "of a file" deep '"$MEZZO" cp d:/dir/sub/deep - | tar xOf -'
prints "of the content" ./deep '"$MEZZO" cp d:/dir/sub/. - | tar tf - | sed "s,^,./,"'
mkdir untar
check "of a large one" bash -c '"$MEZZO" cp d:/dir - | tar xf - -C untar'
check "has its bytes" cmp expect untar/dir/large
prints "and zeros" 3000000 'tr -d "\0" < untar/dir/sparse | wc -c | grep -qx 0 && stat -c %s untar/dir/sparse'

# One that runs.
check "a domain that runs" "$MEZZO" create r box -- /bin/sh -c 'echo a > /a; seq 100000 > /b; echo ready; sleep 1000'
check "is started" "$MEZZO" start r
grep -m 1 -q ready < <("$MEZZO" logs -f r)
prints "small and large" "a $(seq 100000 | md5sum)" '"$MEZZO" cp r:/a r-a && "$MEZZO" cp r:/b r-b && echo $(cat r-a) "$(md5sum < r-b)"'
check "ended" "$MEZZO" rm -f r
ends "no domain" 125 '"$MEZZO" cp none:/x y'
ends "no path" 125 '"$MEZZO" cp d: y'
ends "nothing of a domain" 125 '"$MEZZO" cp ./x y'
finish

# SPDX-License-Identifier: MIT
# Images that are removed or replaced while domains run over them: these go on, and what was theirs alone
# is given back after their end.
. "$(dirname "$0")/lib.sh"

needs_domain "image_use"
scratch
export MEZZO_STORE=$PWD/store
image=("$MEZZO" image)
mkdir -p tree/bin tree/files small
cp "$(command -v busybox)" tree/bin/busybox
for i in $(seq 200); do
	echo "file $i" > "tree/files/$i"
done
echo small > small/file
expected=$(cat tree/files/* | md5sum)

objects()
{
	find "$MEZZO_STORE/objects" -type f | wc -l
}

# A domain over the image box, which reads its files when it is told to.
start()		# name
{
	mkfifo "$1.in" "$1.out"
	"$MEZZO" run box /bin/busybox sh -c 'echo ready; read -r word; cat /files/* | md5sum' < "$1.in" > "$1.out" &
	exec {input}> "$1.in" {output}< "$1.out"
	pid=$!
	read -r word <&"$output"
}

# Lets it read.
finish_domain()	# name
{
	echo go >&"$input"
	exec {input}>&-
	prints "$1" "$expected" "cat <&$output"
	exec {output}<&-
	wait "$pid"
	verdict $? "and ends well"
}

"${image[@]}" import small small > /dev/null
before=$(objects)
check "import" "${image[@]}" import box tree
with=$(objects)
start one
check "rm under a domain" "${image[@]}" rm box
ends "its name is gone" 125 '"$MEZZO" run box true'
check "another transaction" "${image[@]}" tag small other
prints "the objects are still there" "$with" objects
prints "it is not listed" "" '"${image[@]}" ls | grep box || true'
finish_domain "the domain reads all files of the removed image"
prints "they stay until the next transaction" "$with" objects
check "which is any" "${image[@]}" rm other
prints "and gives them back" "$before" objects

"${image[@]}" import box tree > /dev/null
start two
check "import --replace under a domain" "${image[@]}" import --replace box small
check "tag --replace too" "${image[@]}" tag --replace small box
finish_domain "the domain reads the files of the former image"
check "the next transaction" "${image[@]}" tag small other
prints "gives them back" "$before" objects
"${image[@]}" rm other

"${image[@]}" import --replace box tree > /dev/null
start three
"${image[@]}" rm box
kill -KILL "$pid"
wait "$pid" 2> /dev/null
exec {input}>&- {output}<&-
"${image[@]}" tag small other
prints "a monitor that was killed uses nothing" "$before" objects
"${image[@]}" rm other

# A lasting domain is there, whether or not it runs.
"${image[@]}" import box tree > /dev/null
check "create" "$MEZZO" create first box /bin/busybox sh -c 'cat /files/* | md5sum'
check "rename" "$MEZZO" rename first db
prints "rm of an image of a lasting domain" "mezzo image: domain db runs over image box: remove the domain first, or only the name with -f" '"${image[@]}" rm box || [ $? -eq 125 ]'
check "it is still there" "${image[@]}" show box
ends "of several none is removed then" 125 '"${image[@]}" rm small box'
check "the other is there" "${image[@]}" show small
check "rm -f" "${image[@]}" rm -f box
"${image[@]}" tag small other
prints "the domain keeps its objects" "$with" objects
prints "and reads them when it runs" "$expected" '"$MEZZO" start -a db'
check "rm of the domain" "$MEZZO" rm db
"${image[@]}" rm other
prints "as long as it is there" "$before" objects

# Runs and replacements at once: every run is over one image or the other, whole.
echo one > tree/version
"${image[@]}" import box tree > /dev/null
failures=0
(for i in $(seq 15); do
	echo "$i" > tree/version
	"${image[@]}" import --replace box tree > /dev/null || exit 1
done) &
replacer=$!
for i in $(seq 40); do
	"$MEZZO" run box /bin/busybox sh -c 'cat /files/* /version > /dev/null' || failures=$((failures + 1))
done
wait "$replacer"
verdict $? "replacing all the time"
verdict "$failures" "each of 40 domains meanwhile reads all of its image"
check "rm" "${image[@]}" rm box
"${image[@]}" rm small
prints "and nothing is left" "0" objects
finish

# SPDX-License-Identifier: MIT
# Verbs as users of docker and podman know them: hints, formats, headers, output that is lost, sources that
# are no archives, what is damaged or left out.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lasting.sh"

# ---- verbs by other names ----
refuses "images" "unknown verb 'images': did you mean \`mezzo image ls\`?" images
refuses "rmi" "did you mean \`mezzo image rm\`?" rmi box
refuses "pull" "there is no registry: see \`mezzo image import --help\`" pull alpine
refuses "container" "its verbs stand alone" container ls
prints "image list" "mezzo image: unknown verb 'list': did you mean \`mezzo image ls\`?" '"$MEZZO" image list 2>&1; true'
prints "store df" "mezzo store: unknown verb 'df': did you mean \`mezzo store info\`?" '"$MEZZO" store df 2>&1; true'
refuses "volume list" "did you mean \`mezzo volume ls\`?" volume list
refuses "a slip" "unknown verb 'strat': did you mean \`mezzo start\`?" strat
refuses "too little" "did you mean \`mezzo inspect\`?" inspct
refuses "too much" "did you mean \`mezzo logs\`?" loogs
refuses "another letter" "did you mean \`mezzo exec\`?" exac
prints "a slip in a verb of the store" "mezzo store: unknown verb 'fsk': did you mean \`mezzo store fsck\`?" '"$MEZZO" store fsk 2>&1; true'
prints "... of images" "mezzo image: unknown verb 'improt': did you mean \`mezzo image import\`?" '"$MEZZO" image improt 2>&1; true'
refuses "... of volumes" "did you mean \`mezzo volume inspect\`?" volume inspet
refuses "prune" "see \`mezzo rm\`, \`mezzo image rm\` and \`mezzo volume prune\`" prune
prints "store prune" 1 '"$MEZZO" store prune 2>&1 | grep -c "what nothing needs goes with"'
prints "image prune" 1 '"$MEZZO" image prune 2>&1 | grep -c "no image is without a name"'
refuses "one that nobody knows" "unknown verb 'fly': try \`mezzo --help\`" fly
# What a hint names is there.
grep -oE '"mezzo[a-z ]*", "[a-z]+", "mezzo [^"]*' "$scripts/../../host/base/verb_hint.c" | sed 's/.*"//' | sort -u > hints
check "there are hints" test -s hints
while read -r _ verb inner _; do
	[[ $verb == image || $verb == store || $verb == volume ]] || inner=
	check "a hint leads to $verb $inner" "$MEZZO" help "$verb" ${inner:+"$inner"}
done < hints
prints "help of a verb" "Usage: mezzo ps [options]" '"$MEZZO" help ps | head -1'
prints "help of a verb of images" "Usage: mezzo image ls [options]" '"$MEZZO" help image ls | head -1'
for verb in do run create start stop kill wait attach exec logs ps ls stats rm rename diff cp commit volume inspect \
	'image ls' 'image show' 'image import' 'store info' 'store fsck'; do
	# The words of the verb are to be parted.
	check "$verb -h" cmp <("$MEZZO" $verb -h) <("$MEZZO" $verb --help)
done
prints "but behind the command it is the command's" "-h" '"$MEZZO" run box -- echo -h'
refuses "help of none" "unknown verb 'fly'" help fly

# ---- lists and formats ----
prints "ps without a domain has a head" "NAME IMAGE STATUS CREATED COMMAND" '"$MEZZO" ps | xargs'
prints "ps -q has none" "" '"$MEZZO" ps -q'
prints "nor JSON" "[]" '"$MEZZO" ps --json'
"$MEZZO" run --name ended box -- sh -c 'exit 3' > /dev/null
"$MEZZO" create -e A=b never box -- echo "a b" c > /dev/null
"$MEZZO" run -d --name live box -- sh -c 'echo there; sleep 1000' > /dev/null
printed there live
format() { "$MEZZO" inspect --format "$@"; }
prints "inspect: exit status" "3" 'format "{{.State.ExitCode}}" ended'
prints "of one that runs" "0" 'format "{{ .State.ExitCode }}" live'
prints "state, by docker's name and ours" "exited exited false" 'format "{{.State.Status}} {{.state}} {{.State.Running}}" ended'
prints "one line for each" "$(printf 'ended\nnever')" 'format "{{.Name}}" ended never'
prints "a list, and as JSON" "$(printf '[echo a b c]\t["echo","a b","c"]')" 'format "{{.Config.Cmd}}\t{{json .Config.Cmd}}" never'
prints "the monitor" "$(pid live)" 'format "{{.State.Pid}}" live'
prints "never finished" "0001-01-01T00:00:00Z null" 'format "{{.State.FinishedAt}} {{json .State.FinishedAt}}" never'
check "finished" test "$(date -d "$(format '{{.State.FinishedAt}}' ended)" +%s)" -ge "$(date -d "$(format '{{.State.StartedAt}}' ended)" +%s)"
prints "text as it is" "a}} { b" 'format "a}} { b" ended'
refuses "no such fact" "{{.Fly}} is nothing that is known" inspect --format '{{.Fly}}' ended
refuses "no end" "a {{ has no }} behind it" inspect --format '{{.Name' ended
refuses "no template of Go" "{{range .Config.Env}} is nothing that is known" inspect --format '{{range .Config.Env}}' ended
refuses "a format of no domain" "inspect needs the NAME" inspect --format '{{.Name}}'
kill -KILL "$(pid live)"
"$MEZZO" wait live > /dev/null
prints "one whose monitor was killed" "killed 137" 'format "{{.State.Status}} {{.State.ExitCode}}" live'

# ---- one state and one status, whoever tells of them ----
told='print(*sorted((d["name"], d["state"], d.get("status", "-")) for d in j))'
expected="('ended', 'exited', 3) ('live', 'killed', 137) ('never', 'created', '-')"
prints "inspect" "$expected" '"$MEZZO" inspect ended live never | json "$told"'
prints "ls" "$expected" '"$MEZZO" ls --json -f name=ended -f name=live -f name=never | json "$told"'
prints "ps" "$expected" '"$MEZZO" ps -a --json -f name=ended -f name=live -f name=never | json "$told"'
prints "stats has the states" "ended:exited live:killed never:created" \
	'"$MEZZO" stats --json ended live never | json "print(*sorted(d[\"name\"] + \":\" + d[\"state\"] for d in j[\"domains\"]))"'
prints "wait has the status" "3 137" 'echo $("$MEZZO" wait ended) $("$MEZZO" wait live)'
"$MEZZO" start live > /dev/null
prints "of one that runs" "running False running" 'echo $("$MEZZO" inspect live | json "print(j[0][\"state\"], \"status\" in j[0])") \
	$("$MEZZO" stats --json live | json "print(j[\"domains\"][0][\"state\"])")'

# ---- filters and names alone ----
prints "ps --filter: a part of a name" "live" '"$MEZZO" ps -q --filter name=iv'
prints "of those that run" "" '"$MEZZO" ps -q --filter name=nev'
prints "or all" "never" '"$MEZZO" ps -aq -f name=nev'
prints "one of two" "$(printf 'ended\nnever')" '"$MEZZO" ls -q -f name=nev -f name=end'
prints "a state, also of what does not run" "ended" '"$MEZZO" ps -q --filter status=exited'
prints "one of two states" "$(printf 'ended\nnever')" '"$MEZZO" ps -q -f status=exited -f status=created'
prints "a state and a name" "never" '"$MEZZO" ps -q -f status=exited -f status=created -f name=v'
prints "in JSON" "1 live" '"$MEZZO" ls -f status=running --json | json "print(len(j), j[0][\"name\"])"'
prints "by the JSON's name" "$(printf 'ended\nnever')" '"$MEZZO" ps -q -f state=exited -f state=created'
refuses "no state" "want name=TEXT, or state= and created, running, exited or killed" ps -f status=dead
refuses "no state, by the other name" "want name=TEXT, or state= and created, running, exited or killed" ps -f state=dead
refuses "no filter" "want name=TEXT" ps -f ancestor=box
prints "image ls -q" "box" '"$MEZZO" image ls -q'
prints "with JSON names alone" "box" '"$MEZZO" image ls --json -q'
prints "create --name" "named" '"$MEZZO" create --name named box -- echo "is named"'
prints "runs" "is named" '"$MEZZO" start -a named; "$MEZZO" rm named > /dev/null'
refuses "and wants an image" "create needs an IMAGE" create --name named

# ---- bounds of what does not last ----
for bound in "--disk 5M" "--log-size 2M"; do
	# The option and its argument are to be parted.
	refuses "run $bound without a name" "run ${bound% *} is for a domain that lasts: give it a --name" run $bound box -- true
	refuses "... with --rm alone" "is for a domain that lasts" run --rm $bound box -- true
	check "with a name it is taken" "$MEZZO" run --rm --name bound $bound box -- true
done
refuses "run --disk over a directory" "run --disk goes with an image" run --name bound --disk 5M --rootfs tree -- true
refuses "create --disk over a directory" "create --disk goes with an image" create --disk 5M --rootfs tree bound -- true
prints "none of them made a domain" "" '"$MEZZO" ls -q -f name=bound'

# What --log-size bounds: the disk, of which a half is there at any time, less one write.
"$MEZZO" run --name lines --log-size 1M box -- sh -c 'i=100000; while [ $i -lt 160000 ]; do echo $i; i=$((i + 1)); done' > /dev/null
bytes=$(cat store/domains/lines/output* | wc -c)
check "it bounds the disk" test "$bytes" -le 1048576
check "of which a half is there" test "$bytes" -ge $((524288 - 20000))
prints "with 40 bytes more for each line" "$bytes" '"$MEZZO" logs lines | awk "{ s += length(\$0) + 41 } END { print s }"'
"$MEZZO" rm lines > /dev/null

# ---- a user by name, as the domain has made it ----
"$MEZZO" run -d --name users box -- sh -c 'echo "new:x:77:78::/home/new:" > /etc/passwd
	printf "more:x:99:new\nnew:x:78:\nother:x:5:\n" > /etc/group; echo there; sleep 1000' > /dev/null
printed there users
prints "a new user" "77 78 78 99 /home/new" '"$MEZZO" exec -u new users sh -c "echo \$(id -u) \$(id -G | xargs) \$HOME" | sed "s/ / 78 /"'
prints "with another group" "77 5" '"$MEZZO" exec -u new:other users sh -c "echo \$(id -u) \$(id -g)"'
refuses "no such user" "has no nobody" exec -u nobody users true
"$MEZZO" exec users rm /etc/passwd
prints "a number needs no file" "8 0" '"$MEZZO" exec -u 8 users sh -c "echo \$(id -u) \$(id -g)"'

# ---- output that is lost ----
for verb in help version 'help ps' ls ps 'ls -q' 'ls --json' 'inspect ended' inspect 'inspect --seccomp' 'logs live' 'wait ended' \
	'volume ls --json' 'diff users' 'diff --json users' 'stats --no-stream' 'stats --json' 'image ls' 'image show box' \
	'image export box' 'store info' 'store ls' 'store fsck' 'cp users:/etc/group -'; do
	# The words of the verb are to be parted.
	"$MEZZO" $verb > /dev/full 2> errors
	status=$?
	[[ $status -ne 0 && $(wc -l < errors) -eq 1 ]] || { echo "# status $status"; sed 's/^/#   /' errors; false; }
	verdict $? "output that can't be written: $verb"
done

# ---- what is damaged ----
cp store/domains/ended/record good
: > store/domains/ended/record
for verb in 'ls' 'ls --json' 'stats -a --no-stream'; do
	# The words of the verb are to be parted.
	"$MEZZO" $verb > output 2> errors
	status=$?
	[[ $status -eq 1 && $(cat errors) == "mezzo: domain ended: its record is damaged: \`mezzo rm\` removes it" ]] && grep -q never output
	verdict $? "an empty record: $verb"
done
printf 'version 3\n' > store/domains/ended/record
prints "one of another version" "1" '"$MEZZO" ls 2>&1 | grep -c "domain ended: its record is of version 3"'
cp good store/domains/ended/record
ends "all of them again" 0 '"$MEZZO" ls'

# ---- no archives ----
no_archive()	# name text source
{
	timeout 20 "$MEZZO" image import none "$3" > output 2>&1
	status=$?
	[[ $status -eq 125 && $(wc -l < output) -eq 1 ]] && grep -q "$2" output
	verdict $? "import of $1"
}
no_archive "zeros" "no archive: it begins with zeros" /dev/zero
no_archive "zeros by standard input" "no archive: it begins with zeros" - < /dev/zero
no_archive "noise" "Unrecognized archive format" /dev/urandom
mkfifo pipe
(cat /dev/zero > pipe) 2> /dev/null &
no_archive "zeros by a FIFO" "no archive" pipe
no_archive "an archive that does not end" "goes on for more than 64 MiB" - < <(tar -C tree -cf - etc; cat /dev/zero)
no_archive "a packed one with more behind it" "goes on for more than 64 MiB" - < <(tar -C tree -czf - etc; cat /dev/zero)
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
no_archive "a socket" "it is a socket" socket
ends "none of them is there" 125 '"$MEZZO" image show none'

# ---- the store ----
prints "info counts domains" "4" '"$MEZZO" store info | awk "/^Domains/ { print \$2 + 0 }"'
prints "and what they keep" "$(du -s --block-size=1 -l store/domains/* | awk '{ s += $1 } END { print s }')" \
	'"$MEZZO" store info --json | json "print(j[\"domain_disk_bytes\"])"'
"$MEZZO" store fsck > output
prints "fsck names what it did not look at" "2" 'grep -c "it runs, and is not looked at" output'
prints "and says so at the end" "1" 'tail -1 output | grep -c "no damage; 2 domains run, and were not looked at$"'
finish

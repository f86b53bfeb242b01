# SPDX-License-Identifier: MIT
# Domains that last: what becomes of them from create to rm, also when things go wrong. Where root runs
# this, all of it is done once more by an ordinary user. Output and input have a script of their own,
# attach.sh.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lasting.sh"

# ---- create, start, stop, rm ----
prints "create prints the name" "a" '"$MEZZO" create a box -- sh -c "echo hello; exec sleep 1000"'
prints "which is created" "created" 'state a'
prints "ls has it" "a" '"$MEZZO" ls -q'
prints "ps has not" "" '"$MEZZO" ps -q'
prints "ps -a has" "a" '"$MEZZO" ps -aq'
prints "start prints the name" "a" '"$MEZZO" start a'
prints "which is running" "running" 'state a'
prints "ps has it then" "a" '"$MEZZO" ps -q'
monitor=$(pid a)
prints "start of one that runs" "a $monitor" 'echo $("$MEZZO" start a) $(pid a)'
refuses "start -a of one that runs" "domain a is running: see \`mezzo attach a\`" start -a a
refuses "rm of one that runs" "mezzo stop a" rm a
prints "stop" "a" '"$MEZZO" stop a'
prints "its state" "exited" 'state a'
prints "its status" "143" '"$MEZZO" wait a'
prints "stop of one that does not run" "a" '"$MEZZO" stop a'
refuses "kill of one that does not run" "domain a is not running" kill a
prints "it starts again" "a" '"$MEZZO" start a'
prints "and prints again" "2" 'grep -m2 hello < <("$MEZZO" logs -f a 2>&1) | grep -c hello'
prints "kill ends it" "a" '"$MEZZO" kill a'
prints "with a status" "137" '"$MEZZO" wait a'
prints "both runs printed" "$(printf 'hello\nhello')" '"$MEZZO" logs a'
prints "rename" "0 b" '"$MEZZO" rename a b; echo $? $("$MEZZO" ls -q)'
refuses "the former name" "there is no domain a in $(realpath store)" start a
prints "rm" "b" '"$MEZZO" rm b'
prints "nothing is left" "" '"$MEZZO" ls -q; ls store/domains'
prints "rm -f of one that runs" "$(printf 'a\na')" '"$MEZZO" run -d --name a box -- sleep 1000; "$MEZZO" rm -f a; "$MEZZO" ls -q'
prints "stop waits before it ends a domain" "$(printf 'a\na\n137')" '"$MEZZO" run -d --name a box -- \
	sh -c "trap : TERM; while :; do sleep 1; done"; "$MEZZO" stop -t 0 a; "$MEZZO" wait a'
"$MEZZO" rm a > /dev/null
prints "a signal by name" "9" '"$MEZZO" run -d --name a box -- sh -c "trap \"exit 9\" USR1; echo ready; while :; do read x < /fifo; done" > /dev/null
	printed ready a; "$MEZZO" kill -s SIGUSR1 a > /dev/null; "$MEZZO" wait a'
"$MEZZO" rm a > /dev/null

# ---- what was asked for ----
prints "command, environment, directory, user, name" "$(printf 'x y\n%%\n\n1 v%%\n/etc\n7:8\nc')" '
	"$MEZZO" create -e "V=v%" -w /etc -u 7:8 c box -- sh -c "printf \"%s\n\" \"\$@\"; echo \$# \$V; pwd; id -u | tr \"\n\" :; id -g; hostname" sh "x y" % "" > /dev/null
	"$MEZZO" start -a c | sed "s/^3 /1 /"'
prints "a command of several lines" "$(printf 'one\ntwo')" '"$MEZZO" run --rm --name d box -- echo "one
two"'
prints "inspect" "c exited 0 box /etc 7:8 sh" '"$MEZZO" inspect c | json "j=j[0]; print(j[\"name\"], j[\"state\"], j[\"status\"], j[\"image\"], j[\"workdir\"], j[\"user\"], j[\"command\"][0])"'
prints "ls --json" "c exited" '"$MEZZO" ls --json | json "print(j[0][\"name\"], j[0][\"state\"])"'
prints "ps --json of none" "[]" '"$MEZZO" ps --json'
prints "a strange text in JSON" "True" '"$MEZZO" create e box -- printf "$(printf "\\t\"\\\\\\303\\244\\377")" > /dev/null; "$MEZZO" inspect e | json "print(j[0][\"command\"][1] == \"\\t\\\"\\\\\\u00e4\\ufffd\")"; "$MEZZO" rm e > /dev/null'
prints "a root file system in a directory" "box" 'cd tree; "$MEZZO" run --rm --name d --rootfs . -- sh -c "read x < /etc/name; echo \$x"; cd ..'
check "rm of c" "$MEZZO" rm c

# ---- run ----
prints "run --name leaves with the status" "$(printf 'out\n3 3')" '"$MEZZO" run --name r box -- sh -c "echo out; exit 3"; echo $? $("$MEZZO" wait r)'
"$MEZZO" rm r > /dev/null
prints "run -d makes a name" "1" 'name=$("$MEZZO" run -d box -- true); "$MEZZO" wait $name > /dev/null; "$MEZZO" rm $name | grep -c "^d[0-9a-f]*\$"'
prints "run --rm leaves nothing" "ok" '"$MEZZO" run --rm --name r box -- echo ok; "$MEZZO" ls -q'
prints "nor does run -d --rm" "4" '"$MEZZO" run -d -i --rm --name r box -- sh -c "read x; exit 4" > /dev/null; ("$MEZZO" wait r & w=$!; "$MEZZO" attach r < /dev/null; wait $w); "$MEZZO" ls -q'
prints "run --rm without a name is as ever" "ok" '"$MEZZO" run --rm box -- echo ok; "$MEZZO" ls -q'
prints "the client's end is not the domain's" "running" '"$MEZZO" run --name r box -- sh -c "echo ready; exec sleep 1000" > o & wait_for ready o; kill -9 $!; wait $! 2> /dev/null; state r'
"$MEZZO" rm -f r > /dev/null
prints "signals are passed on" "130 exited" 'rm o; "$MEZZO" run --name r box -- sh -c "echo ready; exec sleep 1000" > o & wait_for ready o; kill -INT $!; wait $!; echo $? $(state r)'
"$MEZZO" rm r > /dev/null

# ---- what goes wrong ----
refuses "a name with a slash" "is no name of a domain" create a/b box -- true
refuses "a name that begins with a dot" "is no name of a domain" create .a box -- true
refuses "a name of 65 bytes" "at most 64" create "$(printf 'n%.0s' $(seq 65))" box -- true
check "a name of 64 bytes" "$MEZZO" create "$(printf 'n%.0s' $(seq 64))" box -- true
"$MEZZO" rm "$(printf 'n%.0s' $(seq 64))" > /dev/null
refuses "no name" "create needs a NAME" create
refuses "no image" "create needs an IMAGE" create a
refuses "no command" "no command given" create a box
refuses "an unknown image" "there is no image nobody" create a nobody -- true
refuses "an unknown option" "option --what is not known" create --what a box -- true
refuses "a user that is none" "has no x" create -u x a box -- true
refuses "no domain to start" "start needs the NAME" start
refuses "an unknown domain" "there is no domain nobody" start nobody
refuses "... to stop" "there is no domain nobody" stop nobody
refuses "... to remove" "there is no domain nobody" rm nobody
refuses "... to wait for" "there is no domain nobody" wait nobody
refuses "... to attach to" "there is no domain nobody" attach nobody
refuses "... to read" "there is no domain nobody" logs nobody
refuses "... to inspect" "there is no domain nobody" inspect nobody
refuses "a signal that is none" "no such signal" kill -s NONE nobody
refuses "a time that is none" "want seconds" stop -t x nobody
prints "nothing of it left a domain" "" '"$MEZZO" ls -q'
"$MEZZO" create a box -- true > /dev/null
refuses "a name that is taken" "there is a domain a already" create a box -- true
refuses "... for rename" "there is a domain a already" rename "$("$MEZZO" create b box -- true)" a
refuses "waiting for what never ran" "it has never run" wait a
prints "one unknown does not keep the others" "b 125" 'echo $("$MEZZO" rm nobody b 2> /dev/null) $("$MEZZO" rm nobody 2> /dev/null || echo $?)'
check "attach to what does not run is refused" bash -c '! "$MEZZO" attach a'
"$MEZZO" rm a > /dev/null
check "a command that is not there" bash -c '"$MEZZO" create a box -- nothing; "$MEZZO" start a 2> e; [ $? = 127 ] && grep "nothing: not found" e'
prints "its status is kept" "exited 127" 'echo $(state a) $("$MEZZO" wait a)'
"$MEZZO" rm a > /dev/null
check "a directory to start in that is not there" bash -c '"$MEZZO" create -w /none a box -- true; "$MEZZO" start a 2> e; [ $? = 125 ] && grep /none e'
"$MEZZO" rm a > /dev/null
refuses "no store" "there is no image box, since there is no store" create --store none/store a box -- true
prints "no store, nothing to list" "" '"$MEZZO" ls -q --store none2; [ ! -e none2 ]'
rm -rf none
check "domains are no obstacle for a store" bash -c '"$MEZZO" create --store other --rootfs tree a -- true && "$MEZZO" image import --store other box tree'
if [[ $(id -u) -ne 0 ]]; then
	chmod 500 other/domains
	refuses "a store that can't be written" "Permission denied" create --store other --rootfs tree b -- true
	chmod 700 other/domains
fi

# ---- images that change ----
"$MEZZO" create a box -- sh -c 'read x < /etc/name; echo $x' > /dev/null
echo other > tree/etc/name
"$MEZZO" image tag box old > /dev/null
"$MEZZO" create b old -- sh -c 'read x < /etc/name; echo $x' > /dev/null
"$MEZZO" image import --replace new tree > /dev/null 2>&1
"$MEZZO" image tag --replace new old > /dev/null 2>&1
prints "a domain is over what its image was" "box" '"$MEZZO" start -a a'
prints "also where no image has that any more" "box" '"$MEZZO" start -a b'
prints "it is removed all the same" "$(printf 'a\nb')" '"$MEZZO" rm a b'

# ---- two at once ----
prints "two creates: one wins" "1 19" 'for i in $(seq 20); do "$MEZZO" create a box -- sh -c "echo begun; exec sleep 1000" > c$i 2>&1 & done; wait; echo $(cat c* | grep -cx a) $(cat c* | grep -c "a domain a already")'
prints "two starts: one run" "20 1" 'for i in $(seq 20); do "$MEZZO" start a > c$i 2>&1 & done; wait; echo $(cat c* | grep -cx "a\|mezzo: domain a is running, or .*") $("$MEZZO" logs a | grep -c begun)'
prints "two stops: both see the end" "20" 'for i in $(seq 20); do "$MEZZO" stop a > c$i 2>&1 & done; wait; cat c* | grep -cx a'
prints "start right after stop" "50" 'for i in $(seq 25); do "$MEZZO" start a && "$MEZZO" stop a; done | wc -l'
prints "start right after wait" "10" 'for i in $(seq 10); do "$MEZZO" start a > /dev/null; "$MEZZO" wait a > /dev/null & "$MEZZO" kill a > /dev/null; wait; echo; done | wc -l'
prints "two removes: one wins" "1" 'for i in $(seq 20); do "$MEZZO" rm a > c$i 2>&1 & done; wait; cat c* | grep -cx a'
prints "nothing is left of them" "" 'ls store/domains; ls store/domains/.new'
prints "create, start and rm of many at once" "20" 'for i in $(seq 20); do { "$MEZZO" run -d --name m$i box -- sleep 1000 && "$MEZZO" rm -f m$i; } > c$i 2>&1 & done; wait; cat c* | grep -c . | awk "{ print \$1 / 2 }"; "$MEZZO" ls -q'

# ---- ends that nobody wanted ----
"$MEZZO" run -d -i --name a box -- cat > /dev/null
kill -9 "$(pid a)"
prints "a monitor that was killed: the status" "137" '"$MEZZO" wait a'
prints "the state" "killed" 'state a'
prints "it starts again" "a running" 'echo $("$MEZZO" start a) $(state a)'
mkfifo typed
exec 9<> typed
prints "who is attached is told" "125" '"$MEZZO" attach a < typed > o 2> e & echo ready >&9; wait_for ready o; kill -9 $(pid a); wait $!; echo $?'
exec 9>&-
check "in words" grep -q "monitor was killed" e
prints "it is removed" "a" '"$MEZZO" rm a'
mkdir -p store/domains/.new/0123/sub
touch store/domains/.new/0123/record store/domains/.new/0123/sub/file
prints "what a dead create left is swept" "" '"$MEZZO" create a box -- true > /dev/null; ls store/domains/.new'
prints "unknown keys are kept" "future thing" 'sed -i "/^guard /d; s/^version 2$/version 1/" store/domains/a/record; echo "future thing" >> store/domains/a/record; "$MEZZO" start -a a; grep future store/domains/a/record'
sed -i 's/^version 1$/version 3/' store/domains/a/record
refuses "a record of another version" "its record is of version 3 and this program knows version 2" start a
echo garbage > store/domains/a/record
refuses "a damaged record" "its record is damaged" start a
ends "a damaged record in a list" 1 '"$MEZZO" ls'
prints "is removed" "a" '"$MEZZO" rm a'

# ---- where it lies ----
long=$PWD/$(printf 'directory/%.0s' $(seq 20))
mkdir -p "$long"
prints "a long path" "$(printf 'a\na')" '"$MEZZO" run -d --name a --store "$long/store" --rootfs tree -- sleep 1000; "$MEZZO" stop --store "$long/store" a; "$MEZZO" rm --store "$long/store" a > /dev/null'
prints "a relative path" "$(printf 'a\na')" 'MEZZO_STORE=store "$MEZZO" run -d --name a box -- sleep 1000; "$MEZZO" rm -f a'
prints "modes of the folder" "700 600 600" '"$MEZZO" run --name a box -- true; stat -c %a store/domains/a store/domains/a/record store/domains/a/output | xargs; "$MEZZO" rm a > /dev/null'

others_are_refused()
{
	local result=0

	"$MEZZO" run -d --name a box -- sleep 1000
	chmod 755 store store/domains store/domains/a
	chmod 777 store/domains/a/control
	setpriv --reuid 12345 --regid 12345 --clear-groups "$MEZZO" kill a && result=1
	[[ $(state a) == running ]] || result=1
	"$MEZZO" rm -f a
	return $result
}
if [[ $(id -u) -eq 0 ]]; then
	chmod 755 .
	check "another user gets nothing from the socket" others_are_refused
	as_user lifecycle
fi
finish

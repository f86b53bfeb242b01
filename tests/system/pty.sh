# SPDX-License-Identifier: MIT
# Programs at pseudo-terminals that are made in a domain. tmux plays the outer terminal and shows what is on
# its screen; script(1) in the domain makes the inner one, as do programs by themselves.
. "$(dirname "$0")/lib.sh"
if ! command -v tmux > /dev/null; then
	skip "programs at pseudo-terminals" "no tmux to read a screen with"
	finish
	exit
fi
scratch
export TERM=screen LC_ALL=C.UTF-8 LESSHISTFILE=-
printf '%s\n' "PS1='ready\$ ' HISTFILE=" > rc
# Says each time that it comes in front: keys typed before that are the shell's own.
cat > front << 'END'
trap 'in_front=' CONT
in_front=
while :; do
	read -r _ _ _ _ group _ _ front _ < /proc/$$/stat
	[ "$group" = "$front" ] || in_front=
	[ "$group" = "$front" ] && [ -z "$in_front" ] && in_front=yes n=$((n + 1)) && echo "$1 on$n"
	sleep 0.05
done
END
shell="bash --rcfile $PWD/rc -i"
domain=
[[ -n $MEZZO ]] && domain="$MEZZO do -v $PWD:$PWD --"
socket=$scratch_directory/tmux
trap 'tmux -S "$socket" kill-server 2> /dev/null; cd /; rm -rf "$scratch_directory"' EXIT

outer() { tmux -f /dev/null -S "$socket" "$@"; }
screen() { outer capture-pane -p -t it 2> /dev/null; }
keys() { outer send-keys -t it "$@"; }

# Waits for what an extended regular expression finds on the screen, which is shown where it does not come.
shows()		# name expression
{
	local end=$((SECONDS + 20))
	until screen | grep -qE -- "$2"; do
		if ((SECONDS > end)); then
			screen | sed 's/^/#   /'
			verdict 1 "$1"
			return
		fi
		sleep 0.02
	done
	verdict 0 "$1"
}

# A screen of 80 x 24 on which the domain runs this, at a terminal of its own making.
begin()		# command...
{
	outer kill-server 2> /dev/null
	rm -f "$socket"
	outer new-session -d -s it -x 80 -y 24 "$domain script -qec '$*' /dev/null; echo ended \$?; cat"
}

have()		# program
{
	command -v "$1" > /dev/null && return
	skip "$1" "not installed"
	return 1
}

# ---- A shell with job control ----

begin "$shell"
shows "a prompt" '^ready\$'
keys 'tty; stty size' Enter
shows "the terminal is the inner one" '^/dev/pts/[0-9]'
shows "its size is the outer one's" '^24 80'
keys 'sh front go$((1))' Enter
shows "a command in front" '^go1'
keys C-c
keys 'echo st=$?' Enter
shows "Ctrl-C ends what is in front" '^st=130'
keys 'sh front go$((2))' Enter
shows "another" '^go2'
keys C-z
shows "Ctrl-Z stops it" 'Stopped +sh front'
keys 'bg' Enter
shows "bg" '^\[1\]\+ sh front .* &'
keys 'jobs' Enter
shows "it runs in the background" 'Running +sh front'
keys fg Enter
shows "fg" '^go2 on2'
keys C-c
keys 'echo st=$((100 + $?))' Enter
shows "Ctrl-C after fg" '^st=230$'
keys 'cat &' Enter
shows "reading in the background stops" 'Stopped +cat|\[1\]\+? +Stopped'
keys 'kill %1; wait; clear; echo go$((8))' Enter
shows "the screen is cleared" '^go8'
shows "a prompt on it" '^ready\$ *$'
keys 'echo wor' C-w 'echo li' C-v C-a 'ne' Enter
shows "editing by the shell" 'ne$'
keys 'echo go$((3)); cat > kept' Enter
shows "a program that reads lines" '^go3'
keys 'one' BSpace 'E' Enter 'two three' C-w 'four' Enter C-d
keys 'cat kept | tr a-z A-Z' Enter
shows "editing by the line discipline" '^ONE$'
shows "a word was taken back" '^TWO FOUR$'
keys 'stty -echo; echo go$((4)); read x; stty echo; echo "<$x>"' Enter
shows "a program that reads without echo" '^go4'
keys 'hidden' Enter
shows "without echo" '^<hidden>$'
keys 'exec 3<>/dev/tty; test -t 3 && echo at a terminal' Enter
shows "/dev/tty" '^at a terminal'
outer resize-window -t it -x 100 -y 30
keys 'stty size' Enter
shows "a window that grows" '^30 100'
keys 'exit 7' Enter
shows "the status comes out" '^ended 7'

# ---- The same at the outer terminal, whose keys are the host's ----

outer kill-server
rm -f "$socket"
outer new-session -d -s it -x 80 -y 24 "bash -mc '$domain $shell; echo ended \$?; cat'"
shows "a prompt at the outer terminal" '^ready\$'
keys 'sh front go$((6))' Enter
shows "a command in front there" '^go6'
keys C-c
keys 'echo st=$?' Enter
shows "the outer Ctrl-C" '^st=130'
keys 'sh front go$((7))' Enter
shows "another there" '^go7'
keys C-z
shows "the outer Ctrl-Z" 'Stopped +sh front'
keys 'fg' Enter
shows "fg there" '^go7 on2'
keys C-c
keys 'script -qc "tty; stty size" /dev/null' Enter
shows "an inner terminal within it" '^/dev/pts/[0-9]'
shows "of its size" '^24 80'
shows "which ends" '^ready\$ *$'
keys 'exit 3' Enter
shows "its status comes out" '^ended 3'

# ---- Programs of the whole screen ----

if have vim; then
	begin vim -u NONE -N written
	shows "vim begins" '"written" \[New( File)?\]'
	keys 'ihello from vim' Escape 'yypA, twice' Escape
	shows "vim shows what is typed" '^hello from vim, twice'
	keys ':wq' Enter
	shows "vim ends" '^ended 0'
	prints "vim has saved" "$(printf 'hello from vim\nhello from vim, twice')" 'cat written'
fi
if have less; then
	seq 1000 > numbers
	begin less numbers
	shows "less begins" '^23$'
	keys '/777' Enter
	shows "less finds" '^777$'
	keys 'G'
	shows "less goes to the end" '^1000$'
	keys 'q'
	shows "less ends" '^ended 0'
fi
if have top; then
	begin top -d 100
	shows "top begins" 'PID +USER'
	keys 'q'
	shows "top ends" '^ended 0'
fi
if have htop; then
	begin htop -d 100
	shows "htop begins" 'F10?Quit'
	keys F10
	shows "htop ends" '^ended 0'
fi

# ---- Programs that make terminals ----

begin python3 -c '"import pty; pty.spawn(\"'"$shell"'\".split())"'
shows "a shell by pty.spawn" '^ready\$'
keys 'tty' Enter
shows "at a terminal within a terminal" '^/dev/pts/[0-9]'
keys 'echo go$((5)); sleep 1000' Enter
shows "a command in front of both" '^go5'
keys C-c
keys 'echo st=$?' Enter
shows "Ctrl-C through both" '^st=130'
keys 'exit' Enter
shows "all ends" '^ended 0'
if have ssh-keygen; then
	begin ssh-keygen -q -t ed25519 -f key
	shows "ssh-keygen asks" 'passphrase.*:'
	keys 'secret words' Enter
	shows "ssh-keygen asks again" 'same passphrase'
	keys 'secret words' Enter
	shows "ssh-keygen ends" '^ended 0'
	prints "the passphrase is not on the screen" "0" 'screen | grep -c secret || true'
	check "the key has it" ssh-keygen -y -P 'secret words' -f key
fi
if have expect; then
	begin expect -c '"spawn sh -c {read -p question: a; echo got \$a}; expect question:; send answer\r; expect got"'
	shows "expect" 'got answer'
fi
if have tmux; then
	echo "set -g default-command '$shell'" > tmux.conf
	begin tmux -f "$PWD/tmux.conf" -S "$PWD/inner" new-session
	shows "tmux begins" '^ready\$|^ended|No such|not implemented'
	if screen | grep -q '^ready'; then
		keys 'echo le''ft' Enter
		shows "a shell in tmux" '^left'
		keys C-b '%'
		shows "a screen that is split" '│ready\$'
		keys 'echo ri''ght' Enter
		shows "the other half" '│right'
		keys C-b '&'
		shows "tmux asks" 'kill-window'
		keys y
		shows "tmux ends" '^ended 0'
	else
		skip "tmux" "no Unix sockets"
	fi
fi
finish

# SPDX-License-Identifier: MIT
# A domain at a terminal: a pseudo-terminal made by script(1) plays it.
. "$(dirname "$0")/lib.sh"
scratch

domain=
[[ -n $MEZZO ]] && domain="$MEZZO do --"

# Runs the command at a terminal; what it prints, without carriage returns.
at_terminal() { script -qec "$1" /dev/null < /dev/null | tr -d '\r'; }

# Runs the command at a terminal; once it printed "ready", types the text. Result: output and status.
typed()		# command text
{
	local typescript=$scratch_directory/typescript status
	: > "$typescript"
	{
		for try in $(seq 200); do
			grep -q ready "$typescript" && break
			sleep 0.02
		done
		printf '%b' "$2"
		for try in $(seq 200); do
			grep -q "^Script done" "$typescript" && break
			sleep 0.02
		done
	} | script -qefc "$1" "$typescript" > /dev/null
	status=$?
	grep -v '^Script ' "$typescript" | tr -d '\r'
	return $status
}

prints "the streams are a terminal" "yes" 'at_terminal "$domain sh -c \"test -t 0 && test -t 1 && test -t 2 && echo yes\""'
prints "a pipe is none" "no" 'echo | $domain sh -c "test -t 0 || echo no"'
prints "stty answers" "ok" 'at_terminal "$domain sh -c \"stty -a > /dev/null && echo ok\""'
prints "size of the window" "24 80" 'at_terminal "stty rows 24 cols 80; $domain stty size"'
prints "/dev/tty" "shown" 'at_terminal "$domain sh -c \"echo shown > /dev/tty\""'
prints "status" "5" 'script -qec "$domain sh -c \"exit 5\"" /dev/null < /dev/null > /dev/null; echo $?'
prints "a line is read" "$(printf 'ready\nword\ngot word')" 'typed "$domain sh -c \"echo ready; read l; echo got \\\$l\"" "word\n"'
prints "interrupt" "130" 'typed "$domain sh -c \"echo ready; sleep 1000\"" "\003" > /dev/null; echo $?'
prints "end of input" "0" 'typed "$domain sh -c \"echo ready; cat > /dev/null\"" "\004" > /dev/null; echo $?'
prints "a shell asks and answers" "1" 'typed "$domain env PS1=ready bash --norc -i" "echo a\$((1 + 1))b\nexit\n" | grep -c "a2b"'
prints "job control" "1" 'typed "$domain env PS1=ready bash --norc -i" "sleep 0.1 & wait; echo st\$((1 + 1))p\nexit\n" | grep -c "st2p"'
finish

# SPDX-License-Identifier: MIT
# dash, the system's /bin/sh.
. "$(dirname "$0")/lib.sh"
in_domain
scratch

prints "echo" "hello" "dash -c 'echo hello'"
prints "pipe" "2" "dash -c 'printf \"a\nb\n\" | wc -l'"
prints "subshell" "1 0" "dash -c '(exit 1); echo \$? \$(exit 0; echo no)0'"
prints "here-document" "in here" "dash -c 'cat <<E
in here
E'"
prints "background" "7" "dash -c '(exit 7) & wait \$!; echo \$?'"
prints "trap" "bye" "dash -c 'trap \"echo bye\" EXIT'"
prints "trap on a signal" "got" "dash -c 'trap \"echo got\" HUP; kill -HUP \$\$'"
prints "loop with commands" "300" "dash -c 'for i in \$(seq 300); do /bin/echo x; done' | wc -l"
ends "status" 9 "dash -c 'exit 9'"
ends "not found" 127 "dash -c no-such-command"
ends "syntax error" 2 "dash -c 'if'"
prints "script file" "a b" "printf '#!/bin/dash\necho \$1 \$2\n' > s; chmod +x s; ./s a b"
prints "redirection" "x" "dash -c 'echo x > f; cat < f'"
prints "read" "line" "echo line | dash -c 'read a; echo \$a'"
prints "case and functions" "yes" "dash -c 'f() { case \$1 in a*) echo yes;; esac; }; f abc'"
finish

# SPDX-License-Identifier: MIT
# busybox: one static program with its own C library copy.
. "$(dirname "$0")/lib.sh"
in_domain
scratch
b=/bin/busybox

prints "echo" "x" "$b echo x"
prints "shell" "1 2 3" "$b sh -c 'for i in 1 2 3; do echo -n \$i; [ \$i = 3 ] || echo -n \" \"; done'"
prints "shell with pipes" "5" "$b sh -c 'seq 5 | $b sort -r | $b head -1'"
prints "background" "3" "$b sh -c '(exit 3) & wait \$!; echo \$?'"
prints "trap" "bye" "$b sh -c 'trap \"echo bye\" EXIT'"
prints "ls" "f" "$b mkdir d; $b touch d/f; $b ls d"
prints "cp and cmp" "same" "$b cp $b c; $b cmp $b c && echo same"
prints "tar and gzip" "same" "$b tar czf d.tgz d; $b mkdir e; $b tar xzf d.tgz -C e; diff -r d e/d && echo same"
prints "find" "d/f" "$b find d -type f"
prints "awk" "6" "seq 3 | $b awk '{ s += \$1 } END { print s }'"
prints "sed" "b" "echo a | $b sed s/a/b/"
prints "grep" "1" "$b grep -c f <<< f"
prints "vi aside: od" "0000001" "printf a | $b od -c | $b tail -1"
prints "sha256sum" "ba7816bf" "printf abc | $b sha256sum | $b cut -c1-8"
prints "dd" "1000000" "$b dd if=/dev/zero bs=1000 count=1000 2> /dev/null | $b wc -c"
prints "ps" "ok" "$b ps > /dev/null && echo ok"
prints "uname" "Linux" "$b uname -s"
prints "xargs" "1 2" "printf '1\n2\n' | $b xargs echo"
prints "timeout" "143" "$b timeout 1 $b sleep 100; echo \$?"
ends "unknown applet" 127 "$b no-such-applet"
finish

# SPDX-License-Identifier: MIT
# grep, sed, awk, diff, patch.
. "$(dirname "$0")/lib.sh"
in_domain
scratch

seq 1000 > n
printf 'one\ntwo\nthree\n' > w

prints "grep" "two" 'grep tw w'
prints "grep -c" "19" 'grep -c 99 n'
prints "grep -v" "2" 'grep -vc two w'
prints "grep -E" "one" 'grep -E "^(one|four)$" w'
prints "grep -P" "three" 'grep -P "th(?=r)" w'
prints "grep -r" "d/w:two" 'mkdir d; cp w d; grep -r two d'
prints "grep -o" "3" 'grep -o e w | wc -l'
ends "grep without match" 1 'grep nothing w'
ends "grep without file" 2 'grep x missing'
prints "grep -q in a pipe" "0" 'yes | grep -q y; echo $?'
prints "grep a binary" "1" 'grep -c ELF /bin/true | sed "s/[1-9][0-9]*/1/"'
prints "sed" "ONE" 'sed -n "s/one/ONE/p" w'
prints "sed in place" "2wo" 'cp w i; sed -i s/t/2/ i; sed -n 2p i'
prints "sed ranges" "3" 'sed -n 2,4p n | wc -l'
prints "sed programs" "cba" 'echo abc | sed "/\n/!G;s/\(.\)\(.*\n\)/&\2\1/;//D;s/.//"'
prints "sed writes" "two" 'sed -n "/two/w out" w; cat out'
for awk in mawk gawk; do
	command -v $awk > /dev/null || continue
	prints "$awk sum" "500500" "$awk '{ s += \$1 } END { print s }' n"
	prints "$awk fields" "c a" "echo a b c | $awk '{ print \$3, \$1 }'"
	prints "$awk commands" "1000" "$awk 'BEGIN { \"wc -l < n\" | getline x; print x }'"
	prints "$awk pipes" "1" "$awk '{ print | \"sort -n | head -1\" }' n"
	prints "$awk system" "3" "$awk 'BEGIN { exit system(\"exit 3\") == 3 ? 0 : 1 }' && echo 3"
done
prints "awk strings" "x-y" 'awk "BEGIN { print sprintf(\"%s-%s\", \"x\", \"y\") }"'
ends "diff equal" 0 'diff w d/w'
ends "diff different" 1 'diff w n'
ends "diff missing" 2 'diff w missing'
prints "diff -u and patch" "same" 'cp n a; sed -e 500d -e s/^7$/seven/ n > b; diff -u a b > p; patch -s a p; cmp a b && echo same'
prints "patch reversed" "same" 'patch -s -R a p; cmp a n && echo same'
prints "patch in a tree" "same" 'mkdir x y; cp n w x; cp n w y; sed -i s/two/2/ y/w; rm y/n; touch y/new; echo z > y/new; diff -ruN x y > q; (cd x; patch -s -p1 < ../q); diff -r x y && echo same'
prints "diff3" "ok" 'diff3 w w w && echo ok'
prints "sdiff" "ok" 'sdiff -s w w && echo ok'
prints "cmp" "w n differ: byte 1, line 1" 'cmp w n || true'
finish

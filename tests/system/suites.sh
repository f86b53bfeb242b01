# SPDX-License-Identifier: MIT
# That tests/suites/run tells what differs between bare Linux and a domain, and what does not: with a module of
# tests that behave as they are named.
. "$(dirname "$0")/lib.sh"
needs_domain "a comparison"
suites=$(cd "$(dirname "$0")/../suites" && pwd)
mezzo=$(realpath "$MEZZO")
scratch

if [[ ! -x /usr/bin/python3.11 ]]; then
	skip "a comparison" "no Python 3.11"
	finish
	exit
fi

mkdir -p lists build/suites/python/test/support
touch build/suites/python/test/__init__.py build/suites/python/test/support/__init__.py
cat > build/suites/python/test/test_pretended.py << 'END_OF_MODULE'
import os
import time
import unittest

INSIDE = os.path.exists('/proc/mezzo')


class Pretended(unittest.TestCase):
	def test_a_ends_the_program(self):
		if INSIDE:
			os._exit(0)

	def test_b_fails(self):
		self.assertFalse(INSIDE)

	def test_c_fails_and_is_known(self):
		self.assertFalse(INSIDE)

	def test_d_fails_everywhere(self):
		self.fail('as it is named')

	def test_e_hangs(self):
		while INSIDE:
			time.sleep(1000)

	def test_f_is_skipped(self):
		if INSIDE:
			self.skipTest('as it is named')

	def test_g_passes(self):
		pass

	def test_h_passes_and_is_known(self):
		pass
END_OF_MODULE
echo test_pretended > lists/python.list
touch lists/git.list
{
	printf 'cause\tpretence\tSo that there is one.\n'
	printf 'test_pretended\t*.test_[ch]_*_is_known\tpretence\n'
	printf 'test_pretended\t*.test_h_*\tpretence\n'
} > lists/differences

compare()
{
	BUILD=$PWD/build LISTS=$PWD/lists MEZZO=$mezzo SILENCE=20 "$suites/run" "$@" > told 2> errors
}

tells()		# name text
{
	grep -qF "$2" told
	verdict $? "$1"
}

compare --record
verdict $((1 - $?)) "a new difference fails the run"
tells "a test that ends the program" "Pretended.test_a_ends_the_program: died"
tells "a test that fails" "Pretended.test_b_fails: fail"
tells "a test that hangs" "Pretended.test_e_hangs: hung"
tells "a test that is skipped" "Pretended.test_f_is_skipped: skip"
[[ $(grep -c '^not ok - test_pretended test_' told) -eq 4 ]]
verdict $? "nothing else is new"
tells "what is known and passes" "# passes again: test_pretended *.test_h_*"
tells "the totals" "7 pass natively, 2 of them in a domain; 1 known differences, 4 new"
[[ $(tail -1 lists/results) == $'python\ttest_pretended\t7\t2' ]]
verdict $? "the totals are recorded"

printf 'test_pretended\t*.test_[abef]_*\tpretence\n' >> lists/differences
compare --reuse all
verdict $? "with all differences known the run passes"
finish

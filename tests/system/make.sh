# SPDX-License-Identifier: MIT
# make -j4, with rules that run shells, fail, and share a job server.
. "$(dirname "$0")/lib.sh"
in_domain
scratch

cat > Makefile << 'END'
parts := $(foreach i,$(shell seq 40),part$(i))
all: whole
whole: $(parts)
	cat $^ > $@
part%:
	@echo $* > $@
fail:
	exit 3
deep:
	+$(MAKE) -f $(firstword $(MAKEFILE_LIST)) all
slow%:
	@sleep 0.0$* ; echo slow$*
slow: slow1 slow2 slow3 slow4
.PHONY: all fail deep slow
END
prints "make -j4" "40" 'make -s -j4; wc -l < whole'
prints "nothing to do" "make: Nothing to be done for 'all'." 'LC_ALL=C make -j4'
prints "touched again" "1" 'sleep 0.02; touch part7; make -j4 | grep -c cat'
ends "failing rule" 2 'make -s fail'
prints "recursive with a job server" "40" 'rm -f part* whole; make -s -j4 deep; wc -l < whole'
prints "parallel rules" "4" 'make -j4 slow | wc -l'
ends "no rule" 2 'make -s nowhere'
mkdir c
for i in 1 2 3 4 5 6 7 8; do
	echo "int f$i(int x) { return x + $i; }" > "c/f$i.c"
done
printf 'int f1(int), f8(int);\n#include <stdio.h>\nint main(void) { printf("%%d\\n", f8(f1(0))); return 0; }\n' > c/main.c
cat > c/Makefile << 'END'
objects := $(patsubst %.c,%.o,$(wildcard *.c))
program: $(objects)
	$(CC) -o $@ $^
clean:
	rm -f *.o program
END
prints "C program with make -j4" "9" 'make -s -j4 -C c 2>&1 && c/program'
prints "clean" "0" 'make -s -C c clean && ls c/*.o 2> /dev/null | wc -l'
finish

# SPDX-License-Identifier: MIT
# How much disk a lasting domain may take.
. "$(dirname "$0")/lib.sh"

needs_domain "kept_quota"
scratch
export MEZZO_STORE=$PWD/store
busybox_tree sh dd df rm cat seq sync truncate
mkdir -p tree/w tree/tmp
cp "$BUILD/tests/programs/changes" tree/bin/changes
head -c 20M /dev/zero | tr '\0' x > tree/w/image
check "import" "$MEZZO" image import box tree

# Runs a command in the domain; what it keeps on disk, in MiB, is at most a number.
domain() { "$MEZZO" rm -f small > /dev/null 2>&1; "$MEZZO" create --disk 10M small box -- sh -c "$1" > /dev/null && "$MEZZO" start -a small; }
at_most() { [[ $(du -sm store/domains/small | cut -f1) -le $1 ]] && echo yes; }

prints "one large file is cut" "yes" 'domain "dd if=/dev/zero of=/w/f bs=64k count=1000" 2>&1 | grep -qi "quota exceeded" && echo yes'
prints "at the quota" yes 'at_most 11'
prints "many small ones" yes 'domain "for i in \$(seq 100000); do echo \$i > /w/f\$i || exit 3; done" > out 2>&1; grep -qi "quota exceeded" out && echo yes'
prints "at the quota, too" yes 'at_most 11'
prints "many large ones" yes 'domain "for i in \$(seq 100); do dd if=/dev/zero of=/w/f\$i bs=500k count=1 2>> /dev/shm/err || break; done; cat /dev/shm/err" | grep -qi "quota exceeded" && echo yes'
prints "what is removed makes room" "12" \
	'domain "n=0; for i in \$(seq 12); do dd if=/dev/zero of=/w/f bs=1M count=6 2> /dev/null && n=\$((n + 1)); rm /w/f; sync; done; echo \$n"'
prints "also where nobody syncs" "12" \
	'domain "n=0; for i in \$(seq 12); do dd if=/dev/zero of=/w/f bs=1M count=6 2> /dev/null && n=\$((n + 1)); rm /w/f; done; echo \$n"'
prints "a change of a large file of the image counts as what it takes" "done" 'domain "printf x | dd of=/w/image bs=1 seek=5000000 conv=notrunc 2> /dev/null && echo done"'
prints "but not all of it can be changed" yes 'domain "dd if=/dev/zero of=/w/image bs=64k count=300 conv=notrunc" 2>&1 | grep -qi "quota exceeded" && echo yes'
prints "holes take nothing" "done" 'domain "truncate -s 1000000000 /w/f && echo done"'
prints "what fills them does" yes 'domain "truncate -s 1000000000 /w/f; dd if=/dev/zero of=/w/f bs=64k count=1000 conv=notrunc" 2>&1 | grep -qi "quota exceeded" && echo yes'
# What was given back and is taken again is asked for again: the domain goes on, and is not ended.
cat > again.c <<'END'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char bytes[1 << 20];

static int fill(int fd, int count)
{
	int i = 0;

	while (i < count && pwrite(fd, bytes, sizeof(bytes), (off_t)i << 20) == sizeof(bytes))
		i++;
	return i;
}

/* Bytes of its own page each. */
static int sprinkle(int fd, int count)
{
	int i = 0;

	while (i < count && pwrite(fd, "x", 1, (off_t)i << 12) == 1)
		i++;
	return i;
}

int main(int argc, char **argv)
{
	int a = open("/w/a", O_CREAT | O_RDWR, 0600), b = open("/w/b", O_CREAT | O_RDWR, 0600);
	char *map;

	memset(bytes, 'x', sizeof(bytes));
	if (argc < 2)
		return 1;
	if (!strcmp(argv[1], "sprinkle")) {
		ftruncate(a, 1 << 30);
		printf("%d\n", sprinkle(a, 20000) < 20000);
	} else if (!strcmp(argv[1], "map")) {
		ftruncate(a, 1 << 20);
		map = mmap(NULL, 100 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
		printf("%d\n", map != MAP_FAILED && ftruncate(a, 100 << 20) < 0);
	} else {
		fill(a, 9);
		if (!strcmp(argv[1], "punch"))
			fallocate(a, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 9 << 20);
		else
			ftruncate(a, 0);
		printf("%d\n", fill(b, 9) == 9 && fill(a, 9) < 9);
	}
	fflush(stdout);
	sleep(2);
	puts("lives");
	return 0;
}
END
${CC:-gcc} -static -w -o again again.c
mkdir -p more/bin && cp again more/bin/
cp -r tree/. more/
check "import a program" "$MEZZO" image import again more
for what in truncate punch map sprinkle; do
	prints "$what, and take again" "1
lives" '"$MEZZO" run --rm --name again --disk 10M again -- again $what'
done
prints "files without bytes count" yes 'domain "for i in \$(seq 4000); do truncate -s 200000 /w/f\$i || exit 3; done" 2>&1 | grep -qi "quota exceeded" && echo yes'
prints "so that their number is bounded" yes '[[ $(ls store/domains/small/objects | wc -l) -le 2600 ]] && echo yes'
prints "df tells" "10240" 'domain "df -k /w" | awk "END { print \$2 }"'
prints "inspect tells" '"disk":10485760' '"$MEZZO" inspect small | grep -o "\"disk\":[0-9]*"'
ends "no size" 125 '"$MEZZO" create --disk much other box -- sh 2> err'
prints "is said" "yes" 'grep -q -- "--disk much: it is a number" err && echo yes'
finish

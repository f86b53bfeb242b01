# SPDX-License-Identifier: MIT
# How much disk a lasting domain may take.
. "$(dirname "$0")/lib.sh"

needs_domain "kept_quota"
scratch
export MEZZO_STORE=$PWD/store
busybox_tree sh dd df rm cat seq sync truncate stat awk tail
mkdir -p tree/w tree/tmp
cp "$BUILD/tests/programs/changes" tree/bin/changes
cat > crowd.c <<'END'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char bytes[1 << 16];

/* Until there is no room: writes of all sizes, files that go and come again. */
static void fill(int number)
{
	char name[40];
	int fd;

	for (int turn = 0; turn < 4; turn++) {
		snprintf(name, sizeof(name), "/w/f%d", number);
		unlink(name);
		fd = open(name, O_CREAT | O_RDWR, 0600);
		for (size_t size = sizeof(bytes); size >= 4096; size /= 2)
			while (write(fd, bytes, size) > 0)
				;
		close(fd);
	}
}

static int crowd(int count)
{
	for (int i = 0; i < count; i++) {
		if (!fork()) {
			fill(i);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	fill(count);
	sync();
	return 0;
}

static int names(int before)
{
	int renames = 0, links = 0;
	char name[40];
	ssize_t done;

	close(open("/w/a", O_CREAT | O_RDWR, 0600));
	for (int i = 0; i < before; i++) {
		rename("/w/a", "/w/b");
		rename("/w/b", "/w/a");
	}
	fill(0);
	done = 1;
	for (int i = 0; done > 0; i++) {
		int fd;

		snprintf(name, sizeof(name), "/w/small%d", i);
		fd = open(name, O_CREAT | O_RDWR, 0600);
		done = fd < 0 ? fd : write(fd, bytes, 1000);
		close(fd);
	}
	while (renames < 100000 && !rename(renames & 1 ? "/w/b" : "/w/a", renames & 1 ? "/w/a" : "/w/b"))
		renames++;
	while (links < 100000 && !link("/w/f0", "/w/l") && !unlink("/w/l"))
		links++;
	printf("%d %d\n", renames, links);
	return 0;
}

/* What a file may take without asking is no room for another one. */
static int lent(long limit)
{
	int a = open("/w/a", O_CREAT | O_RDWR, 0600), b = open("/w/b", O_CREAT | O_RDWR, 0600);
	struct stat first, second;

	write(a, bytes, sizeof(bytes));
	write(a, bytes, sizeof(bytes));
	for (off_t size = 1 << 30, at = 0; size >= 4096; size /= 2)
		while (!fallocate(b, 0, at, size))
			at += size;
	for (size_t size = sizeof(bytes); size >= 4096; size /= 2)
		while (write(a, bytes, size) > 0)
			;
	fstat(a, &first);
	fstat(b, &second);
	limit -= (first.st_blocks + second.st_blocks) * 512;
	printf("%s\n", limit < 0 ? "over" : limit > 1 << 20 ? "under" : "within");
	return 0;
}

int main(int argc, char **argv)
{
	memset(bytes, 'x', sizeof(bytes));
	if (argc > 2 && !strcmp(argv[1], "lent"))
		return lent(atol(argv[2]));
	return argc > 2 ? names(atoi(argv[2])) : crowd(atoi(argv[1]));
}
END
${CC:-gcc} -static -w -o tree/bin/crowd crowd.c
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
# At the limit each call that wants more fails with EDQUOT, as on Linux, and what wants nothing succeeds.
cat > edges.c <<'END'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static char bytes[1 << 16], name[300];

static const char *called(const char *what, int i)
{
	snprintf(name, sizeof(name), "/w/%s-%0200d", what, i);
	return name;
}

/* Until it fails: with what. */
#define UNTIL_IT_FAILS(what, call) do { \
	int i_ = 0; \
	errno = 0; \
	while (i_ < 200000 && (call) != -1) \
		i_++; \
	printf("%s: %s\n", what, errno == EDQUOT ? "quota" : strerror(errno)); \
} while (0)

int main(void)
{
	int fd = open("/w/fill", O_CREAT | O_RDWR, 0600), other = open("/w/other", O_CREAT | O_RDWR, 0600);
	int sparse = open("/w/sparse", O_CREAT | O_RDWR, 0600);

	memset(bytes, 'x', sizeof(bytes));
	write(fd, "small", 5);
	UNTIL_IT_FAILS("write", write(fd, bytes, sizeof(bytes)));
	UNTIL_IT_FAILS("write of a page", write(fd, bytes, 4096));
	UNTIL_IT_FAILS("pwrite", pwrite(other, bytes, sizeof(bytes), (off_t)i_ << 16));
	UNTIL_IT_FAILS("fallocate", fallocate(other, 0, 1 << 20, 1 << 20));
	UNTIL_IT_FAILS("fallocate behind the end", fallocate(other, FALLOC_FL_KEEP_SIZE, 1 << 30, 1 << 20));
	printf("ftruncate: %d\n", ftruncate(sparse, 1 << 30));
	UNTIL_IT_FAILS("mmap of a hole", mmap(NULL, 1 << 30, PROT_WRITE, MAP_SHARED, sparse, 0) == MAP_FAILED ? -1 : 0);
	UNTIL_IT_FAILS("mkdir", mkdir(called("d", i_), 0700));
	UNTIL_IT_FAILS("symlink", symlink(bytes + sizeof(bytes) - 4000, called("s", i_)));
	UNTIL_IT_FAILS("link", link("/w/sparse", called("l", i_)));
	UNTIL_IT_FAILS("mknod", mknod(called("p", i_), S_IFIFO | 0600, 0));
	UNTIL_IT_FAILS("setxattr", (called("user.a", i_), setxattr("/w/other", name + 3, bytes, 200, 0)));
	printf("rewrite: %zd\n", pwrite(fd, bytes, 4096, 8192));
	printf("read: %zd\n", pread(fd, bytes, 4096, 0));
	printf("unlink: %d\n", unlink("/w/fill") + close(fd));
	printf("and again: %zd\n", pwrite(other, bytes, sizeof(bytes), 4 << 20));
	return 0;
}
END
sed -i 's/bytes + sizeof(bytes) - 4000/target/; s/^int main(void)$/static char target[4000];\n\nint main(void)/; s/write(fd, "small", 5);/memset(target, 0x79, 3999);/' edges.c
${CC:-gcc} -static -w -o more/bin/edges edges.c
check "import another" "$MEZZO" image import edges more
"$MEZZO" run --rm --name edges --disk 10M edges -- edges > edges.out 2>&1
for what in write "write of a page" pwrite fallocate "fallocate behind the end" "mmap of a hole" mkdir symlink link \
	mknod setxattr; do
	prints "at the limit: $what" "$what: quota" 'grep "^$what: " edges.out'
done
for what in "ftruncate: 0" "rewrite: 4096" "read: 4096" "unlink: 0" "and again: 65536"; do
	prints "at the limit: ${what%:*} is none of that" "$what" 'grep "^${what%:*}: " edges.out'
done
# What was removed is there for whatever wants it next, each time, and df tells so at once.
roomy() { "$MEZZO" rm -f roomy > /dev/null 2>&1; "$MEZZO" run --rm --name roomy --disk 20M box -- sh -c "$1"; }
turns='for i in 1 2 3 4 5 6 7 8 9 10; do
	dd if=/dev/zero of=/big bs=1M count=19; cat /dev/zero > /z; [ -s /big ] && [ -s /z ] && echo turn; rm /big /z
done'
prints "filled and emptied ten times, with two files" 10 'roomy "$turns" 2> err | wc -l'
prints "df counts what was removed as free" "yes yes" 'roomy "left() { df -k /w | tail -n 1 | awk \"{ print \\\$4 }\"; }
	cat /dev/zero > /w/f; [ \$(left) -lt 1024 ] && echo yes; rm /w/f; [ \$(left) -gt 19000 ] && echo yes" 2> err | xargs'
small='padding=$(printf %03900d 0); i=0; while [ $i -lt 3500 ]; do echo "$padding" > /w/s$i || exit 1; i=$((i + 1)); done; rm /w/s*'
prints "also of many small files" yes 'roomy "$small; df -k /w | tail -n 1 | awk \"{ print (\\\$4 > 18000) ? \\\"yes\\\" : \\\$4 }\"" 2> err'
prints "which make room for a large one" yes 'roomy "$small; dd if=/dev/zero of=/w/f bs=1M count=17 && echo yes" 2> err'
# An honest domain stays within its limit whatever it was lent meanwhile.
prints "no more than the limit, filled again and again" "yes yes yes yes" \
	'roomy "for i in 1 2 3 4; do cat /dev/zero > /w/f; cat /dev/zero > /w/g; n=\$(stat -c %s /w/f /w/g | awk \"{ n += \\\$1 } END { print n }\")
	[ \$n -gt 19000000 -a \$n -le 20971520 ] && echo yes || echo \$n; rm /w/f /w/g; done" 2> err | xargs'
prints "what one file may take is no room for another" within 'roomy "crowd lent 20971520" 2> err'
prints "also with eight who write" yes '"$MEZZO" run --name eight --disk 20M box -- crowd 8 2> err
	used=$(stat -c "%b" store/domains/eight/overlay store/domains/eight/objects/* | awk "{ n += (\$1 > 8 ? \$1 : 8) * 512 } END { print n }")
	[[ $used -gt 20000000 && $used -le 20971520 ]] && echo yes || echo $used'
"$MEZZO" rm -f eight > /dev/null 2>&1
# Names that come and go need no room for ever, however full the domain is.
for names in 0 1000 20000; do
	prints "a full domain renames and links, after $names renames" "100000 100000" 'roomy "crowd names $names" 2> err'
done
prints "files without bytes count" yes 'domain "for i in \$(seq 4000); do truncate -s 200000 /w/f\$i || exit 3; done" 2>&1 | grep -qi "quota exceeded" && echo yes'
prints "so that their number is bounded" yes '[[ $(ls store/domains/small/objects | wc -l) -le 2600 ]] && echo yes'
prints "df tells" "10240" 'domain "df -k /w" | awk "END { print \$2 }"'
prints "inspect tells" '"disk":10485760' '"$MEZZO" inspect small | grep -o "\"disk\":[0-9]*"'
ends "no size" 125 '"$MEZZO" create --disk much other box -- sh 2> err'
prints "is said" "yes" 'grep -q -- "--disk much: it is a number" err && echo yes'
finish

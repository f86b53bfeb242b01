/* SPDX-License-Identifier: MIT */
/*
 * Changes of all kinds to a directory, at random but the same for the same seed, and a listing of
 * what came of it. What a domain keeps is compared with what it was, and with bare Linux.
 *
 *	changes SEED COUNT DIR		makes COUNT changes; prints a sum of all results
 *	changes --no-sync SEED COUNT DIR	the same without any sync
 *	changes --large SEED FILE	changes the bytes of one large file, and prints their sum
 *	changes --whiteout FROM TO	renames, and leaves a whiteout
 *	changes --list DIR		each file with its attributes and a sum of its bytes
 *	changes --list-times DIR	with times, too
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE	1
#define RENAME_EXCHANGE		2
#define RENAME_WHITEOUT		4
#endif

static uint64_t state;
static bool may_sync = true;
static uint32_t results = 2166136261u;

static uint32_t pick(uint32_t below)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % below;
}

static void note(long result)
{
	results = (results ^ (uint32_t)(result < 0 ? errno : 0)) * 16777619u;
}

/* A name of one to three components, of few enough that most meet again. */
static const char *name(char *to)
{
	uint32_t depth = 1 + pick(3);
	size_t used = 0;

	for (uint32_t i = 0; i < depth; i++) {
		bool is_last = i + 1 == depth;

		used += (size_t)sprintf(to + used, "%s%c%u", i ? "/" : "", is_last ? 'n' : 'd',
					pick(is_last ? 12 : 4));
		if (pick(40) == 0)
			used += (size_t)sprintf(to + used, "-%0100u", pick(3));
	}
	return to;
}

static uint32_t some_size(void)
{
	static const uint32_t limits[] = { 1, 40, 300, 5000, 70000, 300000 };

	return pick(limits[pick(6)]);
}

static void fill(char *bytes, uint32_t size)
{
	uint32_t seed = pick(1u << 30);

	for (uint32_t i = 0; i < size; i++)
		bytes[i] = (char)(seed + i * 7 + (i >> 8));
}

static void change_bytes(const char *path)
{
	static char bytes[300000];
	int flags = O_RDWR | O_CREAT | (pick(3) == 0 ? O_TRUNC : 0) | (pick(4) == 0 ? O_APPEND : 0);
	int fd = open(path, flags | (pick(20) == 0 && may_sync ? O_DSYNC : 0), 0644);
	uint32_t size = some_size(), times = 1 + pick(3);

	note(fd);
	if (fd < 0)
		return;
	while (times--) {
		fill(bytes, size);
		note(pwrite(fd, bytes, size, pick(4) ? 0 : (off_t)some_size()));
	}
	if (pick(6) == 0)
		note(ftruncate(fd, (off_t)some_size()));
	if (pick(10) == 0 && may_sync)
		note(fsync(fd));
	close(fd);
}

/* Who else changes the file may have made it shorter meanwhile: SIGBUS then, as Linux has it. */
static sigjmp_buf cut;

static void cut_noted(int number)
{
	(void)number;
	siglongjmp(cut, 1);
}

static void write_mapped(volatile char *map, uint32_t at)
{
	signal(SIGBUS, cut_noted);
	if (!sigsetjmp(cut, 1))
		map[at] = 'm';
	signal(SIGBUS, SIG_DFL);
}

static void change_mapped(const char *path)
{
	int fd = open(path, O_RDWR);
	struct stat status;
	char *map;

	note(fd);
	if (fd < 0)
		return;
	if (!fstat(fd, &status) && S_ISREG(status.st_mode) && status.st_size) {
		map = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map != MAP_FAILED) {
			write_mapped(map, pick((uint32_t)status.st_size));
			if (pick(3) == 0 && may_sync)
				note(msync(map, (size_t)status.st_size, MS_SYNC));
			munmap(map, (size_t)status.st_size);
		}
	}
	close(fd);
}

static void change_attributes(const char *path)
{
	struct timespec times[2] = { { pick(1u << 30), pick(1000000000) },
				     { pick(1u << 30), pick(1000000000) } };
	char attribute[20], value[300];

	switch (pick(6)) {
	case 0:
		note(chmod(path, 0400 | pick(07777)));
		break;
	case 1:
		note(lchown(path, pick(3), pick(3)));
		break;
	case 2:
		note(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
		break;
	case 3:
		sprintf(attribute, "user.a%u", pick(3));
		fill(value, sizeof(value));
		note(setxattr(path, attribute, value, pick(sizeof(value)), 0));
		break;
	case 4:
		sprintf(attribute, "user.a%u", pick(3));
		note(removexattr(path, attribute));
		break;
	default:
		note(truncate(path, (off_t)some_size()));
	}
}

static void change_names(const char *path, const char *other)
{
	char target[600];

	switch (pick(9)) {
	case 0:
	case 1:
		note(unlink(path));
		break;
	case 2:
		note(mkdir(path, 0755));
		break;
	case 3:
		note(rmdir(path));
		break;
	case 4:
		note(rename(path, other));
		break;
	case 5:
		note(syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, other,
			     pick(2) ? RENAME_EXCHANGE : RENAME_NOREPLACE));
		break;
	case 6:
		note(link(path, other));
		break;
	case 7:
		snprintf(target, sizeof(target), "../%s%s", other,
			 pick(2) ? "" : "/and/further/on");
		note(symlink(target, path));
		break;
	default:
		note(mkfifo(path, 0600));
	}
}

static void change(void)
{
	char path[500], other[500];

	name(path);
	name(other);
	switch (pick(8)) {
	case 0:
	case 1:
	case 2:
		change_bytes(path);
		break;
	case 3:
		change_mapped(path);
		break;
	case 4:
		change_attributes(path);
		break;
	default:
		change_names(path, other);
	}
}

/* ---- One large file ---- */

static void change_large(int fd)
{
	static char bytes[300000];
	struct stat status;
	uint32_t size = some_size();
	off_t at;

	fstat(fd, &status);
	at = (off_t)((uint64_t)pick(1u << 30) * 4001 % (uint64_t)(status.st_size + 50000));
	switch (pick(12)) {
	case 0:
		note(ftruncate(fd, at));
		break;
	case 1:
		note(fallocate(fd, pick(2) ? 3 : 0, at, size + 1));
		break;
	case 2:
		note(pread(fd, bytes, size, at));
		break;
	case 3:
		note(fsync(fd));
		break;
	default:
		fill(bytes, size);
		note(pwrite(fd, bytes, size, pick(3) ? at : at & ~4095l));
	}
}

static int large(uint64_t seed, const char *path)
{
	int fd = open(path, O_RDWR);

	if (fd < 0)
		return 1;
	state = seed;
	for (int i = 0; i < 60; i++) {
		change_large(fd);
		/* Rarely what wants the whole file, so that most stay as they are. */
		if (pick(200) == 0)
			change_mapped(path);
	}
	close(fd);
	printf("%08x", results);
	return 0;
}

/* ---- Listing ---- */

static uint32_t sum_of(const char *path)
{
	static char bytes[65536];
	int fd = open(path, O_RDONLY);
	uint32_t sum = 2166136261u;
	ssize_t count;

	if (fd < 0)
		return 0;
	while ((count = read(fd, bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = 0; i < count; i++)
			sum = (sum ^ (uint8_t)bytes[i]) * 16777619u;
	}
	close(fd);
	return count < 0 ? 1 : sum;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In a volume, as the host sees it, these bits of a regular file lie beside its mode. */
#define RIGHTS "user.mezzo.rights"

static unsigned mode_meant(const char *path, const struct stat *status)
{
	char rights[2];
	ssize_t size = S_ISREG(status->st_mode) ?
			       lgetxattr(path, RIGHTS, rights, sizeof(rights)) : 0;
	unsigned mode = status->st_mode;

	for (ssize_t i = 0; i < size; i++)
		mode |= rights[i] == 'u' ? S_ISUID : S_ISGID;
	return mode;
}

static void list_xattrs(const char *path)
{
	char names[4096], value[4096], *sorted[64];
	ssize_t size = llistxattr(path, names, sizeof(names)), count = 0;

	for (ssize_t at = 0; at < size && count < 64; at += (ssize_t)strlen(names + at) + 1)
		sorted[count++] = names + at;
	if (count > 0)
		qsort(sorted, (size_t)count, sizeof(sorted[0]), compare);
	for (ssize_t i = 0; i < count; i++) {
		ssize_t length = lgetxattr(path, sorted[i], value, sizeof(value));
		uint32_t sum = 0;

		for (ssize_t j = 0; j < length; j++)
			sum = sum * 31 + (uint8_t)value[j];
		if (!strncmp(sorted[i], "user.", 5) && strcmp(sorted[i], RIGHTS))
			printf(" %s=%zd:%u", sorted[i], length, sum);
	}
}

static void list_one(const char *path, int times)
{
	struct stat status;
	char target[4096];
	ssize_t length;

	if (lstat(path, &status)) {
		printf("%s: %s\n", path, strerror(errno));
		return;
	}
	printf("%s %o %u %u:%u", path, mode_meant(path, &status), (unsigned)status.st_nlink,
	       status.st_uid, status.st_gid);
	if (!S_ISDIR(status.st_mode))
		printf(" %lld", (long long)status.st_size);
	if (times)
		printf(" %lld.%09ld", (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
	if (S_ISREG(status.st_mode))
		printf(" %08x", sum_of(path));
	if (S_ISLNK(status.st_mode) && (length = readlink(path, target, sizeof(target) - 1)) >= 0)
		printf(" -> %.*s", (int)length, target);
	list_xattrs(path);
	putchar('\n');
}

static void list(const char *path, int times)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char below[4096];

		snprintf(below, sizeof(below), "%s/%s", path, entries[i]->d_name);
		if (strcmp(entries[i]->d_name, ".") && strcmp(entries[i]->d_name, "..")) {
			list_one(below, times);
			if (entries[i]->d_type == DT_DIR)
				list(below, times);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	else
		printf("%s: %s\n", path, strerror(errno));
}

int main(int argc, char **argv)
{
	umask(022);
	if (argc == 3 && !strncmp(argv[1], "--list", 6)) {
		if (chdir(argv[2]))
			return 1;
		list_one(".", 0);
		list(".", !strcmp(argv[1], "--list-times"));
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "--large")) {
		if (large(strtoull(argv[2], NULL, 10), argv[3]))
			return 1;
		printf(" %08x\n", sum_of(argv[3]));
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "--whiteout"))
		return syscall(SYS_renameat2, AT_FDCWD, argv[2], AT_FDCWD, argv[3],
			       RENAME_WHITEOUT) != 0;
	if (argc == 5 && !strcmp(argv[1], "--no-sync")) {
		may_sync = false;
		argv++;
		argc--;
	}
	if (argc != 4 || chdir(argv[3]))
		return 1;
	state = strtoull(argv[1], NULL, 10);
	for (long count = atol(argv[2]); count > 0; count--)
		change();
	printf("%08x\n", results);
	return 0;
}

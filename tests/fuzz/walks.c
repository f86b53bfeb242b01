/* SPDX-License-Identifier: MIT */
/*
 * Random operations on random names in a small tree full of symbolic links, "..", "." and doubled
 * slashes. Prints what each answered: run on Linux and in a domain, both must print the same.
 *
 *	walks SEED OPERATIONS	(as root, in an empty directory, which becomes its root)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME_SIZE 256
#define TREE_SIZE 400

static uint32_t state;

static uint32_t random_below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

static char *component(char *to)
{
	switch (random_below(9)) {
	case 0:
		return stpcpy(to, "..");
	case 1:
		return stpcpy(to, ".");
	case 2:
		return to + sprintf(to, "l%u", random_below(6));
	case 3:
		return to + sprintf(to, "f%u", random_below(3));
	default:
		return to + sprintf(to, "d%u", random_below(4));
	}
}

static const char *random_name(char *name)
{
	uint32_t count = 1 + random_below(5);
	char *to = name;

	if (random_below(6) == 0)
		*to++ = '/';
	for (uint32_t i = 0; i < count; i++) {
		to = component(to);
		if (i < count - 1 || random_below(6) == 0)
			to = stpcpy(to, random_below(10) ? "/" : "//");
	}
	*to = '\0';
	return name;
}

static void make_tree(void)
{
	char name[NAME_SIZE], target[NAME_SIZE];

	for (int i = 0; i < TREE_SIZE; i++) {
		int fd, failed = 0;

		random_name(name);
		random_name(target);
		switch (random_below(4)) {
		case 0:
			failed = symlink(target, name);
			break;
		case 1:
			fd = open(name, O_CREAT | O_WRONLY, 0644);
			if (fd >= 0)
				close(fd);
			break;
		default:
			failed = mkdir(name, 0755);
		}
		(void)failed;	/* many can't work */
	}
}

static int open_resolved(int directory, const char *name, uint32_t choice)
{
	static const uint64_t kinds[] = {
		RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	struct open_how how = { .flags = O_RDONLY | O_NONBLOCK, .resolve = kinds[choice % 5] };

	return (int)syscall(SYS_openat2, choice & 64 ? directory : AT_FDCWD, name, &how,
			    sizeof(how));
}

/* What an opened place is, and for some directories what it is called. */
static void print_opened(int fd, uint32_t choice)
{
	char name[4096];
	struct stat status;

	if (fstat(fd, &status) == 0)
		printf(" %o", status.st_mode);
	if (choice % 4 == 0 && S_ISDIR(status.st_mode)) {
		if (fchdir(fd) == 0)
			printf(" %s", getcwd(name, sizeof(name)) ? name : strerrorname_np(errno));
		if (chdir("/in"))
			printf(" no way back");
	}
	close(fd);
}

static int look(const char *name, uint32_t kind, uint32_t choice)
{
	char target[NAME_SIZE];
	struct stat status;
	ssize_t size;
	int result = 0;

	switch (kind) {
	case 0:
		result = stat(name, &status);
		break;
	case 1:
		result = lstat(name, &status);
		break;
	case 2:
		size = readlink(name, target, sizeof(target));
		if (size >= 0)
			printf(" -> %.*s", (int)size, target);
		return size < 0 ? -1 : 0;
	default:
		return access(name, choice & 1 ? W_OK : X_OK);
	}
	if (!result)
		printf(" %o", status.st_mode);
	return result;
}

static int open_one(const char *name, uint32_t kind, uint32_t choice, int directory)
{
	int flags = O_NONBLOCK | (choice & 1 ? O_NOFOLLOW : 0);
	int fd;

	if (kind == 0)
		fd = open(name, flags | O_RDONLY | (choice & 2 ? O_DIRECTORY : 0));
	else if (kind == 1)
		fd = open(name,
			  flags | O_CREAT | O_WRONLY | (choice & 2 ? O_EXCL : 0) |
				  (choice & 4 ? O_TRUNC : 0),
			  0640);
	else if (kind == 2)
		fd = open(name,
			  O_PATH | (choice & 1 ? O_NOFOLLOW : 0) | (choice & 2 ? O_DIRECTORY : 0));
	else
		fd = open_resolved(directory, name, choice);
	if (fd >= 0)
		print_opened(fd, choice >> 3);
	return fd < 0 ? -1 : 0;
}

static int change(const char *name, const char *other, uint32_t kind, uint32_t choice)
{
	switch (kind) {
	case 0:
		return mkdir(name, 0750);
	case 1:
		return rmdir(name);
	case 2:
		return unlink(name);
	case 3:
		return rename(name, other);
	case 4:
		return renameat2(AT_FDCWD, name, AT_FDCWD, other,
				 choice & 1 ? RENAME_NOREPLACE : RENAME_EXCHANGE);
	case 5:
		return linkat(AT_FDCWD, name, AT_FDCWD, other, choice & 1 ? AT_SYMLINK_FOLLOW : 0);
	case 6:
		return symlink(other, name);
	case 7:
		return truncate(name, choice % 3 * 10);
	default:
		return mknod(name, choice & 1 ? S_IFIFO | 0600 : S_IFREG | 0600, 0);
	}
}

int main(int argc, char **argv)
{
	char name[NAME_SIZE], other[NAME_SIZE];
	int directory;

	if (argc != 3 || chroot(".") || mkdir("/in", 0777) || chdir("/in"))
		return 1;
	state = (uint32_t)atoi(argv[1]) * 31337u + 7;
	make_tree();
	directory = open("d1", O_PATH | O_DIRECTORY);
	for (int i = 0, count = atoi(argv[2]); i < count; i++) {
		uint32_t kind = random_below(17), choice = random_below(1024);
		int result;

		random_name(name);
		random_name(other);
		printf("%d: %u %u %s %s:", i, kind, choice, name, other);
		errno = 0;
		if (kind < 4)
			result = look(name, kind, choice);
		else if (kind < 8)
			result = open_one(name, kind - 4, choice, directory);
		else
			result = change(name, other, kind - 8, choice);
		printf(" %s\n", result ? strerrorname_np(errno) : "ok");
	}
	return 0;
}

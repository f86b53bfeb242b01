/* SPDX-License-Identifier: MIT */
/* Folders of domains; see folder.h, which also tells of the locks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/store_format.h"
#include "host/domain/folder.h"
#include "host/domain/directory.h"

#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)

/* ---- Locks ---- */

static int lock_file(int fd, short type, int command)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET };

	while (fcntl(fd, command, &range)) {
		if (errno != EINTR)
			return errno == EACCES ? -EAGAIN : -errno;
	}
	return 0;
}

/* ---- All domains of a store ---- */

static int make_place(const char *store, struct error *err)
{
	char path[PLACE_SIZE + sizeof("/domains/.new")];

	snprintf(path, sizeof(path), "%s/domains", store);
	if (place_make_parents(path, err))
		return -err->code;
	if (mkdir(path, 0700) && errno != EEXIST)
		return error_set(err, errno, "can't make %s", path);
	strcat(path, "/.new");
	if (mkdir(path, 0700) && errno != EEXIST)
		return error_set(err, errno, "can't make %s", path);
	return 0;
}

/* Domains over directories need no store; and one that is damaged is fsck's to tell of. */
static int check_store(const char *path, struct error *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), error;

	if (fd < 0)
		return errno == ENOENT ? 0 : error_set(err, errno, "store %s", path);
	error = store_format_check(fd, path, err);
	close(fd);
	return error == -EPROTO ? error : 0;
}

int domains_open(struct domains *domains, const char *option, bool make, struct error *err)
{
	char path[PLACE_SIZE + sizeof("/domains")], given[PLACE_SIZE];
	int error = place_store(option, given, err);

	domains->fd = -1;
	if (!error)
		error = check_store(given, err);
	if (!error && make)
		error = make_place(given, err);
	if (error)
		return error;
	if (!realpath(given, domains->store)) {
		snprintf(domains->store, sizeof(domains->store), "%s", given);
		return errno == ENOENT ? 0 : error_set(err, errno, "store %s", given);
	}
	snprintf(path, sizeof(path), "%s/domains", domains->store);
	domains->fd = open(path, DIRECTORY);
	if (domains->fd < 0 && errno != ENOENT)
		return error_set(err, errno, "%s", path);
	return 0;
}

void domains_close(struct domains *domains)
{
	fd_close(&domains->fd);
}

int domains_visit(const struct domains *domains, int (*visit)(const char *name, void *data),
		  void *data, struct error *err)
{
	int fd, result = 0;
	struct dirent *entry;
	DIR *dir;

	if (domains->fd < 0)
		return 0;
	fd = openat(domains->fd, ".", DIRECTORY);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		error_set(err, errno, "%s/domains", domains->store);
		fd_close(&fd);
		return -err->code;
	}
	while (!result && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			result = visit(entry->d_name, data);
	}
	closedir(dir);
	return result;
}

/* ---- The place of what is half made or half removed ---- */

/*
 * Share domains/.lock, after what others left in .new was removed if nobody works there. Returns
 * the lock's descriptor or -errno.
 */
static int workshop_enter(const struct domains *domains, struct error *err)
{
	int error, fd = openat(domains->fd, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			       0600);

	if (fd < 0)
		return error_set(err, errno, "can't work in %s/domains", domains->store);
	if (!lock_file(fd, F_WRLCK, F_OFD_SETLK))
		directory_empty(domains->fd, ".new");
	error = lock_file(fd, F_RDLCK, F_OFD_SETLKW);
	if (error) {
		close(fd);
		return error_set(err, -error, "can't lock %s/domains/.lock", domains->store);
	}
	return fd;
}

/* A name in the workshop, relative to domains->fd, that nobody has. */
static int workshop_name(char name[40], struct error *err)
{
	uint64_t bits[2];

	if (getrandom(bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
		return error_set(err, errno, "can't make a name");
	snprintf(name, 40, ".new/%016" PRIx64 "%016" PRIx64, bits[0], bits[1]);
	return 0;
}

/* ---- Making ---- */

/* The whole folder, under a name that nobody looks at. */
static int folder_build(const struct domains *domains, const char *temporary,
			const struct domain_record *record, struct folder *folder,
			struct error *err)
{
	if (mkdirat(domains->fd, temporary, 0700))
		return error_set(err, errno, "can't make a domain in %s/domains", domains->store);
	folder->fd = openat(domains->fd, temporary, DIRECTORY);
	if (folder->fd < 0)
		return error_set(err, errno, "%s/domains/%s", domains->store, temporary);
	return domain_record_save(folder->fd, record, err) ?:
	       domain_record_save_run(folder->fd, record, err);
}

/*
 * What a domain's programs are told to be durable is of no use without the record, nor without the
 * domain's name.
 */
static int names_sync(const struct domains *domains, const struct folder *folder,
		      struct error *err)
{
	if (!fsync(folder->fd) && !fsync(domains->fd))
		return 0;
	return error_set(err, errno, "can't make the name of domain %s durable", folder->name);
}

/* A folder is never empty: a rename can't replace it. */
static int name_claim(const struct domains *domains, const char *from, const char *name,
		      struct error *err)
{
	if (!renameat(domains->fd, from, domains->fd, name))
		return 0;
	if (errno == EEXIST || errno == ENOTEMPTY) {
		error_set(err, 0, "there is a domain %s already: `mezzo rm %s`, or take another "
			  "name", name, name);
		return -EEXIST;
	}
	return error_set(err, errno, "can't make domain %s in %s/domains", name, domains->store);
}

int folder_create(const struct domains *domains, const char *name,
		  const struct domain_record *record, struct folder *folder, struct error *err)
{
	char temporary[40];
	int lock_fd, error = domain_name_check(name, err);

	folder->fd = -1;
	snprintf(folder->name, sizeof(folder->name), "%s", name);
	if (!error)
		error = workshop_name(temporary, err);
	if (error)
		return error;
	lock_fd = workshop_enter(domains, err);
	if (lock_fd < 0)
		return lock_fd;
	error = folder_build(domains, temporary, record, folder, err);
	if (!error)
		error = name_claim(domains, temporary, name, err) ?:
			names_sync(domains, folder, err);
	if (error) {
		directory_remove(domains->fd, temporary);
		folder_close(folder);
	}
	close(lock_fd);
	return error;
}

/* ---- Using ---- */

static int say_unknown(const struct domains *domains, const char *name, struct error *err)
{
	error_set(err, 0, "there is no domain %s in %s: see `mezzo ls`", name, domains->store);
	return -ENOENT;
}

int folder_open(const struct domains *domains, const char *name, struct folder *folder,
		struct error *err)
{
	int error = domain_name_check(name, err);

	folder->fd = -1;
	if (error)
		return error;
	snprintf(folder->name, sizeof(folder->name), "%s", name);
	if (domains->fd >= 0)
		folder->fd = openat(domains->fd, name, DIRECTORY);
	if (folder->fd >= 0)
		return 0;
	if (domains->fd < 0 || errno == ENOENT)
		return say_unknown(domains, name, err);
	return error_set(err, errno, "domain %s", name);
}

void folder_close(struct folder *folder)
{
	fd_close(&folder->fd);
}

/* Whether the name still leads to this folder. */
static bool is_current(const struct domains *domains, const struct folder *folder)
{
	struct stat own, named;

	return !fstat(folder->fd, &own) &&
	       !fstatat(domains->fd, folder->name, &named, AT_SYMLINK_NOFOLLOW) &&
	       own.st_dev == named.st_dev && own.st_ino == named.st_ino;
}

/* fd: of the file, or -errno; it is taken over. */
static int lock_take(const struct domains *domains, const struct folder *folder, int fd,
		     short type, struct error *err)
{
	int error = fd < 0 ? fd : lock_file(fd, type, F_OFD_SETLK);

	if (!error && is_current(domains, folder))
		return fd;
	fd_close(&fd);
	if (error == -EAGAIN) {
		error_set(err, 0, "domain %s is running", folder->name);
		return -EBUSY;
	}
	if (!error || error == -ENOENT)
		return say_unknown(domains, folder->name, err);
	return error_set(err, -error, "can't lock domain %s", folder->name);
}

static int lock_open(const struct folder *folder, int flags)
{
	int fd = openat(folder->fd, "lock", flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

	return fd < 0 ? -errno : fd;
}

int folder_lock(const struct domains *domains, const struct folder *folder, struct error *err)
{
	return lock_take(domains, folder, lock_open(folder, O_RDWR | O_CREAT), F_WRLCK, err);
}

int folder_lock_shared(const struct domains *domains, const struct folder *folder,
		       struct error *err)
{
	int fd = lock_open(folder, O_RDONLY | O_CREAT);

	if (fd == -EROFS || fd == -EACCES) {
		fd = lock_open(folder, O_RDONLY);
		if (fd == -ENOENT)
			return -EROFS;
	}
	return lock_take(domains, folder, fd, F_RDLCK, err);
}

bool folder_is_locked(const struct folder *folder)
{
	/* A read lock is refused by one who holds it alone, not by readers. */
	struct flock range = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int fd = openat(folder->fd, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool locked = fd >= 0 && !fcntl(fd, F_OFD_GETLK, &range) && range.l_type != F_UNLCK;

	fd_close(&fd);
	return locked;
}

/* ---- Ending ---- */

int folder_remove(const struct domains *domains, const struct folder *folder, struct error *err)
{
	char temporary[40];
	int lock_fd, error = workshop_name(temporary, err);

	if (error)
		return error;
	lock_fd = workshop_enter(domains, err);
	if (lock_fd < 0)
		return lock_fd;
	if (renameat(domains->fd, folder->name, domains->fd, temporary))
		error = error_set(err, errno, "can't remove domain %s", folder->name);
	else
		directory_remove(domains->fd, temporary);
	close(lock_fd);
	return error;
}

int folder_rename(const struct domains *domains, const struct folder *folder, const char *name,
		  struct error *err)
{
	int error = domain_name_check(name, err);

	return error ? error : name_claim(domains, folder->name, name, err);
}

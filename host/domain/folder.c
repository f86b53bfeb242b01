/* SPDX-License-Identifier: MIT */
/* Folders of domains; see folder.h, which also tells of the locks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/owner.h"
#include "host/domain/directory.h"
#include "host/domain/file_lock.h"
#include "host/domain/folder.h"
#include "host/domain/part.h"
#include "host/domain/workshop.h"

#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)

/* ---- All domains of a store ---- */

int domains_open(struct domains *domains, const char *option, bool make, struct error *err)
{
	return part_open(option, "domains", make, domains->store, &domains->fd, err);
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

static int workshop_of(const struct domains *domains, struct error *err)
{
	char what[PLACE_SIZE + sizeof("/domains")];

	snprintf(what, sizeof(what), "%s/domains", domains->store);
	return workshop_enter(domains->fd, what, err);
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
 * domain's name. A name that can't be made so is given back.
 */
static int names_sync(const struct domains *domains, const struct folder *folder,
		      const char *temporary, struct error *err)
{
	if (!fsync(folder->fd) && !fsync(domains->fd))
		return 0;
	error_set(err, errno, "can't make the name of domain %s durable", folder->name);
	if (renameat(domains->fd, folder->name, domains->fd, temporary))
		error_context(err, "domain %s was made, but may be lost with the machine's power",
			      folder->name);
	return -err->code;
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
	char temporary[WORKSHOP_NAME_SIZE];
	int lock_fd, error = domain_name_check(name, err);

	folder->fd = -1;
	snprintf(folder->name, sizeof(folder->name), "%s", name);
	if (!error)
		error = workshop_name(temporary, err);
	if (error)
		return error;
	lock_fd = workshop_of(domains, err);
	if (lock_fd < 0)
		return lock_fd;
	error = folder_build(domains, temporary, record, folder, err);
	if (!error)
		error = name_claim(domains, temporary, name, err) ?:
			names_sync(domains, folder, temporary, err);
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
	if (domains->fd < 0 || (folder->fd < 0 && errno == ENOENT))
		return say_unknown(domains, name, err);
	if (folder->fd < 0)
		return error_set(err, errno, "domain %s", name);
	error = owner_check(folder->fd, "the folder of that domain", err);
	if (error) {
		error_context(err, "domain %s", name);
		folder_close(folder);
	}
	return error;
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
	int error = fd < 0 ? fd : file_lock(fd, type, F_OFD_SETLK);

	if (!error && is_current(domains, folder))
		return fd;
	fd_close(&fd);
	if (error == -EAGAIN) {
		error_set(err, 0, "domain %s is running, or just being started, read or changed",
			  folder->name);
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
	char temporary[WORKSHOP_NAME_SIZE];
	int lock_fd, error = workshop_name(temporary, err);

	if (error)
		return error;
	lock_fd = workshop_of(domains, err);
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

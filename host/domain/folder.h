/* SPDX-License-Identifier: MIT */
/*
 * The folder of a lasting domain, STORE/domains/NAME, which is all there is of it on disk:
 *
 *	record		what it is (record.h)
 *	run		who carries its last run, and how that ended (record.h)
 *	output		what its programs printed (log.h)
 *	overlay		what it changed in its files, with objects/ (overlay_file.h, own_objects.h)
 *	control		the socket of its monitor (control.h)
 *	lock		held by its monitor: this is what "running" means; shared by who reads what
 *			it keeps
 *
 * A name is claimed by the rename of a folder that was made whole in the workshop of domains/
 * (workshop.h), and given back by a rename to there. Names begin with no dot.
 *
 * Locks are those of open files (OFD): they end with their holder, however it ends.
 */
#ifndef HOST_DOMAIN_FOLDER_H
#define HOST_DOMAIN_FOLDER_H

#include <stdbool.h>

#include "host/base/error.h"
#include "host/base/place.h"
#include "host/domain/name.h"
#include "host/domain/record.h"

/* All domains of a store. */
struct domains {
	int fd;				/* STORE/domains; -1: there are none yet */
	char store[PLACE_SIZE];		/* absolute where fd >= 0 */
};

struct folder {
	int fd;
	char name[DOMAIN_NAME_MAX + 1];
};

/*
 * Open the domains of a store (`option` as for place_store()); with make, the place is made where
 * there is none, and without it fd is -1 then. A store of a newer format is refused: -EPROTO.
 * domains_close() is due on success.
 */
int domains_open(struct domains *domains, const char *option, bool make, struct error *err);
void domains_close(struct domains *domains);

/* Calls visit with each name, in no order, until it returns non-zero, which is then the result. */
int domains_visit(const struct domains *domains, int (*visit)(const char *name, void *data),
		  void *data, struct error *err);

/* Make a domain. -EEXIST where the name is taken. On success folder_close() is due. */
int folder_create(const struct domains *domains, const char *name,
		  const struct domain_record *record, struct folder *folder, struct error *err);

/* -ENOENT where there is no such domain. On success folder_close() is due. */
int folder_open(const struct domains *domains, const char *name, struct folder *folder,
		struct error *err);
void folder_close(struct folder *folder);

/*
 * Become who runs or changes the domain. Returns the lock's descriptor, or -EBUSY where another is
 * that, -ENOENT where the domain was removed meanwhile.
 */
int folder_lock(const struct domains *domains, const struct folder *folder, struct error *err);

/*
 * Share the lock with others who read, so that nobody runs or changes the domain meanwhile. As
 * folder_lock(); -EROFS, with no message, where there is no lock yet and none can be made, as the
 * store can't be written.
 */
int folder_lock_shared(const struct domains *domains, const struct folder *folder,
		       struct error *err);

/* Whether it is no more, whatever its name leads to by now. */
bool folder_is_removed(const struct folder *folder);

/* Whether somebody holds the lock alone. */
bool folder_is_locked(const struct folder *folder);

/* For the holder of the lock: give the name back, then delete all of the folder. */
int folder_remove(const struct domains *domains, const struct folder *folder, struct error *err);

/* For the holder of the lock: another name, which must be free: -EEXIST. */
int folder_rename(const struct domains *domains, const struct folder *folder, const char *name,
		  struct error *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The objects of a lasting domain's own: files of the folder `objects` in its folder, named by
 * their local ids in hexadecimal. Which of them are in use the domain's overlay tells.
 *
 * Each description by which an object can be written has a shared lock (flock(2)), which ends with
 * the last descriptor, mapping or call that uses it, and by nothing that a domain can do. So who
 * gets the object alone knows that nobody writes it any more, whatever else a domain has let go of
 * whose monitor was killed.
 */
#ifndef HOST_DOMAIN_OWN_OBJECTS_H
#define HOST_DOMAIN_OWN_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/base/error.h"

struct own_objects {
	int fd;				/* of the folder */
	uint64_t last;			/* the greatest id in it */
};

/* Opens the folder in a domain's folder, making it. Returns 0 or -errno; release is due. */
int own_objects_open(struct own_objects *objects, int folder_fd, struct error *err);
void own_objects_release(struct own_objects *objects);

/* A new, empty object: a descriptor to read and write, with *id; or -errno. */
int own_objects_create(struct own_objects *objects, uint64_t *id);
/*
 * A descriptor of an object, to read and write unless *shared: its file has other names (`mezzo
 * store dedup` made equal ones one), and so it is to read only. Or -errno.
 */
int own_objects_get(const struct own_objects *objects, uint64_t id, bool *shared);
/*
 * How many bytes of disk an object takes, and whether nobody can write it any more by a descriptor
 * or a mapping: not so where the file system can't tell (it has no leases). 0 or -errno.
 */
int own_objects_look(const struct own_objects *objects, uint64_t id, uint64_t *bytes,
		     bool *is_idle);
/* It has no bytes from then on, though it stays. 0 or -errno. */
int own_objects_empty(const struct own_objects *objects, uint64_t id);
/*
 * A descriptor to read an object. is_live: the domain runs, and may go on writing it; else the
 * caller holds the domain's lock, and it is waited for the end of all who could write it. Or
 * -errno: -EINTR where a signal that has a handler ended the wait.
 */
int own_objects_read(const struct own_objects *objects, uint64_t id, bool is_live);
/* 0 or -errno. */
int own_objects_delete(const struct own_objects *objects, uint64_t id);
/*
 * The object's file becomes one with the regular file of fd, which gets another name: whoever has
 * that open may not write it (own_objects_read() has seen to it), and its bytes must be the same
 * and durable. At each moment the object is whole. 0, or -errno with nothing done, as -EXDEV (of
 * another file system), -EMLINK, -ENOENT (fd's file has no name any more).
 */
int own_objects_join(const struct own_objects *objects, uint64_t id, int fd);
/* Removes what an own_objects_join() left that did not come to its end. 0 or -errno. */
int own_objects_sweep(const struct own_objects *objects);
/*
 * Bytes of disk that all of them take, also where they are one with others; at least so many each,
 * since a file without bytes is one of the host's inodes, too.
 */
#define OWN_OBJECT_LEAST 4096ull
uint64_t own_objects_usage(const struct own_objects *objects);
/* All bytes of all objects are durable. 0 or -errno. */
int own_objects_sync(const struct own_objects *objects);
/*
 * Up to max ids that are not below *from, in rising order. How many, or -errno; *from is where to
 * go on, 0: there are no more.
 */
int own_objects_list(const struct own_objects *objects, uint64_t *from, uint64_t *ids, int max);

#endif

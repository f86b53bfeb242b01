/* SPDX-License-Identifier: MIT */
/*
 * What is known of a lasting domain: what it is to run, from what, and how its last run ended. It
 * is the file `record` in the domain's folder: lines of a key and a value, the first one "version
 * 2", the last one a checksum of all before it ("guard 0123abcd"). A key may come often where it is
 * a list. In values '%', control characters and DEL are written as %XX. Lines of keys that are not
 * known are kept as they are. Records of version 1 are read, too; they have no guard.
 *
 * Of the last run tells the file `run` beside it, which is written in place: a run begins and ends
 * on a full disk, too, and waits for none.
 */
#ifndef HOST_DOMAIN_RECORD_H
#define HOST_DOMAIN_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "host/base/error.h"
#include "host/base/strings.h"

/* Why a run ended, where that was none of its programs' doing and is to be told apart. */
enum domain_reason {
	REASON_NONE,
	REASON_DISK_LIMIT,		/* took more disk than its limit */
};

struct domain_record {
	const char *image;		/* its name when the domain was made; NULL: rootfs */
	uint64_t mapping;		/* of the image's objects, whatever its name is by now */
	const char *config;		/* of the image then, as JSON; NULL: not noted */
	const char *rootfs;		/* a directory, absolute; NULL: an image */
	struct strings arguments;	/* the command */
	struct strings environment;
	struct strings volumes;		/* SOURCE:PATH[:ro]; a directory's SOURCE is absolute */
	const char *workdir, *user, *hostname;	/* user: as of launch/user.h, or NULL */
	const char *layer_file, *log_file;	/* absolute, or NULL */
	bool interactive, terminal;	/* -i, -t */
	bool remove;			/* --rm: gone with its end */
	bool trace, verbose, no_key;
	int64_t disk_limit;		/* bytes that it may keep; 0: no limit */
	int64_t log_size;		/* bytes of its output that are kept; 0: the usual */
	int64_t created_ns;		/* since the epoch */
	int64_t started_ns;		/* the last run; 0: it never ran */
	int64_t finished_ns;		/* 0: not yet, or its monitor was killed */
	int64_t status;			/* mezzo's exit status, with finished_ns */
	int64_t monitor;		/* the process that carried the last run; 0: not known */
	int64_t reason;			/* enum domain_reason, with finished_ns */
	struct strings unknown;		/* whole lines */
	char *storage;			/* what the strings lie in, where it was loaded */
};

/*
 * Read the record in a domain's folder. -EUCLEAN: it is damaged; -EPROTO: of another version. On
 * success domain_record_release() is due.
 */
int domain_record_load(int folder_fd, struct domain_record *record, struct error *err);

/*
 * Read of it what tells of the last run, into a record that has nothing of that yet. Without the
 * file, or what it should hold, it never ran.
 */
void domain_record_load_run(int folder_fd, struct domain_record *record);

/*
 * Write the record: to a file beside it, which then takes its place, so that readers see the old
 * one or the new one. For the maker of the folder and the holder of its lock.
 */
int domain_record_save(int folder_fd, const struct domain_record *record, struct error *err);

/* Write what the record says of the last run. For the same. */
int domain_record_save_run(int folder_fd, const struct domain_record *record, struct error *err);

/* Free the lists and, where the record was loaded, the strings. */
void domain_record_release(struct domain_record *record);

/* Nanoseconds since the epoch. */
int64_t domain_record_now(void);

#endif

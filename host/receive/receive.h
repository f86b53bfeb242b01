/* SPDX-License-Identifier: MIT */
/*
 * mezzo-receive, the program that makes files in a domain for `mezzo cp`. It runs as a program of
 * the domain, so that paths lead where they do for all others there, and with nothing of the host
 * but its standard streams. One thread, no locks.
 */
#ifndef HOST_RECEIVE_RECEIVE_H
#define HOST_RECEIVE_RECEIVE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/receive/stream.h"

/* ---- input.c: the stream on standard input ---- */

/* Exactly so many bytes. False: it ends before. */
bool input_read(void *to, size_t size);
/* Some of the next size bytes, in place until the next call: how many; 0 where it ends. */
size_t input_piece(size_t size, const char **bytes);

/* ---- answer.c: what is told on standard output ---- */

/* "PATH: MESSAGE: ..." of an error number, on a line of its own. */
void answer_error(const char *path, const char *message, int error);
void answer_end(char how);

/* ---- destination.c: where the copy goes, by the rules of docker cp ---- */

/* A directory, and what the copy is called in it; "": it is what is in the directory. */
struct destination {
	int directory;
	char name[STREAM_NAME_MAX + 1];
	char shown[PATH_MAX];		/* the path of the copy, for messages */
};

/* kind and name are the stream's. Returns 0 or -errno, which was answered. */
int destination_open(const char *path, enum stream_kind kind, const char *name,
		     struct destination *to);

/* ---- beside.c: what is made gets its name when it is whole ---- */

/* With NUL. */
#define BESIDE_SIZE 27

/* A name for a moment, that nobody has. Returns 0 or -errno. */
int beside_name(char name[BESIDE_SIZE]);
/*
 * What was made under such a name takes the other one, in place of what may have that; with an
 * error, which is then the result, it is removed. Returns 0 or -errno.
 */
int beside_place(int parent, const char *beside, const char *name, int error);
/* The file of from, from_name and the flags of linkat(2) takes a name likewise. 0 or -errno. */
int beside_link(int from, const char *from_name, int flags, int parent, const char *name);

/* ---- The entry that is told ---- */

struct entry {
	struct stream_record record;
	const char *path;		/* in the stream, ends in NUL; as does target */
	const char *target;
	const char *attributes;
};

/* ---- attributes.c: what it says beside the bytes ---- */

/*
 * Owner and extended attributes of what has a name. The owner first, as that takes bits off the
 * mode, and capabilities away. Returns 0 or -errno.
 */
int attributes_set(int parent, const char *name, const struct entry *entry);
int attributes_set_time(int parent, const char *name, int64_t mtime_ns);
/* All of them, of a regular file. */
int attributes_set_file(int fd, const struct entry *entry);

/* ---- make.c: entries become files ---- */

struct made_directory {
	char *path;
	uint32_t mode;
	int64_t mtime_ns;
};

struct maker {
	struct destination to;
	bool makes_parents;		/* directories that were not told */
	/* The file that is told: its directory, and its name to be there; file is -1 for none. */
	int file, parent;
	char name[STREAM_NAME_MAX + 1];
	char beside[BESIDE_SIZE];	/* its name until then; "": it has none */
	struct entry entry;
	char **lost;			/* paths of what was told and not made, as they came */
	size_t lost_count;
	struct made_directory *directories;
	size_t directory_count;
	uint64_t made, failed;
	bool is_full;			/* nothing more can be made */
};

/* An entry; for a regular file bytes and end may follow. What fails is answered and counted. */
void maker_add(struct maker *maker, const struct entry *entry);
void maker_bytes(struct maker *maker, const char *bytes, size_t size, uint64_t offset);
void maker_end(struct maker *maker);
/* A file without its end is removed. Harmless where there is none. */
void maker_break_off(struct maker *maker);
/* Directories get their modes and times, now that all in them is made. */
void maker_settle(struct maker *maker);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The plan: everything that a domain is to be, read from the command line and checked before
 * anything is started. Who fills it owns the strings; they outlive the plan.
 */
#ifndef HOST_LAUNCH_PLAN_H
#define HOST_LAUNCH_PLAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "boundary/abi.h"
#include "host/base/error.h"
#include "host/base/strings.h"

struct user;

/* A directory of the host that the domain shares. */
struct plan_volume {
	char *text;			/* SOURCE:PATH[:ro], what the strings lie in; freed here */
	char *source;			/* a directory, absolute; freed here */
	const char *name;		/* of the store's volume that it is, or NULL */
	const char *path;		/* where the domain sees it */
	int fd;				/* the very directory (O_PATH); closed here */
	int use;			/* keeps the store's volume from removal; closed here */
	bool read_only;
};

struct plan {
	const char *rootfs;		/* the lower root; "/" for `mezzo do`; NULL with an image */
	const char *image, *store;	/* an image, and where; NULL: the usual store */
	uint64_t mapping;		/* the image's, whatever its name is by now */
	int folder;			/* a lasting domain's; -1: it is ephemeral */
	const char *layer_file;		/* NULL: the one installed with mezzo */
	const char *log_file;		/* NULL: the log goes to stderr */
	const char *hostname;
	char *cwd;			/* absolute, as the domain sees it */
	char **argv;			/* ends in NULL */
	struct strings environment;
	char *home;			/* HOME of the user, in the environment; NULL */
	uint32_t flags;			/* CONFIG_* */
	uint32_t program_flags;		/* PROGRAM_* */
	uint32_t stream_flags[STREAM_COUNT];	/* STREAM_* */
	uid_t uid;
	gid_t gid;
	gid_t groups[CONFIG_GROUPS_MAX];
	size_t group_count;
	uint64_t disk_limit;		/* of what a lasting domain keeps, in bytes; 0: none */
	struct plan_volume volumes[VOLUME_MAX];
	size_t volume_count;
	bool volume_ids_are_root;	/* in volumes the caller's own ids appear as 0 */
	bool no_key;			/* no wall between programs and their system layer */
	bool own_ids_are_root;		/* the caller's own uid and gid appear as 0 in the domain */
	/* What the command line chose, which goes over what an image says. */
	struct strings variables;	/* -e, in the environment too */
	const char *user;		/* -u, to be looked up; NULL */
	const char *entrypoint;		/* "": none; NULL: the image's */
	bool cwd_is_chosen;
};

/* The caller's own root, directory, ids and environment. Returns 0 or -errno. */
int plan_init_as_caller(struct plan *plan, char **environ, struct error *err);

/* A root file system in a directory: uid 0, "/", a small environment. Returns 0 or -errno. */
int plan_init_for_rootfs(struct plan *plan, const char *rootfs, struct error *err);

/* -e: NAME=VALUE, or NAME to take the caller's value (nothing happens where there is none). */
int plan_set_variable(struct plan *plan, char *assignment, struct error *err);

/*
 * -v: SOURCE:PATH[:ro], where SOURCE is a directory that begins with '/' or '.', or the name of a
 * volume of the store, whose directory is to be found (plan_set_volume()) before plan_check().
 * Returns 0 or -errno.
 */
int plan_add_volume(struct plan *plan, const char *text, struct error *err);

/*
 * The same of a record, whose directory is the one that -v once led to: not a link by now, nor
 * behind one.
 */
int plan_add_known_volume(struct plan *plan, const char *text, struct error *err);

/*
 * The directory of a volume of the store; the descriptor `use` keeps the volume from being removed,
 * and is taken over with success. Returns 0 or -errno.
 */
int plan_set_volume(struct plan_volume *volume, const char *source, int use, struct error *err);

/* Who it starts as, and HOME where it is told. Returns 0 or -errno. */
int plan_set_user(struct plan *plan, const struct user *user, struct error *err);

/* Look at mezzo's own standard streams: see fd_secure_standard(). Returns 0 or -errno. */
int plan_note_streams(struct plan *plan, struct error *err);

/*
 * Whether stdout and stderr lead to one place (2>&1): then they must share a ring, or what is
 * written to them would come out in another order.
 */
bool plan_outputs_are_one(int out_fd, int error_fd);

/* Check what only the whole plan shows. Returns 0 or -errno. */
int plan_check(const struct plan *plan, struct error *err);

/* Check that the volumes can be used. Returns 0 or -errno. */
int plan_check_volumes(const struct plan *plan, struct error *err);

/* Whether the path lies in a volume, by its text. */
bool plan_path_is_shared(const struct plan *plan, const char *path);

/* The part of plan_release() that is about volumes. */
void plan_release_volumes(struct plan *plan);

/* Free what the plan itself allocated, and close what it holds. */
void plan_release(struct plan *plan);

#endif

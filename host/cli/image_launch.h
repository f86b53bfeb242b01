/* SPDX-License-Identifier: MIT */
/*
 * From an image and what the command line chose to a whole plan, by the rules of docker and podman:
 * entrypoint and command, environment, directory, user.
 */
#ifndef HOST_CLI_IMAGE_LAUNCH_H
#define HOST_CLI_IMAGE_LAUNCH_H

#include "host/image/launch.h"
#include "host/image/record.h"
#include "host/launch/plan.h"

/* What the plan's strings are part of; it must outlive the plan. */
struct image_use {
	char name[IMAGE_NAME_SIZE]; /* of the image, as the store has it */
	struct image_launch launch;
	char *config; /* its config, which a lasting domain keeps */
	char **argv;
	int pin; /* keeps the image's objects; -1 */
};

/*
 * Fills mapping, argv, environment, cwd, user, ids and groups of a plan for an image, whose image,
 * store and choices are there and whose argv is the command that was given, or empty. The image's
 * objects stay until image_use_release(), which is due in any case. Returns 0 or -errno.
 */
int image_launch_apply(struct plan *plan, struct image_use *use, struct error *err);
void image_use_release(struct image_use *use);

/*
 * Looks up plan->user once more in the image of plan->mapping, for a plan that was made of a
 * record. Returns 0 or -errno.
 */
int image_user_apply(struct plan *plan, struct error *err);

/*
 * Keeps the objects of a mapping until the descriptor that it returns is closed; -ENOENT where they
 * are gone, or another -errno.
 */
int image_pin(const char *store, mapping_id mapping, struct error *err);

/*
 * For a plan over a directory: looks up plan->user, if there is one, in the directory's own files.
 */
int rootfs_launch_apply(struct plan *plan, struct error *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The place in a folder of the store where what has a name there is made whole before it gets that,
 * and what has lost it is removed: its .new. Nobody looks there, and so nobody ever sees half of
 * anything. What died on the way stays until somebody else comes: whoever works there shares the
 * lock of .lock, and who gets that one alone knows that all is left over, and removes it.
 */
#ifndef HOST_DOMAIN_WORKSHOP_H
#define HOST_DOMAIN_WORKSHOP_H

#include "host/base/error.h"

#define WORKSHOP		".new"
#define WORKSHOP_NAME_SIZE	40

/*
 * Begin to work in the workshop of the folder, which `what` names in messages; it is made where
 * there is none. Returns the lock's descriptor, whose end is that of the work, or -errno.
 */
int workshop_enter(int folder_fd, const char *what, struct error *err);

/* A name in the workshop, relative to the folder, that nobody has. Returns 0 or -errno. */
int workshop_name(char name[WORKSHOP_NAME_SIZE], struct error *err);

#endif

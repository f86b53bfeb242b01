/* SPDX-License-Identifier: MIT */
/* Where things lie on the host: the store, and Mezzo's own other files. */
#ifndef HOST_BASE_PLACE_H
#define HOST_BASE_PLACE_H

#include "host/base/error.h"

#define PLACE_SIZE 4096

/*
 * The directory of the store: `option` where it is not NULL, else $MEZZO_STORE, else /var/lib/mezzo
 * for root, else $XDG_DATA_HOME/mezzo, else ~/.local/share/mezzo. Nothing is made there.
 */
int place_store(const char *option, char path[PLACE_SIZE], struct error *err);

/* Makes the directories above a path that are missing, mode 0755. Returns 0 or -errno. */
int place_make_parents(const char *path, struct error *err);

/*
 * Opens a file that is installed with Mezzo: beside the running program's own, or in
 * ../libexec/mezzo from there. Returns a descriptor, with its path, or -errno; `what` names the
 * file in the message.
 */
int place_open_installed(const char *name, const char *what, char path[PLACE_SIZE],
			 struct error *err);

#endif

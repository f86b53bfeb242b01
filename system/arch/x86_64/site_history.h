/* SPDX-License-Identifier: MIT */
/*
 * What the domain has learnt of the system call sites in files: those that most programs which map a file
 * come to, such as the ones of the dynamic linker, are patched as soon as it is mapped, before they
 * trap once.
 */
#ifndef ARCH_SITE_HISTORY_H
#define ARCH_SITE_HISTORY_H

#include "memory/mm.h"

#define SITE_HISTORY_MAX 64u		/* sites remembered of one file */

struct known_site {
	u64 offset;		/* of the `syscall` instruction, in the file */
	u32 traps;		/* in all processes */
	u16 number;
	bool worth;		/* pays when it is patched in each process */
};

/* A site trapped. */
void site_history_trap(const struct file_version *version, u64 offset, u64 number);
/*
 * Text at [from, to) of a file is mapped to be executed: counts that and fills sites with those that are worth a
 * patch. Returns how many.
 */
u32 site_history_map(const struct file_version *version, u64 from, u64 to,
		     struct known_site sites[SITE_HISTORY_MAX]);

#endif

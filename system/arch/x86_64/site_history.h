/* SPDX-License-Identifier: MIT */
/*
 * What the domain has learnt of the system call sites in files: those that most programs which map
 * a file come to, such as the ones of the dynamic linker, are patched as soon as it is mapped,
 * before they trap once.
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
	bool in_text;		/* patched in the file's patched text */
};

/*
 * A copy of a text with its jumps written, for all processes of the domain that map the same, and
 * the page with the stubs that they lead to. Lives as long as the domain.
 */
struct patched_text {
	int handle;		/* a memfd; 0: there is none */
	u64 offset, size;	/* what part of the file it is */
	void *stubs;		/* a page of the heap */
	s64 distance;		/* from the text's first byte to where the stubs must be */
};

/* A site trapped. */
void site_history_trap(const struct file_version *version, u64 offset, u64 number);
/*
 * Text at [from, to) of a file is mapped to be executed: counts that and fills sites with those
 * that are worth a patch, without those of the patched text if it is what is mapped. Returns how
 * many. *keep, where it was true: this is a good time to make a patched text, and all sites that
 * are known there were filled in.
 */
u32 site_history_map(const struct file_version *version, u64 from, u64 to, bool patched,
		     struct known_site sites[SITE_HISTORY_MAX], bool *keep);

/* The patched text for just this part of a file. False: there is none. */
bool site_history_text(const struct file_version *version, u64 offset, u64 size,
		       struct patched_text *text);
/*
 * Takes the text over, with the sites in it. False where there is one already, or there are enough.
 */
bool site_history_keep(const struct file_version *version, const struct patched_text *text,
		       const struct known_site *sites, u32 count);

#endif

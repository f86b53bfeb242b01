/* SPDX-License-Identifier: MIT */
/*
 * What a system call site looks like, and so how a jump can take the place of an instruction at it.
 * Used by patch.c.
 */
#ifndef ARCH_SITE_H
#define ARCH_SITE_H

#include "core/types.h"

#define SITE_BEFORE	16	/* bytes before a site that are looked at */
#define SITE_BEHIND	8	/* the `syscall` itself, and what follows */
#define MIDDLE_MAX	8

enum pattern { PATTERN_NONE, PATTERN_MOV, PATTERN_MOV_LONG, PATTERN_MOV_MIDDLE, PATTERN_COMPARE };

/* cmp $-4096, %rax or cmp $-4095, %rax */
#define COMPARE_SIZE	6
bool site_is_compare(const u8 *bytes);

struct site_view {
	u8 code[SITE_BEFORE + SITE_BEHIND];	/* the `syscall` is at SITE_BEFORE */
	u32 middle;		/* PATTERN_MOV_MIDDLE: bytes between the mov and the `syscall` */
};

/* The pattern of a site at which a call was made with number. */
enum pattern site_pattern(struct site_view *view, u64 number);
/* How many bytes before the `syscall` the jump begins. */
u32 site_start(const struct site_view *view, enum pattern pattern);
/*
 * Copies the instruction in the middle to where it shall end at end_address. False where its target
 * is too far from there.
 */
bool site_middle_move(u8 *to, const struct site_view *view, u64 site, u64 end_address);

#endif

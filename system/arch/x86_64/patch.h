/* SPDX-License-Identifier: MIT */
/*
 * Patching of system call sites: the instruction before or behind a `syscall` becomes a jump to a stub
 * that enters the layer without a host trap. See patch.c for the patterns and why they are safe.
 */
#ifndef ARCH_PATCH_H
#define ARCH_PATCH_H

#include "core/types.h"

struct mm;
struct regs;

/*
 * A system call trapped at site (the address of the `syscall` instruction) with number. Counts it, and
 * patches the site when it has trapped often enough and can be patched safely.
 */
void site_trapped(struct mm *mm, u64 site, u64 number);

/* The address of the `syscall` instruction (or the jump in its place) of the call in progress: restart there. */
u64 regs_syscall_address(const struct regs *regs);

/*
 * Moves rip out of a stub: where the call came through a stub that still has a relocated `cmp` to run, does
 * that in the saved registers, so that the program's frame shows an address of its own text.
 */
void regs_leave_stub(struct regs *regs);

/* True where rip is inside a stub of mm. */
bool stub_contains(struct mm *mm, u64 rip);

/* For fork and the end of an mm. */
struct stub_block *stub_blocks_share(struct stub_block *blocks);
void stub_blocks_put(struct stub_block *blocks);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Patching of system call sites: the instruction before or behind a `syscall` becomes a jump to a
 * stub that enters the layer without a host trap. See patch.c for the patterns and why they are
 * safe.
 */
#ifndef ARCH_PATCH_H
#define ARCH_PATCH_H

#include "core/types.h"

struct file;
struct mm;
struct regs;
struct site_table;
struct stub_block;

/*
 * A system call trapped at site (the address of the `syscall` instruction) with number. Counts it,
 * and patches the site when it has trapped often enough and can be patched safely. Takes mm->lock
 * and mm->stub_lock.
 */
void site_trapped(struct mm *mm, u64 site, u64 number);

/*
 * The address of the `syscall` instruction (or of the jump in its place) of the call in progress: a
 * restart goes there.
 */
u64 regs_syscall_address(const struct regs *regs);

/*
 * Moves rip to the program's own text where it stands in a stub behind the call, or right behind a
 * `syscall` that is by now a jump: the one instruction that was moved to the stub, a compare of
 * rax, is done on the saved registers. Harmless anywhere else.
 */
void regs_leave_stub(struct regs *regs);

/*
 * True where rip is in a stub on its way into the layer. Safe on the host signal stack: takes no
 * lock.
 */
bool stub_is_entering(struct mm *mm, u64 rip);
/* True where another thread is writing a jump at address, or has just written it. As above. */
bool site_is_changing(struct mm *mm, u64 address);

/*
 * Patches what has been patched in relatives of mm, before fork copies it: a site that only
 * children come to, once each, would trap in every one of them. mm->lock and mm->stub_lock held, by
 * a process of that mm.
 */
void sites_patch_known(struct mm *mm);

/*
 * Text of a file is to be mapped, private and not writable, at a free address: true where *handle
 * has the same bytes with jumps at the sites that programs are known to come to, from its start.
 * Their stubs are mapped then. mm->lock held.
 */
bool text_is_patched(struct mm *mm, struct file *file, u64 address, u64 offset, u64 size,
		     int *handle);
/*
 * Text was mapped at an address that is nobody's yet, from such a handle or from its file: patches
 * the (other) sites in it that programs are known to come to. mm->lock held.
 */
void sites_patch_mapped(struct mm *mm, u64 address, u64 size, bool patched);

/*
 * For processes that are traced: sites_keep() of an empty mm says that none of its sites are ever
 * to be patched; sites_restore(), by a thread that runs there, also makes the text what it was.
 * Their calls trap from then on, and a debugger finds what the program's file has.
 */
void sites_keep(struct mm *mm);
void sites_restore(struct mm *mm);

/* For fork and the end of an mm. NULL is allowed. */
struct stub_block *stub_blocks_share(struct stub_block *blocks);
void stub_blocks_put(struct stub_block *blocks);
void site_table_share(struct site_table *table);
void site_table_put(struct site_table *table);

#endif

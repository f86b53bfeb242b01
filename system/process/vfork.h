/* SPDX-License-Identifier: MIT */
/* Children of vfork, which the parent's thread plays; see vfork.c. */
#ifndef PROCESS_VFORK_H
#define PROCESS_VFORK_H

#include "core/thread.h"

struct process;
struct vfork_frame;

/*
 * What the calling thread is before it plays child, with a reference to child. NULL: out of memory.
 * Undone by vfork_frame_free(), as long as vfork_begin() has not succeeded.
 */
struct vfork_frame *vfork_frame_create(struct process *child);
void vfork_frame_free(struct vfork_frame *frame);
/*
 * The calling thread is the child's from here on. -ERESTARTNOINTR where a signal is to be taken
 * first.
 */
int vfork_begin(struct vfork_frame *frame) __must_check;
/*
 * Ends the play: the calling thread, which its process has given up, is the parent again and its
 * registers say that vfork returned. Called on the kernel stack by exit and exec; does not return:
 * goes back to the program, or ends the host thread where the parent has ended.
 */
__noreturn void vfork_return(void);
/*
 * Gives up what the calling thread was in processes that have ended meanwhile: with the last of
 * them thread->vfork is NULL, and it is a thread like others. May touch program memory.
 */
void vfork_orphan_settle(void);
/*
 * Ends a process that has nothing but stand-ins and whose exit_status is decided: they leave it
 * soon. process->signal_lock held.
 */
void vfork_waiting_end_locked(struct process *process);

#endif

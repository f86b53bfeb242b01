/* SPDX-License-Identifier: MIT */
/* What files of /proc/PID about its address space share. */
#ifndef FS_PROC_MEMORY_H
#define FS_PROC_MEMORY_H

#include "fs/proc.h"
#include "memory/mm.h"

/* What a print function gets. */
struct looked_at {
	struct process *process;
	struct mm *mm;
	u32 host_tgid;			/* the host process that has it; 0: begins only now */
};

/*
 * Calls print with the address space of the process, where it has one that the caller may see, or
 * anybody may. 0, -ESRCH, -EACCES, or what print returns; where that is -ESRCH and the process has
 * another address space by then, print, which may not have printed yet, is called with that.
 */
int proc_with_mm(struct proc_text *text, const struct proc_key *key, bool for_all,
		 int (*print)(struct proc_text *text, const struct looked_at *at)) __must_check;

/* root: the caller's; buffer has PATH_MAX bytes. */
typedef void proc_area_visit(struct proc_text *text, const struct area *area,
			     const struct path *root, char *buffer, void *data);

/* Calls print for each area, from the lowest up, without a lock. Takes mm->lock. 0 or -ENOMEM. */
int proc_areas_print(struct proc_text *text, struct mm *mm, proc_area_visit *print, void *data)
	__must_check;
/* Its line in maps. */
void proc_area_print(struct proc_text *text, const struct area *area, const struct path *root,
		     char *buffer);
/* The path of the file that it maps, in buffer; "" where it has none. */
const char *proc_area_path(const struct area *area, const struct path *root, char *buffer);

#endif

/* SPDX-License-Identifier: MIT */
/* /proc/PID/io: what was read and written. No locks of its own. */
#include "fs/proc.h"

/* A thread's own; or of all threads that are and were, and of children that were waited for. */
static int counts_read(struct process *process, const struct proc_key *key, struct io_counts *sum)
{
	struct thread *thread;
	bool found = !key->tid;

	lock_acquire(&process_tree_lock);
	*sum = key->tid ? (struct io_counts){ 0 } : process->io;
	lock_acquire(&process->signal_lock);
	list_for_each(thread, &process->threads, process_node) {
		if (key->tid && thread->tid != key->tid)
			continue;
		io_counts_add(sum, &thread->io);
		found = true;
	}
	lock_release(&process->signal_lock);
	lock_release(&process_tree_lock);
	return found ? 0 : -ESRCH;
}

/* What of it the disk had to do the host does not tell. */
static void counts_print(struct proc_text *text, const struct io_counts *counts)
{
	proc_print(text, "rchar: %llu\nwchar: %llu\nsyscr: %llu\nsyscw: %llu\n",
		   (unsigned long long)counts->bytes[0], (unsigned long long)counts->bytes[1],
		   (unsigned long long)counts->calls[0], (unsigned long long)counts->calls[1]);
	proc_print(text, "read_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n");
}

int proc_io_show(struct proc_text *text, const struct proc_key *key)
{
	struct process *process = process_find(key->pid);
	struct io_counts counts;
	int error;

	if (!process)
		return -ESRCH;
	error = proc_may_inspect(process);
	if (!error)
		error = counts_read(process, key, &counts);
	if (!error)
		counts_print(text, &counts);
	process_put(process);
	return error;
}

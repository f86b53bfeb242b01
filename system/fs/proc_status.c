/* SPDX-License-Identifier: MIT */
/* /proc/PID/status. No locks of its own; see proc_view.c. */
#include "core/string.h"
#include "fs/proc.h"
#include "memory/mm.h"
#include "process/memory_use.h"
#include "vfs/file.h"
#include "vfs/fs_context.h"

static const char *state_name(char state)
{
	switch (state) {
	case 'S':
		return "sleeping";
	case 'T':
		return "stopped";
	case 't':
		return "tracing stop";
	case 'Z':
		return "zombie";
	default:
		return "running";
	}
}

static void status_ids(struct proc_text *text, const struct credentials *credentials)
{
	if (!credentials)
		return;
	proc_print(text, "Uid:\t%u\t%u\t%u\t%u\n", credentials->uid, credentials->euid,
		   credentials->suid, credentials->fsuid);
	proc_print(text, "Gid:\t%u\t%u\t%u\t%u\n", credentials->gid, credentials->egid,
		   credentials->sgid, credentials->fsgid);
}

static void status_groups(struct proc_text *text, const struct credentials *credentials)
{
	proc_print(text, "Groups:\t");
	for (u32 i = 0; credentials && i < credentials->group_count; i++)
		proc_print(text, "%u ", credentials->groups[i]);
	proc_print(text, "\n");
}

static void status_capabilities(struct proc_text *text, const struct credentials *credentials)
{
	if (!credentials)
		return;
	proc_print(text, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\n",
		   (unsigned long long)credentials->cap_inheritable,
		   (unsigned long long)credentials->cap_permitted,
		   (unsigned long long)credentials->cap_effective);
	proc_print(text, "CapBnd:\t%016llx\nCapAmb:\t%016llx\n",
		   (unsigned long long)credentials->cap_bounding,
		   (unsigned long long)credentials->cap_ambient);
}

static void status_signals(struct proc_text *text, const struct proc_view *view)
{
	proc_print(text, "Threads:\t%u\n", view->threads);
	proc_print(text, "SigQ:\t%u/%llu\n",
		   __builtin_popcountll(view->pending_process | view->pending_thread),
		   (unsigned long long)view->queued_limit);
	proc_print(text, "SigPnd:\t%016llx\nShdPnd:\t%016llx\n",
		   (unsigned long long)view->pending_thread,
		   (unsigned long long)view->pending_process);
	proc_print(text, "SigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n",
		   (unsigned long long)view->blocked, (unsigned long long)view->ignored,
		   (unsigned long long)view->caught);
}

static void kb_line(struct proc_text *text, const char *name, u64 kb)
{
	proc_print(text, "%s:\t%8llu kB\n", name, (unsigned long long)kb);
}

static void status_memory(struct proc_text *text, struct process *process,
			  const struct proc_view *view)
{
	struct mm *mm = proc_mm_get(process);
	struct process_memory use;
	struct proc_memory memory;

	if (!mm)
		return;
	proc_memory_read(mm, &memory);
	mm_put(mm);
	memory_use_read(view->host_tgid, &use);
	kb_line(text, "VmPeak", memory.mapped_kb);
	kb_line(text, "VmSize", memory.mapped_kb);
	kb_line(text, "VmLck", memory.locked_kb);
	kb_line(text, "VmPin", 0);
	kb_line(text, "VmHWM", use.peak_kb);
	kb_line(text, "VmRSS", use.resident_kb);
	kb_line(text, "RssAnon", use.anonymous_kb);
	kb_line(text, "RssFile", use.file_kb);
	kb_line(text, "RssShmem", use.shared_kb);
	kb_line(text, "VmData", memory.data_kb);
	kb_line(text, "VmStk", memory.stack_kb);
	kb_line(text, "VmExe", memory.text_kb);
	kb_line(text, "VmLib", memory.library_kb);
	kb_line(text, "VmPTE", use.page_table_kb);
	kb_line(text, "VmSwap", use.swapped_kb);
	kb_line(text, "HugetlbPages", 0);
	proc_print(text, "CoreDumping:\t%u\n", READ_ONCE(process->dumper) != NULL);
}

static u32 process_umask(struct process *process)
{
	struct fs_context *fs = proc_fs_get(process);
	u32 umask = 0;

	if (fs) {
		umask = READ_ONCE(fs->umask);
		fs_context_put(fs);
	}
	return umask;
}

static u32 process_fd_size(struct process *process)
{
	struct fd_table *files = proc_files_get(process);
	u32 capacity = 0;

	if (files) {
		capacity = READ_ONCE(files->capacity);
		fd_table_put(files);
	}
	return capacity;
}

static void status_processors(struct proc_text *text, const struct proc_view *view)
{
	proc_print(text, "Cpus_allowed:\t");
	proc_mask_print(text, view->processors, view->processor_count);
	proc_print(text, "\nCpus_allowed_list:\t");
	proc_list_print(text, view->processors, view->processor_count);
	proc_print(text, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
}

static void status_show_process(struct proc_text *text, struct process *process,
				const struct proc_view *view)
{
	proc_print(text, "Name:\t%s\nUmask:\t%04o\n", view->name, process_umask(process));
	proc_print(text,
		   "State:\t%c (%s)\nTgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\nTracerPid:\t%u\n",
		   view->state, state_name(view->state), view->pid, view->tid, view->parent_pid,
		   view->tracer_pid);
	status_ids(text, view->credentials);
	proc_print(text, "FDSize:\t%u\n", process_fd_size(process));
	status_groups(text, view->credentials);
	proc_print(text, "NStgid:\t%u\nNSpid:\t%u\nNSpgid:\t%u\nNSsid:\t%u\n", view->pid, view->tid,
		   view->pgid, view->sid);
	status_memory(text, process, view);
	status_signals(text, view);
	status_capabilities(text, view->credentials);
	proc_print(text, "NoNewPrivs:\t%u\nSeccomp:\t0\nSeccomp_filters:\t0\n", view->no_new_privs);
	status_processors(text, view);
	proc_print(text, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n",
		   (unsigned long long)view->times.voluntary,
		   (unsigned long long)view->times.involuntary);
}

int proc_status_show(struct proc_text *text, const struct proc_key *key)
{
	return proc_with_view(text, key, status_show_process);
}

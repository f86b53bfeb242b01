/* SPDX-License-Identifier: MIT */
/*
 * Files of /proc/PID that are one value, most of which can be written: names, scores, ids. The
 * values are single words of a process, without a lock, or under its signal_lock as said.
 */
#include <linux/capability.h>

#include "core/string.h"
#include "fs/proc.h"
#include "process/core_dump.h"

int proc_integer_parse(const char *text, s64 *number)
{
	bool negative = *text == '-';
	s64 value = 0;

	text += negative || *text == '+';
	if (*text < '0' || *text > '9')
		return -EINVAL;
	while (*text >= '0' && *text <= '9' && value < INT64_MAX / 10 - 1)
		value = value * 10 + (*text++ - '0');
	while (*text == '\n' || *text == ' ' || *text == '\t')
		text++;
	*number = negative ? -value : value;
	return *text ? -EINVAL : 0;
}

static u32 digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return (u32)(digit - '0');
	digit |= 'a' - 'A';
	return digit >= 'a' && digit <= 'f' ? (u32)(digit - 'a') + 10 : 16;
}

/* Of 32 bits, without a sign: octal after a 0, hexadecimal after 0x. 0, -EINVAL or -ERANGE. */
static int number_parse(const char *text, u32 *number)
{
	u32 base = 10;
	u64 value = 0;

	if (*text == '0' && (text[1] | ('a' - 'A')) == 'x') {
		base = 16;
		text += 2;
	} else if (*text == '0') {
		base = 8;
	}
	if (digit_value(*text) >= base)
		return -EINVAL;
	for (; digit_value(*text) < base && value <= UINT32_MAX; text++)
		value = value * base + digit_value(*text);
	text += *text == '\n';
	*number = (u32)value;
	if (value > UINT32_MAX)
		return -ERANGE;
	return *text ? -EINVAL : 0;
}

/* ---- comm ---- */

static void comm_show_process(struct proc_text *text, struct process *process,
			      const struct proc_view *view)
{
	(void)process;
	proc_print(text, "%s\n", view->name);
}

int proc_comm_show(struct proc_text *text, const struct proc_key *key)
{
	return proc_with_view(text, key, comm_show_process);
}

/* Only threads of the writer's own process can be renamed. */
int proc_comm_store(const struct proc_key *key, char *data, size_t size)
{
	struct process *process = process_current();
	struct thread *thread;
	int error = -ESRCH;

	if (key->pid != process->pid)
		return -EINVAL;
	if (size && data[size - 1] == '\n')
		data[size - 1] = '\0';
	lock_acquire(&process->signal_lock);
	thread = proc_thread_locked(process, key);
	if (thread) {
		strlcpy(thread->name, data, sizeof(thread->name));
		error = 0;
	}
	lock_release(&process->signal_lock);
	return error;
}

/* ---- Who is to go when memory is short: remembered; the layer ends nobody for it ---- */

#define OOM_ADJUST_MAX 1000
#define OOM_OLD_MAX 15
#define OOM_OLD_DISABLE (-17)

static int oom_adjust_get(const struct proc_key *key, s32 *adjust)
{
	struct process *process = process_find(key->pid);

	if (!process)
		return -ESRCH;
	*adjust = READ_ONCE(process->oom_score_adj);
	process_put(process);
	return 0;
}

/* To lower it takes privilege. */
static int oom_adjust_set(const struct proc_key *key, s32 adjust)
{
	struct process *process = process_find(key->pid);
	int error = 0;

	if (!process)
		return -ESRCH;
	if (adjust < process->oom_score_adj &&
	    !credentials_capable(process_current()->credentials, CAP_SYS_RESOURCE))
		error = -EACCES;
	else
		WRITE_ONCE(process->oom_score_adj, adjust);
	process_put(process);
	return error;
}

int proc_oom_score_adj_show(struct proc_text *text, const struct proc_key *key)
{
	s32 adjust;
	int error = oom_adjust_get(key, &adjust);

	if (!error)
		proc_print(text, "%d\n", adjust);
	return error;
}

int proc_oom_score_adj_store(const struct proc_key *key, char *data, size_t size)
{
	s64 adjust;

	(void)size;
	if (proc_integer_parse(data, &adjust) || adjust < -OOM_ADJUST_MAX ||
	    adjust > OOM_ADJUST_MAX)
		return -EINVAL;
	return oom_adjust_set(key, (s32)adjust);
}

/* The same in the scale of old. */
int proc_oom_adj_show(struct proc_text *text, const struct proc_key *key)
{
	s32 adjust;
	int error = oom_adjust_get(key, &adjust);

	if (error)
		return error;
	proc_print(text, "%d\n",
		   adjust == OOM_ADJUST_MAX ? OOM_OLD_MAX
					    : adjust * -OOM_OLD_DISABLE / OOM_ADJUST_MAX);
	return 0;
}

int proc_oom_adj_store(const struct proc_key *key, char *data, size_t size)
{
	s64 old;

	(void)size;
	if (proc_integer_parse(data, &old) ||
	    (old != OOM_OLD_DISABLE && (old < -16 || old > OOM_OLD_MAX)))
		return -EINVAL;
	return oom_adjust_set(key, old == OOM_OLD_MAX
					   ? OOM_ADJUST_MAX
					   : (s32)old * OOM_ADJUST_MAX / -OOM_OLD_DISABLE);
}

/* Linux's scale: two thirds of (1000 + share of memory in thousandths + adjustment). */
int proc_oom_score_show(struct proc_text *text, const struct proc_key *key)
{
	s32 adjust;
	int error = oom_adjust_get(key, &adjust);

	if (!error)
		proc_print(text, "%d\n", (OOM_ADJUST_MAX + adjust) * 2 / 3);
	return error;
}

/* ---- loginuid ---- */

int proc_loginuid_show(struct proc_text *text, const struct proc_key *key)
{
	struct process *process = process_find(key->pid);

	if (!process)
		return -ESRCH;
	proc_print(text, "%u", READ_ONCE(process->login_uid));
	process_put(process);
	return 0;
}

/* By the process itself; the first time, without privilege. */
int proc_loginuid_store(const struct proc_key *key, char *data, size_t size)
{
	struct process *process = process_current();
	s64 uid;

	(void)size;
	if (key->pid != process->pid)
		return -EPERM;
	if (proc_integer_parse(data, &uid) || uid < 0 || uid > UINT32_MAX)
		return -EINVAL;
	if (process->login_uid != LOGIN_UID_NONE &&
	    !credentials_capable(process->credentials, CAP_AUDIT_CONTROL))
		return -EPERM;
	WRITE_ONCE(process->login_uid, (u32)uid);
	return 0;
}

/* ---- coredump_filter ---- */

int proc_core_filter_show(struct proc_text *text, const struct proc_key *key)
{
	struct process *process = process_find(key->pid);

	if (!process)
		return -ESRCH;
	proc_print(text, "%08x\n", READ_ONCE(process->core_filter));
	process_put(process);
	return 0;
}

/* A number of any base, as C writes it. Bits that mean nothing are forgotten. */
int proc_core_filter_store(const struct proc_key *key, char *data, size_t size)
{
	struct process *process;
	u32 filter;
	int error = number_parse(data, &filter);

	(void)size;
	if (error)
		return error;
	process = process_find(key->pid);
	if (!process)
		return -ESRCH;
	WRITE_ONCE(process->core_filter, filter & CORE_FILTER_ALL);
	process_put(process);
	return 0;
}

/* ---- timerslack_ns ---- */

int proc_timer_slack_show(struct proc_text *text, const struct proc_key *key)
{
	struct process *process = process_find(key->pid);
	struct thread *thread;
	int error = -ESRCH;

	if (!process)
		return -ESRCH;
	lock_acquire(&process->signal_lock);
	thread = proc_thread_locked(process, key);
	if (thread) {
		proc_print(text, "%llu\n", (unsigned long long)thread_timer_slack_ns(thread));
		error = 0;
	}
	lock_release(&process->signal_lock);
	process_put(process);
	return error;
}

/* 0 is the default. Others' takes privilege. */
int proc_timer_slack_store(const struct proc_key *key, char *data, size_t size)
{
	struct process *process = process_find(key->pid);
	struct thread *thread;
	int error = -ESRCH;
	s64 slack;

	(void)size;
	if (!process)
		return -ESRCH;
	if (proc_integer_parse(data, &slack) || slack < 0)
		error = -EINVAL;
	else if (process != process_current() &&
		 !credentials_capable(process_current()->credentials, CAP_SYS_NICE))
		error = -EPERM;
	if (error == -ESRCH) {
		lock_acquire(&process->signal_lock);
		thread = proc_thread_locked(process, key);
		if (thread) {
			WRITE_ONCE(thread->timer_slack_ns, (u64)slack);
			error = 0;
		}
		lock_release(&process->signal_lock);
	}
	process_put(process);
	return error;
}

/* ---- User namespaces: there is the first one, in which all ids are themselves ---- */

int proc_id_map_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	proc_print(text, "%10u %10u %10u\n", 0u, 0u, UINT32_MAX);
	return 0;
}

int proc_setgroups_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	proc_print(text, "allow\n");
	return 0;
}

int proc_namespace_store(const struct proc_key *key, char *data, size_t size)
{
	(void)key, (void)data, (void)size;
	return -EPERM;
}

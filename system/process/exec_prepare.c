/* SPDX-License-Identifier: MIT */
/*
 * Finding out what execve(2) is to run: scripts and their interpreters, ELF files and theirs, and
 * the credentials of the new program. Everything that can be refused is refused here. No locks.
 */
#include <linux/capability.h>

#include "core/heap.h"
#include "core/string.h"
#include "process/exec.h"
#include "process/process.h"
#include "process/ptrace.h"
#include "vfs/file.h"
#include "vfs/path.h"

#define SCRIPT_DEPTH_MAX 5
#define SCRIPT_LINE_MAX	256

void exec_free(struct exec *exec)
{
	elf_release(&exec->program);
	elf_release(&exec->interpreter);
	text_release(&exec->arguments);
	text_release(&exec->environment);
	credentials_put(exec->credentials);
	heap_free(exec->name);
	heap_free(exec);
}

/* Splits the line behind "#!" in place: interpreter and one optional argument. */
static int script_line_split(char *line, char **interpreter, char **argument)
{
	char *end = line + strlen(line), *at = line;

	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	while (*at == ' ' || *at == '\t')
		at++;
	if (!*at)
		return -ENOEXEC;
	*interpreter = at;
	while (*at && *at != ' ' && *at != '\t')
		at++;
	*argument = NULL;
	if (!*at)
		return 0;
	*at++ = '\0';
	while (*at == ' ' || *at == '\t')
		at++;
	*argument = at;
	return 0;
}

/* argv becomes: interpreter, its argument, name of the script, and what stood behind argv[0]. */
static int script_arguments(struct exec *exec, const char *interpreter, const char *argument,
			    const char *name)
{
	struct text next = { 0 };
	size_t first = exec->arguments.count ? strlen(exec->arguments.data) + 1 : 0;
	size_t rest = exec->arguments.size - first;
	int error = text_add(&next, interpreter, exec->size_max);

	if (!error && argument)
		error = text_add(&next, argument, exec->size_max);
	if (!error)
		error = text_add(&next, name, exec->size_max);
	if (!error && next.size + rest > exec->size_max)
		error = -E2BIG;
	if (!error)
		error = text_reserve(&next, rest);
	if (error) {
		text_release(&next);
		return error;
	}
	memcpy(next.data + next.size, exec->arguments.data + first, rest);
	next.size += rest;
	next.count += exec->arguments.count ? exec->arguments.count - 1 : 0;
	text_release(&exec->arguments);
	exec->arguments = next;
	return 0;
}

/* The file is a script: *file becomes its interpreter. name is what the script is called. */
static int script_resolve(struct exec *exec, struct file **file, char *line, char **name)
{
	char *interpreter, *argument, *next_name;
	char *end = strchr(line, '\n');
	struct file *next;
	int error;

	if (end)
		*end = '\0';
	else if (strlen(line) >= SCRIPT_LINE_MAX - 2)
		return -ENOEXEC;
	error = script_line_split(line, &interpreter, &argument);
	if (!error)
		error = script_arguments(exec, interpreter, argument, *name);
	if (error)
		return error;
	next_name = heap_strdup(interpreter);
	if (!next_name)
		return -ENOMEM;
	error = path_open_exec(interpreter, &next);
	if (error) {
		heap_free(next_name);
		return error;
	}
	file_put(*file);
	*file = next;
	heap_free(*name);
	*name = next_name;
	return 0;
}

/* Follows scripts to a file that isn't one. Takes over the reference on file in any case. */
static int program_find(struct exec *exec, struct file *file)
{
	char line[SCRIPT_LINE_MAX + 1];
	char *name = heap_strdup(exec->name);
	int error = name ? 0 : -ENOMEM;

	for (int depth = 0; !error; depth++) {
		ssize_t size = file_read_kernel(file, line, SCRIPT_LINE_MAX, 0);

		if (size < 0) {
			error = (int)size;
			break;
		}
		line[size] = '\0';
		if (size < 2 || line[0] != '#' || line[1] != '!') {
			error = elf_open(&exec->program, file);
			break;
		}
		error = depth == SCRIPT_DEPTH_MAX ? -ELOOP
						  : script_resolve(exec, &file, line + 2, &name);
	}
	heap_free(name);
	if (error)
		file_put(file);
	return error;
}

static int interpreter_open(struct exec *exec)
{
	char *name = elf_interpreter_name(&exec->program);
	struct file *file;
	int error;

	if (!name || IS_ERROR(name))
		return (int)PTR_ERROR(name);
	error = path_open_exec(name, &file);
	heap_free(name);
	if (error)
		return error;
	error = elf_open(&exec->interpreter, file);
	if (error)
		file_put(file);
	return error == -ENOEXEC ? -ELIBBAD : error;
}

/* ---- Credentials of the new program ---- */

static void ids_from_file(struct credentials *next, const struct inode *inode)
{
	if (inode->mode & 04000)
		next->euid = inode->uid;
	if ((inode->mode & 02010) == 02010)
		next->egid = inode->gid;
}

/* Somebody who traces the process would get what the program gets. */
static bool tracer_is_weak_locked(const struct thread *thread)
{
	return thread->tracee && !thread->tracee->capable;
}

/* They get no more than they had, and maybe less. */
static void rights_keep(struct credentials *next, const struct credentials *old, bool ids_too)
{
	if (ids_too) {
		next->euid = next->uid;
		next->egid = next->gid;
	}
	next->cap_permitted &= old->cap_permitted;
}

/* As cap_bprm_creds_from_file() of Linux, for files without capabilities of their own. */
void exec_credentials_decide_locked(struct exec *exec)
{
	struct thread *thread = thread_current();
	const bool no_new = thread->process->no_new_privs;
	const struct credentials *old = thread->process->credentials;
	struct credentials *next = exec->credentials;
	bool changed, effective;

	if (!no_new)
		ids_from_file(next, exec->program.file->inode);
	effective = next->euid == 0;
	/* User 0 has all that the bounding set leaves; others keep what is ambient. */
	next->cap_permitted = 0;
	if (effective || next->uid == 0)
		next->cap_permitted = old->cap_inheritable | old->cap_bounding;
	changed = next->euid != old->euid || !credentials_in_group(old, next->egid);
	if ((changed || next->cap_permitted & ~old->cap_permitted) &&
	    (no_new || tracer_is_weak_locked(thread)))
		rights_keep(next, old, no_new || !credentials_capable(old, CAP_SETUID));
	next->suid = next->fsuid = next->euid;
	next->sgid = next->fsgid = next->egid;
	if (changed)
		next->cap_ambient = 0;
	next->cap_permitted |= next->cap_ambient;
	next->cap_effective = effective ? next->cap_permitted : next->cap_ambient;
	exec->secure = changed || next->euid != old->uid || next->egid != old->gid ||
		       (next->uid && (effective || next->cap_permitted & ~next->cap_ambient));
}

static bool is_unreadable(const struct elf *elf)
{
	return elf->file && inode_permission(elf->file->inode, process_current()->credentials,
					     MAY_READ);
}

/* What can fail of it: the rest is decided when the old program is given up. */
static int credentials_prepare(struct exec *exec)
{
	exec->credentials = credentials_copy(process_current()->credentials);
	if (!exec->credentials)
		return -ENOMEM;
	exec->hidden = is_unreadable(&exec->program) || is_unreadable(&exec->interpreter);
	return 0;
}

/* All that is known but the strings. Takes over the reference on file. */
int exec_prepare(struct exec *exec, struct file *file)
{
	int error = program_find(exec, file);

	if (!error && !exec->arguments.count)
		error = text_add(&exec->arguments, "", exec->size_max);
	if (!error)
		error = interpreter_open(exec);
	if (!error)
		error = credentials_prepare(exec);
	if (!error && exec->arguments.size + exec->environment.size +
	    (exec->arguments.count + exec->environment.count) * sizeof(uptr) > exec->size_max)
		error = -E2BIG;
	return error;
}

/* SPDX-License-Identifier: MIT */
/*
 * The launcher's side of a start; see start.h. The first process is forked as early as possible,
 * and the channel is filled while it makes its namespaces. No locks: one thread starts a domain.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/launch/child.h"
#include "host/launch/config.h"
#include "host/launch/processor.h"
#include "host/launch/start.h"

/* Descriptors that only matter until the first process has its own. */
struct start_files {
	int socket;			/* the domain's end */
	int heap;
	int channel;
};

/* The setting that forbids user namespaces here, as far as it can be told. */
static const char *namespace_hint(void)
{
	static const struct {
		const char *path;
		char forbids;
		const char *hint;
	} settings[] = {
		{ "/proc/sys/kernel/unprivileged_userns_clone", '0',
		  " (sysctl kernel.unprivileged_userns_clone is 0: set it to 1, or run mezzo as "
		  "root)" },
		{ "/proc/sys/user/max_user_namespaces", '0',
		  " (sysctl user.max_user_namespaces is 0: raise it)" },
		{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1',
		  " (sysctl kernel.apparmor_restrict_unprivileged_userns is 1: set it to 0, or "
		  "give "
		  "mezzo an AppArmor profile with the rule userns)" },
	};
	char text[32];

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (fd_read_file(settings[i].path, text, sizeof(text)) > 0 &&
		    text[0] == settings[i].forbids && (text[1] == '\n' || !text[1]))
			return settings[i].hint;
	}
	return " (is mezzo itself inside a sandbox that forbids user namespaces?)";
}

static void add_namespace_hint(struct error *err)
{
	if (err->code == EPERM || err->code == EACCES || err->code == ENOSPC || err->code == EUSERS)
		strncat(err->text, namespace_hint(), sizeof(err->text) - strlen(err->text) - 1);
}

/* A limit on file sizes is meant for files: lift it for a moment, as far as it goes. */
static int set_size(int fd, uint64_t size)
{
	struct rlimit own, lifted = { RLIM_INFINITY, RLIM_INFINITY };
	int result;

	getrlimit(RLIMIT_FSIZE, &own);
	if (own.rlim_cur > size)
		return ftruncate(fd, (off_t)size);
	if (setrlimit(RLIMIT_FSIZE, &lifted)) {
		lifted.rlim_cur = lifted.rlim_max = own.rlim_max;
		setrlimit(RLIMIT_FSIZE, &lifted);
	}
	result = ftruncate(fd, (off_t)size);
	setrlimit(RLIMIT_FSIZE, &own);
	return result;
}

/*
 * A memory file of a fixed size, which the other side can't shrink: a smaller channel would be a
 * monitor killed by SIGBUS.
 */
static int make_memory(const char *name, uint64_t size, struct error *err)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return error_set(err, errno, "can't create memory for the domain");
	if (set_size(fd, size) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		error_set(err, errno, "can't size memory for the domain%s",
			  errno == EFBIG ? " (`ulimit -f` is too small)" : "");
		fd_close(&fd);
		return -err->code;
	}
	return fd;
}

static int make_files(struct domain *domain, struct start_files *files, struct error *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return error_set(err, errno, "can't create the monitor's socket");
	domain->socket = pair[0];
	files->socket = pair[1];
	files->heap = make_memory("mezzo-heap", HEAP_FILE_SIZE, err);
	if (files->heap < 0)
		return files->heap;
	files->channel = make_memory("mezzo-channel", sizeof(struct channel), err);
	if (files->channel < 0)
		return files->channel;
	domain->channel = mmap(NULL, sizeof(struct channel), PROT_READ | PROT_WRITE, MAP_SHARED,
			       files->channel, 0);
	domain->report = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			      -1, 0);
	if (domain->channel == MAP_FAILED || domain->report == MAP_FAILED)
		return error_set(err, errno, "can't map the domain's channel");
	return 0;
}

/*
 * Fork the first process. Its pid namespace must come with the fork; the other namespaces it makes
 * itself, in parallel to us. Without privilege a user namespace is needed for the first of them.
 */
static int fork_first(struct domain *domain, struct child *child, struct error *err)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_NEWPID | (child->privileged ? 0 : CLONE_NEWUSER),
		.pidfd = (uint64_t)(uintptr_t)&domain->pidfd,
		.exit_signal = SIGCHLD,
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (!pid)
		child_run(child);
	if (pid > 0) {
		domain->pid = (pid_t)pid;
		return 0;
	}
	/* Root without its privileges, as in many containers, is an ordinary user. */
	if (child->privileged && errno == EPERM) {
		child->privileged = false;
		return fork_first(domain, child, err);
	}
	error_set(err, errno, "can't make the domain's first process");
	add_namespace_hint(err);
	return -err->code;
}

/* .data goes to the front of the heap, the start parameters into the channel. */
static int fill_memory(struct domain *domain, const struct start_files *files,
		       const struct plan *plan, const struct layer *layer, int protection_key,
		       struct error *err)
{
	loff_t offset = (loff_t)layer->data_offset;
	uint64_t left = layer->header.data_size;
	int error = config_fill(domain->channel, plan, layer, protection_key, err);

	while (!error && left) {
		ssize_t done = sendfile(files->heap, layer->fd, &offset, left);

		if (done <= 0)
			error = error_set(err, done ? errno : EIO, "can't fill the domain's heap");
		else
			left -= (uint64_t)done;
	}
	return error;
}

static void release(struct domain *domain)
{
	fd_close(&domain->socket);
	fd_close(&domain->pidfd);
	if (domain->channel && domain->channel != MAP_FAILED)
		munmap(domain->channel, sizeof(struct channel));
	if (domain->report && domain->report != MAP_FAILED)
		munmap(domain->report, PAGE_SIZE);
	domain->channel = NULL;
	domain->report = NULL;
}

static int start_with_files(struct domain *domain, struct start_files *files,
			    const struct plan *plan, const struct layer *layer,
			    const struct start_objects *objects, struct error *err)
{
	static struct filter filter;
	int protection_key = plan->no_key ? -1 : processor_allocate_key();
	struct child child = {
		.layer = layer, .filter = &filter, .privileged = geteuid() == 0,
		.objects = *objects,
	};
	int error = filter_build(&filter, layer->header.gate_start, layer->header.gate_end, err);

	if (!error)
		error = make_files(domain, files, err);
	if (error)
		return error;
	child.report = domain->report;
	child.socket = files->socket;
	child.heap = files->heap;
	child.channel = files->channel;
	error = fork_first(domain, &child, err);
	if (error)
		return error;
	fd_close(&files->socket);
	domain->channel->config.index_size = objects->index_size;
	domain->channel->config.overlay_size = objects->overlay_size;
	domain->channel->config.disk_limit = objects->disk_limit;
	error = fill_memory(domain, files, plan, layer, protection_key, err);
	if (error)
		domain_end(domain);
	return error;
}

int domain_start(struct domain *domain, const struct plan *plan, const struct layer *layer,
		 const struct start_objects *objects, struct error *err)
{
	struct start_files files = { -1, -1, -1 };
	int error;

	*domain = (struct domain){ .pidfd = -1, .socket = -1 };
	if (!processor_has_fsgsbase())
		return error_set(err, 0, "this processor or kernel has no FSGSBASE (Ivy Bridge and "
				 "Linux 5.9 or later have it), without which no domain runs");
	error = start_with_files(domain, &files, plan, layer, objects, err);
	fd_close(&files.socket);
	fd_close(&files.heap);
	fd_close(&files.channel);
	if (error)
		release(domain);
	return error;
}

int domain_enter(struct domain *domain, struct error *err)
{
	if (send(domain->socket, "", 1, MSG_NOSIGNAL) == 1 || errno == EPIPE)
		return 0;
	return error_set(err, errno, "can't start the domain");
}

int domain_start_failure(const struct domain *domain, struct error *err)
{
	struct start_report report;

	if (!__atomic_load_n(&domain->report->failed, __ATOMIC_ACQUIRE))
		return 0;
	report = *domain->report;
	report.text[sizeof(report.text) - 1] = '\0';
	for (char *c = report.text; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	error_set(err, report.error & 0xfff, "%s", report.text);
	add_namespace_hint(err);
	return 1;
}

int domain_end(struct domain *domain)
{
	int status = 0;

	if (domain->pid > 0) {
		kill(domain->pid, SIGKILL);
		while (waitpid(domain->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	domain->pid = 0;
	return status;
}

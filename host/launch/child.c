/* SPDX-License-Identifier: MIT */
/*
 * The domain's first process from its birth to the jump into the system layer. It gives up
 * everything the launcher had: ids, namespaces, root, descriptors, capabilities; then the filter
 * closes behind it. It runs as a copy of the launcher, so each step here is a plain system call.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

#include "boundary/abi.h"
#include "host/base/kernel.h"
#include "host/launch/child.h"

/* The host's "nobody": what a domain started by root is to the host's file systems. */
#define NOBODY 65534

/* Descriptors for a domain where we may choose: Linux's default for fs.nr_open. */
#define HANDLES_WANTED 1048576

/* Host threads: of a user, and of all domains of root together, whose ids on the host are one. */
#define PROCESSES_MAX 16384

static void __attribute__((noreturn)) fail(const struct child *child, const char *step)
{
	child->report->error = errno;
	strncpy(child->report->text, step, sizeof(child->report->text) - 1);
	__atomic_store_n(&child->report->failed, 1, __ATOMIC_RELEASE);
	_exit(EXIT_MEZZO_FAILED);
}

/* Die with the monitor, whatever kills it. A change of ids undoes this, so it comes after them. */
static void die_with_monitor(const struct child *child)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		fail(child, "can't tie the domain to its monitor");
}

/*
 * Some C libraries register the thread with the kernel for restartable sequences (rseq(2)). The
 * kernel would go on writing there, memory that the layer gives back and programs may take, and
 * would obey what it finds.
 */
static void leave_rseq(const struct child *child)
{
#ifdef RSEQ_SIG
	/*
	 * The smallest length is what the library registers where __rseq_size tells the features in
	 * use.
	 */
	unsigned length = __rseq_size > 32 ? __rseq_size : 32;

	if (__rseq_size && syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset,
				   length, RSEQ_FLAG_UNREGISTER, RSEQ_SIG))
		fail(child, "can't give up the C library's restartable sequences");
#else
	(void)child;
#endif
}

/* A terminal's signals are for the monitor, which passes them on. */
static void leave_session(void)
{
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * A launcher that is root becomes nobody. Root of a user namespace may have no such id to become:
 * it is an ordinary user anyway. Real root must not be refused.
 */
static void leave_root_ids(const struct child *child)
{
	if ((setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	     setresuid(NOBODY, NOBODY, NOBODY)) && errno != EPERM && errno != EINVAL)
		fail(child, "can't leave root's ids");
}

/*
 * No id is mapped in the new user namespace: nothing in a domain looks at the host's ids, and
 * writing the maps costs a tenth of the start.
 */
static void enter_namespaces(const struct child *child)
{
	int flags = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;

	if (child->privileged) {
		flags |= CLONE_NEWUSER;
		leave_root_ids(child);
	}
	if (unshare(flags))
		fail(child, "can't make namespaces");
	die_with_monitor(child);
}

/* An empty, read-only tmpfs becomes the root; the former root is gone. */
static void enter_empty_root(const struct child *child)
{
	int fs = kernel_fsopen("tmpfs", FSOPEN_CLOEXEC), root;

	if (fs < 0)
		fail(child, "can't make an empty root (fsopen)");
	kernel_fsconfig(fs, FSCONFIG_SET_STRING, "size", "4096");
	kernel_fsconfig(fs, FSCONFIG_SET_STRING, "mode", "555");
	if (kernel_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL))
		fail(child, "can't make an empty root (fsconfig)");
	root = kernel_fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
			      MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (root < 0)
		fail(child, "can't make an empty root (fsmount)");
	if (kernel_move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) || fchdir(root))
		fail(child, "can't enter an empty root");
	if (kernel_pivot_root(".", ".") || kernel_umount(".", KERNEL_MNT_DETACH))
		fail(child, "can't leave the host's root");
}

/* The handles at their numbers and no other descriptor. */
static void keep_handles(const struct child *child)
{
	const int sources[HANDLE_FIRST_FREE] = {
		[HANDLE_MONITOR] = child->socket, [HANDLE_HEAP] = child->heap,
		[HANDLE_CHANNEL] = child->channel, [HANDLE_OVERLAY] = child->objects.overlay,
	};
	int high[HANDLE_FIRST_FREE];

	/* First out of the way of the low numbers, any of which may be a source. */
	for (int i = 0; i < HANDLE_FIRST_FREE; i++) {
		high[i] = sources[i] < 0 ? -1 : fcntl(sources[i], F_DUPFD, HANDLE_FIRST_FREE);
		if (sources[i] >= 0 && high[i] < 0)
			fail(child, "can't arrange the handles");
	}
	for (int i = 0; i < HANDLE_FIRST_FREE; i++) {
		if (high[i] < 0)
			close(i);
		else if (dup2(high[i], i) < 0)
			fail(child, "can't arrange the handles");
	}
	if (kernel_close_range(HANDLE_FIRST_FREE, ~0u))
		fail(child, "can't close the launcher's descriptors");
}

/* To value where that is allowed, else to the hard limit. */
static void raise_limit(int which, rlim_t value)
{
	struct rlimit limit = { value, value };

	if (!setrlimit(which, &limit) || getrlimit(which, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(which, &limit);
}

/* To value, or to the limit (soft or hard) that there is, where that is less. */
static void keep_limit(const struct child *child, int which, rlim_t value, bool soft)
{
	struct rlimit limit;
	rlim_t own;

	if (getrlimit(which, &limit))
		fail(child, "can't find out a limit");
	own = soft ? limit.rlim_cur : limit.rlim_max;
	limit.rlim_cur = limit.rlim_max = own < value ? own : value;
	if (setrlimit(which, &limit))
		fail(child, "can't set a limit");
}

/*
 * The programs' limits are kept by the layer; the host's are lifted as far as they go, but for what
 * would be taken from all of the host: memory that can't be put out, and processes. A core limit of
 * 1 is what also stops dumps into a pipe (core(5)), which 0 does not.
 */
static void set_limits(const struct child *child)
{
	static const int lifted[] = {
		RLIMIT_FSIZE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_AS, RLIMIT_STACK,
	};
	struct rlimit no_core = { 1, 1 };

	for (size_t i = 0; i < sizeof(lifted) / sizeof(lifted[0]); i++)
		raise_limit(lifted[i], RLIM_INFINITY);
	raise_limit(RLIMIT_NOFILE, HANDLES_WANTED);
	keep_limit(child, RLIMIT_MEMLOCK, RLIM_INFINITY, true);
	keep_limit(child, RLIMIT_NPROC, PROCESSES_MAX, false);
	if (setrlimit(RLIMIT_CORE, &no_core)) {
		no_core = (struct rlimit){ 0, 0 };
		setrlimit(RLIMIT_CORE, &no_core);
	}
}

static void map_at(const struct child *child, uint64_t address, uint64_t size, int protection,
		   int flags, int fd, uint64_t offset)
{
	void *wanted = (void *)address;

	if (mmap(wanted, size, protection, flags | MAP_FIXED_NOREPLACE, fd, (off_t)offset) !=
	    wanted)
		fail(child, "can't map the system layer (does `ulimit -v` forbid it?)");
}

/*
 * A private mapping without a page of its own is left out when fork copies page tables, and each
 * child would find its way to the layer's text by faults. One page is made the mapping's own: the
 * last one.
 */
static void keep_over_fork(const struct child *child, const struct layer_segment *segment)
{
	volatile char *last = (volatile char *)(segment->address + segment->size - 1);

	*last = *last;
	if (mprotect((void *)segment->address, segment->size, segment->protection))
		fail(child, "can't protect the system layer's text");
}

static void map_layer(const struct child *child)
{
	const struct layer *layer = child->layer;

	for (size_t i = 0; i < layer->segment_count; i++) {
		const struct layer_segment *segment = &layer->segments[i];

		map_at(child, segment->address, segment->size, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		       layer->fd, segment->offset);
		keep_over_fork(child, segment);
	}
	map_at(child, HEAP_BASE, HEAP_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
	       child->heap, 0);
	map_at(child, CHANNEL_BASE, sizeof(struct channel), PROT_READ | PROT_WRITE, MAP_SHARED,
	       child->channel, 0);
	if (child->objects.index_size)
		map_at(child, INDEX_BASE, child->objects.index_size, PROT_READ, MAP_SHARED,
		       child->objects.index, 0);
	/* It grows, and then there is more of it without another mapping in each process. */
	if (child->objects.overlay_size)
		map_at(child, OVERLAY_BASE, OVERLAY_SIZE_MAX, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_NORESERVE, child->objects.overlay, 0);
}

/* The byte that says that the channel is ready; end of file where the monitor is dead already. */
static void wait_for_launcher(void)
{
	char byte;
	ssize_t size;

	do {
		size = read(HANDLE_MONITOR, &byte, 1);
	} while (size < 0 && errno == EINTR);
	if (size != 1)
		_exit(EXIT_MEZZO_FAILED);
}

static void drop_privileges(const struct child *child)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	if (syscall(SYS_capset, &header, none))
		fail(child, "can't drop capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fail(child, "can't set no_new_privs");
	die_with_monitor(child);
	/*
	 * Whether others may look in with a debugger stays as it is: a user into his own domain,
	 * and only root into those of root, for which the change of ids has seen to.
	 */
}

static void close_filter(const struct child *child)
{
	struct sock_fprog program = {
		.len = (unsigned short)child->filter->count,
		.filter = (struct sock_filter *)child->filter->code,
	};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		fail(child, "can't install the system-call filter");
}

static void __attribute__((noreturn)) enter_layer(const struct layer_header *header)
{
	uint64_t data_end = (header->data_memory_size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	uint64_t stack = HEAP_BASE + data_end + BOOT_STACK_SIZE;

	asm volatile("mov %0, %%rsp\n\t"
		     "xor %%ebp, %%ebp\n\t"
		     "jmp *%1"
		     : : "r"(stack), "r"(header->entry) : "memory");
	__builtin_unreachable();
}

void child_run(const struct child *child)
{
	die_with_monitor(child);
	leave_session();
	leave_rseq(child);
	set_limits(child);
	enter_namespaces(child);
	enter_empty_root(child);
	map_layer(child);
	keep_handles(child);
	wait_for_launcher();
	drop_privileges(child);
	close_filter(child);
	enter_layer(&child->layer->header);
}

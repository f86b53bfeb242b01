/* SPDX-License-Identifier: MIT */
/* Core dumps: when there is one, and what is in it. */
#include "tests/linux/test.h"

#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Others have the host's core dumps go to a program. */
static void demand_plain_name(void)
{
	if (strcmp(test_read_file("/proc/sys/kernel/core_pattern"), "core\n"))
		test_skip("core dumps are not files of this name here");
}

static void limit_set(rlim_t limit)
{
	struct rlimit both = { limit, RLIM_INFINITY };

	OK(setrlimit(RLIMIT_CORE, &both));
}

static int die_of(int signal, rlim_t limit, int dumpable)
{
	pid_t child = fork();
	int status;

	OK(child);
	if (!child) {
		limit_set(limit);
		OK(prctl(PR_SET_DUMPABLE, dumpable));
		raise(signal);
		_exit(0);
	}
	EQUAL(waitpid(child, &status, 0), child);
	CHECK(WIFSIGNALED(status));
	EQUAL(WTERMSIG(status), signal);
	return WCOREDUMP(status);
}

TEST(when_there_is_a_core_dump)
{
	struct stat file;

	demand_plain_name();
	CHECK(!die_of(SIGABRT, 0, 1));
	CHECK(!die_of(SIGTERM, RLIM_INFINITY, 1));
	CHECK(!die_of(SIGKILL, RLIM_INFINITY, 1));
	CHECK(!die_of(SIGABRT, RLIM_INFINITY, 0));
	FAILS(stat("core", &file), ENOENT);
	CHECK(die_of(SIGABRT, RLIM_INFINITY, 1));
	OK(stat("core", &file));
	EQUAL(file.st_mode, S_IFREG | 0600);
	CHECK(file.st_size > 4096);
	/* It takes the place of what has the name, and is not written through that. */
	OK(unlink("core"));
	OK(symlink("elsewhere", "core"));
	CHECK(die_of(SIGABRT, RLIM_INFINITY, 1));
	FAILS(stat("elsewhere", &file), ENOENT);
	OK(unlink("core"));
	test_write_file("other", "text");
	OK(link("other", "core"));
	CHECK(die_of(SIGQUIT, RLIM_INFINITY, 1));
	SAME(test_read_file("other"), "text");
	OK(unlink("other"));
	CHECK(die_of(SIGQUIT, 8192, 1));
	OK(stat("core", &file));
	CHECK(file.st_size <= 8192);
	OK(unlink("core"));
	OK(mkdir("core", 0700));
	CHECK(!die_of(SIGQUIT, RLIM_INFINITY, 1));
	OK(rmdir("core"));
}

TEST(parent_is_told_of_a_core_dump)
{
	siginfo_t info;
	pid_t child;

	demand_plain_name();
	child = fork();
	OK(child);
	if (!child) {
		limit_set(RLIM_INFINITY);
		*(volatile int *)8 = 1;
	}
	OK(waitid(P_PID, child, &info, WEXITED));
	EQUAL(info.si_code, CLD_DUMPED);
	EQUAL(info.si_status, SIGSEGV);
	OK(unlink("core"));
}

/* ---- What is in it ---- */

struct core {
	int fd;
	Elf64_Ehdr header;
	Elf64_Phdr segments[1000];
};

static void core_open(struct core *core)
{
	OK(core->fd = open("core", O_RDONLY));
	EQUAL(read(core->fd, &core->header, sizeof(core->header)), sizeof(core->header));
	CHECK(!memcmp(core->header.e_ident, ELFMAG, SELFMAG));
	EQUAL(core->header.e_type, ET_CORE);
	CHECK(core->header.e_phnum > 2 && core->header.e_phnum < COUNT(core->segments));
	EQUAL(pread(core->fd, core->segments, core->header.e_phnum * sizeof(Elf64_Phdr),
		    (off_t)core->header.e_phoff),
	      core->header.e_phnum * sizeof(Elf64_Phdr));
	EQUAL(core->segments[0].p_type, PT_NOTE);
}

/* The memory of the dead. */
static void core_read(const struct core *core, const void *address, void *to, size_t size)
{
	for (int i = 1; i < core->header.e_phnum; i++) {
		const Elf64_Phdr *segment = &core->segments[i];
		size_t at = (size_t)address - segment->p_vaddr;

		if ((size_t)address < segment->p_vaddr || at + size > segment->p_filesz)
			continue;
		EQUAL(pread(core->fd, to, size, (off_t)(segment->p_offset + at)), size);
		return;
	}
	test_fail(__FILE__, __LINE__, "%p is not in the core dump", address);
}

/* The number of notes of a type; the first of them into to. */
static int notes_of(const struct core *core, unsigned int type, void *to, size_t size)
{
	static char notes[1 << 20];
	size_t end = core->segments[0].p_filesz;
	int count = 0;

	CHECK(end <= sizeof(notes));
	EQUAL(pread(core->fd, notes, end, (off_t)core->segments[0].p_offset), end);
	for (size_t at = 0; at + sizeof(Elf64_Nhdr) <= end;) {
		const Elf64_Nhdr *note = (const void *)(notes + at);
		size_t data = at + sizeof(*note) + (note->n_namesz + 3) / 4 * 4;

		at = data + (note->n_descsz + 3) / 4 * 4;
		if (note->n_type != type)
			continue;
		if (!count++)
			memcpy(to, notes + data, note->n_descsz < size ? note->n_descsz : size);
	}
	return count;
}

static int initialised = 5;
static int *mapped;

static void *wait_for_ever(void *argument)
{
	EQUAL(write(*(int *)argument, "x", 1), 1);
	for (;;)
		pause();
}

static void die_with_threads(void)
{
	pthread_t thread;
	int fds[2];
	char byte;

	limit_set(RLIM_INFINITY);
	OK(pipe(fds));
	for (int i = 0; i < 3; i++) {
		ZERO(pthread_create(&thread, NULL, wait_for_ever, &fds[1]));
		EQUAL(read(fds[0], &byte, 1), 1);
	}
	initialised = 6;
	*mapped = 7;
	OK(mprotect(mapped, 4096, PROT_READ));
	__asm__ volatile("mov $0x1234567, %%r14; mov $0, %%rax; movl $1, (%%rax)"
			 : : : "rax", "r14");
}

TEST(what_is_in_a_core_dump)
{
	static struct core core;
	static char text[65536];
	struct elf_prstatus status;
	struct elf_prpsinfo process;
	siginfo_t info;
	pid_t child;
	int value;

	demand_plain_name();
	mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(mapped != MAP_FAILED);
	child = fork();
	OK(child);
	if (!child)
		die_with_threads();
	EQUAL(test_wait(child), 1000 + SIGSEGV);
	core_open(&core);
	core_read(&core, &initialised, &value, sizeof(value));
	EQUAL(value, 6);
	core_read(&core, mapped, &value, sizeof(value));
	EQUAL(value, 7);
	EQUAL(notes_of(&core, NT_PRSTATUS, &status, sizeof(status)), 4);
	EQUAL(status.pr_pid, child);
	EQUAL(status.pr_ppid, getpid());
	EQUAL(status.pr_cursig, SIGSEGV);
	EQUAL(status.pr_reg[1], 0x1234567);	/* r14 */
	core_read(&core, (void *)status.pr_reg[19], &value, sizeof(value));
	EQUAL(notes_of(&core, NT_FPREGSET, text, sizeof(text)), 4);
	EQUAL(notes_of(&core, NT_X86_XSTATE, text, sizeof(text)), 4);
	EQUAL(notes_of(&core, NT_PRPSINFO, &process, sizeof(process)), 1);
	EQUAL(process.pr_pid, child);
	CHECK(!strncmp(process.pr_fname, "core_dump", 9));
	EQUAL(notes_of(&core, NT_SIGINFO, &info, sizeof(info)), 1);
	EQUAL(info.si_signo, SIGSEGV);
	EQUAL((long)info.si_addr, 0);
	EQUAL(notes_of(&core, NT_AUXV, text, sizeof(text)), 1);
	EQUAL(notes_of(&core, NT_FILE, text, sizeof(text)), 1);
	CHECK(((long *)text)[0] >= 5);
	OK(close(core.fd));
	OK(unlink("core"));
}

/* ---- The filter ---- */

static void filter_write(const char *text, int error)
{
	int fd = open("/proc/self/coredump_filter", O_WRONLY);
	ssize_t written;

	OK(fd);
	written = write(fd, text, strlen(text));
	if (error ? written != -1 || errno != error : written != (ssize_t)strlen(text))
		test_fail(__FILE__, __LINE__, "\"%s\": %zd %s", text, written, strerror(errno));
	OK(close(fd));
}

TEST(filter_is_written_and_inherited)
{
	static const struct {
		const char *text;
		int error;
		const char *filter;
	} writes[] = {
		{ "0x1ff\n", 0, "000001ff\n" },	{ "0", 0, "00000000\n" },
		{ "51", 0, "00000033\n" },	{ "017", 0, "0000000f\n" },
		{ "0XfffffFFF", 0, "000001ff\n" }, { "0x100000000", ERANGE, "000001ff\n" },
		{ "x", EINVAL, "000001ff\n" },	{ "0x", EINVAL, "000001ff\n" },
		{ "1 ", EINVAL, "000001ff\n" },	{ "-1", EINVAL, "000001ff\n" },
		{ "09", EINVAL, "000001ff\n" },			{ "7\n", 0, "00000007\n" },
	};

	for (size_t i = 0; i < COUNT(writes); i++) {
		filter_write(writes[i].text, writes[i].error);
		SAME(test_read_file("/proc/self/coredump_filter"), writes[i].filter);
	}
	IN_CHILD(SAME(test_read_file("/proc/self/coredump_filter"), "00000007\n"));
	IN_CHILD(execlp("grep", "grep", "-q", "^00000007$", "/proc/self/coredump_filter", NULL));
}

/* Kinds of memory, by the bit that has each dumped. */
static char *of_kind[4];

static void kinds_map(void)
{
	static char page[4096] = "page";
	int fd = open("mapped", O_RDWR | O_CREAT, 0600);

	EQUAL(write(fd, page, sizeof(page)), sizeof(page));
	for (int bit = 0; bit < 4; bit++) {
		of_kind[bit] = mmap(NULL, 4096, bit & 2 ? PROT_READ : PROT_READ | PROT_WRITE,
				    (bit & 1 ? MAP_SHARED : MAP_PRIVATE) |
					    (bit & 2 ? 0 : MAP_ANONYMOUS),
				    bit & 2 ? fd : -1, 0);
		CHECK(of_kind[bit] != MAP_FAILED);
		if (!(bit & 2))
			of_kind[bit][0] = 1;
	}
}

static bool is_dumped(const struct core *core, const char *address)
{
	for (int i = 1; i < core->header.e_phnum; i++)
		if ((size_t)address >= core->segments[i].p_vaddr &&
		    (size_t)address < core->segments[i].p_vaddr + core->segments[i].p_filesz)
			return true;
	return false;
}

TEST(filter_says_what_is_dumped)
{
	static struct core core;
	char text[16];
	pid_t child;

	demand_plain_name();
	kinds_map();
	for (unsigned int filter = 0; filter < 16; filter++) {
		snprintf(text, sizeof(text), "%u", filter);
		OK(child = fork());
		if (!child) {
			filter_write(text, 0);
			limit_set(RLIM_INFINITY);
			raise(SIGABRT);
		}
		EQUAL(test_wait(child), 1000 + SIGABRT);
		core_open(&core);
		for (int bit = 0; bit < 4; bit++)
			if (is_dumped(&core, of_kind[bit]) != (filter >> bit & 1))
				test_fail(__FILE__, __LINE__, "filter %u: bit %d", filter, bit);
		OK(close(core.fd));
		OK(unlink("core"));
	}
}

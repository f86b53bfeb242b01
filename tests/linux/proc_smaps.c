/* SPDX-License-Identifier: MIT */
/* /proc/PID/smaps, smaps_rollup and numa_maps: memory that a test made, and so knows. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

static char text[1 << 20];

static const char *file_text(pid_t pid, const char *name)
{
	char path[64];
	size_t size = 0;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	OK(fd = open(path, O_RDONLY));
	while ((got = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
		size += (size_t)got;
	EQUAL(got, 0);
	OK(close(fd));
	text[size] = '\0';
	return text;
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

static bool is_head(const char *line)
{
	unsigned long start, end;
	char flags[8];

	return sscanf(line, "%lx-%lx %4s %*x %*x:%*x %*u", &start, &end, flags) == 3;
}

/* The lines of the mapping that begins at start; they end with the text, or at the next head. */
static const char *mapping_at(const char *smaps, const void *start)
{
	for (; *smaps; smaps = next_line(smaps))
		if (is_head(smaps) && strtoul(smaps, NULL, 16) == (unsigned long)start)
			return next_line(smaps);
	test_fail(__FILE__, __LINE__, "no mapping at %p", start);
}

static const char *line_of(const char *mapping, const char *name)
{
	for (; *mapping && !is_head(mapping); mapping = next_line(mapping))
		if (!strncmp(mapping, name, strlen(name)) && mapping[strlen(name)] == ':')
			return mapping + strlen(name) + 1;
	test_fail(__FILE__, __LINE__, "no line %s", name);
}

static unsigned long kb_of(const char *mapping, const char *name)
{
	unsigned long kb;
	char unit[3];

	EQUAL(sscanf(line_of(mapping, name), "%lu %2s\n", &kb, unit), 2);
	SAME(unit, "kB");
	return kb;
}

static bool has_flag(const char *mapping, const char *flag)
{
	const char *line = line_of(mapping, "VmFlags"), *found = strstr(line, flag);

	return found && found < next_line(line) && found[-1] == ' ' && found[2] == ' ';
}

#define SIZE (4ul << 20)

/* The first half of it is touched; its neighbours are of other kinds, and stay apart. */
static char *memory_make(void)
{
	char *memory = mmap(NULL, SIZE + 2 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED);
	memory += 4096;
	OK(mprotect(memory, SIZE, PROT_READ | PROT_WRITE));
	OK(madvise(memory, SIZE, MADV_NOHUGEPAGE));
	memset(memory, 1, SIZE / 2);
	return memory;
}

TEST(memory_of_ones_own)
{
	char *memory = memory_make();
	const char *mapping = mapping_at(file_text(getpid(), "smaps"), memory);

	EQUAL(kb_of(mapping, "Size"), SIZE >> 10);
	EQUAL(kb_of(mapping, "KernelPageSize"), 4);
	EQUAL(kb_of(mapping, "MMUPageSize"), 4);
	EQUAL(kb_of(mapping, "Rss"), SIZE >> 11);
	EQUAL(kb_of(mapping, "Pss"), SIZE >> 11);
	EQUAL(kb_of(mapping, "Anonymous"), SIZE >> 11);
	EQUAL(kb_of(mapping, "Private_Dirty"), SIZE >> 11);
	EQUAL(kb_of(mapping, "Shared_Dirty") + kb_of(mapping, "Shared_Clean"), 0);
	EQUAL(kb_of(mapping, "AnonHugePages"), 0);
	EQUAL(kb_of(mapping, "Locked"), 0);
	OK(madvise(memory, SIZE, MADV_DONTNEED));
	EQUAL(kb_of(mapping_at(file_text(getpid(), "smaps"), memory), "Rss"), 0);
}

TEST(memory_that_a_child_shares)
{
	char *memory = memory_make();
	const char *mapping;
	int ready[2];
	pid_t child;
	char byte;

	OK(pipe(ready));
	OK(child = fork());
	if (!child) {
		memset(memory, 2, SIZE / 4);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	EQUAL(read(ready[0], &byte, 1), 1);
	mapping = mapping_at(file_text(child, "smaps"), memory);
	EQUAL(kb_of(mapping, "Rss"), SIZE >> 11);
	EQUAL(kb_of(mapping, "Private_Dirty"), SIZE >> 12);
	EQUAL(kb_of(mapping, "Shared_Dirty"), SIZE >> 12);
	EQUAL(kb_of(mapping, "Pss"), (SIZE >> 12) + (SIZE >> 13));
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(child), 1000 + SIGKILL);
}

TEST(memory_of_files)
{
	static char page[4096];
	const char *mapping, *head;
	char path[4200];
	char *shared;
	int fd;

	OK(fd = open("a file", O_RDWR | O_CREAT, 0600));
	for (int i = 0; i < 16; i++)
		EQUAL(write(fd, page, sizeof(page)), sizeof(page));
	shared = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(shared != MAP_FAILED);
	for (int i = 0; i < 16; i++)
		shared[i * 4096] = 1;
	mapping = mapping_at(file_text(getpid(), "smaps"), shared);
	EQUAL(kb_of(mapping, "Size"), 64);
	EQUAL(kb_of(mapping, "Rss"), 64);
	EQUAL(kb_of(mapping, "Anonymous"), 0);
	CHECK(has_flag(mapping, "sh") && has_flag(mapping, "ms"));
	CHECK(getcwd(path, 4096));
	strcat(path, "/a file\n");
	head = strstr(text, path);
	CHECK(head && next_line(head) == mapping);
}

TEST(flags_of_areas)
{
	char *memory = memory_make();
	const char *mapping;

	OK(madvise(memory, SIZE, MADV_DONTFORK));
	OK(mlock(memory, 4096));
	mapping = mapping_at(file_text(getpid(), "smaps"), memory);
	CHECK(has_flag(mapping, "rd") && has_flag(mapping, "wr") && !has_flag(mapping, "ex"));
	CHECK(has_flag(mapping, "mr") && has_flag(mapping, "mw") && has_flag(mapping, "me"));
	CHECK(has_flag(mapping, "lo") && has_flag(mapping, "dc") && has_flag(mapping, "ac"));
	CHECK(!has_flag(mapping, "sh") && !has_flag(mapping, "wf"));
	EQUAL(kb_of(mapping, "Size"), 4);
	EQUAL(kb_of(mapping, "Locked"), 4);
	OK(munlock(memory, 4096));
	OK(madvise(memory, SIZE, MADV_DOFORK));
	OK(madvise(memory, SIZE, MADV_WIPEONFORK));
	mapping = mapping_at(file_text(getpid(), "smaps"), memory);
	CHECK(has_flag(mapping, "wf") && !has_flag(mapping, "lo") && !has_flag(mapping, "dc"));
}

/* What programs add up, of a process that does nothing meanwhile. */
TEST(the_rollup_is_the_sum)
{
	/* What is shared with whom may change by others. */
	static const char *const names[] = { "Rss", "Anonymous", "Swap", "Locked" };
	unsigned long sums[COUNT(names)] = { 0 };
	const char *smaps, *rollup;
	char rights[8], name[16];
	pid_t child;

	OK(child = fork());
	if (!child) {
		memory_make();
		for (;;)
			pause();
	}
	test_await_sleep(child);
	for (smaps = file_text(child, "smaps"); *smaps; smaps = next_line(smaps))
		for (size_t i = 0; is_head(smaps) && i < COUNT(names); i++)
			sums[i] += kb_of(next_line(smaps), names[i]);
	rollup = file_text(child, "smaps_rollup");
	EQUAL(sscanf(rollup, "%*x-%*x %4s 00000000 00:00 0 %15s\n", rights, name), 2);
	SAME(rights, "---p");
	SAME(name, "[rollup]");
	for (size_t i = 0; i < COUNT(names); i++)
		EQUAL(kb_of(next_line(rollup), names[i]), sums[i]);
	CHECK(sums[0] >= SIZE >> 11);
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(child), 1000 + SIGKILL);
}

TEST(heads_are_those_of_maps)
{
	static char heads[100000];
	const char *line;
	size_t size = 0;
	pid_t child;

	OK(child = fork());
	if (!child)
		for (;;)
			pause();
	test_await_sleep(child);
	for (line = file_text(child, "smaps"); *line; line = next_line(line))
		if (is_head(line)) {
			size_t length = (size_t)(next_line(line) - line);

			memcpy(heads + size, line, length);
			size += length;
		}
	SAME(file_text(child, "maps"), heads);
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(child), 1000 + SIGKILL);
}

/* A child by vfork has the memory of its parent. */
TEST(a_child_by_vfork_and_its_parent)
{
	char *memory = memory_make();
	pid_t reader, parent = getpid();
	int begun[2];

	OK(pipe(begun));
	OK(reader = fork());
	if (!reader) {
		pid_t child;

		EQUAL(read(begun[0], &child, sizeof(child)), sizeof(child));
		EQUAL(kb_of(mapping_at(file_text(parent, "smaps"), memory), "Rss"), SIZE >> 11);
		EQUAL(kb_of(mapping_at(file_text(child, "smaps"), memory), "Rss"), SIZE >> 11);
		OK(kill(child, SIGKILL));
		_exit(0);
	}
	if (!vfork()) {
		pid_t self = getpid();

		if (write(begun[1], &self, sizeof(self)) == sizeof(self))
			for (;;)
				pause();
		_exit(1);
	}
	EQUAL(test_wait(reader), 0);
}

TEST(one_node)
{
	char *memory = memory_make(), start[40];
	unsigned long anonymous, dirty, node_0;
	const char *line;

	if (access("/proc/self/numa_maps", F_OK))
		test_skip("a kernel without nodes");
	snprintf(start, sizeof(start), "%08lx ", (unsigned long)memory);
	line = strstr(file_text(getpid(), "numa_maps"), start);
	CHECK(line);
	EQUAL(sscanf(line, "%*x default anon=%lu dirty=%lu", &anonymous, &dirty), 2);
	line = strstr(line, " N0=");
	CHECK(line);
	EQUAL(sscanf(line, " N0=%lu kernelpagesize_kB=4\n", &node_0), 1);
	EQUAL(anonymous, SIZE / 2 / 4096);
	EQUAL(dirty, SIZE / 2 / 4096);
	EQUAL(node_0, SIZE / 2 / 4096);
}

/* It has a memory at each moment, or none yet: that is no error. */
TEST(a_process_that_execs_again_and_again)
{
	pid_t child;

	OK(child = fork());
	if (!child) {
		execl(test_self, "program", "--child", NULL);
		_exit(1);
	}
	for (int i = 0; i < 500; i++)
		file_text(child, "smaps");
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(child), 1000 + SIGKILL);
}

int test_reentry(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv, (void)envp;
	execl(test_self, "program", "--child", NULL);
	return 1;
}

static const char *const files[] = { "smaps", "smaps_rollup" };

TEST(the_ended_have_none)
{
	int fds[COUNT(files)];
	char path[64], byte;
	pid_t child;

	OK(child = fork());
	if (!child)
		for (;;)
			pause();
	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", child, files[i]);
		OK(fds[i] = open(path, O_RDONLY));
	}
	OK(kill(child, SIGKILL));
	EQUAL(waitid(P_PID, (id_t)child, NULL, WEXITED | WNOWAIT), 0);
	EQUAL(read(fds[0], &byte, 1), 0);
	FAILS(read(fds[1], &byte, 1), ESRCH);
	EQUAL(test_wait(child), 1000 + SIGKILL);
	FAILS(read(fds[0], &byte, 1), ESRCH);
	FAILS(read(fds[1], &byte, 1), ESRCH);
}

static void refused(pid_t other, const char *name)
{
	char path[64], byte;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", other, name);
	fd = open(path, O_RDONLY);
	CHECK(fd == -1 ? errno == EACCES : read(fd, &byte, 1) == -1 && errno == EACCES);
}

TEST(others_may_not_know)
{
	pid_t other = getpid();
	struct stat status;
	char path[64];

	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), "/proc/self/%s", files[i]);
		OK(stat(path, &status));
		EQUAL(status.st_mode, S_IFREG | 0444);
	}
	if (getuid())
		test_skip("not root");
	IN_CHILD(OK(setresgid(12345, 12345, 12345)); OK(setresuid(12345, 12345, 12345));
		 refused(other, "smaps"); refused(other, "smaps_rollup"));
}

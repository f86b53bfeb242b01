/* SPDX-License-Identifier: MIT */
/*
 * /proc and /sys by their shape: what lines a file has, what fields, of which kinds; permissions of
 * files about processes; and values that a test can make and so knows.
 */
#include <fcntl.h>
#include <linux/prctl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>

#include "test.h"

/*
 * A pattern is the text itself, but for: %u a decimal number, %d one with a sign, %f one with two
 * digits behind a point, %x a hexadecimal one, %o an octal one, %s a word, %* the rest of the line,
 * and a blank, which stands for any white space within the line. Returns where text goes on, or
 * NULL.
 */
static const char *match_class(const char *text, const char *class)
{
	size_t length = strspn(text, class);

	return length ? text + length : NULL;
}

static const char *match_one(const char *text, char kind)
{
	switch (kind) {
	case 'u':
		return match_class(text, "0123456789");
	case 'd':
		return match_class(text + (*text == '-'), "0123456789");
	case 'f':
		return match_class(text, "0123456789.");
	case 'x':
		return match_class(text, "0123456789abcdef,");
	case 'o':
		return match_class(text, "01234567");
	case 's':
		return *text && !strchr(" \t\n", *text) ? text + strcspn(text, " \t\n") : NULL;
	default:
		return text + strcspn(text, "\n");
	}
}

static const char *match(const char *text, const char *pattern, const char *pattern_end)
{
	while (text && pattern < pattern_end) {
		if (*pattern == '%') {
			text = match_one(text, pattern[1]);
			pattern += 2;
		} else if (*pattern == ' ') {
			text = match_class(text, " \t");
			pattern++;
		} else {
			text = *text == *pattern++ ? text + 1 : NULL;
		}
	}
	return text;
}

/*
 * ALL: the file is this text. EACH: each line is like this one. KEYS: it has lines like these, in
 * this order.
 */
enum shape_kind { ALL, EACH, KEYS };

struct shape {
	const char *path;
	enum shape_kind kind;
	const char *pattern;
};

static const char *line_end(const char *text)
{
	const char *end = strchr(text, '\n');

	return end ? end + 1 : text + strlen(text);
}

/* The first line from text on that matches; where the next begins. */
static const char *find_line(const char *text, const char *pattern, const char *pattern_end)
{
	for (; *text; text = line_end(text)) {
		const char *end = match(text, pattern, pattern_end);

		if (end && end == line_end(text))
			return end;
	}
	return NULL;
}

static void check_keys(const struct shape *shape, const char *text)
{
	for (const char *pattern = shape->pattern; *pattern; pattern = line_end(pattern)) {
		text = find_line(text, pattern, line_end(pattern));
		if (!text)
			test_fail(__FILE__, __LINE__, "%s: no line \"%.*s\" in its place",
				  shape->path, (int)(line_end(pattern) - pattern) - 1, pattern);
	}
}

static void check_each(const struct shape *shape, const char *text)
{
	const char *end = shape->pattern + strlen(shape->pattern);

	for (; *text; text = line_end(text))
		if (match(text, shape->pattern, end) != line_end(text))
			test_fail(__FILE__, __LINE__, "%s: line \"%.*s\"", shape->path,
				  (int)(line_end(text) - text) - 1, text);
}

static void check_shape(const struct shape *shape)
{
	const char *text = test_read_file(shape->path), *end;

	if (shape->kind == KEYS)
		check_keys(shape, text);
	if (shape->kind == EACH)
		check_each(shape, text);
	if (shape->kind != ALL)
		return;
	end = match(text, shape->pattern, shape->pattern + strlen(shape->pattern));
	if (!end || *end)
		test_fail(__FILE__, __LINE__, "%s: \"%s\" is not as it should be", shape->path,
			  text);
}

static void check_shapes(const struct shape *shapes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_shape(&shapes[i]);
}

/* ---- Of the whole system ---- */

static const struct shape system_shapes[] = {
	{ "/proc/loadavg", ALL, "%f %f %f %u/%u %u\n" },
	{ "/proc/uptime", ALL, "%f %f\n" },
	{ "/proc/version", ALL, "Linux version %*\n" },
	{ "/proc/cmdline", ALL, "%*\n" },
	{ "/proc/stat", KEYS,
	  "cpu %u %u %u %u %u %u %u %u %u %u\ncpu0 %u %u %u %u %u %u %u %u %u %u\n"
	  "intr %u%*\nctxt %u\nbtime %u\nprocesses %u\nprocs_running %u\nprocs_blocked %u\n"
	  "softirq %u %u %u %u %u %u %u %u %u %u %u\n" },
	{ "/proc/meminfo", KEYS,
	  "MemTotal: %u kB\nMemFree: %u kB\nMemAvailable: %u kB\nBuffers: %u kB\n"
	  "Cached: %u kB\nSwapCached: %u kB\nActive: %u kB\nInactive: %u kB\nActive(anon): %u kB\n"
	  "Inactive(anon): %u kB\nActive(file): %u kB\nInactive(file): %u kB\nUnevictable: %u kB\n"
	  "Mlocked: %u kB\nSwapTotal: %u kB\nSwapFree: %u kB\nDirty: %u kB\nWriteback: %u kB\n"
	  "AnonPages: %u kB\nMapped: %u kB\nShmem: %u kB\nKReclaimable: %u kB\nSlab: %u kB\n"
	  "SReclaimable: %u kB\nSUnreclaim: %u kB\nPageTables: %u kB\nCommitLimit: %u kB\n"
	  "Committed_AS: %u kB\nHugePages_Total: %u\nHugePages_Free: %u\nHugePages_Rsvd: %u\n"
	  "HugePages_Surp: %u\nHugepagesize: %u kB\n" },
	{ "/proc/vmstat", EACH, "%s %u\n" },
	{ "/proc/vmstat", KEYS,
	  "nr_free_pages %u\nnr_mlock %u\nnr_slab_unreclaimable %u\npgpgin %u\n"
	  "pgpgout %u\npswpin %u\npswpout %u\n" },
	{ "/proc/cpuinfo", KEYS,
	  "processor : 0\nvendor_id : %s\ncpu family : %u\nmodel : %u\n"
	  "model name : %*\nstepping : %u\ncpu MHz : %f\ncache size : %u KB\nphysical id : %u\n"
	  "siblings : %u\ncore id : %u\ncpu cores : %u\napicid : %u\ninitial apicid : %u\n"
	  "fpu : yes\nfpu_exception : yes\ncpuid level : %u\nwp : yes\nflags : fpu %*\n"
	  "bogomips : %f\nclflush size : %u\ncache_alignment : %u\n"
	  "address sizes : %u bits physical, %u bits virtual\npower management:%*\n\n" },
	{ "/proc/filesystems", KEYS, "nodev sysfs\nnodev tmpfs\nnodev proc\n" },
	{ "/proc/devices", KEYS,
	  "Character devices:\n 1 mem\n 5 /dev/tty\n 5 /dev/ptmx\n128 ptm\n"
	  "136 pts\n\nBlock devices:\n" },
	{ "/proc/swaps", KEYS, "Filename Type Size Used Priority\n" },
	{ "/proc/partitions", KEYS, "major minor #blocks name\n\n" },
	{ "/proc/tty/drivers", EACH, "%s %s %u %s %*\n" },
};

TEST(files_about_the_system_have_their_shape)
{
	check_shapes(system_shapes, COUNT(system_shapes));
}

static const struct shape setting_shapes[] = {
	{ "/proc/sys/fs/file-max", ALL, "%u\n" },
	{ "/proc/sys/fs/nr_open", ALL, "%u\n" },
	{ "/proc/sys/fs/overflowgid", ALL, "65534\n" },
	{ "/proc/sys/fs/overflowuid", ALL, "65534\n" },
	{ "/proc/sys/fs/pipe-max-size", ALL, "%u\n" },
	{ "/proc/sys/fs/suid_dumpable", ALL, "%u\n" },
	{ "/proc/sys/kernel/cap_last_cap", ALL, "%u\n" },
	{ "/proc/sys/kernel/core_pattern", ALL, "%*\n" },
	{ "/proc/sys/kernel/core_uses_pid", ALL, "%u\n" },
	{ "/proc/sys/kernel/dmesg_restrict", ALL, "%u\n" },
	{ "/proc/sys/kernel/domainname", ALL, "%*\n" },
	{ "/proc/sys/kernel/hostname", ALL, "%s\n" },
	{ "/proc/sys/kernel/ngroups_max", ALL, "%u\n" },
	{ "/proc/sys/kernel/osrelease", ALL, "%u.%u.%*\n" },
	{ "/proc/sys/kernel/ostype", ALL, "Linux\n" },
	{ "/proc/sys/kernel/overflowgid", ALL, "65534\n" },
	{ "/proc/sys/kernel/overflowuid", ALL, "65534\n" },
	{ "/proc/sys/kernel/pid_max", ALL, "%u\n" },
	{ "/proc/sys/kernel/pty/max", ALL, "%u\n" },
	{ "/proc/sys/kernel/pty/nr", ALL, "%u\n" },
	{ "/proc/sys/kernel/random/boot_id", ALL, "%x-%x-4%x-%x-%x\n" },
	{ "/proc/sys/kernel/random/entropy_avail", ALL, "%u\n" },
	{ "/proc/sys/kernel/random/poolsize", ALL, "%u\n" },
	{ "/proc/sys/kernel/random/uuid", ALL, "%x-%x-4%x-%x-%x\n" },
	{ "/proc/sys/kernel/randomize_va_space", ALL, "%u\n" },
	{ "/proc/sys/kernel/tainted", ALL, "%u\n" },
	{ "/proc/sys/kernel/threads-max", ALL, "%u\n" },
	{ "/proc/sys/kernel/version", ALL, "#%*\n" },
	{ "/proc/sys/net/core/somaxconn", ALL, "%u\n" },
	{ "/proc/sys/net/unix/max_dgram_qlen", ALL, "%u\n" },
	{ "/proc/sys/vm/legacy_va_layout", ALL, "%u\n" },
	{ "/proc/sys/vm/max_map_count", ALL, "%u\n" },
	{ "/proc/sys/vm/mmap_min_addr", ALL, "%u\n" },
	{ "/proc/sys/vm/nr_hugepages", ALL, "%u\n" },
	{ "/proc/sys/vm/overcommit_memory", ALL, "%u\n" },
	{ "/proc/sys/vm/swappiness", ALL, "%u\n" },
};

TEST(settings_have_their_shape)
{
	check_shapes(setting_shapes, COUNT(setting_shapes));
}

static const struct shape processor_shapes[] = {
	{ "/sys/devices/system/cpu/online", ALL, "0%*\n" },
	{ "/sys/devices/system/cpu/possible", ALL, "0%*\n" },
	{ "/sys/devices/system/cpu/present", ALL, "0%*\n" },
	{ "/sys/devices/system/cpu/offline", ALL, "%*\n" },
	{ "/sys/devices/system/cpu/isolated", ALL, "%*\n" },
	{ "/sys/devices/system/cpu/kernel_max", ALL, "%u\n" },
	{ "/sys/devices/system/cpu/cpu0/topology/core_cpus", ALL, "%x\n" },
	{ "/sys/devices/system/cpu/cpu0/topology/core_cpus_list", ALL, "0%*\n" },
	{ "/sys/devices/system/cpu/cpu0/topology/core_id", ALL, "%u\n" },
	{ "/sys/devices/system/cpu/cpu0/topology/core_siblings", ALL, "%x\n" },
	{ "/sys/devices/system/cpu/cpu0/topology/core_siblings_list", ALL, "0%*\n" },
	{ "/sys/devices/system/cpu/cpu0/topology/die_id", ALL, "%u\n" },
	{ "/sys/devices/system/cpu/cpu0/topology/package_cpus", ALL, "%x\n" },
	{ "/sys/devices/system/cpu/cpu0/topology/package_cpus_list", ALL, "0%*\n" },
	{ "/sys/devices/system/cpu/cpu0/topology/physical_package_id", ALL, "%u\n" },
	{ "/sys/devices/system/cpu/cpu0/topology/thread_siblings", ALL, "%x\n" },
	{ "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list", ALL, "0%*\n" },
	{ "/sys/devices/system/cpu/cpu0/cache/index0/coherency_line_size", ALL, "%u\n" },
	{ "/sys/devices/system/cpu/cpu0/cache/index0/level", ALL, "1\n" },
	{ "/sys/devices/system/cpu/cpu0/cache/index0/number_of_sets", ALL, "%u\n" },
	{ "/sys/devices/system/cpu/cpu0/cache/index0/physical_line_partition", ALL, "%u\n" },
	{ "/sys/devices/system/cpu/cpu0/cache/index0/shared_cpu_list", ALL, "0%*\n" },
	{ "/sys/devices/system/cpu/cpu0/cache/index0/shared_cpu_map", ALL, "%x\n" },
	{ "/sys/devices/system/cpu/cpu0/cache/index0/size", ALL, "%uK\n" },
	{ "/sys/devices/system/cpu/cpu0/cache/index0/type", ALL, "Data\n" },
	{ "/sys/devices/system/cpu/cpu0/cache/index0/ways_of_associativity", ALL, "%u\n" },
};

TEST(files_about_processors_have_their_shape)
{
	check_shapes(processor_shapes, COUNT(processor_shapes));
}

static const struct shape memory_shapes[] = {
	{ "/sys/devices/system/node/online", ALL, "0\n" },
	{ "/sys/devices/system/node/possible", ALL, "0%*\n" },
	{ "/sys/devices/system/node/has_cpu", ALL, "0\n" },
	{ "/sys/devices/system/node/has_memory", ALL, "0\n" },
	{ "/sys/devices/system/node/has_normal_memory", ALL, "0\n" },
	{ "/sys/devices/system/node/node0/cpulist", ALL, "0%*\n" },
	{ "/sys/devices/system/node/node0/cpumap", ALL, "%x\n" },
	{ "/sys/devices/system/node/node0/distance", ALL, "10\n" },
	{ "/sys/devices/system/node/node0/meminfo", KEYS,
	  "Node 0 MemTotal: %u kB\n"
	  "Node 0 MemFree: %u kB\nNode 0 MemUsed: %u kB\n" },
	{ "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", ALL, "%u\n" },
	{ "/sys/kernel/mm/transparent_hugepage/enabled", ALL, "%s %s %s\n" },
	{ "/sys/kernel/fscaps", ALL, "1\n" },
};

TEST(files_about_memory_have_their_shape)
{
	if (access("/sys/devices/system/node", F_OK))
		test_skip("a kernel without nodes");
	check_shapes(memory_shapes, COUNT(memory_shapes));
}

TEST(all_places_in_sys_agree_on_the_processors)
{
	const char *name = "/sys/devices/system/cpu/online";
	unsigned int last = 0, lines = 0, cores = (unsigned int)get_nprocs();
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[8192], path[80];

	while (fgets(line, sizeof(line), file))
		lines += !strncmp(line, "processor\t", 10);
	fclose(file);
	EQUAL(lines, cores);
	if (cores > 1) {
		EQUAL(sscanf(test_read_file(name), "0-%u", &last), 1);
		EQUAL(last, cores - 1);
	}
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/core_id", cores - 1);
	OK(access(path, R_OK));
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u", cores);
	FAILS(access(path, F_OK), ENOENT);
	FAILS(access("/sys/devices/system/cpu/cpu00", F_OK), ENOENT);
	FAILS(access("/sys/devices/system/cpu/cpu", F_OK), ENOENT);
	FAILS(access("/sys/devices/system/cpu/0", F_OK), ENOENT);
	FAILS(access("/sys/devices/system/cpu/cpu0/cache/index99", F_OK), ENOENT);
}

/* ---- Of a process ---- */

#define NUMBERS_10 " %d %d %d %d %d %d %d %d %d %d"

static const struct shape process_shapes[] = {
	{ "status", KEYS,
	  "Name: %*\nUmask: %o\nState: R (running)\nTgid: %u\nNgid: %u\nPid: %u\nPPid: %u\n"
	  "TracerPid: %u\nUid: %u %u %u %u\nGid: %u %u %u %u\nFDSize: %u\nGroups:%*\n"
	  "NStgid: %u%*\nNSpid: %u%*\nNSpgid: %u%*\nNSsid: %u%*\nVmPeak: %u kB\nVmSize: %u kB\n"
	  "VmLck: %u kB\nVmPin: %u kB\nVmHWM: %u kB\nVmRSS: %u kB\n"
	  "RssAnon: %u kB\nRssFile: %u kB\nRssShmem: %u kB\nVmData: %u kB\nVmStk: %u kB\n"
	  "VmExe: %u kB\nVmLib: %u kB\nVmPTE: %u kB\nVmSwap: %u kB\nHugetlbPages: %u "
	  "kB\nCoreDumping: 0\n"
	  "Threads: 1\nSigQ: %u/%u\nSigPnd: %x\nShdPnd: %x\nSigBlk: %x\nSigIgn: %x\nSigCgt: %x\n"
	  "CapInh: %x\nCapPrm: %x\nCapEff: %x\nCapBnd: %x\nCapAmb: %x\nNoNewPrivs: %u\n"
	  "Seccomp: %u\nSeccomp_filters: %u\nCpus_allowed: %x\nCpus_allowed_list: %*\n"
	  "Mems_allowed: %x\nMems_allowed_list: %*\nvoluntary_ctxt_switches: %u\n"
	  "nonvoluntary_ctxt_switches: %u\n" },
	{ "stat", ALL,
	  "%u (proc) R %u %u %u %u" NUMBERS_10 NUMBERS_10 NUMBERS_10 NUMBERS_10 " %d %d %d %d "
										"%d\n" },
	{ "statm", ALL, "%u %u %u %u %u %u %u\n" },
	{ "schedstat", ALL, "%u %u %u\n" },
	{ "syscall", ALL, "%u 0x%x 0x%x 0x%x 0x%x 0x%x 0x%x 0x%x 0x%x\n" },
	{ "comm", ALL, "%s\n" },
	{ "maps", EACH, "%x-%x %s %x %x:%x %u%*\n" },
	{ "personality", ALL, "%x\n" },
	{ "wchan", ALL, "%s" },
	{ "cpuset", ALL, "/%*\n" },
	{ "cgroup", EACH, "%u:%*\n" },
	{ "oom_score", ALL, "%u\n" },
	{ "oom_adj", ALL, "%d\n" },
	{ "oom_score_adj", ALL, "%d\n" },
	{ "uid_map", EACH, " %u %u %u\n" },
	{ "gid_map", EACH, " %u %u %u\n" },
	{ "setgroups", ALL, "allow\n" },
	{ "limits", KEYS,
	  "Limit Soft Limit Hard Limit Units %*\nMax cpu time %s %s seconds %*\n"
	  "Max file size %s %s bytes %*\nMax data size %s %s bytes %*\nMax stack size %s %s bytes "
	  "%*\n"
	  "Max core file size %s %s bytes %*\nMax resident set %s %s bytes %*\n"
	  "Max processes %s %s processes %*\nMax open files %s %s files %*\n"
	  "Max locked memory %s %s bytes %*\nMax address space %s %s bytes %*\n"
	  "Max file locks %s %s locks %*\nMax pending signals %s %s signals %*\n"
	  "Max msgqueue size %s %s bytes %*\nMax nice priority %u %u %*\n"
	  "Max realtime priority %u %u %*\nMax realtime timeout %s %s us %*\n" },
	{ "mountinfo", EACH, "%u %u %u:%u %s %s %s %*\n" },
	{ "mounts", EACH, "%s %s %s %s 0 0\n" },
};

/* What threads have not. */
static const struct shape whole_process_shapes[] = {
	{ "/proc/self/mountstats", EACH, "device %s mounted on %s with fstype %s%*\n" },
	{ "/proc/self/timens_offsets", ALL, "monotonic 0 0\nboottime 0 0\n" },
	{ "/proc/self/coredump_filter", ALL, "%x\n" },
};

static void check_process(const char *directory)
{
	char path[80];

	for (size_t i = 0; i < COUNT(process_shapes); i++) {
		struct shape shape = process_shapes[i];

		snprintf(path, sizeof(path), "%s/%s", directory, shape.path);
		shape.path = path;
		check_shape(&shape);
	}
}

TEST(files_about_a_process_have_their_shape)
{
	char path[40];

	check_process("/proc/self");
	check_shapes(whole_process_shapes, COUNT(whole_process_shapes));
	snprintf(path, sizeof(path), "/proc/self/task/%d", (int)gettid());
	check_process(path);
}

static const struct {
	const char *name;
	unsigned int mode;
} process_modes[] = {
	{ "auxv", S_IFREG | 0400 },
	{ "cgroup", S_IFREG | 0444 },
	{ "cmdline", S_IFREG | 0444 },
	{ "comm", S_IFREG | 0644 },
	{ "cpuset", S_IFREG | 0444 },
	{ "coredump_filter", S_IFREG | 0644 },
	{ "cwd", S_IFLNK | 0777 },
	{ "environ", S_IFREG | 0400 },
	{ "exe", S_IFLNK | 0777 },
	{ "fd", S_IFDIR | 0500 },
	{ "fdinfo", S_IFDIR | 0555 },
	{ "gid_map", S_IFREG | 0644 },
	{ "limits", S_IFREG | 0444 },
	{ "maps", S_IFREG | 0444 },
	{ "mountinfo", S_IFREG | 0444 },
	{ "mounts", S_IFREG | 0444 },
	{ "mountstats", S_IFREG | 0400 },
	{ "net", S_IFDIR | 0555 },
	{ "ns", S_IFDIR | 0511 },
	{ "ns/pid", S_IFLNK | 0777 },
	{ "oom_adj", S_IFREG | 0644 },
	{ "oom_score", S_IFREG | 0444 },
	{ "oom_score_adj", S_IFREG | 0644 },
	{ "personality", S_IFREG | 0400 },
	{ "projid_map", S_IFREG | 0644 },
	{ "root", S_IFLNK | 0777 },
	{ "schedstat", S_IFREG | 0444 },
	{ "setgroups", S_IFREG | 0644 },
	{ "stat", S_IFREG | 0444 },
	{ "statm", S_IFREG | 0444 },
	{ "status", S_IFREG | 0444 },
	{ "syscall", S_IFREG | 0400 },
	{ "task", S_IFDIR | 0555 },
	{ "timens_offsets", S_IFREG | 0644 },
	{ "timerslack_ns", S_IFREG | 0666 },
	{ "uid_map", S_IFREG | 0644 },
	{ "wchan", S_IFREG | 0444 },
};

TEST(files_about_a_process_have_their_modes)
{
	struct stat status;
	char path[80];

	for (size_t i = 0; i < COUNT(process_modes); i++) {
		snprintf(path, sizeof(path), "/proc/self/%s", process_modes[i].name);
		if (lstat(path, &status))
			test_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
		if (status.st_mode != process_modes[i].mode)
			test_fail(__FILE__, __LINE__, "%s: mode %o", path, status.st_mode);
		if (S_ISREG(status.st_mode))
			EQUAL(status.st_size, 0);
	}
}

/* Calls check in a child that is uid 12345, about the process given, which is root's. */
static void as_stranger(void (*check)(pid_t other))
{
	pid_t other = getpid();

	if (getuid())
		test_skip("not root");
	IN_CHILD(OK(setresgid(12345, 12345, 12345)); OK(setresuid(12345, 12345, 12345));
		 check(other));
}

static int open_of(pid_t pid, const char *name, int flags)
{
	char path[80];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, flags);
}

static void strangers_are_refused(pid_t other)
{
	static const char *const files[] = { "environ", "auxv", "fd",  "syscall", "personality",
					     "cwd",	"root", "exe", "ns/pid" };
	char byte;
	int fd;

	for (size_t i = 0; i < COUNT(files); i++)
		FAILS(open_of(other, files[i], O_RDONLY), EACCES);
	FAILS(open_of(other, "comm", O_WRONLY), EACCES);
	FAILS(open_of(other, "oom_score_adj", O_WRONLY), EACCES);
	fd = open_of(other, "maps", O_RDONLY);
	CHECK(fd == -1 ? errno == EACCES : read(fd, &byte, 1) == -1 && errno == EACCES);
	OK(fd = open_of(other, "stat", O_RDONLY));
	EQUAL(read(fd, &byte, 1), 1);
	OK(fd = open_of(other, "cmdline", O_RDONLY));
	EQUAL(read(fd, &byte, 1), 1);
}

TEST(what_is_inside_a_process_is_not_for_strangers)
{
	as_stranger(strangers_are_refused);
}

TEST(links_of_descriptors_show_how_they_are_open)
{
	static const struct {
		int flags;
		unsigned int mode;
	} ways[] = { { O_RDONLY, 0500 }, { O_WRONLY, 0300 }, { O_RDWR, 0700 }, { O_PATH, 0 } };
	struct stat status;
	char path[40];

	test_write_file("file", "");
	for (size_t i = 0; i < COUNT(ways); i++) {
		int fd = open("file", ways[i].flags);

		OK(fd);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		OK(lstat(path, &status));
		EQUAL(status.st_mode, S_IFLNK | ways[i].mode);
		OK(close(fd));
	}
}

/* ---- Values ---- */

static unsigned long cpu_ticks(const char *path)
{
	const char *text = strrchr(test_read_file(path), ')');
	unsigned long user, system;

	EQUAL(sscanf(text, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user, &system),
	      2);
	return user + system;
}

static void burn(long ticks)
{
	struct timespec used;

	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	while (used.tv_sec * 100 + used.tv_nsec / 10000000 < ticks);
}

static void burn_in_user(long ticks)
{
	struct timespec used;

	do {
		for (volatile long i = 0; i < 1000000; i++)
			;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	} while (used.tv_sec * 100 + used.tv_nsec / 10000000 < ticks);
}

/* Fresh pages are the host's work. */
static void burn_in_system(long ticks)
{
	const size_t size = 4 << 20;
	struct timespec used;

	do {
		void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		CHECK(pages != MAP_FAILED);
		OK(munmap(pages, size));
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	} while (used.tv_sec * 100 + used.tv_nsec / 10000000 < ticks);
}

static pthread_barrier_t burnt;

static void *burn_in_thread(void *tid)
{
	*(pid_t *)tid = gettid();
	burn(20);
	pthread_barrier_wait(&burnt);
	pthread_barrier_wait(&burnt);
	return NULL;
}

TEST(each_thread_has_its_own_cpu_time)
{
	pthread_t thread;
	char path[40];
	pid_t tid;

	pthread_barrier_init(&burnt, NULL, 2);
	ZERO(pthread_create(&thread, NULL, burn_in_thread, &tid));
	pthread_barrier_wait(&burnt);
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	CHECK(cpu_ticks(path) >= 19);
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)getpid());
	CHECK(cpu_ticks(path) < 19);
	CHECK(cpu_ticks("/proc/self/stat") >= 19);
	pthread_barrier_wait(&burnt);
	ZERO(pthread_join(thread, NULL));
}

static void user_and_system(const char *path, unsigned long *user, unsigned long *system)
{
	const char *text = strrchr(test_read_file(path), ')');

	EQUAL(sscanf(text, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", user, system),
	      2);
}

/* Whether other processes (and threads) count as user or system time is seen from outside too. */
TEST(user_and_system_time_of_others_are_apart)
{
	static const bool in_system[] = { false, true };
	unsigned long user, system, all_before[2], all[2];
	char path[40], byte;
	int ready[2];
	pid_t child;

	for (size_t i = 0; i < COUNT(in_system); i++) {
		EQUAL(sscanf(test_read_file("/proc/stat"), "cpu %lu %*u %lu", &all_before[0],
			     &all_before[1]), 2);
		OK(pipe(ready));
		OK(child = fork());
		if (!child) {
			if (in_system[i])
				burn_in_system(30);
			else
				burn_in_user(30);
			write(ready[1], "x", 1);
			pause();
		}
		EQUAL(read(ready[0], &byte, 1), 1);
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
		user_and_system(path, &user, &system);
		CHECK(in_system[i] ? system > user : user > system);
		snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)child, (int)child);
		user_and_system(path, &user, &system);
		CHECK(in_system[i] ? system > user : user > system);
		EQUAL(sscanf(test_read_file("/proc/stat"), "cpu %lu %*u %lu", &all[0], &all[1]),
		      2);
		CHECK(all[0] >= all_before[0] && all[1] >= all_before[1]);
		CHECK(all[in_system[i]] - all_before[in_system[i]] >= 15);
		OK(kill(child, SIGKILL));
		EQUAL(test_wait(child), 1000 + SIGKILL);
	}
}

static void cpu_total(unsigned long *busy, unsigned long *idle)
{
	unsigned long user, nice, system;

	EQUAL(sscanf(test_read_file("/proc/stat"), "cpu %lu %lu %lu %lu", &user, &nice, &system,
		     idle),
	      4);
	*busy = user + nice + system;
}

TEST(the_system_counts_what_processes_use)
{
	unsigned long before, after, idle_before, idle_after;

	cpu_total(&before, &idle_before);
	IN_CHILD(burn(20));
	cpu_total(&after, &idle_after);
	CHECK(after >= before + 19);
	CHECK(idle_after >= idle_before);
}

TEST(memory_of_a_process_is_what_it_touched)
{
	const size_t size = 30 << 20, slack = 4 << 20;
	unsigned long pages, resident, anonymous = 0;
	char path[40], byte;
	const char *line;
	int ready[2], done[2];
	pid_t child;

	OK(pipe(ready));
	OK(pipe(done));
	OK(child = fork());
	if (!child) {
		close(done[1]);
		memset(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		       1, size);
		write(ready[1], "x", 1);
		read(done[0], &byte, 1);
		_exit(0);
	}
	EQUAL(read(ready[0], &byte, 1), 1);
	snprintf(path, sizeof(path), "/proc/%d/statm", (int)child);
	EQUAL(sscanf(test_read_file(path), "%lu %lu", &pages, &resident), 2);
	/* Linux adds up what each processor counted only now and then. */
	CHECK(resident * 4096 >= size - slack && resident <= pages &&
	      resident * 4096 < size + 5 * slack);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)child);
	line = strstr(test_read_file(path), "\nRssAnon:");
	EQUAL(sscanf(line, " RssAnon: %lu kB", &anonymous), 1);
	CHECK(anonymous * 1024 >= size - slack && anonymous * 1024 < size + slack);
	OK(close(done[1]));
	EQUAL(test_wait(child), 0);
}

TEST(running_threads_are_counted)
{
	unsigned int running, all;

	EQUAL(sscanf(test_read_file("/proc/loadavg"), "%*s %*s %*s %u/%u", &running, &all), 2);
	CHECK(running >= 1 && running <= all);
}

TEST(a_sleeper_shows_its_call)
{
	int fds[2];
	char path[40];
	unsigned long number, first, second, third;
	pid_t child;

	OK(pipe(fds));
	OK(child = fork());
	if (!child) {
		OK(close(fds[1]));
		read(fds[0], (void *)0x1000, 77);
		_exit(0);
	}
	test_await_sleep(child);
	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)child);
	EQUAL(sscanf(test_read_file(path), "%lu 0x%lx 0x%lx 0x%lx", &number, &first, &second,
		     &third),
	      4);
	EQUAL(number, 0);
	EQUAL(first, fds[0]);
	EQUAL(second, 0x1000);
	EQUAL(third, 77);
	OK(close(fds[1]));
	OK(close(fds[0]));
	EQUAL(test_wait(child), 0);
}

TEST(children_are_listed)
{
	char path[64], expected[32];
	int fds[2];
	pid_t child;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	if (access(path, F_OK))
		test_skip("a kernel without it");
	SAME(test_read_file(path), "");
	OK(pipe(fds));
	OK(child = fork());
	if (!child) {
		char byte;

		close(fds[1]);
		read(fds[0], &byte, 1);
		_exit(0);
	}
	snprintf(expected, sizeof(expected), "%d ", (int)child);
	SAME(test_read_file(path), expected);
	OK(close(fds[1]));
	EQUAL(test_wait(child), 0);
	SAME(test_read_file(path), "");
}

TEST(namespaces_are_the_same_for_all)
{
	static const char *const kinds[] = { "cgroup", "ipc",
					     "mnt",    "net",
					     "pid",    "pid_for_children",
					     "time",   "time_for_children",
					     "user",   "uts" };
	struct stat own, parents;
	char path[64], target[64];

	for (size_t i = 0; i < COUNT(kinds); i++) {
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)getppid(), kinds[i]);
		OK(stat(path, &parents));
		snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
		OK(stat(path, &own));
		EQUAL(own.st_ino, parents.st_ino);
		EQUAL(own.st_dev, parents.st_dev);
		CHECK(S_ISREG(own.st_mode));
		ssize_t length = readlink(path, target, sizeof(target) - 1);
		OK(length);
		target[length] = '\0';
		CHECK(strtoul(strchr(target, '[') + 1, NULL, 10) == own.st_ino);
		OK(open(path, O_RDONLY));
		FAILS(open(path, O_WRONLY), EPERM);
		FAILS(access(path, W_OK), EPERM);
		FAILS(chmod(path, 0644), EPERM);
		FAILS(utimensat(AT_FDCWD, path, NULL, 0), EPERM);
	}
}

/* ---- What can be written ---- */

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	OK(fd);
	EQUAL(write(fd, text, strlen(text)), strlen(text));
	OK(close(fd));
}

static void write_fails(const char *path, const char *text, int error)
{
	int fd = open(path, O_WRONLY);

	OK(fd);
	if (write(fd, text, strlen(text)) != -1 || errno != error)
		test_fail(__FILE__, __LINE__, "%s: \"%s\": %s", path, text, strerror(errno));
	OK(close(fd));
}

TEST(timer_slack_is_the_one_of_prctl)
{
	SAME(test_read_file("/proc/self/timerslack_ns"), "50000\n");
	OK(prctl(PR_SET_TIMERSLACK, 1234, 0, 0, 0));
	SAME(test_read_file("/proc/self/timerslack_ns"), "1234\n");
	write_to("/proc/self/timerslack_ns", "99\n");
	EQUAL(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 99);
	write_to("/proc/self/timerslack_ns", "0");
	EQUAL(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 50000);
	write_fails("/proc/self/timerslack_ns", "x", EINVAL);
}

TEST(the_old_scale_of_the_score_goes_with_the_new)
{
	if (getuid())
		test_skip("not root");
	/* To lower it may not be allowed to a root without all capabilities. */
	write_to("/proc/self/oom_score_adj", "170");
	SAME(test_read_file("/proc/self/oom_adj"), "2\n");
	SAME(test_read_file("/proc/self/oom_score_adj"), "170\n");
	write_to("/proc/self/oom_adj", "5");
	SAME(test_read_file("/proc/self/oom_score_adj"), "294\n");
	SAME(test_read_file("/proc/self/oom_adj"), "4\n");
	write_to("/proc/self/oom_adj", "15");
	SAME(test_read_file("/proc/self/oom_score_adj"), "1000\n");
	SAME(test_read_file("/proc/self/oom_adj"), "15\n");
	write_fails("/proc/self/oom_adj", "16", EINVAL);
	write_fails("/proc/self/oom_adj", "-18", EINVAL);
	write_fails("/proc/self/oom_score_adj", "1001", EINVAL);
}

TEST(id_maps_of_the_first_namespace_stay)
{
	if (getuid())
		test_skip("not root");
	write_fails("/proc/self/uid_map", "0 0 1\n", EPERM);
	write_fails("/proc/self/gid_map", "0 0 1\n", EPERM);
}

TEST(the_host_name_can_be_written)
{
	struct utsname before, after;

	if (getuid())
		test_skip("not root");
	OK(uname(&before));
	write_to("/proc/sys/kernel/hostname", before.nodename);
	OK(uname(&after));
	SAME(after.nodename, before.nodename);
}

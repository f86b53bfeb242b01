/* SPDX-License-Identifier: MIT */
/* /dev and /proc, as far as ordinary programs look at them. */
#include "tests/linux/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

TEST(dev_null)
{
	struct stat status;
	char byte;
	int fd;

	OK(fd = open("/dev/null", O_RDWR));
	EQUAL(write(fd, "gone", 4), 4);
	EQUAL(read(fd, &byte, 1), 0);
	OK(fstat(fd, &status));
	CHECK(S_ISCHR(status.st_mode));
	EQUAL(major(status.st_rdev), 1);
	EQUAL(minor(status.st_rdev), 3);
	OK(lseek(fd, 100, SEEK_SET));
	OK(open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0600));
}

TEST(dev_zero)
{
	char data[10000], *memory;
	int fd;

	memset(data, 'x', sizeof(data));
	OK(fd = open("/dev/zero", O_RDWR));
	EQUAL(read(fd, data, sizeof(data)), sizeof(data));
	for (size_t i = 0; i < sizeof(data); i++)
		EQUAL(data[i], 0);
	EQUAL(write(fd, data, 7), 7);
	memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(memory != MAP_FAILED);
	EQUAL(memory[5000], 0);
	memory[5000] = 1;
	memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(memory != MAP_FAILED);
	IN_CHILD(memory[1] = 'c');
	EQUAL(memory[1], 'c');
}

TEST(dev_full)
{
	char byte = 'x';
	int fd;

	OK(fd = open("/dev/full", O_RDWR));
	FAILS(write(fd, "x", 1), ENOSPC);
	EQUAL(read(fd, &byte, 1), 1);
	EQUAL(byte, 0);
}

TEST(dev_random_and_urandom)
{
	static const char *const names[] = { "/dev/random", "/dev/urandom" };
	unsigned char a[64], b[64];

	for (size_t i = 0; i < COUNT(names); i++) {
		int fd = open(names[i], O_RDONLY);

		OK(fd);
		EQUAL(read(fd, a, sizeof(a)), sizeof(a));
		EQUAL(read(fd, b, sizeof(b)), sizeof(b));
		CHECK(memcmp(a, b, sizeof(a)));
	}
}

TEST(dev_fd_and_stdin)
{
	char byte = 0, path[32];
	int fds[2], fd;

	OK(pipe(fds));
	EQUAL(write(fds[1], "ab", 2), 2);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	OK(fd = open(path, O_RDONLY));
	EQUAL(read(fd, &byte, 1), 1);
	EQUAL(byte, 'a');
	OK(dup2(fds[0], 0));
	OK(fd = open("/dev/stdin", O_RDONLY));
	EQUAL(read(fd, &byte, 1), 1);
	EQUAL(byte, 'b');
	FAILS(open("/dev/fd/999", O_RDONLY), ENOENT);
	char target[64];
	EQUAL(readlink("/dev/stdout", target, sizeof(target)), 15);
	CHECK(!memcmp(target, "/proc/self/fd/1", 15));
}

TEST(dev_shm_holds_shared_memory)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "/mezzo-test-%d", getpid());
	OK(fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
	OK(ftruncate(fd, 4096));
	char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(memory != MAP_FAILED);
	IN_CHILD({
		OK(fd = shm_open(name, O_RDWR, 0));
		EQUAL(pwrite(fd, "s", 1, 0), 1);
	});
	EQUAL(memory[0], 's');
	OK(shm_unlink(name));
	FAILS(shm_open(name, O_RDWR, 0), ENOENT);
}

TEST(proc_self_is_this_process)
{
	char path[64], a[4096], b[4096];
	struct stat one, two;
	ssize_t size;

	snprintf(path, sizeof(path), "%d", getpid());
	size = readlink("/proc/self", a, sizeof(a) - 1);
	OK(size);
	a[size] = 0;
	SAME(a, path);
	snprintf(path, sizeof(path), "/proc/%d/exe", getpid());
	OK(size = readlink(path, a, sizeof(a) - 1));
	a[size] = 0;
	OK(size = readlink("/proc/self/exe", b, sizeof(b) - 1));
	b[size] = 0;
	SAME(a, b);
	SAME(a, test_self);
	OK(stat("/proc/self/exe", &one));
	OK(stat(test_self, &two));
	EQUAL(one.st_ino, two.st_ino);
	IN_CHILD({
		OK(size = readlink("/proc/self", a, sizeof(a) - 1));
		a[size] = 0;
		EQUAL(atoi(a), getpid());
	});
	FAILS(open("/proc/999999999/stat", O_RDONLY), ENOENT);
}

TEST(proc_cmdline_comm_cwd)
{
	char cwd[4096], link[4096];
	ssize_t size;
	int fd;

	OK(fd = open("/proc/self/cmdline", O_RDONLY));
	size = read(fd, link, sizeof(link));
	CHECK(size > 0 && link[size - 1] == 0);
	CHECK(strstr(link, "device"));
	SAME(test_read_file("/proc/self/comm"), "device\n");
	CHECK(getcwd(cwd, sizeof(cwd)));
	OK(size = readlink("/proc/self/cwd", link, sizeof(link) - 1));
	link[size] = 0;
	SAME(link, cwd);
	OK(size = readlink("/proc/self/root", link, sizeof(link)));
	EQUAL(size, 1);
	test_write_file("file", "by way of cwd");
	SAME(test_read_file("/proc/self/cwd/file"), "by way of cwd");
}

TEST(proc_status_and_stat)
{
	const char *text = test_read_file("/proc/self/status"), *line;
	int pid, parent, group, session;
	char state;

	CHECK(!strncmp(text, "Name:\tdevice\n", 13));
	CHECK(line = strstr(text, "\nPid:\t"));
	EQUAL(atoi(line + 6), getpid());
	CHECK(line = strstr(text, "\nPPid:\t"));
	EQUAL(atoi(line + 7), getppid());
	CHECK(line = strstr(text, "\nUid:\t"));
	EQUAL(atoi(line + 6), getuid());
	CHECK(strstr(text, "\nThreads:\t1\n"));
	CHECK(strstr(text, "\nVmSize:\t"));
	CHECK(strstr(text, "\nVmRSS:\t"));
	CHECK(strstr(text, "\nSigCgt:\t"));
	text = test_read_file("/proc/self/stat");
	EQUAL(sscanf(text, "%d (device) %c %d %d %d", &pid, &state, &parent, &group, &session), 5);
	EQUAL(pid, getpid());
	EQUAL(state, 'R');
	EQUAL(parent, getppid());
	EQUAL(group, getpgrp());
	EQUAL(session, getsid(0));
	int blanks = 0;
	for (const char *at = text; *at; at++)
		blanks += *at == ' ';
	EQUAL(blanks, 51);
	CHECK(strchr(test_read_file("/proc/self/statm"), ' '));
}

TEST(proc_state_of_others)
{
	pid_t child = fork();
	int status;

	if (!child)
		for (;;)
			pause();
	test_await_sleep(child);
	OK(kill(child, SIGSTOP));
	EQUAL(waitpid(child, &status, WUNTRACED), child);
	EQUAL(test_process_state(child), 'T');
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(child), 1000 + SIGKILL);
}

TEST(proc_maps)
{
	unsigned long start, end, address;
	char rights[8], line[512], *page;
	bool found = false, stack = false, program = false;
	FILE *file;

	page = mmap(NULL, 3 * 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	address = (unsigned long)page;
	CHECK(file = fopen("/proc/self/maps", "r"));
	while (fgets(line, sizeof(line), file)) {
		CHECK(sscanf(line, "%lx-%lx %7s", &start, &end, rights) == 3);
		CHECK(start < end);
		if (address >= start && address < end) {
			found = true;
			SAME(rights, "r-xp");
		}
		stack |= strstr(line, "[stack]") != NULL;
		program |= strstr(line, test_self) != NULL;
	}
	fclose(file);
	CHECK(found);
	CHECK(stack);
	CHECK(program);
}

TEST(proc_fd)
{
	char path[64], target[4096], here[4096];
	struct dirent *entry;
	ssize_t size;
	DIR *stream;
	int fd, fds[2], count = 0;

	test_write_file("file", "text");
	OK(fd = open("file", O_RDWR));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	OK(size = readlink(path, target, sizeof(target) - 1));
	target[size] = 0;
	CHECK(getcwd(here, sizeof(here) - 6));
	strcat(here, "/file");
	SAME(target, here);
	SAME(test_read_file(path), "text");
	OK(pipe(fds));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	OK(size = readlink(path, target, sizeof(target) - 1));
	CHECK(!memcmp(target, "pipe:[", 6));
	CHECK(stream = opendir("/proc/self/fd"));
	while ((entry = readdir(stream)))
		count += entry->d_name[0] != '.';
	EQUAL(count, 3 + 3 + 1);
	closedir(stream);
	OK(unlink("file"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	OK(size = readlink(path, target, sizeof(target) - 1));
	target[size] = 0;
	strcat(here, " (deleted)");
	SAME(target, here);
	SAME(test_read_file(path), "text");
}

TEST(proc_task)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/self/task/%d", getpid());
	OK(stat(path, &status));
	CHECK(S_ISDIR(status.st_mode));
	OK(access("/proc/thread-self", F_OK));
}

TEST(proc_lists_processes)
{
	bool self = false, other = false;
	struct dirent *entry;
	DIR *stream;
	pid_t child = fork();

	if (!child)
		for (;;)
			pause();
	CHECK(stream = opendir("/proc"));
	while ((entry = readdir(stream))) {
		self |= atoi(entry->d_name) == getpid();
		other |= atoi(entry->d_name) == child;
	}
	closedir(stream);
	CHECK(self && other);
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(child), 1000 + SIGKILL);
}

TEST(proc_system_files)
{
	struct utsname name;
	const char *text;
	double up, idle;

	CHECK(strstr(test_read_file("/proc/cpuinfo"), "processor\t: 0\n"));
	text = test_read_file("/proc/meminfo");
	CHECK(!strncmp(text, "MemTotal:", 9));
	CHECK(strstr(text, "\nMemFree:"));
	CHECK(strstr(text, "\nMemAvailable:"));
	EQUAL(sscanf(test_read_file("/proc/uptime"), "%lf %lf", &up, &idle), 2);
	CHECK(strstr(test_read_file("/proc/mounts"), " / "));
	CHECK(strstr(test_read_file("/proc/mounts"), " /proc proc "));
	CHECK(strstr(test_read_file("/proc/filesystems"), "proc\n"));
	text = test_read_file("/proc/stat");
	CHECK(!strncmp(text, "cpu  ", 5));
	CHECK(strstr(text, "\nbtime "));
	CHECK(!strncmp(test_read_file("/proc/version"), "Linux version ", 14));
	CHECK(strchr(test_read_file("/proc/loadavg"), '/'));
	OK(uname(&name));
	text = test_read_file("/proc/sys/kernel/osrelease");
	CHECK(!strncmp(text, name.release, strlen(name.release)));
	CHECK(atoi(test_read_file("/proc/sys/kernel/pid_max")) > 300);
}

TEST(proc_files_in_pieces)
{
	char whole[70000], byte;
	size_t size = 0;
	int fd;

	OK(fd = open("/proc/cpuinfo", O_RDONLY));
	strcpy(whole, test_read_file("/proc/cpuinfo"));
	while (read(fd, &byte, 1) == 1 && size < 300) {
		if (byte != whole[size])
			CHECK(size > 50);
		size++;
	}
	CHECK(size > 50);
	FAILS(write(fd, "x", 1), EBADF);
	CHECK(open("/proc/cpuinfo", O_WRONLY | O_CREAT, 0600) < 0 || geteuid() == 0);
	FAILS(mkdir("/proc/directory", 0755), ENOENT);
}

TEST(standard_streams_are_as_given)
{
	/* tests/run gives /dev/null as standard input and a file or pipe as output. */
	struct stat status;

	OK(fstat(0, &status));
	OK(fstat(1, &status));
	CHECK(S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode) ||
	      S_ISSOCK(status.st_mode));
}

/* SPDX-License-Identifier: MIT */
/*
 * Random and structured system calls from several threads, for a domain only: on bare Linux they
 * would do harm.
 *
 *	calls SEED SECONDS
 *
 * Each round is a party of its own seed (calls/party.c), every other one as an ordinary user. It
 * may die of its calls, and is killed with all that it forked after a while. Then all must be gone
 * in time, the domain must work, and over the rounds what the layer uses must not grow. A failure
 * prints the round's seed, which `calls SEED 0` plays alone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/calls/party.h"
#include "tests/fuzz/calls/random.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { ROUND_MS = 400, END_SECONDS = 20, USAGE_LINES = 8, ROUNDS_MAX = 100000, USER = 12345 };

static char directory[] = "/tmp/mezzo-fuzz-XXXXXX";
static int home;	/* the directory, wherever its name leads by now */
static volatile sig_atomic_t too_late;

/* ---- What the layer uses ---- */

struct usage {
	unsigned long values[USAGE_LINES];
};

static char usage_names[USAGE_LINES][32];
/*
 * How much more than at first is no growth: caches fill, and after some programs the layer keeps
 * text of its own. Names that are not here may not grow.
 */
static const struct {
	const char *name;
	unsigned long slack;
} slacks[] = {
	{ "heap_objects", 64 },
	{ "heap_object_bytes", 16384 },
	{ "heap_run_pages", 512 },
};

static struct usage usage_read(int fd)
{
	struct usage usage = { { 0 } };
	char text[1024], *rest = text, *line;
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

	text[length < 0 ? 0 : length] = 0;
	for (int i = 0; i < USAGE_LINES && (line = strsep(&rest, "\n")); i++)
		sscanf(line, "%31s %lu", usage_names[i], &usage.values[i]);
	return usage;
}

static unsigned long slack_of(const char *name)
{
	for (size_t i = 0; i < COUNT(slacks); i++)
		if (!strcmp(slacks[i].name, name))
			return slacks[i].slack;
	return 0;
}

static unsigned long least_of(const struct usage *rounds, size_t count, int line)
{
	unsigned long least = ~0ul;

	for (size_t i = 0; i < count; i++)
		if (rounds[i].values[line] < least)
			least = rounds[i].values[line];
	return least;
}

/* Who has what, where the layer is a debug build. */
static void callers_print(void)
{
	static char text[65536];
	int fd = open("/proc/mezzo/callers", O_RDONLY);
	ssize_t length = read(fd, text, sizeof(text));

	if (length > 0)
		printf("%.*s", (int)length, text);
	close(fd);
}

/* The least of the last third of all rounds against that of the first: what leaks has a slope. */
static int usage_grew(const struct usage *rounds, size_t count)
{
	size_t third = count / 3;
	int grew = 0;

	for (int line = 0; third && line < USAGE_LINES && usage_names[line][0]; line++) {
		unsigned long first = least_of(rounds, third, line);
		unsigned long last = least_of(rounds + count - third, third, line);

		printf("%s %lu, at last %lu\n", usage_names[line], first, last);
		if (last > first + slack_of(usage_names[line])) {
			printf("%s grew\n", usage_names[line]);
			grew = 1;
		}
	}
	if (grew)
		callers_print();
	return grew;
}

/* ---- A round ---- */

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

/* Away with what outlives its makers, wherever they went. */
static void remains_remove(void)
{
	static const char *const places[] = { "work", "/", "/tmp", "/dev", "/dev/shm" };
	static const char *const names[] = {
		".",	"a",	  "b",	  "c",	   "dir",    "link",
		"fifo", "socket", "none", "tmpfs", "user.a", "security.capability",
	};
	char path[64];

	for (size_t i = 0; i < COUNT(names); i++) {
		for (size_t j = i ? 1 : 0; j < (i ? COUNT(places) : 1); j++) {
			snprintf(path, sizeof(path), "%s/%s", places[j], names[i]);
			nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
		}
		syscall(SYS_mq_unlink, names[i]);
	}
	rmdir("work");
	for (int i = 0; i < 256; i++) {
		struct shmid_ds segment;
		struct seminfo semaphores;
		struct msqid_ds messages;

		shmctl(shmctl(i, SHM_STAT, &segment), IPC_RMID, NULL);
		semctl(semctl(i, 0, SEM_STAT, &semaphores), 0, IPC_RMID);
		msgctl(msgctl(i, MSG_STAT, &messages), IPC_RMID, NULL);
	}
}

static void late(int signal)
{
	(void)signal;
	too_late = 1;
}

/* Kills all of the domain but this program; false where some are not gone in time. */
static int all_end(void)
{
	too_late = 0;
	alarm(END_SECONDS);
	kill(-1, SIGKILL);
	while (!too_late && (waitpid(-1, NULL, 0) > 0 || errno != ECHILD))
		;
	alarm(0);
	return !too_late;
}

/* Says which threads are left and in what state. */
static void left_print(void)
{
	glob_t tasks;

	if (glob("/proc/[0-9]*/task/[0-9]*/stat", 0, NULL, &tasks))
		return;
	for (size_t i = 0; i < tasks.gl_pathc; i++) {
		char text[100];
		int fd = open(tasks.gl_pathv[i], O_RDONLY);
		ssize_t length = read(fd, text, sizeof(text));

		if (length > 0)
			printf("%s: %.*s\n", tasks.gl_pathv[i], (int)length, text);
		close(fd);
	}
	globfree(&tasks);
}

/* What does not work, or NULL. */
static const char *broken(void)
{
	int fd = open("check", O_RDWR | O_CREAT | O_TRUNC, 0600), status;
	char text[8] = "";
	pid_t child;

	if (fd < 0)
		return "open";
	if (write(fd, "works", 5) != 5 || pread(fd, text, 5, 0) != 5 || strcmp(text, "works"))
		return "a file";
	close(fd);
	child = fork();
	if (!child)
		_exit(21);
	if (child < 0)
		return "fork";
	if (waitpid(child, &status, 0) != child)
		return "waitpid";
	return WIFEXITED(status) && WEXITSTATUS(status) == 21 ? NULL : "the status of a child";
}

static void party_start(uint64_t seed)
{
	setsid();
	if (seed % 2 &&
	    (setgroups(0, NULL) || setresgid(USER, USER, USER) || setresuid(USER, USER, USER)))
		_exit(0);
	party_play(seed);
}

/* Names of lower files, once known, are kept: so that a late look at one of these is no growth. */
static void names_warm(void)
{
	static const char *const directories[] = {
		"/",	"/bin",	 "/dev",       "/dev/pts",	"/dev/shm",
		"/tmp", "/proc", "/proc/self", "/proc/self/fd",
	};

	for (size_t i = 0; i < COUNT(directories); i++) {
		DIR *directory = opendir(directories[i]);
		struct stat status;

		for (struct dirent *entry; directory && (entry = readdir(directory));)
			fstatat(dirfd(directory), entry->d_name, &status, 0);
		if (directory)
			closedir(directory);
	}
}

static int round_play(uint64_t seed)
{
	struct timespec pause = { 0, 2000000 };
	const char *broken_part;
	pid_t party;

	if (fchdir(home) || mkdir("work", 0777) || chmod("work", 0777) || chdir("work")) {
		printf("round %llu: directory: %s\n", (unsigned long long)seed, strerror(errno));
		return 0;
	}
	party = fork();
	if (party < 0) {
		perror("fork");
		return 0;
	}
	if (!party)
		party_start(seed);
	for (int i = 0; i < ROUND_MS / 2 && waitpid(party, NULL, WNOHANG) == 0; i++)
		nanosleep(&pause, NULL);
	if (!all_end()) {
		printf("round %llu: some don't end\n", (unsigned long long)seed);
		left_print();
		if (getenv("HOLD"))
			sleep(1000);
		return 0;
	}
	if (fchdir(home)) {
		printf("round %llu: fchdir: %s\n", (unsigned long long)seed, strerror(errno));
		return 0;
	}
	remains_remove();
	broken_part = broken();
	if (broken_part)
		printf("round %llu: %s does not work: %s\n", (unsigned long long)seed, broken_part,
		       strerror(errno));
	return !broken_part;
}

/* ---- The program ---- */

/* No signal but SIGKILL can end it; calls that would send that are spared. */
static void stand_apart(void)
{
	struct sigaction action = { .sa_handler = late };

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int number = 1; number < NSIG; number++)
		if (number != SIGCHLD)
			signal(number, SIG_IGN);
	sigaction(SIGALRM, &action, NULL);
}

int main(int argc, char **argv)
{
	static struct usage rounds[ROUNDS_MAX];
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	time_t until = time(NULL) + (argc > 2 ? atoi(argv[2]) : 60);
	int usage = open("/proc/mezzo/usage", O_RDONLY);
	size_t count = 0;

	if (usage < 0) {
		printf("for domains only: it would do harm elsewhere\n");
		return 2;
	}
	stand_apart();
	names_warm();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!mkdtemp(directory) || chmod(directory, 0755) ||
	    (home = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		perror(directory);
		return 2;
	}
	do {
		if (!round_play(seed++))
			return 1;
		rounds[count++] = usage_read(usage);
	} while (count < ROUNDS_MAX && time(NULL) < until);
	printf("%zu rounds\n", count);
	return usage_grew(rounds, count);
}

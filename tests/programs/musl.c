/* SPDX-License-Identifier: MIT */
/* Linked statically with musl, whose call sites look different from glibc's. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int count;
static volatile sig_atomic_t caught;

static void *work(void *argument)
{
	for (int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&lock);
		count++;
		pthread_mutex_unlock(&lock);
	}
	return argument;
}

static void *block(void *argument)
{
	char byte;

	read(*(int *)argument, &byte, 1);
	return NULL;
}

static void on_signal(int number)
{
	caught = number;
}

static void threads(void)
{
	pthread_t ids[20];

	for (int i = 0; i < 20; i++)
		pthread_create(&ids[i], NULL, work, NULL);
	for (int i = 0; i < 20; i++)
		pthread_join(ids[i], NULL);
	printf("threads %d\n", count);
}

/* musl looks at the interrupted instruction: it must lie within the call's own code. */
static void cancellation(void)
{
	int cancelled = 0, fds[2];

	pipe(fds);
	for (int i = 0; i < 20; i++) {
		pthread_t id;
		void *result;

		pthread_create(&id, NULL, block, &fds[0]);
		if (i % 2)
			usleep(1000);
		pthread_cancel(id);
		pthread_join(id, &result);
		cancelled += result == PTHREAD_CANCELED;
	}
	printf("cancelled %d\n", cancelled);
}

static void children(void)
{
	FILE *stream = popen("echo from a child", "r");
	char line[64] = "";
	int status;
	pid_t child;

	fgets(line, sizeof(line), stream);
	pclose(stream);
	printf("popen %s", line);
	child = fork();
	if (!child)
		_exit(5);
	waitpid(child, &status, 0);
	printf("fork %d\n", WEXITSTATUS(status));
	printf("system %d\n", WEXITSTATUS(system("exit 6")));
}

static void files(void)
{
	char path[] = "/tmp/musl-XXXXXX", text[16] = "";
	int fd = mkstemp(path);
	struct stat status;

	write(fd, "content", 7);
	pread(fd, text, 7, 0);
	fstat(fd, &status);
	printf("file %s %d\n", text, (int)status.st_size);
	close(fd);
	unlink(path);
	printf("gone %d\n", access(path, F_OK) == -1 && errno == ENOENT);
}

int main(void)
{
	struct timespec time;

	setvbuf(stdout, NULL, _IONBF, 0);
	threads();
	cancellation();
	children();
	files();
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	printf("signal %d\n", caught == SIGUSR1);
	printf("clock %d\n", clock_gettime(CLOCK_MONOTONIC, &time) == 0);
	printf("memory %d\n", calloc(1, 50000000) != NULL);
	return 8;
}

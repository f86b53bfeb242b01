/* SPDX-License-Identifier: MIT */
/*
 * The rate of a stream through a command: a child writes blocks into the command's standard input,
 * this process reads its standard output. Every 64 KiB of the stream begin with their own offset,
 * which the reader checks wherever a read returns it whole. The pipes hold 1 MiB, so that they are
 * not what is measured: with the usual 64 KiB two bare processes do not reach 1 GB/s everywhere. No
 * locks.
 */
#include "bench.h"
#include "whole.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STREAM_SIZE (4ull << 30)
#define BLOCK_SIZE (256u << 10)
#define STAMP_STEP (64u << 10)
#define PIPE_SIZE (1 << 20)

extern char **environ;

static _Noreturn void stream_write(int fd)
{
	static char block[BLOCK_SIZE];

	memset(block, 'm', sizeof(block));
	for (uint64_t offset = 0; offset < STREAM_SIZE; offset += sizeof(block)) {
		for (uint64_t i = 0; i < sizeof(block); i += STAMP_STEP) {
			uint64_t stamp = offset + i;

			memcpy(block + i, &stamp, sizeof(stamp));
		}
		for (size_t done = 0; done < sizeof(block);) {
			ssize_t wrote = write(fd, block + done, sizeof(block) - done);

			if (wrote <= 0)
				_exit(1);
			done += (size_t)wrote;
		}
	}
	_exit(0);
}

static void stream_read(int fd)
{
	static char block[BLOCK_SIZE];
	uint64_t offset = 0, stamps = 0;
	ssize_t got;

	while ((got = read(fd, block, sizeof(block))) > 0) {
		uint64_t stamp, at = (offset + STAMP_STEP - 1) / STAMP_STEP * STAMP_STEP;

		for (; at + sizeof(stamp) <= offset + (uint64_t)got; at += STAMP_STEP) {
			memcpy(&stamp, block + (at - offset), sizeof(stamp));
			if (stamp != at)
				bench_fail(0, "offset %llu of the stream holds %llu",
					   (unsigned long long)at, (unsigned long long)stamp);
			stamps++;
		}
		offset += (uint64_t)got;
	}
	MUST(got == 0);
	if (offset != STREAM_SIZE)
		bench_fail(0, "the stream ended after %llu bytes", (unsigned long long)offset);
	MUST(stamps > STREAM_SIZE / STAMP_STEP / 2);
}

double whole_stream(char **arguments)
{
	int in_fds[2], out_fds[2], error, status;
	posix_spawn_file_actions_t actions;
	pid_t command, writer;
	uint64_t began_ns;

	MUST(pipe2(in_fds, O_CLOEXEC) == 0 && pipe2(out_fds, O_CLOEXEC) == 0);
	MUST(fcntl(in_fds[0], F_SETPIPE_SZ, PIPE_SIZE) > 0);
	MUST(fcntl(out_fds[0], F_SETPIPE_SZ, PIPE_SIZE) > 0);
	began_ns = clock_ns();
	MUST(posix_spawn_file_actions_init(&actions) == 0);
	posix_spawn_file_actions_adddup2(&actions, in_fds[0], 0);
	posix_spawn_file_actions_adddup2(&actions, out_fds[1], 1);
	error = posix_spawnp(&command, arguments[0], &actions, NULL, arguments, environ);
	if (error)
		bench_fail(error, "%s", arguments[0]);
	posix_spawn_file_actions_destroy(&actions);
	MUST(close(in_fds[0]) == 0 && close(out_fds[1]) == 0);
	writer = fork();
	MUST(writer >= 0);
	if (writer == 0)
		stream_write(in_fds[1]);
	MUST(close(in_fds[1]) == 0);
	stream_read(out_fds[0]);
	MUST(waitpid(writer, &status, 0) == writer && status == 0);
	MUST(waitpid(command, &status, 0) == command && status == 0);
	return (double)STREAM_SIZE / (double)(clock_ns() - began_ns);
}

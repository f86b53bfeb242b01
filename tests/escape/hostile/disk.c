/* SPDX-License-Identifier: MIT */
/*
 * Attacks on a limit of disk (`--disk`, which is to be below ENOUGH): to have more than that. They
 * stop by themselves at ENOUGH, so that where one succeeds the host's disk is not full.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "boundary/overlay.h"
#include "tests/escape/hostile/hostile.h"

#define MIB		(1ul << 20)
#define ENOUGH		(2048 * MIB)
#define HUGE		(1ul << 40)
#define OBJECTS		1000000ul

static char bytes[MIB];

/* A new object: its handle, *id. An attack can't begin without. */
static int object_create(uint64_t *id)
{
	int handle = -1;
	struct reply reply = ask_for((struct request){ .op = REQ_OBJECT_CREATE, .count = 1 }, "",
				     &handle, 1);

	memcpy(id, channel->reply_area, sizeof(*id));
	if (reply.error || handle < 0)
		leave(3 << 8);
	return handle;
}

static struct reply object_delete(uint64_t id)
{
	return ask(REQ_OBJECT_DELETE, 1, 0, (const char *)&id, sizeof(id));
}

/* Writes until the host ends it. */
static void fill(int handle, unsigned long from)
{
	unsigned long done = 0;
	long result;

	memset(bytes, 'x', sizeof(bytes));
	while (done < ENOUGH) {
		result = gate(SYS_pwrite64, handle, (long)bytes, sizeof(bytes),
			      (long)(from + done), 0, 0);
		if (result <= 0)
			tell_result(result ? result : -EIO);
		done += (unsigned long)result;
	}
	tell_escape();
}

static void allocate(long mode)
{
	uint64_t id;

	tell_result(gate(SYS_fallocate, object_create(&id), mode, 0, HUGE, 0, 0));
}

static void attack_allocate(void)
{
	allocate(0);
}

static void attack_allocate_behind_the_end(void)
{
	allocate(FALLOC_FL_KEEP_SIZE);
}

static void attack_allocate_zeroes(void)
{
	allocate(FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE);
}

static void ask_for_space(uint32_t mode, uint64_t size)
{
	struct object_space space = { .size = size, .mode = mode };
	struct request request = { .op = REQ_OBJECT_ALLOCATE, .data_size = sizeof(space) };

	object_create(&space.id);
	tell_result(ask_for(request, &space, NULL, 0).error);
}

static void attack_ask(void)
{
	ask_for_space(0, HUGE);
}

static void attack_ask_behind_the_end(void)
{
	ask_for_space(FALLOC_FL_KEEP_SIZE, HUGE);
}

static void attack_ask_for_a_wrong_mode(void)
{
	ask_for_space(FALLOC_FL_COLLAPSE_RANGE, 4096);
}

static void attack_ask_beyond_all_files(void)
{
	ask_for_space(0, 1ul << 63);
}

static void attack_write(void)
{
	uint64_t id;

	fill(object_create(&id), 0);
}

static void attack_write_deleted(void)
{
	uint64_t id;
	int handle = object_create(&id);

	object_delete(id);
	object_delete(id);
	fill(handle, 0);
}

static void attack_write_overlay(void)
{
	fill(HANDLE_OVERLAY, channel->config.overlay_size);
}

/* A byte of each page: as much disk, less to write. */
static void attack_map(void)
{
	uint64_t id;
	int handle = object_create(&id);
	long at;

	/* What is deleted loses its bytes, and can have others. */
	object_delete(id);
	gate(SYS_ftruncate, handle, ENOUGH, 0, 0, 0, 0);
	at = gate(SYS_mmap, 0, ENOUGH, PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
	if (at < 0)
		tell_result(at);
	/* The mapping alone is left. */
	gate(SYS_close, handle, 0, 0, 0, 0, 0);
	for (unsigned long offset = 0; offset < ENOUGH; offset += 4096)
		*(volatile char *)(at + (long)offset) = 'x';
	tell_escape();
}

static void attack_populate(void)
{
	uint64_t id;
	int handle = object_create(&id);
	long at;

	gate(SYS_ftruncate, handle, ENOUGH, 0, 0, 0, 0);
	at = gate(SYS_mmap, 0, ENOUGH, PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
	if (at < 0)
		tell_result(at);
	for (unsigned long offset = 0; offset < ENOUGH; offset += 64 * MIB)
		gate(SYS_madvise, at + (long)offset, 64 * MIB, MADV_POPULATE_WRITE, 0, 0, 0);
	tell_escape();
}

/* Objects that are closed, or else deleted and held. */
static void make_many(int held)
{
	struct reply reply = { 0 };
	uint64_t id;
	int handle;

	for (unsigned long i = 0; i < OBJECTS; i++) {
		reply = ask_for((struct request){ .op = REQ_OBJECT_CREATE, .count = 1 }, "",
				&handle, 1);
		if (reply.error)
			break;
		memcpy(&id, channel->reply_area, sizeof(id));
		if (held)
			object_delete(id);
		else
			gate(SYS_close, handle, 0, 0, 0, 0, 0);
	}
	tell_result(reply.error);
}

/* Inodes of the host. */
static void attack_many(void)
{
	make_many(0);
}

static void attack_many_deleted(void)
{
	make_many(1);
}

const struct attack disk_attacks[] = {
	{ "allocate", attack_allocate },
	{ "allocate-behind-the-end", attack_allocate_behind_the_end },
	{ "allocate-zeroes", attack_allocate_zeroes },
	{ "ask", attack_ask },
	{ "ask-behind-the-end", attack_ask_behind_the_end },
	{ "ask-for-a-wrong-mode", attack_ask_for_a_wrong_mode },
	{ "ask-beyond-all-files", attack_ask_beyond_all_files },
	{ "write", attack_write },
	{ "write-deleted", attack_write_deleted },
	{ "write-overlay", attack_write_overlay },
	{ "map", attack_map },
	{ "populate", attack_populate },
	{ "many", attack_many },
	{ "many-deleted", attack_many_deleted },
	{ 0 }
};

/* SPDX-License-Identifier: MIT */
/*
 * The frame of a system layer that runs no programs: the note, the gate, the rings of the first
 * console, and requests. Its "command" says what it is to do at the boundary. Linked with
 * layer.lds, it is a file for `mezzo --layer`.
 */
#ifndef TESTS_LAYER_FRAME_H
#define TESTS_LAYER_FRAME_H

#include <stddef.h>

#include "boundary/abi.h"

#define channel ((struct channel *)CHANNEL_BASE)

/* What such a layer is: entered once, with a stack. Must not return. */
void layer_main(void);

/* A host call: its number and up to six arguments. The host's result. */
long gate(long number, long a, long b, long c, long d, long e, long f);

void *memset(void *to, int byte, size_t size);
void *memcpy(void *to, const void *from, size_t size);
size_t length(const char *text);
int same(const char *a, const char *b);
unsigned long number(const char *text);

/* The command's words; "" where there are fewer. */
const char *argument(unsigned int n);

uint32_t load(uint32_t *word);
void store(uint32_t *word, uint32_t value);
void futex_wait(uint32_t *word, uint32_t value);
void futex_wake(uint32_t *word);
/* Sleep until the monitor posts an event, unless ready() holds already. */
void wait_event(int (*ready)(void));

void send_bytes(const void *bytes, size_t size);
/*
 * Send a request with its data_size bytes of data and wait for the reply, with up to max of the
 * handles that come with it.
 */
struct reply ask_for(struct request request, const void *data, int *handles, uint32_t max);
struct reply ask(uint32_t op, uint32_t count, uint32_t flags, const char *data, size_t size);

/* Put bytes into an output ring; NULL: whatever is there. False when nobody reads any more. */
int put_ring(struct ring *ring, char *data, const char *from, unsigned long size);
int put(int stream, const char *from, unsigned long size);
void say(const char *text);
void say_number(long value);

/* End the domain with a wait status. */
void leave(int wait_status);

#endif

/* SPDX-License-Identifier: MIT */
/* A file layer as small as tests of single kinds of files need it. */
#ifndef FILES_H
#define FILES_H

/* First: <linux/stat.h> defines nothing once the C library was seen. */
#include "vfs/inode.h"

#include "fake.h"

#include "vfs/file.h"

/* The C library's header would bring its own time structures. */
typedef unsigned long pthread_t;
int pthread_create(pthread_t *id, const void *attributes, void *(*start)(void *), void *argument);
int pthread_join(pthread_t id, void **result);

/* A group setup: fake_start(), and a process for the threads of the test. */
int files_start(void **state);
/* For each thread that the test starts: gives it a block and the process. */
void files_thread_enter(void);

ssize_t file_read_bytes(struct file *file, void *to, size_t size);
ssize_t file_write_bytes(struct file *file, const void *from, size_t size);

/* How many SIGPIPEs were sent. */
extern u32 files_signals;

/* Opens a FIFO as open(2) would: the error, or 0 and the file. */
int files_open_fifo(struct inode *inode, u32 flags, struct file **out);
struct inode *files_fifo_create(void);

/* Objects in the heap, to see that nothing is left. */
u64 files_heap_objects(void);

void sleep_ms(u32 milliseconds);

#endif

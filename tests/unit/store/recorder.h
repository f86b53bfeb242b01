/* SPDX-License-Identifier: MIT */
/*
 * What a store writes, recorded call by call, and the directories that a machine that died in
 * between may leave. The C library's calls are interposed when the test is linked (--wrap, see
 * build.mk), LMDB's too.
 *
 * The disk that is assumed is a bad one: what was written since the last sync of a file or folder
 * may be there or not, each piece for itself. Only a single name's change and a write through
 * O_DSYNC are whole.
 */
#ifndef TESTS_UNIT_STORE_RECORDER_H
#define TESTS_UNIT_STORE_RECORDER_H

#include <stdbool.h>
#include <stddef.h>

/* Begins with the directory as it is, which is all durable. */
void recorder_start(const char *directory);
void recorder_stop(void);
/* Notes that a commit has returned; the calls recorded so far. */
void recorder_mark(void);
size_t recorder_count(void);

/*
 * What happened to calls that are not durable at a cut: all are there, none, all but one, or only
 * one.
 */
enum survival { ALL_SURVIVE, NONE_SURVIVE, ALL_BUT_ONE, ONLY_ONE };

/*
 * Makes target, which has all folders, the directory as it is when the machine dies after `cut`
 * calls. one: counts the calls that are not durable then. False: there is no such one, or the same
 * directory was made before.
 */
bool recorder_replay(size_t cut, enum survival survival, size_t one, const char *target);
/* How many calls were not durable at the last replay's cut. */
size_t recorder_pending(void);
/* How many marks lie before a cut. */
unsigned recorder_marks_before(size_t cut);

#endif

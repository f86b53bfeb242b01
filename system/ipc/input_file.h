/* SPDX-License-Identifier: MIT */
/*
 * Standard input that is a regular file outside: a file here too, which is read, mapped and sought
 * in by a handle of the domain's own. Its position is the descriptor's, as for any file; the
 * monitor hears of it when the domain ends or stops.
 */
#ifndef IPC_INPUT_FILE_H
#define IPC_INPUT_FILE_H

struct file;

/*
 * The file, with one reference for the caller; NULL where the monitor grants none or memory is
 * short.
 */
struct file *input_file_create(void);

#endif

/* SPDX-License-Identifier: MIT */
/* A program that is in no tree: the host grants its file (boundary/abi.h, PROGRAM_GRANTED). */
#ifndef FS_GRANTED_H
#define FS_GRANTED_H

struct file;

/*
 * The program as a file without a name, with one reference for the caller, ready to be executed.
 * File or ERROR_PTR.
 */
struct file *granted_program_open(const char *name);

#endif

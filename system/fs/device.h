/* SPDX-License-Identifier: MIT */
/* Devices that every domain has, by Linux's numbers. */
#ifndef FS_DEVICE_H
#define FS_DEVICE_H

#define DEVICE_MAJOR_MEMORY	1
#define DEVICE_NULL		3
#define DEVICE_ZERO		5
#define DEVICE_FULL		7
#define DEVICE_RANDOM		8
#define DEVICE_URANDOM		9

#define DEVICE_MAJOR_TERMINAL	5	/* tty/tty_open.c; minor 0: the controlling one */

/* Tells the file tree how they are opened. Once, at start. */
void devices_register(void);

#endif

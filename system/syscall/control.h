/* SPDX-License-Identifier: MIT */
/*
 * Ancillary data of sendmsg(2) and recvmsg(2), as in cmsg(3): open files and credentials, from and
 * to program memory.
 */
#ifndef SYSCALL_CONTROL_H
#define SYSCALL_CONTROL_H

#include "net/message.h"

/*
 * Reads what a program sends along into message: rights are the caller's to free where they are not
 * used up. 0, -EINVAL, -EBADF, -EPERM, -ESRCH, -ENOBUFS, -EFAULT, -ENOMEM.
 */
int control_read(struct socket_message *message, uptr control, u64 size) __must_check;
/*
 * Gives what came along to the program, descriptors included, as far as it fits (else MSG_CTRUNC).
 * The bytes written.
 */
u64 control_write(struct socket_message *message, uptr control, u64 room);

#endif

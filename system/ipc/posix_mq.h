/* SPDX-License-Identifier: MIT */
/* POSIX message queues: files of a file system of their own, /dev/mqueue. */
#ifndef IPC_POSIX_MQ_H
#define IPC_POSIX_MQ_H

struct mount;
struct path;

#define MQ_QUEUES_MAX		256u
#define MQ_MESSAGES_MAX		10u	/* of one queue, without CAP_SYS_RESOURCE */
#define MQ_MESSAGES_DEFAULT	10u
#define MQ_SIZE_MAX		8192u
#define MQ_SIZE_DEFAULT		8192u

/* Makes and mounts the file system; called once. Mount or ERROR_PTR. */
struct mount *mqueue_mount(const struct path *mountpoint);

#endif

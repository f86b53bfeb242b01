/* SPDX-License-Identifier: MIT */
/*
 * /proc/sys: settings of a kernel that programs look at. Constants, but for names, the random ones
 * and what is counted.
 */
#include <asm/unistd_64.h>
#include <linux/capability.h>
#include <linux/msg.h>
#include <linux/sem.h>

#include "core/channel.h"
#include "core/host.h"
#include "core/string.h"
#include "core/system_name.h"
#include "fs/proc.h"
#include "ipc/inotify.h"
#include "ipc/lease.h"
#include "ipc/pipe.h"
#include "ipc/posix_mq.h"
#include "ipc/sysv_shm.h"
#include "net/unix.h"
#include "tty/pty.h"
#include "vfs/file.h"

/* A file of one line. */
#define CONSTANT(function, format, value) \
	static int function(struct proc_text *text, const struct proc_key *key) \
	{ \
		(void)key; \
		proc_print(text, format "\n", value); \
		return 0; \
	}

CONSTANT(ostype_show, "%s", "Linux")
CONSTANT(osrelease_show, "%s", SYSTEM_RELEASE)
CONSTANT(version_show, "%s", SYSTEM_VERSION)
CONSTANT(pid_max_show, "%u", PID_MAX)
CONSTANT(groups_max_show, "%u", GROUPS_MAX)
CONSTANT(cap_last_show, "%u", 40u)
CONSTANT(overflow_show, "%u", 65534u)
CONSTANT(core_pattern_show, "%s", "core")
CONSTANT(map_count_show, "%u", 65530u)
CONSTANT(map_min_show, "%lu", USER_MIN)
CONSTANT(pipe_max_show, "%u", PIPE_SIZE_MAX)
CONSTANT(file_max_show, "%lld", (long long)INT64_MAX)
CONSTANT(nr_open_show, "%u", FD_TABLE_MAX)

static int hostname_show(struct proc_text *text, const struct proc_key *key)
{
	struct new_utsname name;

	(void)key;
	system_name(&name);
	proc_print(text, "%s\n", name.nodename);
	return 0;
}

static int domainname_show(struct proc_text *text, const struct proc_key *key)
{
	struct new_utsname name;

	(void)key;
	system_name(&name);
	proc_print(text, "%s\n", name.domainname);
	return 0;
}

/* What sethostname(2) and setdomainname(2) do; a name ends with its line. */
static int name_store(enum system_name_part part, const char *data, size_t size)
{
	char name[__NEW_UTS_LEN + 1] = { 0 };

	if (!credentials_capable(process_current()->credentials, CAP_SYS_ADMIN))
		return -EPERM;
	for (size_t i = 0; i < size && i < __NEW_UTS_LEN && data[i] && data[i] != '\n'; i++)
		name[i] = data[i];
	system_name_change(part, name);
	return 0;
}

static int hostname_store(const struct proc_key *key, char *data, size_t size)
{
	(void)key;
	return name_store(SYSTEM_NODE_NAME, data, size);
}

static int domainname_store(const struct proc_key *key, char *data, size_t size)
{
	(void)key;
	return name_store(SYSTEM_DOMAIN_NAME, data, size);
}

static void uuid_print(struct proc_text *text, const u8 random[16])
{
	for (u32 i = 0; i < 16; i++)
		proc_print(text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			   random[i]);
	proc_print(text, "\n");
}

/* A random UUID: version 4. */
static int uuid_make(u8 random[16])
{
	long done = host_call3(__NR_getrandom, random, 16, 0);

	random[6] = (random[6] & 0x0f) | 0x40;
	random[8] = (random[8] & 0x3f) | 0x80;
	return done < 0 ? done : 0;
}

static int uuid_show(struct proc_text *text, const struct proc_key *key)
{
	u8 random[16];
	int error = uuid_make(random);

	(void)key;
	if (!error)
		uuid_print(text, random);
	return error;
}

/* The same each time, as long as the domain lives. boot_lock guards boot_id. */
static int boot_id_show(struct proc_text *text, const struct proc_key *key)
{
	static struct lock boot_lock = LOCK_INIT(LOCK_INODE);
	static u8 boot_id[16];
	int error = 0;

	(void)key;
	lock_acquire(&boot_lock);
	if (!boot_id[6])
		error = uuid_make(boot_id);
	lock_release(&boot_lock);
	if (!error)
		uuid_print(text, boot_id);
	return error;
}

CONSTANT(entropy_show, "%u", 256u)

static const struct proc_row random_rows[] = {
	PROC_FILE("boot_id", 0444, boot_id_show),
	PROC_FILE("entropy_avail", 0444, entropy_show),
	PROC_FILE("poolsize", 0444, entropy_show),
	PROC_FILE("uuid", 0444, uuid_show),
};
static const struct proc_directory random_directory = PROC_TABLE(random_rows);

CONSTANT(pty_max_show, "%u", PTY_MAX)
CONSTANT(pty_count_show, "%u", pty_count())

static const struct proc_row pty_rows[] = {
	PROC_FILE("max", 0444, pty_max_show),
	PROC_FILE("nr", 0444, pty_count_show),
};
static const struct proc_directory pty_directory = PROC_TABLE(pty_rows);

CONSTANT(msg_max_show, "%u", MSGMAX)
CONSTANT(msg_bytes_show, "%u", MSGMNB)
CONSTANT(msg_count_show, "%u", MSGMNI)
CONSTANT(shm_pages_show, "%lu", SHM_PAGES_MAX)
CONSTANT(shm_size_show, "%lu", SHM_SIZE_MAX)
CONSTANT(shm_count_show, "%u", SHM_ID_COUNT_MAX)

static int sem_limits_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	proc_print(text, "%u\t%u\t%u\t%u\n", SEMMSL, SEMMNS, SEMOPM, SEMMNI);
	return 0;
}

static const struct proc_row kernel_rows[] = {
	PROC_FILE("cap_last_cap", 0444, cap_last_show),
	PROC_FILE("core_pattern", 0444, core_pattern_show),
	PROC_CONSTANT("core_uses_pid", "0\n"),
	PROC_CONSTANT("dmesg_restrict", "1\n"),	/* syslog(2) answers EPERM */
	PROC_WRITABLE("domainname", 0644, domainname_show, domainname_store),
	PROC_WRITABLE("hostname", 0644, hostname_show, hostname_store),
	PROC_FILE("msgmax", 0444, msg_max_show),
	PROC_FILE("msgmnb", 0444, msg_bytes_show),
	PROC_FILE("msgmni", 0444, msg_count_show),
	PROC_FILE("ngroups_max", 0444, groups_max_show),
	PROC_FILE("osrelease", 0444, osrelease_show),
	PROC_FILE("ostype", 0444, ostype_show),
	PROC_FILE("overflowgid", 0444, overflow_show),
	PROC_FILE("overflowuid", 0444, overflow_show),
	PROC_FILE("pid_max", 0444, pid_max_show),
	PROC_CONSTANT("randomize_va_space", "2\n"),
	PROC_FILE("sem", 0444, sem_limits_show),
	PROC_CONSTANT("shm_rmid_forced", "0\n"),
	PROC_FILE("shmall", 0444, shm_pages_show),
	PROC_FILE("shmmax", 0444, shm_size_show),
	PROC_FILE("shmmni", 0444, shm_count_show),
	PROC_CONSTANT("tainted", "0\n"),
	PROC_FILE("threads-max", 0444, pid_max_show),
	PROC_FILE("version", 0444, version_show),
	PROC_DIRECTORY("pty", 0555, &pty_directory),
	PROC_DIRECTORY("random", 0555, &random_directory),
};
static const struct proc_directory kernel_directory = PROC_TABLE(kernel_rows);

static const struct proc_row vm_rows[] = {
	PROC_CONSTANT("legacy_va_layout", "0\n"),
	PROC_FILE("max_map_count", 0444, map_count_show),
	PROC_FILE("mmap_min_addr", 0444, map_min_show),
	PROC_CONSTANT("nr_hugepages", "0\n"),
	PROC_CONSTANT("overcommit_memory", "0\n"),
	PROC_CONSTANT("swappiness", "0\n"),
};
static const struct proc_directory vm_directory = PROC_TABLE(vm_rows);

CONSTANT(inotify_events_show, "%u", INOTIFY_EVENTS_MAX)
CONSTANT(inotify_files_show, "%u", INOTIFY_FILES_MAX)
CONSTANT(inotify_watches_show, "%u", INOTIFY_WATCHES_MAX)

static const struct proc_row inotify_rows[] = {
	PROC_FILE("max_queued_events", 0444, inotify_events_show),
	PROC_FILE("max_user_instances", 0444, inotify_files_show),
	PROC_FILE("max_user_watches", 0444, inotify_watches_show),
};
static const struct proc_directory inotify_directory = PROC_TABLE(inotify_rows);
CONSTANT(mq_messages_default_show, "%u", MQ_MESSAGES_DEFAULT)
CONSTANT(mq_messages_show, "%u", MQ_MESSAGES_MAX)
CONSTANT(mq_size_default_show, "%u", MQ_SIZE_DEFAULT)
CONSTANT(mq_size_show, "%u", MQ_SIZE_MAX)
CONSTANT(mq_queues_show, "%u", MQ_QUEUES_MAX)

static const struct proc_row mqueue_rows[] = {
	PROC_FILE("msg_default", 0444, mq_messages_default_show),
	PROC_FILE("msg_max", 0444, mq_messages_show),
	PROC_FILE("msgsize_default", 0444, mq_size_default_show),
	PROC_FILE("msgsize_max", 0444, mq_size_show),
	PROC_FILE("queues_max", 0444, mq_queues_show),
};
static const struct proc_directory mqueue_directory = PROC_TABLE(mqueue_rows);

CONSTANT(lease_time_show, "%d", READ_ONCE(lease_break_time))

static int lease_time_store(const struct proc_key *key, char *data, size_t size)
{
	s64 seconds;

	(void)key, (void)size;
	if (proc_integer_parse(data, &seconds) || seconds != (s32)seconds)
		return -EINVAL;
	WRITE_ONCE(lease_break_time, (s32)seconds);
	return 0;
}

static const struct proc_row fs_rows[] = {
	PROC_CONSTANT("dir-notify-enable", "1\n"),
	PROC_FILE("file-max", 0444, file_max_show),
	PROC_WRITABLE("lease-break-time", 0644, lease_time_show, lease_time_store),
	PROC_CONSTANT("leases-enable", "1\n"),
	PROC_DIRECTORY("mqueue", 0555, &mqueue_directory),
	PROC_FILE("nr_open", 0444, nr_open_show),
	PROC_FILE("overflowgid", 0444, overflow_show),
	PROC_FILE("overflowuid", 0444, overflow_show),
	PROC_FILE("pipe-max-size", 0444, pipe_max_show),
	PROC_DIRECTORY("inotify", 0555, &inotify_directory),
	PROC_CONSTANT("suid_dumpable", "0\n"),
};
static const struct proc_directory fs_directory = PROC_TABLE(fs_rows);

CONSTANT(backlog_max_show, "%u", UNIX_BACKLOG_MAX)
CONSTANT(datagrams_max_show, "%u", UNIX_DATAGRAMS_MAX)

static const struct proc_row net_core_rows[] = {
	PROC_FILE("somaxconn", 0444, backlog_max_show),
};
static const struct proc_directory net_core_directory = PROC_TABLE(net_core_rows);

static const struct proc_row net_unix_rows[] = {
	PROC_FILE("max_dgram_qlen", 0444, datagrams_max_show),
};
static const struct proc_directory net_unix_directory = PROC_TABLE(net_unix_rows);

static const struct proc_row net_rows[] = {
	PROC_DIRECTORY("core", 0555, &net_core_directory),
	PROC_DIRECTORY("unix", 0555, &net_unix_directory),
};
static const struct proc_directory net_directory = PROC_TABLE(net_rows);

static const struct proc_row sys_rows[] = {
	PROC_DIRECTORY("fs", 0555, &fs_directory),
	PROC_DIRECTORY("kernel", 0555, &kernel_directory),
	PROC_DIRECTORY("net", 0555, &net_directory),
	PROC_DIRECTORY("vm", 0555, &vm_directory),
};

const struct proc_directory proc_sys_directory = PROC_TABLE(sys_rows);

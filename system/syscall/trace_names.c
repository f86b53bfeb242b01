/* SPDX-License-Identifier: MIT */
/* Flags and choices by name; see trace_names.h. One row a name, one set a kind. */
#include "syscall/trace_names.h"

#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <asm/mman.h>
#include <asm/prctl.h>
#include <asm/resource.h>
#include <asm/signal.h>
#include <asm/termbits.h>
#include <linux/eventpoll.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/memfd.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/time.h>
#include <linux/wait.h>

#include "syscalls.h"

#define N(value) { value, #value }

/* Names that the kernel's headers leave to the C library. */
#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_SEQPACKET 5
#define SOCK_CLOEXEC O_CLOEXEC
#define SOCK_NONBLOCK O_NONBLOCK
#define MSG_OOB 1
#define MSG_PEEK 2
#define MSG_DONTROUTE 4
#define MSG_CTRUNC 8
#define MSG_TRUNC 0x20
#define MSG_DONTWAIT 0x40
#define MSG_EOR 0x80
#define MSG_WAITALL 0x100
#define MSG_NOSIGNAL 0x4000
#define MSG_MORE 0x8000
#define MSG_CMSG_CLOEXEC 0x40000000
#define F_OK 0
#define X_OK 1
#define W_OK 2
#define R_OK 4

static const struct name open_flags[] = {
	N(O_RDONLY), N(O_WRONLY), N(O_RDWR), N(O_CREAT), N(O_EXCL), N(O_NOCTTY), N(O_TRUNC),
	N(O_APPEND), N(O_NONBLOCK), N(O_SYNC), N(O_DSYNC), N(FASYNC), N(O_DIRECT), N(O_LARGEFILE),
	N(O_TMPFILE), N(O_DIRECTORY), N(O_NOFOLLOW), N(O_NOATIME), N(O_CLOEXEC), N(O_PATH),
};
static const struct name fd_flags[] = { N(O_CLOEXEC), N(O_NONBLOCK), { 1, "EFD_SEMAPHORE" } };
static const struct name mmap_prot[] = {
	N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC), N(PROT_GROWSDOWN), N(PROT_GROWSUP),
};
static const struct name mmap_flags[] = {
	N(MAP_SHARED), N(MAP_PRIVATE), N(MAP_SHARED_VALIDATE), N(MAP_FIXED), N(MAP_ANONYMOUS),
	N(MAP_32BIT), N(MAP_NORESERVE), N(MAP_POPULATE), N(MAP_NONBLOCK), N(MAP_GROWSDOWN),
	N(MAP_DENYWRITE), N(MAP_EXECUTABLE), N(MAP_LOCKED), N(MAP_STACK), N(MAP_HUGETLB),
	N(MAP_SYNC), N(MAP_FIXED_NOREPLACE),
};
static const struct name mremap_flags[] = {
	N(MREMAP_MAYMOVE), N(MREMAP_FIXED), N(MREMAP_DONTUNMAP),
};
static const struct name msync_flags[] = { N(MS_ASYNC), N(MS_INVALIDATE), N(MS_SYNC) };
static const struct name advice[] = {
	N(MADV_NORMAL), N(MADV_RANDOM), N(MADV_SEQUENTIAL), N(MADV_WILLNEED), N(MADV_DONTNEED),
	N(MADV_FREE), N(MADV_REMOVE), N(MADV_DONTFORK), N(MADV_DOFORK), N(MADV_MERGEABLE),
	N(MADV_UNMERGEABLE), N(MADV_HUGEPAGE), N(MADV_NOHUGEPAGE), N(MADV_DONTDUMP),
	N(MADV_DODUMP), N(MADV_WIPEONFORK), N(MADV_KEEPONFORK), N(MADV_COLD), N(MADV_PAGEOUT),
	N(MADV_POPULATE_READ), N(MADV_POPULATE_WRITE),
};
static const struct name memfd_flags[] = { N(MFD_CLOEXEC), N(MFD_ALLOW_SEALING), N(MFD_HUGETLB) };
static const struct name clone_flags[] = {
	N(CLONE_VM), N(CLONE_FS), N(CLONE_FILES), N(CLONE_SIGHAND), N(CLONE_PIDFD),
	N(CLONE_PTRACE), N(CLONE_VFORK), N(CLONE_PARENT), N(CLONE_THREAD), N(CLONE_NEWNS),
	N(CLONE_SYSVSEM), N(CLONE_SETTLS), N(CLONE_PARENT_SETTID), N(CLONE_CHILD_CLEARTID),
	N(CLONE_DETACHED), N(CLONE_UNTRACED), N(CLONE_CHILD_SETTID), N(CLONE_NEWCGROUP),
	N(CLONE_NEWUTS), N(CLONE_NEWIPC), N(CLONE_NEWUSER), N(CLONE_NEWPID), N(CLONE_NEWNET),
	N(CLONE_IO), N(CLONE_CLEAR_SIGHAND), N(SIGCHLD),
};
static const struct name at_flags[] = {
	N(AT_SYMLINK_NOFOLLOW), { AT_REMOVEDIR, "AT_REMOVEDIR" }, N(AT_SYMLINK_FOLLOW),
	N(AT_NO_AUTOMOUNT), N(AT_EMPTY_PATH), N(AT_STATX_FORCE_SYNC), N(AT_STATX_DONT_SYNC),
};
static const struct name access_mode[] = { N(R_OK), N(W_OK), N(X_OK) };
static const struct name rename_flags[] = {
	N(RENAME_NOREPLACE), N(RENAME_EXCHANGE), N(RENAME_WHITEOUT),
};
static const struct name fallocate_mode[] = {
	N(FALLOC_FL_KEEP_SIZE), N(FALLOC_FL_PUNCH_HOLE), N(FALLOC_FL_COLLAPSE_RANGE),
	N(FALLOC_FL_ZERO_RANGE), N(FALLOC_FL_INSERT_RANGE), N(FALLOC_FL_UNSHARE_RANGE),
};
static const struct name whence[] = {
	N(SEEK_SET), N(SEEK_CUR), N(SEEK_END), N(SEEK_DATA), N(SEEK_HOLE),
};
static const struct name flock_op[] = { N(LOCK_SH), N(LOCK_EX), N(LOCK_NB), N(LOCK_UN) };
static const struct name fcntl_cmd[] = {
	N(F_DUPFD), N(F_GETFD), N(F_SETFD), N(F_GETFL), N(F_SETFL), N(F_GETLK), N(F_SETLK),
	N(F_SETLKW), N(F_SETOWN), N(F_GETOWN), N(F_SETSIG), N(F_GETSIG), N(F_SETOWN_EX),
	N(F_GETOWN_EX), N(F_OFD_GETLK), N(F_OFD_SETLK), N(F_OFD_SETLKW), N(F_SETLEASE),
	N(F_GETLEASE), N(F_NOTIFY), N(F_DUPFD_CLOEXEC), N(F_SETPIPE_SZ), N(F_GETPIPE_SZ),
	N(F_ADD_SEALS), N(F_GET_SEALS),
};
static const struct name ioctl_cmd[] = {
	N(TCGETS), N(TCSETS), N(TCSETSW), N(TCSETSF), N(TIOCGPGRP), N(TIOCSPGRP), N(TIOCGWINSZ),
	N(TIOCSWINSZ), N(TIOCSCTTY), N(TIOCNOTTY), N(TIOCGSID), N(TIOCGPTN), N(TIOCSPTLCK),
	N(TIOCGPTLCK), N(TIOCGPTPEER), N(TIOCPKT), N(TIOCGPKT), N(TIOCSIG), N(TIOCSTI), N(TCFLSH),
	N(TCXONC), N(TCSBRK), N(TCSBRKP), N(TCGETS2), N(TCSETS2), N(TCSETSW2), N(TCSETSF2),
	N(TIOCEXCL), N(TIOCNXCL), N(TIOCGEXCL), N(TIOCOUTQ), N(TIOCGETD), N(TIOCSETD), N(TIOCGDEV),
	N(TIOCVHANGUP),
	N(FIONREAD), N(FIONBIO), N(FIONCLEX), N(FIOCLEX), N(FIOASYNC), N(FICLONE),
	N(FS_IOC_GETFLAGS),
};
static const struct name epoll_op[] = { N(EPOLL_CTL_ADD), N(EPOLL_CTL_DEL), N(EPOLL_CTL_MOD) };
static const struct name futex_op[] = {
	N(FUTEX_WAIT_PRIVATE), N(FUTEX_WAKE_PRIVATE), N(FUTEX_REQUEUE_PRIVATE),
	N(FUTEX_CMP_REQUEUE_PRIVATE), N(FUTEX_WAKE_OP_PRIVATE), N(FUTEX_WAIT_BITSET_PRIVATE),
	N(FUTEX_WAKE_BITSET_PRIVATE), N(FUTEX_LOCK_PI_PRIVATE), N(FUTEX_UNLOCK_PI_PRIVATE),
	N(FUTEX_WAIT), N(FUTEX_WAKE), N(FUTEX_FD), N(FUTEX_REQUEUE), N(FUTEX_CMP_REQUEUE),
	N(FUTEX_WAKE_OP), N(FUTEX_LOCK_PI), N(FUTEX_UNLOCK_PI), N(FUTEX_TRYLOCK_PI),
	N(FUTEX_WAIT_BITSET), N(FUTEX_WAKE_BITSET), N(FUTEX_WAIT_REQUEUE_PI),
	N(FUTEX_CMP_REQUEUE_PI), N(FUTEX_LOCK_PI2), N(FUTEX_CLOCK_REALTIME),
};
static const struct name wait_flags[] = {
	N(WNOHANG), N(WUNTRACED), N(WEXITED), N(WCONTINUED), N(WNOWAIT),
	{ __WNOTHREAD, "__WNOTHREAD" }, { __WALL, "__WALL" }, { __WCLONE, "__WCLONE" },
};
static const struct name wait_type[] = { N(P_ALL), N(P_PID), N(P_PGID), N(P_PIDFD) };
static const struct name sigmask_how[] = { N(SIG_BLOCK), N(SIG_UNBLOCK), N(SIG_SETMASK) };
static const struct name clocks[] = {
	N(CLOCK_REALTIME), N(CLOCK_MONOTONIC), N(CLOCK_PROCESS_CPUTIME_ID),
	N(CLOCK_THREAD_CPUTIME_ID), N(CLOCK_MONOTONIC_RAW), N(CLOCK_REALTIME_COARSE),
	N(CLOCK_MONOTONIC_COARSE), N(CLOCK_BOOTTIME), N(CLOCK_REALTIME_ALARM),
	N(CLOCK_BOOTTIME_ALARM), N(CLOCK_TAI),
};
static const struct name clock_flags[] = { N(TIMER_ABSTIME) };
static const struct name itimer[] = { N(ITIMER_REAL), N(ITIMER_VIRTUAL), N(ITIMER_PROF) };
static const struct name resource[] = {
	N(RLIMIT_CPU), N(RLIMIT_FSIZE), N(RLIMIT_DATA), N(RLIMIT_STACK), N(RLIMIT_CORE),
	N(RLIMIT_RSS), N(RLIMIT_NPROC), N(RLIMIT_NOFILE), N(RLIMIT_MEMLOCK), N(RLIMIT_AS),
	N(RLIMIT_LOCKS), N(RLIMIT_SIGPENDING), N(RLIMIT_MSGQUEUE), N(RLIMIT_NICE),
	N(RLIMIT_RTPRIO), N(RLIMIT_RTTIME),
};
static const struct name prctl_op[] = {
	N(PR_SET_PDEATHSIG), N(PR_GET_PDEATHSIG), N(PR_GET_DUMPABLE), N(PR_SET_DUMPABLE),
	N(PR_GET_KEEPCAPS), N(PR_SET_KEEPCAPS), N(PR_SET_NAME), N(PR_GET_NAME), N(PR_GET_SECCOMP),
	N(PR_SET_SECCOMP), N(PR_CAPBSET_READ), N(PR_CAPBSET_DROP), N(PR_GET_SECUREBITS),
	N(PR_SET_SECUREBITS), N(PR_SET_TIMERSLACK), N(PR_GET_TIMERSLACK), N(PR_SET_MM),
	N(PR_SET_PTRACER), N(PR_SET_CHILD_SUBREAPER), N(PR_GET_CHILD_SUBREAPER),
	N(PR_SET_NO_NEW_PRIVS), N(PR_GET_NO_NEW_PRIVS), N(PR_GET_THP_DISABLE),
	N(PR_SET_THP_DISABLE), N(PR_CAP_AMBIENT), N(PR_SET_VMA),
};
static const struct name arch_op[] = {
	N(ARCH_SET_GS), N(ARCH_SET_FS), N(ARCH_GET_FS), N(ARCH_GET_GS), N(ARCH_GET_CPUID),
	N(ARCH_SET_CPUID), { 0x3001, "ARCH_CET_STATUS" },
};
static const struct name ptrace_op[] = {
	N(PTRACE_TRACEME), N(PTRACE_PEEKTEXT), N(PTRACE_PEEKDATA), N(PTRACE_PEEKUSR),
	N(PTRACE_POKETEXT), N(PTRACE_POKEDATA), N(PTRACE_POKEUSR), N(PTRACE_CONT), N(PTRACE_KILL),
	N(PTRACE_SINGLESTEP), N(PTRACE_GETREGS), N(PTRACE_SETREGS), N(PTRACE_GETFPREGS),
	N(PTRACE_SETFPREGS), N(PTRACE_ATTACH), N(PTRACE_DETACH), N(PTRACE_SYSCALL),
	N(PTRACE_SETOPTIONS), N(PTRACE_GETEVENTMSG), N(PTRACE_GETSIGINFO), N(PTRACE_SETSIGINFO),
	N(PTRACE_GETREGSET), N(PTRACE_SETREGSET), N(PTRACE_SEIZE), N(PTRACE_INTERRUPT),
	N(PTRACE_LISTEN), N(PTRACE_PEEKSIGINFO), N(PTRACE_GETSIGMASK), N(PTRACE_SETSIGMASK),
	N(PTRACE_GET_SYSCALL_INFO),
};
static const struct name random_flags[] = { N(GRND_NONBLOCK), N(GRND_RANDOM), N(GRND_INSECURE) };
static const struct name family[] = {
	N(AF_UNSPEC), N(AF_UNIX), N(AF_INET), N(AF_INET6), N(AF_NETLINK),
};
static const struct name socket_type[] = {
	N(SOCK_STREAM), N(SOCK_DGRAM), N(SOCK_RAW), N(SOCK_SEQPACKET), N(SOCK_CLOEXEC),
	N(SOCK_NONBLOCK),
};
static const struct name msg_flags[] = {
	N(MSG_OOB), N(MSG_PEEK), N(MSG_DONTROUTE), N(MSG_CTRUNC), N(MSG_TRUNC), N(MSG_DONTWAIT),
	N(MSG_EOR), N(MSG_WAITALL), N(MSG_NOSIGNAL), N(MSG_MORE), N(MSG_CMSG_CLOEXEC),
};

#define ONE_OF (~0ull)
#define SET(list, choice_, none_, prefix_) \
	{ .names = (list), .count = ARRAY_SIZE(list), .choice = (choice_), .none = (none_), \
	  .prefix = (prefix_) }

static const struct name_set sets[KIND_COUNT] = {
	[KIND_OPEN_FLAGS] = SET(open_flags, O_ACCMODE, NULL, "O_"),
	[KIND_FD_FLAGS] = SET(fd_flags, 0, NULL, "O_"),
	[KIND_MMAP_PROT] = SET(mmap_prot, 0, "PROT_NONE", "PROT_"),
	[KIND_MMAP_FLAGS] = SET(mmap_flags, MAP_TYPE, NULL, "MAP_"),
	[KIND_MREMAP_FLAGS] = SET(mremap_flags, 0, NULL, "MREMAP_"),
	[KIND_MSYNC_FLAGS] = SET(msync_flags, 0, NULL, "MS_"),
	[KIND_ADVICE] = SET(advice, ONE_OF, NULL, "MADV_"),
	[KIND_MEMFD_FLAGS] = SET(memfd_flags, 0, NULL, "MFD_"),
	[KIND_CLONE_FLAGS] = SET(clone_flags, CSIGNAL, NULL, "CLONE_"),
	[KIND_AT_FLAGS] = SET(at_flags, 0, NULL, "AT_"),
	[KIND_ACCESS_MODE] = SET(access_mode, 0, "F_OK", "?_OK"),
	[KIND_RENAME_FLAGS] = SET(rename_flags, 0, NULL, "RENAME_"),
	[KIND_FALLOCATE_MODE] = SET(fallocate_mode, 0, NULL, "FALLOC_FL_"),
	[KIND_WHENCE] = SET(whence, ONE_OF, NULL, "SEEK_"),
	[KIND_FLOCK_OP] = SET(flock_op, 0, NULL, "LOCK_"),
	[KIND_FCNTL_CMD] = SET(fcntl_cmd, ONE_OF, NULL, "F_"),
	[KIND_IOCTL_CMD] = SET(ioctl_cmd, ONE_OF, NULL, "TIOC"),
	[KIND_EPOLL_OP] = SET(epoll_op, ONE_OF, NULL, "EPOLL_CTL_"),
	[KIND_FUTEX_OP] = SET(futex_op, FUTEX_CMD_MASK | FUTEX_PRIVATE_FLAG, NULL, "FUTEX_"),
	[KIND_WAIT_FLAGS] = SET(wait_flags, 0, NULL, "W"),
	[KIND_WAIT_TYPE] = SET(wait_type, ONE_OF, NULL, "P_"),
	[KIND_SIGMASK_HOW] = SET(sigmask_how, ONE_OF, NULL, "SIG_"),
	[KIND_CLOCK] = SET(clocks, ONE_OF, NULL, "CLOCK_"),
	[KIND_CLOCK_FLAGS] = SET(clock_flags, 0, NULL, "TIMER_"),
	[KIND_ITIMER] = SET(itimer, ONE_OF, NULL, "ITIMER_"),
	[KIND_RESOURCE] = SET(resource, ONE_OF, NULL, "RLIMIT_"),
	[KIND_PRCTL_OP] = SET(prctl_op, ONE_OF, NULL, "PR_"),
	[KIND_ARCH_OP] = SET(arch_op, ONE_OF, NULL, "ARCH_"),
	[KIND_PTRACE_OP] = SET(ptrace_op, ONE_OF, NULL, "PTRACE_"),
	[KIND_RANDOM_FLAGS] = SET(random_flags, 0, NULL, "GRND_"),
	[KIND_FAMILY] = SET(family, ONE_OF, NULL, "AF_"),
	[KIND_SOCKET_TYPE] = SET(socket_type, 15, NULL, "SOCK_"),
	[KIND_MSG_FLAGS] = SET(msg_flags, 0, NULL, "MSG_"),
};

const struct name_set *name_set_of(u32 kind)
{
	return kind < KIND_COUNT && sets[kind].names ? &sets[kind] : NULL;
}

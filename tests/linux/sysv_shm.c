/* SPDX-License-Identifier: MIT */
/* System V shared memory: shmget, shmat, shmdt, shmctl, /proc/sysvipc/shm. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>

#define PAGE 4096
#define NO_SUCH_ID 0x7ffffff

/* A key that no other test of this machine uses. */
static key_t fresh_key(void)
{
	return 0x4d000000 + (getpid() << 4);
}

static int make(size_t size)
{
	int id = shmget(IPC_PRIVATE, size, 0600);

	OK(id);
	return id;
}

static char *attach(int id)
{
	char *at = shmat(id, NULL, 0);

	OK(at);
	return at;
}

static struct shmid_ds state(int id)
{
	struct shmid_ds ds;

	OK(shmctl(id, IPC_STAT, &ds));
	return ds;
}

static void remove_id(int id)
{
	OK(shmctl(id, IPC_RMID, NULL));
}

TEST(shmget_finds_by_key)
{
	key_t key = fresh_key();
	int id;

	FAILS(shmget(key, PAGE, 0600), ENOENT);
	OK(id = shmget(key, 100, IPC_CREAT | IPC_EXCL | 0640));
	EQUAL(shmget(key, 100, 0), id);
	EQUAL(shmget(key, 0, 0), id);
	EQUAL(shmget(key, 50, IPC_CREAT | 0600), id);
	FAILS(shmget(key, 101, 0), EINVAL);
	FAILS(shmget(key, 100, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	EQUAL(state(id).shm_perm.__key, key);
	EQUAL(state(id).shm_perm.mode, 0640);
	EQUAL(state(id).shm_segsz, 100);
	remove_id(id);
	FAILS(shmget(key, 100, 0), ENOENT);
}

TEST(shmget_refuses_sizes)
{
	static const struct { size_t size; int flags, error; } rows[] = {
		{ 0, 0600, EINVAL },
		{ -1ul, 0600, EINVAL },
		{ 1ul << 62, 0600, ENOMEM },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		errno = 0;
		EQUAL(shmget(IPC_PRIVATE, rows[i].size, rows[i].flags), -1);
		EQUAL(errno, rows[i].error);
	}
}

TEST(ids_are_not_reused_soon)
{
	int first = make(PAGE), second;

	remove_id(first);
	second = make(PAGE);
	CHECK(first != second);
	errno = 0;
	EQUAL(shmctl(first, IPC_STAT, &(struct shmid_ds){ 0 }), -1);
	CHECK(errno == EIDRM || first % 32768 != second % 32768);
	remove_id(second);
}

TEST(memory_is_shared_with_a_child)
{
	int id = make(3 * PAGE);
	char *at = attach(id);

	EQUAL(at[0], 0);
	IN_CHILD(strcpy(at + PAGE, "from the child"));
	SAME(at + PAGE, "from the child");
	IN_CHILD({
		char *again = attach(id);

		CHECK(again != at);
		SAME(again + PAGE, "from the child");
		strcpy(again + 2 * PAGE, "by another place");
	});
	SAME(at + 2 * PAGE, "by another place");
	OK(shmdt(at));
	at = attach(id);
	SAME(at + PAGE, "from the child");
	remove_id(id);
}

TEST(the_last_page_is_whole)
{
	int id = make(10);
	char *at = attach(id);

	at[PAGE - 1] = 7;
	EQUAL(at[PAGE - 1], 7);
	remove_id(id);
}

TEST(attachments_are_counted)
{
	int id = make(2 * PAGE), go[2], done[2];
	char *first, *second, byte;
	pid_t child;

	EQUAL(state(id).shm_nattch, 0);
	EQUAL(state(id).shm_atime, 0);
	EQUAL(state(id).shm_lpid, 0);
	EQUAL(state(id).shm_cpid, getpid());
	CHECK(state(id).shm_ctime != 0);
	first = attach(id);
	EQUAL(state(id).shm_nattch, 1);
	EQUAL(state(id).shm_lpid, getpid());
	CHECK(state(id).shm_atime != 0);
	EQUAL(state(id).shm_dtime, 0);
	second = attach(id);
	EQUAL(state(id).shm_nattch, 2);
	OK(pipe(go));
	OK(pipe(done));
	child = fork();
	if (!child) {
		EQUAL(write(done[1], "x", 1), 1);
		EQUAL(read(go[0], &byte, 1), 1);
		_exit(0);
	}
	EQUAL(read(done[0], &byte, 1), 1);
	EQUAL(state(id).shm_nattch, 4);
	EQUAL(write(go[1], "x", 1), 1);
	EQUAL(test_wait(child), 0);
	EQUAL(state(id).shm_nattch, 2);
	EQUAL(state(id).shm_lpid, child);
	CHECK(state(id).shm_dtime != 0);
	OK(shmdt(first));
	EQUAL(state(id).shm_nattch, 1);
	/* A part counts as one. */
	OK(munmap(second, PAGE));
	EQUAL(state(id).shm_nattch, 1);
	OK(munmap(second + PAGE, PAGE));
	EQUAL(state(id).shm_nattch, 0);
	remove_id(id);
}

TEST(a_split_attachment_counts_twice)
{
	int id = make(2 * PAGE);
	char *at = attach(id);

	OK(mprotect(at + PAGE, PAGE, PROT_READ));
	EQUAL(state(id).shm_nattch, 2);
	OK(mprotect(at + PAGE, PAGE, PROT_READ | PROT_WRITE));
	EQUAL(state(id).shm_nattch, 2);
	OK(shmdt(at));
	EQUAL(state(id).shm_nattch, 0);
	remove_id(id);
}

TEST(exec_detaches)
{
	int id = make(PAGE);

	IN_CHILD({
		attach(id);
		execl("/bin/true", "true", NULL);
		_exit(9);
	});
	EQUAL(state(id).shm_nattch, 0);
	CHECK(state(id).shm_dtime != 0);
	remove_id(id);
}

TEST(vfork_shares_the_attachment)
{
	int id = make(PAGE), status;
	pid_t child;

	attach(id);
	child = vfork();
	if (!child)
		_exit(state(id).shm_nattch == 1 ? 0 : 1);
	EQUAL(waitpid(child, &status, 0), child);
	EQUAL(status, 0);
	EQUAL(state(id).shm_nattch, 1);
	remove_id(id);
}

TEST(removed_at_the_last_detach)
{
	key_t key = fresh_key();
	struct shmid_ds ds;
	char *at;
	int id, another;

	OK(id = shmget(key, PAGE, IPC_CREAT | 0600));
	at = attach(id);
	strcpy(at, "still here");
	remove_id(id);
	SAME(at, "still here");
	EQUAL(state(id).shm_perm.mode, 01600);
	EQUAL(state(id).shm_perm.__key, IPC_PRIVATE);
	/* The key is free, and who knows the id attaches it yet. */
	OK(another = shmget(key, PAGE, IPC_CREAT | IPC_EXCL | 0600));
	CHECK(another != id);
	SAME(attach(id), "still here");
	IN_CHILD(SAME(at, "still here"));
	EQUAL(state(id).shm_nattch, 2);
	OK(shmdt(at));
	EQUAL(state(id).shm_nattch, 1);
	remove_id(another);
	IN_CHILD();
	OK(shmctl(id, IPC_STAT, &ds));
}

TEST(removed_when_the_last_process_ends)
{
	int id = make(PAGE);

	IN_CHILD({
		attach(id);
		remove_id(id);
		OK(shmctl(id, IPC_STAT, &(struct shmid_ds){ 0 }));
	});
	errno = 0;
	EQUAL(shmctl(id, IPC_STAT, &(struct shmid_ds){ 0 }), -1);
	CHECK(errno == EINVAL || errno == EIDRM);
	IN_CHILD(EQUAL((long)shmat(id, NULL, 0), -1));
}

TEST(read_only_attachments)
{
	int id = make(PAGE);
	char *writable = attach(id), *at = shmat(id, NULL, SHM_RDONLY);

	OK(at);
	strcpy(writable, "text");
	SAME(at, "text");
	FAILS(mprotect(at, PAGE, PROT_READ | PROT_WRITE), EACCES);
	FAILS(read(open("/dev/zero", O_RDONLY), at, 1), EFAULT);
	remove_id(id);
}

TEST(shmat_at_an_address)
{
	int id = make(2 * PAGE);
	char *place = mmap(NULL, 8 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *at;

	OK(place);
	FAILS(shmat(id, place, 0), EINVAL);
	FAILS(shmat(id, place + 1, 0), EINVAL);
	FAILS(shmat(id, place + 1, SHM_RND), EINVAL);
	FAILS(shmat(id, NULL, SHM_REMAP), EINVAL);
	FAILS(shmat(id, (void *)1, SHM_RND | SHM_REMAP), EINVAL);
	OK(munmap(place + 2 * PAGE, 2 * PAGE));
	EQUAL((long)shmat(id, place + 2 * PAGE + 5, SHM_RND), (long)(place + 2 * PAGE));
	at = place + 2 * PAGE;
	strcpy(at, "here");
	EQUAL((long)shmat(id, place, SHM_REMAP), (long)place);
	SAME(place, "here");
	FAILS(shmat(id, place + PAGE, 0), EINVAL);
	EQUAL(state(id).shm_nattch, 2);
	OK(shmdt(place));
	OK(shmdt(at));
	EQUAL(state(id).shm_nattch, 0);
	remove_id(id);
}

TEST(shmdt_wants_the_beginning)
{
	int id = make(3 * PAGE);
	char *at = attach(id), *plain;

	OK(plain = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	FAILS(shmdt(at + 1), EINVAL);
	FAILS(shmdt(at + PAGE), EINVAL);
	FAILS(shmdt(plain), EINVAL);
	FAILS(shmdt((void *)0x10000), EINVAL);
	/* With a hole in it, and without its beginning. */
	OK(munmap(at, PAGE));
	OK(shmdt(at));
	EQUAL(state(id).shm_nattch, 0);
	FAILS(shmdt(at), EINVAL);
	remove_id(id);
}

TEST(two_attachments_side_by_side)
{
	int id = make(PAGE);
	char *place = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	OK(place);
	OK(shmat(id, place, SHM_REMAP));
	OK(shmat(id, place + PAGE, SHM_REMAP));
	EQUAL(state(id).shm_nattch, 2);
	OK(shmdt(place));
	EQUAL(state(id).shm_nattch, 1);
	place[PAGE] = 1;
	OK(shmdt(place + PAGE));
	remove_id(id);
}

TEST(mremap_moves_an_attachment)
{
	int id = make(PAGE);
	char *at = attach(id), *to;

	strcpy(at, "moved");
	OK(to = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	EQUAL((long)mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to), (long)to);
	SAME(to, "moved");
	EQUAL(state(id).shm_nattch, 1);
	OK(shmdt(to));
	EQUAL(state(id).shm_nattch, 0);
	remove_id(id);
}

TEST(bad_arguments)
{
	struct shmid_ds ds = { 0 };
	int id = make(PAGE);
	static const struct { int id, command, error; } rows[] = {
		{ -1, IPC_STAT, EINVAL },
		{ -1, IPC_RMID, EINVAL },
		{ NO_SUCH_ID, IPC_STAT, EINVAL },
		{ NO_SUCH_ID, IPC_RMID, EINVAL },
		{ NO_SUCH_ID, IPC_SET, EINVAL },
		{ NO_SUCH_ID, SHM_LOCK, EINVAL },
		{ NO_SUCH_ID, SHM_STAT, EINVAL },
		{ 0, 99, EINVAL },
		{ 0, -1, EINVAL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		errno = 0;
		EQUAL(shmctl(rows[i].id, rows[i].command, &ds), -1);
		EQUAL(errno, rows[i].error);
	}
	FAILS(shmctl(id, IPC_STAT, (void *)8), EFAULT);
	FAILS(shmctl(id, IPC_SET, (void *)8), EFAULT);
	FAILS(shmctl(NO_SUCH_ID, IPC_SET, (void *)8), EFAULT);
	FAILS(shmctl(0, IPC_INFO, (void *)8), EFAULT);
	FAILS(shmctl(0, SHM_INFO, (void *)8), EFAULT);
	FAILS(shmat(-1, NULL, 0), EINVAL);
	FAILS(shmat(NO_SUCH_ID, NULL, 0), EINVAL);
	ds = state(id);
	ds.shm_perm.uid = -1;
	FAILS(shmctl(id, IPC_SET, &ds), EINVAL);
	remove_id(id);
}

TEST(ipc_set_changes_the_owner)
{
	int id = make(PAGE);
	struct shmid_ds ds = state(id);

	ds.shm_perm.mode = 07444;
	ds.shm_segsz = 77;
	OK(shmctl(id, IPC_SET, &ds));
	ds = state(id);
	EQUAL(ds.shm_perm.mode, 0444);
	EQUAL(ds.shm_segsz, PAGE);
	remove_id(id);
}

TEST(permissions_of_others)
{
	int id;

	if (geteuid())
		test_skip("wants root");
	OK(id = shmget(fresh_key(), PAGE, IPC_CREAT | 0640));
	IN_CHILD({
		struct shmid_ds ds;

		OK(setgid(7777));
		OK(setuid(7777));
		FAILS(shmat(id, NULL, 0), EACCES);
		FAILS(shmat(id, NULL, SHM_RDONLY), EACCES);
		FAILS(shmctl(id, IPC_STAT, &ds), EACCES);
		FAILS(shmctl(id, IPC_RMID, NULL), EPERM);
		FAILS(shmctl(id, IPC_SET, memset(&ds, 0, sizeof(ds))), EPERM);
		FAILS(shmctl(id, SHM_LOCK, NULL), EPERM);
		FAILS(shmget(fresh_key(), 1, 0), ENOENT);
		FAILS(shmget(IPC_PRIVATE, PAGE, SHM_HUGETLB | 0600), EPERM);
	});
	IN_CHILD({
		OK(setresgid(7777, getegid(), 7777));
		OK(setuid(7777));
		OK(shmat(id, NULL, SHM_RDONLY));
		FAILS(shmat(id, NULL, 0), EACCES);
	});
	remove_id(id);
}

TEST(no_huge_pages)
{
	if (geteuid())
		test_skip("wants root");
	if (strstr(test_read_file("/proc/meminfo"), "HugePages_Total") &&
	    !strstr(test_read_file("/proc/meminfo"), "HugePages_Total:       0"))
		test_skip("the machine has huge pages");
	FAILS(shmget(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | 0600), ENOMEM);
}

TEST(shm_lock_is_shown)
{
	int id = make(PAGE);

	OK(shmctl(id, SHM_LOCK, NULL));
	EQUAL(state(id).shm_perm.mode, 02600);
	OK(shmctl(id, SHM_UNLOCK, NULL));
	EQUAL(state(id).shm_perm.mode, 0600);
	remove_id(id);
}

TEST(lists_and_limits)
{
	int id = make(5 * PAGE), highest, found = -1;
	struct shm_info usage;
	struct shminfo limits;
	struct shmid_ds ds;
	char number[32];

	attach(id)[0] = 1;
	OK(highest = shmctl(0, SHM_INFO, (void *)&usage));
	CHECK(usage.used_ids >= 1);
	CHECK(usage.shm_tot >= 5);
	CHECK(usage.shm_rss >= 1);
	EQUAL(shmctl(0, IPC_INFO, (void *)&limits), highest);
	EQUAL(limits.shmmni, 4096);
	EQUAL(limits.shmmin, 1);
	for (int i = 0; i <= highest; i++)
		if (shmctl(i, SHM_STAT, &ds) == id) {
			found = i;
			EQUAL(ds.shm_segsz, 5 * PAGE);
			EQUAL(shmctl(i, SHM_STAT_ANY, &ds), id);
		}
	EQUAL(found, id % 32768);
	snprintf(number, sizeof(number), " %d ", id);
	CHECK(strstr(test_read_file("/proc/sysvipc/shm"), number));
	CHECK(!strncmp(test_read_file("/proc/sysvipc/shm"), "       key      shmid perms ", 28));
	SAME(test_read_file("/proc/sys/kernel/shmmni"), "4096\n");
	remove_id(id);
}

TEST(maps_shows_the_segment)
{
	int id = make(PAGE);
	char wanted[64], *line;

	attach(id);
	snprintf(wanted, sizeof(wanted), "/SYSV00000000 (deleted)");
	line = strstr(test_read_file("/proc/self/maps"), wanted);
	CHECK(line);
	while (*line != '\n' && line[-1] != '\n')
		line--;
	CHECK(strstr(line, "rw-s"));
	snprintf(wanted, sizeof(wanted), " %d ", id);
	CHECK(strstr(line, wanted));
	remove_id(id);
}

TEST(many_segments)
{
	int ids[200];
	char *places[200];

	for (int i = 0; i < 200; i++) {
		ids[i] = make(PAGE);
		places[i] = attach(ids[i]);
		*places[i] = (char)i;
	}
	for (int i = 0; i < 200; i++)
		for (int j = 0; j < i; j++)
			CHECK(ids[i] != ids[j]);
	for (int i = 0; i < 200; i += 2)
		remove_id(ids[i]);
	for (int i = 0; i < 200; i++) {
		EQUAL(*places[i], (char)i);
		OK(shmdt(places[i]));
	}
	for (int i = 1; i < 200; i += 2)
		remove_id(ids[i]);
}

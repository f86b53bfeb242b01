/* SPDX-License-Identifier: MIT */
/* /proc/sysvipc, which ipcs(1) reads where it may. No locks of its own. */
#include "fs/proc.h"
#include "ipc/sysv_msg.h"
#include "ipc/sysv_sem.h"
#include "ipc/sysv_shm.h"

static int shm_show(struct proc_text *text, const struct proc_key *key)
{
	struct shm_view view;
	u32 index = 0;

	(void)key;
	proc_print(text,
		   "       key      shmid perms                  size  cpid  lpid nattch   uid"
		   "   gid  cuid  cgid      atime      dtime      ctime                   rss"
		   "                  swap\n");
	while (shm_next(&index, &view)) {
		const struct shmid64_ds *state = &view.state;

		proc_print(text,
			   "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10lu %10lu %10lu "
			   "%21lu %21lu\n",
			   state->shm_perm.key, view.id, state->shm_perm.mode, state->shm_segsz,
			   state->shm_cpid, state->shm_lpid, state->shm_nattch,
			   state->shm_perm.uid, state->shm_perm.gid, state->shm_perm.cuid,
			   state->shm_perm.cgid, state->shm_atime, state->shm_dtime,
			   state->shm_ctime, view.resident, 0ul);
	}
	return 0;
}

static int sem_show(struct proc_text *text, const struct proc_key *key)
{
	struct sem_view view;
	u32 index = 0;

	(void)key;
	proc_print(text, "       key      semid perms      nsems   uid   gid  cuid  cgid"
			 "      otime      ctime\n");
	while (sem_next(&index, &view)) {
		const struct semid64_ds *state = &view.state;

		proc_print(text, "%10d %10d  %4o %10lu %5u %5u %5u %5u %10lu %10lu\n",
			   state->sem_perm.key, view.id, state->sem_perm.mode, state->sem_nsems,
			   state->sem_perm.uid, state->sem_perm.gid, state->sem_perm.cuid,
			   state->sem_perm.cgid, state->sem_otime, state->sem_ctime);
	}
	return 0;
}

static int msg_show(struct proc_text *text, const struct proc_key *key)
{
	struct msg_view view;
	u32 index = 0;

	(void)key;
	proc_print(text, "       key      msqid perms      cbytes       qnum lspid lrpid   uid"
			 "   gid  cuid  cgid      stime      rtime      ctime\n");
	while (msg_next(&index, &view)) {
		const struct msqid64_ds *state = &view.state;

		proc_print(text, "%10d %10d  %4o  %10lu %10lu %5u %5u %5u %5u %5u %5u %10lu %10lu "
				 "%10lu\n",
			   state->msg_perm.key, view.id, state->msg_perm.mode, state->msg_cbytes,
			   state->msg_qnum, state->msg_lspid, state->msg_lrpid, state->msg_perm.uid,
			   state->msg_perm.gid, state->msg_perm.cuid, state->msg_perm.cgid,
			   state->msg_stime, state->msg_rtime, state->msg_ctime);
	}
	return 0;
}

static const struct proc_row sysvipc_rows[] = {
	PROC_FILE("msg", 0444, msg_show),
	PROC_FILE("sem", 0444, sem_show),
	PROC_FILE("shm", 0444, shm_show),
};

const struct proc_directory proc_sysvipc_directory = PROC_TABLE(sysvipc_rows);

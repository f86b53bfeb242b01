/* SPDX-License-Identifier: MIT */
/* From a plan to an exit status: the one place where launcher and monitor meet. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "host/cli/cli.h"
#include "host/launch/layer.h"
#include "host/launch/start.h"
#include "host/monitor/monitor.h"
#include "host/monitor/objects.h"

int cli_exit_code(int wait_status)
{
	if (WIFEXITED(wait_status))
		return WEXITSTATUS(wait_status);
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : EXIT_MEZZO_FAILED;
}

bool cli_signal_ends(int number)
{
	return number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM;
}

/* How a first process ended that said nothing. */
static int tell_death(const struct domain *domain, int wait_status, struct error *err)
{
	if (domain_start_failure(domain, err))
		return EXIT_MEZZO_FAILED;
	if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL)
		error_set(err, 0, "the domain was ended: its first process was killed from outside "
			  "or for want of memory");
	else if (WIFSIGNALED(wait_status))
		error_set(err, 0, "the domain ended unexpectedly: its first process was killed by "
			  "signal %d%s", WTERMSIG(wait_status),
			  WTERMSIG(wait_status) == SIGSYS ? " (a host call that is not allowed)" :
							    "");
	else
		error_set(err, 0, "the domain ended unexpectedly: its first process left with "
			  "status %d", WEXITSTATUS(wait_status));
	return EXIT_LAYER_CRASHED;
}

/* The exit status, and in err what is to be said of it. */
static int tell_outcome(enum monitor_outcome outcome, const struct plan *plan,
			const struct domain *domain, const struct monitor *monitor, int wait_status,
			struct error *err)
{
	switch (outcome) {
	case OUTCOME_EXITED:
		return cli_exit_code(monitor->status);
	case OUTCOME_ENDED:
		return 128 + SIGKILL;
	case OUTCOME_CRASHED:
		error_set(err, 0, "the system layer of this domain crashed, which is a bug in "
			  "Mezzo: its report is %s%s", plan->log_file ? "in " : "above",
			  plan->log_file ? plan->log_file : "");
		return EXIT_LAYER_CRASHED;
	case OUTCOME_KILLED:
		error_set(err, 0, "the domain was ended: one of its processes was killed from "
			  "outside or for want of memory");
		return EXIT_LAYER_CRASHED;
	case OUTCOME_DIED:
		return tell_death(domain, wait_status, err);
	case OUTCOME_OVER_LIMIT:
	case OUTCOME_BROKEN:
		break;
	}
	return EXIT_MEZZO_FAILED;
}

static int monitor_domain(const struct plan *plan, struct objects *objects,
			  const struct domain_ends *ends, struct domain *domain,
			  struct error *err)
{
	struct monitor_setup setup = {
		.socket = domain->socket, .pidfd = domain->pidfd, .channel = domain->channel,
		.rootfs = plan->rootfs, .objects = plan->image ? objects : NULL,
		.folder = plan->folder, .plan = plan,
		.own_ids_are_root = plan->own_ids_are_root,
		.volumes = plan->volumes, .volume_count = plan->volume_count,
		.volume_ids_are_root = plan->volume_ids_are_root,
		.log_file = plan->log_file, .stream_flags = plan->stream_flags,
		.output = ends->output, .control = ends->control,
	};
	enum monitor_outcome outcome;
	struct monitor monitor;
	int wait_status, status;
	bool complete;

	if (monitor_init(&monitor, &setup, err)) {
		domain_end(domain);
		return EXIT_MEZZO_FAILED;
	}
	if (domain_enter(domain, err))
		outcome = OUTCOME_BROKEN;
	else
		outcome = monitor_run(&monitor, err);
	wait_status = domain_end(domain);
	complete = monitor_release(&monitor);
	if (ends->reason && outcome == OUTCOME_OVER_LIMIT)
		*ends->reason = REASON_DISK_LIMIT;
	status = tell_outcome(outcome, plan, domain, &monitor, wait_status, err);
	/* Of our own streams it was said where it was found. */
	if (!complete && ends->output && !err->text[0])
		error_set(err, 0, "output is lost: it could not be written");
	/* A program that could not know that its output is lost has not succeeded. */
	return status || complete ? status : EXIT_MEZZO_FAILED;
}

static int run_over_objects(const struct plan *plan, struct objects *objects,
			    const struct domain_ends *ends, struct error *err)
{
	struct start_objects shared = {
		.index = objects->index, .index_size = objects->index_size,
		.overlay = objects->overlay, .overlay_size = objects->overlay_size,
		.disk_limit = plan->disk_limit,
	};
	struct domain domain;
	struct layer layer;

	if (layer_open(&layer, plan->layer_file, err))
		return EXIT_MEZZO_FAILED;
	monitor_block_signals();
	if (domain_start(&domain, plan, &layer, &shared, err))
		return EXIT_MEZZO_FAILED;
	return monitor_domain(plan, objects, ends, &domain, err);
}

int domain_carry(const struct plan *plan, const struct domain_ends *ends, struct error *err)
{
	struct objects objects = { .index = -1, .overlay = -1, .own = { .fd = -1 } };
	int status;

	err->text[0] = '\0';
	if (plan_check(plan, err) ||
	    (plan->image &&
	     objects_open(&objects, plan->store, plan->image, plan->mapping, err)))
		return EXIT_MEZZO_FAILED;
	if (plan->image && plan->folder >= 0 &&
	    objects_open_kept(&objects, plan->folder, plan->disk_limit, err))
		status = EXIT_MEZZO_FAILED;
	else
		status = run_over_objects(plan, &objects, ends, err);
	objects_release(&objects);
	return status;
}

int domain_run(const struct plan *plan)
{
	struct domain_ends none = { 0 };
	struct error err;
	int status = domain_carry(plan, &none, &err);

	if (err.text[0])
		cli_fail(&err);
	return status;
}

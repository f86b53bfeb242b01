/* SPDX-License-Identifier: MIT */
/*
 * Filling the channel before the start; see config.h. No locks: nobody else sees the channel yet.
 */
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/launch/config.h"
#include "host/launch/processor.h"
#include "host/launch/program.h"

_Static_assert(RLIM_NLIMITS == 16, "the boundary carries 16 resource limits");

/*
 * Where [vvar] and [vdso] are: the same in the domain's processes, which are forked from this one.
 * The kernel names the data pages [vvar] and, since 6.13, also [vvar_vclock]; they precede the
 * code.
 */
static int fill_vdso(struct config *config, struct error *err)
{
	char maps[16384];
	long size = fd_read_file("/proc/self/maps", maps, sizeof(maps));

	if (size < 0)
		return error_set(err, (int)-size, "can't read /proc/self/maps");
	config->vdso_image = getauxval(AT_SYSINFO_EHDR);
	for (char *line = strtok(maps, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned long start, end;

		if (!strstr(line, " [vvar") && !strstr(line, " [vdso]"))
			continue;
		if (sscanf(line, "%lx-%lx", &start, &end) != 2)
			continue;
		if (!config->vdso_start || start < config->vdso_start)
			config->vdso_start = start;
		if (end > config->vdso_end)
			config->vdso_end = end;
	}
	return 0;
}

/* With any other clock source the vDSO may make a system call, and the layer may not let it. */
static void fill_clock(struct config *config)
{
	char source[32];
	long size = fd_read_file("/sys/devices/system/clocksource/clocksource0/current_clocksource",
				 source, sizeof(source));

	if (size > 0 && !strcmp(source, "tsc\n"))
		config->flags |= CONFIG_VDSO_CLOCK;
}

static void fill_processor(struct config *config, int protection_key)
{
	cpu_set_t cpus;

	config->protection_key = protection_key;
	config->hwcap = getauxval(AT_HWCAP);
	config->hwcap2 = getauxval(AT_HWCAP2);
	config->min_signal_stack = getauxval(AT_MINSIGSTKSZ);
	config->clock_ticks = getauxval(AT_CLKTCK);
	config->cpu_count = 1;
	if (!sched_getaffinity(0, sizeof(cpus), &cpus))
		config->cpu_count = (uint32_t)CPU_COUNT(&cpus);
	processor_xsave(&config->xsave_mask, &config->xsave_size);
}

static void fill_limits(struct config *config)
{
	struct sysinfo info;

	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

		getrlimit(i, &limit);
		config->rlimits[i][0] = limit.rlim_cur;
		config->rlimits[i][1] = limit.rlim_max;
	}
	if (!sysinfo(&info))
		config->memory_total = info.totalram * info.mem_unit;
	config->umask = umask(0);
	umask((mode_t)config->umask);
}

int config_fill(struct channel *channel, const struct plan *plan, const struct layer *layer,
		int protection_key, struct error *err)
{
	struct config *config = &channel->config;

	config->version = BOUNDARY_VERSION;
	config->flags = plan->flags;
	config->heap_data_size = layer->header.data_memory_size;
	fill_processor(config, protection_key);
	fill_clock(config);
	fill_limits(config);
	channel->log.data_offset = (uint32_t)offsetof(struct channel, log_data);
	program_fill(channel, CONSOLE_FIRST, plan);
	return fill_vdso(config, err);
}

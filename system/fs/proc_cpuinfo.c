/* SPDX-License-Identifier: MIT */
/*
 * /proc/cpuinfo, from what the processor says of itself (CPUID). How fast it runs is measured, by
 * its time stamp counter from the domain's start on. No locks.
 */
#include <cpuid.h>

#include "core/channel.h"
#include "core/string.h"
#include "core/timer.h"
#include "fs/proc.h"
#include "fs/proc_cache.h"

struct flag_word {
	u32 leaf, subleaf;
	u8 output;			/* 0 eax, 1 ebx, 2 ecx, 3 edx */
	const char *names[32];		/* NULL: no name that Linux shows */
};

static const struct flag_word flag_words[] = {
	{ 1, 0, 3, {
		"fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", NULL, "sep",
		"mtrr", "pge", "mca", "cmov", "pat", "pse36", "pn", "clflush", NULL, "dts", "acpi",
		"mmx", "fxsr", "sse", "sse2", "ss", "ht", "tm", "ia64", "pbe"
	} },
	{ 0x80000001, 0, 3, {
		[11] = "syscall", [20] = "nx", [22] = "mmxext", [25] = "fxsr_opt", [26] = "pdpe1gb",
		[27] = "rdtscp", [29] = "lm"
	} },
	{ 1, 0, 2, {
		"pni", "pclmulqdq", NULL, "monitor", "ds_cpl", "vmx", "smx", "est", "tm2", "ssse3",
		"cid", "sdbg", "fma", "cx16", "xtpr", "pdcm", NULL, "pcid", "dca", "sse4_1",
		"sse4_2", "x2apic", "movbe", "popcnt", "tsc_deadline_timer", "aes", "xsave", NULL,
		"avx", "f16c", "rdrand", "hypervisor"
	} },
	{ 0x80000001, 0, 2, {
		"lahf_lm", "cmp_legacy", "svm", NULL, "cr8_legacy", "abm", "sse4a", "misalignsse",
		"3dnowprefetch", "osvw"
	} },
	{ 7, 0, 1, {
		"fsgsbase", "tsc_adjust", NULL, "bmi1", "hle", "avx2", NULL, "smep", "bmi2", "erms",
		"invpcid", "rtm", NULL, NULL, "mpx", NULL, "avx512f", "avx512dq", "rdseed", "adx",
		"smap", "avx512ifma", NULL, "clflushopt", "clwb", NULL, NULL, NULL, "avx512cd",
		"sha_ni", "avx512bw", "avx512vl"
	} },
	{ 7, 0, 2, {
		NULL, "avx512vbmi", "umip", NULL, NULL, NULL, "avx512_vbmi2", NULL, "gfni", "vaes",
		"vpclmulqdq", "avx512_vnni", "avx512_bitalg", NULL, "avx512_vpopcntdq",
		[22] = "rdpid"
	} },
	{ 0xd, 1, 0, { "xsaveopt", "xsavec", "xgetbv1" } },
};

struct processor {
	char vendor[13];
	char model_name[49];
	u32 family, model, stepping;
	u32 khz, cache_kb;	/* of the largest cache */
};

static void processor_read(struct processor *processor)
{
	u32 a, b, c, d, words[12] = { 0 };

	__cpuid(0, a, b, c, d);
	memcpy(processor->vendor, (u32[]){ b, d, c }, 12);
	processor->vendor[12] = '\0';
	__cpuid(1, a, b, c, d);
	processor->stepping = a & 15;
	processor->model = (a >> 4 & 15) | (a >> 12 & 0xf0);
	processor->family = (a >> 8 & 15) == 15 ? 15 + (a >> 20 & 255) : a >> 8 & 15;
	__cpuid(0x80000000, a, b, c, d);
	for (u32 i = 0; i < 3 && a >= 0x80000004; i++)
		__cpuid(0x80000002 + i, words[4 * i], words[4 * i + 1], words[4 * i + 2],
			words[4 * i + 3]);
	memcpy(processor->model_name, words, 48);
	processor->model_name[48] = '\0';
}

/* ---- How fast ---- */

static u64 start_ticks, start_ns;	/* constant after the start */

void proc_cpuinfo_start(void)
{
	start_ticks = __builtin_ia32_rdtsc();
	start_ns = clock_monotonic_ns();
}

static u64 clock_khz(void)
{
	u64 ticks = __builtin_ia32_rdtsc() - start_ticks, ns = clock_monotonic_ns() - start_ns;

	/* So that the product fits. */
	while (ticks >> 43) {
		ticks >>= 1;
		ns >>= 1;
	}
	return ticks * 1000000 / MAX(ns, 1ull);
}

static u32 largest_cache_kb(void)
{
	struct processor_cache cache;
	u32 largest = 0;

	for (u32 i = 0; processor_cache_read(i, &cache); i++)
		largest = MAX(largest, cache.size_kb);
	return largest;
}

/* ---- Printing ---- */

static u32 flag_word_read(const struct flag_word *word)
{
	u32 output[4];

	if (!__get_cpuid_count(word->leaf, word->subleaf, &output[0], &output[1], &output[2],
			       &output[3]))
		return 0;
	return output[word->output];
}

static void flags_print(struct proc_text *text)
{
	proc_print(text, "flags\t\t:");
	for (u32 i = 0; i < ARRAY_SIZE(flag_words); i++) {
		u32 bits = flag_word_read(&flag_words[i]);

		for (u32 bit = 0; bit < 32; bit++)
			if (bits >> bit & 1 && flag_words[i].names[bit])
				proc_print(text, " %s", flag_words[i].names[bit]);
	}
	proc_print(text, "\n");
}

static u32 cpuid_eax(u32 leaf)
{
	u32 a, b, c, d;

	return __get_cpuid(leaf, &a, &b, &c, &d) ? a : 0;
}

static void processor_print(struct proc_text *text, const struct processor *processor, u32 number,
			    u32 count)
{
	u32 address_bits = cpuid_eax(0x80000008);

	proc_print(text, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n",
		   number, processor->vendor, processor->family, processor->model);
	proc_print(text, "model name\t: %s\nstepping\t: %u\n", processor->model_name,
		   processor->stepping);
	proc_print(text, "cpu MHz\t\t: %u.%03u\ncache size\t: %u KB\n", processor->khz / 1000,
		   processor->khz % 1000, processor->cache_kb);
	proc_print(text, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n",
		   count, number, count);
	proc_print(text, "apicid\t\t: %u\ninitial apicid\t: %u\n", number, number);
	proc_print(text, "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\n",
		   cpuid_eax(0));
	flags_print(text);
	proc_print(text, "bogomips\t: %u.%02u\nclflush size\t: 64\ncache_alignment\t: 64\n",
		   processor->khz / 500, processor->khz / 5 % 100);
	proc_print(text, "address sizes\t: %u bits physical, %u bits virtual\n",
		   address_bits & 255, address_bits >> 8 & 255);
	proc_print(text, "power management:\n\n");
}

int proc_cpuinfo_show(struct proc_text *text, const struct proc_key *key)
{
	struct processor processor;

	(void)key;
	processor_read(&processor);
	processor.khz = (u32)clock_khz();
	processor.cache_kb = largest_cache_kb();
	for (u32 i = 0; i < config()->cpu_count; i++)
		processor_print(text, &processor, i, config()->cpu_count);
	return 0;
}

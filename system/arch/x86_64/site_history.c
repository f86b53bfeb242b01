/* SPDX-License-Identifier: MIT */
/*
 * The sites of each file, in a table with sets of a few ways; the longest unused file of a set
 * gives way.
 *
 * Patching in a process costs a copied page of text, about as much as a trap or two. So a site is
 * worth it where the sites of its page trap twice or more for each time that the file is mapped.
 * That is worked out whenever the number of mappings has doubled, from counts since the file was
 * first seen; a site that was worth it stays so, since it traps no more.
 *
 * Lock: history_lock (LOCK_SITES) guards all.
 */
#include "arch/x86_64/site_history.h"

#include "boundary/layout.h"
#include "core/lock.h"

#define SETS		16u
#define WAYS		4u
#define MAPS_AT_FIRST	4u
#define TRAPS_WORTH	2u	/* on one page, for each mapping */
/*
 * When a text of its own is worth its memory: for the dynamic linker soon, for a C library in a
 * domain that is busy.
 */
#define SMALL_TEXT	(256u << 10)
#define LARGE_TEXT	(2u << 20)
#define MAPS_BEFORE_SMALL 16u
#define MAPS_BEFORE_LARGE 64u
#define TEXTS_MAX	8u	/* in the domain */

struct file_sites {
	struct file_version version;
	u64 last_use;
	u32 maps;
	u32 count;
	struct patched_text text;
	struct known_site sites[SITE_HISTORY_MAX];
};

static struct lock history_lock = LOCK_INIT(LOCK_SITES);
/* Pages of it that are never used cost nothing. */
static struct file_sites files[SETS][WAYS] __attribute__((section(".bss.large")));
static u64 uses;
static u32 texts;

static bool version_is(const struct file_version *a, const struct file_version *b)
{
	return a->ino == b->ino && a->dev == b->dev && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns;
}

/*
 * The entry of a file, a new one if need be. NULL: its place is taken by files with patched texts.
 */
static struct file_sites *file_find_locked(const struct file_version *version)
{
	struct file_sites *set = files[(version->ino * 31 + version->dev) % SETS], *oldest = NULL;
	u32 i;

	for (i = 0; i < WAYS && !version_is(&set[i].version, version); i++)
		if (!set[i].text.handle && (!oldest || set[i].last_use < oldest->last_use))
			oldest = &set[i];
	if (i < WAYS)
		oldest = &set[i];
	else if (oldest)
		*oldest = (struct file_sites){ .version = *version };
	if (oldest)
		oldest->last_use = ++uses;
	return oldest;
}

void site_history_trap(const struct file_version *version, u64 offset, u64 number)
{
	struct file_sites *file;
	u32 i;

	lock_acquire(&history_lock);
	file = file_find_locked(version);
	for (i = 0; file && i < file->count && file->sites[i].offset != offset; i++)
		;
	if (file && i < file->count)
		file->sites[i].traps++;
	else if (file && i < SITE_HISTORY_MAX)
		file->sites[file->count++] = (struct known_site){
			.offset = offset, .traps = 1, .number = number };
	lock_release(&history_lock);
}

static bool page_is_worth(const struct file_sites *file, u64 offset)
{
	u32 traps = 0;

	for (u32 i = 0; i < file->count; i++)
		if (file->sites[i].offset / PAGE_SIZE == offset / PAGE_SIZE)
			traps += file->sites[i].traps;
	return traps >= TRAPS_WORTH * file->maps;
}

static void worth_find(struct file_sites *file)
{
	for (u32 i = 0; i < file->count; i++)
		if (page_is_worth(file, file->sites[i].offset))
			file->sites[i].worth = true;
}

/* In a text for the whole domain all that is known finds room. */
static bool is_wanted(const struct known_site *site, u64 from, u64 to, bool patched, bool keep)
{
	return (site->worth || keep) && !(patched && site->in_text) && site->offset >= from &&
	       site->offset < to;
}

static bool text_pays(const struct file_sites *file, u64 size)
{
	return texts < TEXTS_MAX && !file->text.handle &&
	       ((size <= SMALL_TEXT && file->maps >= MAPS_BEFORE_SMALL) ||
		(size <= LARGE_TEXT && file->maps >= MAPS_BEFORE_LARGE));
}

u32 site_history_map(const struct file_version *version, u64 from, u64 to, bool patched,
		     struct known_site sites[SITE_HISTORY_MAX], bool *keep)
{
	struct file_sites *file;
	bool doubled;
	bool may_keep = *keep;
	u32 count = 0;

	*keep = false;
	lock_acquire(&history_lock);
	file = file_find_locked(version);
	if (file) {
		doubled = !(file->maps & (file->maps - 1));
		if (file->maps >= MAPS_AT_FIRST && doubled)
			worth_find(file);
		*keep = may_keep && doubled && text_pays(file, to - from);
		file->maps++;
		for (u32 i = 0; i < file->count; i++)
			if (is_wanted(&file->sites[i], from, to, patched, *keep))
				sites[count++] = file->sites[i];
	}
	lock_release(&history_lock);
	return count;
}

bool site_history_text(const struct file_version *version, u64 offset, u64 size,
		       struct patched_text *text)
{
	const struct file_sites *file;
	bool found;

	if (!READ_ONCE(texts))
		return false;
	lock_acquire(&history_lock);
	file = file_find_locked(version);
	found = file && file->text.handle && file->text.offset == offset && file->text.size == size;
	if (found)
		*text = file->text;
	lock_release(&history_lock);
	return found;
}

bool site_history_keep(const struct file_version *version, const struct patched_text *text,
		       const struct known_site *sites, u32 count)
{
	struct file_sites *file;
	bool taken;

	lock_acquire(&history_lock);
	file = file_find_locked(version);
	taken = file && !file->text.handle && texts < TEXTS_MAX;
	if (taken) {
		file->text = *text;
		texts++;
		for (u32 i = 0; i < file->count; i++)
			for (u32 j = 0; j < count; j++)
				if (file->sites[i].offset == sites[j].offset)
					file->sites[i].in_text = true;
	}
	lock_release(&history_lock);
	return taken;
}

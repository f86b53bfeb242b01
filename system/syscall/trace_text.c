/* SPDX-License-Identifier: MIT */
/* The parts of a line: strings, flags, signals. No state. */
#include "syscall/trace_text.h"

#include "core/string.h"
#include "memory/usercopy.h"
#include "syscall/trace_names.h"
#include "syscalls.h"

void text_put(struct text *text, const char *f, ...)
{
	u32 room = sizeof(text->bytes) - text->used;
	va_list args;
	int length;

	va_start(args, f);
	length = vformat(text->bytes + text->used, room, f, args);
	va_end(args);
	text->used += MIN((u32)length, room - 1);
}

/* next is the byte that follows: an octal escape before a digit needs all its digits. */
static void put_byte(struct text *text, u8 byte, u8 next)
{
	const char *special = "\n\t\r\v\f\"\\", *letters = "ntrvf\"\\";
	const char *at = byte ? strchr(special, byte) : NULL;

	if (at)
		text_put(text, "\\%c", letters[at - special]);
	else if (byte >= 32 && byte < 127)
		text_put(text, "%c", byte);
	else
		text_put(text, next >= '0' && next <= '9' ? "\\%03o" : "\\%o", byte);
}

static void put_quoted(struct text *text, const u8 *bytes, u32 size, bool cut)
{
	text_put(text, "\"");
	for (u32 i = 0; i < size; i++)
		put_byte(text, bytes[i], i + 1 < size ? bytes[i + 1] : 0);
	text_put(text, cut ? "\"..." : "\"");
}

void text_put_data(struct text *text, uptr address, u64 size)
{
	u8 bytes[TRACE_STRING_MAX];
	u32 shown = (u32)MIN(size, (u64)TRACE_STRING_MAX);

	if (!address)
		text_put(text, "NULL");
	else if (copy_from_user(bytes, address, shown))
		text_put(text, "%#lx", address);
	else
		put_quoted(text, bytes, shown, size > shown);
}

void text_put_string(struct text *text, uptr address, u32 max)
{
	char bytes[256];
	u32 size = MIN(max + 1, (u32)sizeof(bytes));
	ssize_t length;

	if (!address) {
		text_put(text, "NULL");
		return;
	}
	length = copy_string_from_user(bytes, address, size);
	if (length >= 0)
		put_quoted(text, (u8 *)bytes, (u32)length, false);
	else if (length == -ENAMETOOLONG)
		put_quoted(text, (u8 *)bytes, size - 1, true);
	else
		text_put(text, "%#lx", address);
}

void text_put_signal(struct text *text, u32 number)
{
	const char *name = signal_name(number);

	if (name)
		text_put(text, "%s", name);
	else if (number >= 32 && number <= 64)
		text_put(text, "SIGRT_%u", number - 32);
	else
		text_put(text, "%d", (int)number);
}

static bool kind_is_long(u32 kind)
{
	return kind == KIND_MMAP_PROT || kind == KIND_MMAP_FLAGS || kind == KIND_MREMAP_FLAGS ||
	       kind == KIND_CLONE_FLAGS;
}

static const char *name_find(const struct name_set *set, u64 value)
{
	for (u32 i = 0; i < set->count; i++)
		if (set->names[i].value == value)
			return set->names[i].text;
	return NULL;
}

/* The part of value that is one of several names. Returns what is left to write. */
static u64 put_choice(struct text *text, const struct name_set *set, u64 value,
		      const char **between)
{
	const char *name = name_find(set, value & set->choice);

	if (!set->choice || (!name && !(value & set->choice) && set->choice != ~0ull))
		return value;
	if (name)
		text_put(text, "%s", name);
	else
		text_put(text, "%#lx /* %s??? */", value & set->choice, set->prefix);
	*between = "|";
	return value & ~set->choice;
}

void text_put_flags(struct text *text, u32 kind, u64 value)
{
	const struct name_set *set = name_set_of(kind);
	const char *between = "";

	if (!kind_is_long(kind))
		value = (u32)value;
	value = put_choice(text, set, value, &between);
	for (u32 i = 0; i < set->count && value; i++) {
		const struct name *name = &set->names[i];

		if (name->value & set->choice || !name->value ||
		    (value & name->value) != name->value)
			continue;
		text_put(text, "%s%s", between, name->text);
		between = "|";
		value &= ~name->value;
	}
	if (value)
		text_put(text, "%s%#lx", between, value);
	else if (!*between)
		text_put(text, "%s", set->none ? set->none : "0");
}

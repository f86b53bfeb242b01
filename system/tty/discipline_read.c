/* SPDX-License-Identifier: MIT */
/* Reading of what the discipline has kept. */
#include "memory/iter.h"
#include "tty/discipline.h"

bool discipline_has_input(const struct discipline *d, u32 least)
{
	u32 tail = READ_ONCE(d->tail);

	if (discipline_is_canonical(d))
		return READ_ONCE(d->line) != tail;
	return READ_ONCE(d->head) - tail >= least;
}

static bool is_end_of_file(const struct discipline *d, u32 position)
{
	return end_is_at(d, position) && input_at(d, position) == DISCIPLINE_DISABLED;
}

u32 discipline_count(const struct discipline *d)
{
	u32 count = d->line - d->tail;

	if (!discipline_is_canonical(d))
		return d->head - d->tail;
	for (u32 position = d->tail; position != d->line; position++)
		count -= is_end_of_file(d, position);
	return count;
}

/* Bytes at tail, which stay there. False: a fault. */
static bool input_copy(const struct discipline *d, struct iter *to, u32 count)
{
	u32 first = MIN(count, DISCIPLINE_INPUT - d->tail % DISCIPLINE_INPUT);

	return iter_copy_to(to, d->input + d->tail % DISCIPLINE_INPUT, first) == first &&
	       iter_copy_to(to, d->input, count - first) == count - first;
}

static void tail_move(struct discipline *d, u32 count)
{
	for (u32 position = d->tail; position != d->tail + count; position++)
		end_clear(d, position);
	WRITE_ONCE(d->tail, d->tail + count);
}

/* An end of file right behind what filled the reader's buffer belongs to that. */
static ssize_t line_take(struct discipline *d, struct iter *to)
{
	u32 limit = MIN((size_t)(d->line - d->tail), to->left), count = 0, used;

	while (count < limit && !end_is_at(d, d->tail + count))
		count++;
	used = count;
	if (count < limit) {
		used++;
		count += !is_end_of_file(d, d->tail + count);
	} else if (d->tail + count != d->line && is_end_of_file(d, d->tail + count)) {
		used++;
	}
	if (!input_copy(d, to, count))
		return -EFAULT;
	tail_move(d, used);
	return count;
}

ssize_t discipline_take(struct discipline *d, struct iter *to)
{
	u32 count;

	if (discipline_is_canonical(d))
		return line_take(d, to);
	count = MIN((size_t)(d->head - d->tail), to->left);
	if (!input_copy(d, to, count))
		return -EFAULT;
	tail_move(d, count);
	WRITE_ONCE(d->line, d->tail);
	return count;
}

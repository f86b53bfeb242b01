/* SPDX-License-Identifier: MIT */
/* Text by a format, as printf(3) makes it, without floating point. No state, no locks. */
#include "core/string.h"

struct output {
	char *to;
	size_t size;
	size_t length;		/* of the whole text, written or not */
};

struct directive {
	bool left, zero, plus, space, alternate;
	int width;
	int precision;		/* -1: none given */
	int length;		/* -2 hh, -1 h, 0, 1 l and z, 2 ll */
};

static void put(struct output *out, char c)
{
	if (out->length + 1 < out->size)
		out->to[out->length] = c;
	out->length++;
}

static void put_repeated(struct output *out, char c, int count)
{
	while (count-- > 0)
		put(out, c);
}

static void put_text(struct output *out, const struct directive *d, const char *text, size_t size)
{
	int fill = d->width > (int)size ? d->width - (int)size : 0;

	if (!d->left)
		put_repeated(out, ' ', fill);
	while (size--)
		put(out, *text++);
	if (d->left)
		put_repeated(out, ' ', fill);
}

/* prefix is a sign or 0x; digits follow it after zeros for the precision or the width. */
static void put_number(struct output *out, const struct directive *d, u64 value, unsigned base,
		       bool upper, const char *prefix)
{
	const char *symbols = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char digits[24];
	int count = 0, zeros = 0, fill, prefix_size = (int)strlen(prefix);

	for (; value; value /= base)
		digits[count++] = symbols[value % base];
	if (!count && d->precision != 0)
		digits[count++] = '0';
	if (d->precision > count)
		zeros = d->precision - count;
	if (base == 8 && d->alternate && !zeros && (!count || digits[count - 1] != '0'))
		zeros = 1;
	fill = d->width - prefix_size - zeros - count;
	if (d->zero && !d->left && d->precision < 0 && fill > 0) {
		zeros += fill;
		fill = 0;
	}
	if (!d->left)
		put_repeated(out, ' ', fill);
	while (*prefix)
		put(out, *prefix++);
	put_repeated(out, '0', zeros);
	while (count)
		put(out, digits[--count]);
	if (d->left)
		put_repeated(out, ' ', fill);
}

static void put_signed(struct output *out, const struct directive *d, s64 value)
{
	const char *sign;

	if (d->length == -1)
		value = (s16)value;
	else if (d->length == -2)
		value = (s8)value;
	sign = value < 0 ? "-" : d->plus ? "+" : d->space ? " " : "";
	put_number(out, d, value < 0 ? -(u64)value : (u64)value, 10, false, sign);
}

static void put_unsigned(struct output *out, const struct directive *d, u64 value, char conversion)
{
	unsigned base = conversion == 'u' ? 10 : conversion == 'o' ? 8 : 16;
	bool upper = conversion == 'X';

	if (d->length == -1)
		value = (u16)value;
	else if (d->length == -2)
		value = (u8)value;
	put_number(out, d, value, base, upper,
		   base == 16 && d->alternate && value ? (upper ? "0X" : "0x") : "");
}

static const char *parse_flags(const char *f, struct directive *d)
{
	for (;; f++) {
		if (*f == '-')
			d->left = true;
		else if (*f == '0')
			d->zero = true;
		else if (*f == '+')
			d->plus = true;
		else if (*f == ' ')
			d->space = true;
		else if (*f == '#')
			d->alternate = true;
		else
			return f;
	}
}

static const char *parse_number(const char *f, int *number, va_list *args)
{
	if (*f == '*') {
		*number = va_arg(*args, int);
		return f + 1;
	}
	for (*number = 0; *f >= '0' && *f <= '9'; f++)
		*number = *number * 10 + (*f - '0');
	return f;
}

/* Everything between % and the conversion. */
static const char *parse_directive(const char *f, struct directive *d, va_list *args)
{
	*d = (struct directive){ .precision = -1 };
	f = parse_flags(f, d);
	f = parse_number(f, &d->width, args);
	if (d->width < 0) {
		d->left = true;
		d->width = -d->width;
	}
	if (*f == '.')
		f = parse_number(f + 1, &d->precision, args);
	for (; *f == 'h' || *f == 'l' || *f == 'z'; f++)
		d->length += *f == 'h' ? -1 : 1;
	return f;
}

static void put_string(struct output *out, const struct directive *d, const char *text)
{
	if (!text)
		text = "(null)";
	put_text(out, d, text,
		 d->precision < 0 ? strlen(text) : strnlen(text, (size_t)d->precision));
}

static void put_conversion(struct output *out, struct directive *d, char conversion, va_list *args)
{
	char c;

	switch (conversion) {
	case 'd':
	case 'i':
		put_signed(out, d, d->length > 0 ? va_arg(*args, long) : va_arg(*args, int));
		break;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		put_unsigned(out, d, d->length > 0 ? va_arg(*args, unsigned long) :
			     va_arg(*args, unsigned), conversion);
		break;
	case 'p':
		d->alternate = true;
		d->length = 1;
		put_unsigned(out, d, (u64)va_arg(*args, void *), 'x');
		break;
	case 'c':
		c = (char)va_arg(*args, int);
		put_text(out, d, &c, 1);
		break;
	case 's':
		put_string(out, d, va_arg(*args, const char *));
		break;
	default:
		put(out, conversion);
	}
}

int vformat(char *to, size_t size, const char *f, va_list args)
{
	struct output out = { .to = to, .size = size };
	struct directive d;
	va_list list;

	va_copy(list, args);
	while (*f) {
		if (*f != '%') {
			put(&out, *f++);
			continue;
		}
		f = parse_directive(f + 1, &d, &list);
		if (!*f)
			break;
		put_conversion(&out, &d, *f++, &list);
	}
	va_end(list);
	if (size)
		to[out.length < size ? out.length : size - 1] = 0;
	return (int)out.length;
}

int format(char *to, size_t size, const char *f, ...)
{
	va_list args;
	int length;

	va_start(args, f);
	length = vformat(to, size, f, args);
	va_end(args);
	return length;
}

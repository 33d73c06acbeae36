/* idset.c - see idset.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/idset.h"

enum { WORD_BITS = 64, WORDS = IDSET_MAX / WORD_BITS };

static bool in_range(int id)
{
	return id >= 0 && id < IDSET_MAX;
}

static uint64_t bit_of(int id)
{
	return UINT64_C(1) << (id % WORD_BITS);
}

void idset_add(struct idset *s, int id)
{
	if (in_range(id))
		s->word[id / WORD_BITS] |= bit_of(id);
}

bool idset_has(const struct idset *s, int id)
{
	return in_range(id) && (s->word[id / WORD_BITS] & bit_of(id));
}

size_t idset_count(const struct idset *s)
{
	size_t n = 0;

	for (size_t i = 0; i < WORDS; i++)
		n += (size_t)__builtin_popcountll(s->word[i]);
	return n;
}

bool idset_empty(const struct idset *s)
{
	return idset_next(s, -1) < 0;
}

bool idset_equal(const struct idset *a, const struct idset *b)
{
	return memcmp(a->word, b->word, sizeof a->word) == 0;
}

struct idset idset_and(const struct idset *a, const struct idset *b)
{
	struct idset s;

	for (size_t i = 0; i < WORDS; i++)
		s.word[i] = a->word[i] & b->word[i];
	return s;
}

struct idset idset_or(const struct idset *a, const struct idset *b)
{
	struct idset s;

	for (size_t i = 0; i < WORDS; i++)
		s.word[i] = a->word[i] | b->word[i];
	return s;
}

struct idset idset_minus(const struct idset *a, const struct idset *b)
{
	struct idset s;

	for (size_t i = 0; i < WORDS; i++)
		s.word[i] = a->word[i] & ~b->word[i];
	return s;
}

int idset_next(const struct idset *s, int after)
{
	int id = after < -1 ? 0 : after + 1;

	if (after >= IDSET_MAX - 1)
		return -1;
	for (int w = id / WORD_BITS; w < WORDS; w++) {
		uint64_t left = s->word[w];

		if (w == id / WORD_BITS)
			left &= ~UINT64_C(0) << (id % WORD_BITS);
		if (left)
			return w * WORD_BITS + __builtin_ctzll(left);
	}
	return -1;
}

/* The decimal number at *p, which moves past it; -1 when there is none or it is too large. */
static int take_number(const char **p)
{
	int v = 0;

	if (**p < '0' || **p > '9')
		return -1;
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		v = v * 10 + (**p - '0');
		if (!in_range(v))
			return -1;
	}
	return v;
}

/* Adds one item, "7" or "2-5", of `length` characters. */
static int add_item(struct idset *s, const char *item, size_t length)
{
	const char *p = item;
	int first = take_number(&p), last = first;

	if (first < 0)
		return -EINVAL;
	if (*p == '-') {
		p++;
		last = take_number(&p);
	}
	if (last < first || p != item + length)
		return -EINVAL;
	for (int id = first; id <= last; id++)
		idset_add(s, id);
	return 0;
}

int idset_parse(struct idset *s, const char *text, struct err *e)
{
	*s = (struct idset){ 0 };
	if (!*text)
		return err_set(e, -EINVAL, "an empty list; write numbers such as 0,2-3");
	for (const char *p = text;; p++) {
		size_t length = strcspn(p, ",");

		if (add_item(s, p, length) < 0) {
			*s = (struct idset){ 0 };
			return err_set(e, -EINVAL,
				       "'%.*s' in the list '%.80s' is not a number or range from 0 "
				       "to %d; write 0,2-3",
				       length < 40 ? (int)length : 40, p, text, IDSET_MAX - 1);
		}
		p += length;
		if (!*p)
			return 0;
	}
}

int idset_parse_kernel(struct idset *s, const char *text)
{
	char line[16384]; /* sysfs gives a page at most */
	size_t length = strcspn(text, "\n");

	*s = (struct idset){ 0 };
	if (length >= sizeof line || text[length + (text[length] == '\n')])
		return -EINVAL;
	if (length == 0)
		return 0;
	memcpy(line, text, length);
	line[length] = '\0';
	return idset_parse(s, line, NULL);
}

size_t idset_format(const struct idset *s, char *buf, size_t size)
{
	const size_t rest = sizeof ",..";
	size_t used = 0, whole = 0; /* numbers with room for the rest behind them */

	if (size)
		buf[0] = '\0';
	for (int first = -1; (first = idset_next(s, first)) >= 0;) {
		int last = first;
		const char *comma = used ? "," : "";
		char item[32];
		int n;

		while (idset_has(s, last + 1))
			last++;
		n = last == first ? snprintf(item, sizeof item, "%s%d", comma, first)
				  : snprintf(item, sizeof item, "%s%d-%d", comma, first, last);
		if (used < size)
			snprintf(buf + used, size - used, "%s", item);
		used += (size_t)n;
		if (used + rest <= size)
			whole = used;
		first = last;
	}
	if (size && used >= size)
		snprintf(buf + whole, size - whole, "%s", whole ? ",.." : "..");
	return used;
}

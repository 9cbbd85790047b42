/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json_names.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/json_tree.h"

#define FEW 8	/* are compared with one another */

struct names {
	const char *text[BERTH_JSON_MEMBERS_MAX];	/* borrowed */
	uint32_t hash[BERTH_JSON_MEMBERS_MAX];
	size_t n;
};

/* Eight bytes at a time, the last of which may overlap. */
static uint32_t hash(const char *s, size_t n)
{
	const uint64_t odd = 0x9e3779b97f4a7c15;
	uint64_t h = n, eight = 0;
	size_t at = 0;

	for (; at + sizeof(eight) < n; at += sizeof(eight)) {
		memcpy(&eight, s + at, sizeof(eight));
		h = (h ^ eight) * odd;
		h ^= h >> 32;
	}
	if (n >= sizeof(eight))
		memcpy(&eight, s + n - sizeof(eight), sizeof(eight));
	else
		for (eight = 0; at < n; at++)
			eight = eight << 8 | (uint8_t)s[at];
	h = (h ^ eight) * odd;
	return (uint32_t)((h ^ h >> 32) * odd >> 32);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool differ_sorted(const char **names, size_t n)
{
	qsort(names, n, sizeof(names[0]), by_text);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(names[i - 1], names[i]))
			return false;
	return true;
}

/* Names that meet in the table more often than chance lets them were chosen to: then
 * they are sorted, which takes the same time for all. */
#define SLOTS_MAX (2 * BERTH_JSON_MEMBERS_MAX)
#define MEETINGS 4

static bool differ(struct names *names)
{
	uint16_t slots[SLOTS_MAX] __attribute__((uninitialized));	/* one more than an index, 0: free */
	size_t size = 8, met = 0, at;

	while (size < 2 * names->n)
		size *= 2;
	memset(slots, 0, size * sizeof(slots[0]));
	for (size_t i = 0; i < names->n; i++) {
		for (at = names->hash[i] % size; slots[at]; at = (at + 1) % size) {
			size_t other = slots[at] - 1u;

			if (names->hash[other] == names->hash[i] && !strcmp(names->text[other], names->text[i]))
				return false;
			if (met++ == MEETINGS * names->n)
				return differ_sorted(names->text, names->n);
		}
		slots[at] = (uint16_t)(i + 1);
	}
	return true;
}
_Static_assert((SLOTS_MAX & (SLOTS_MAX - 1)) == 0 && BERTH_JSON_MEMBERS_MAX < UINT16_MAX, "the table of names");

static bool few_differ(const struct berth_json *obj)
{
	const struct berth_json *first = berth_json_child(obj);

	for (const struct berth_json *m = first; m; m = berth_json_behind(m))
		for (const struct berth_json *other = first; other != m; other = berth_json_behind(other))
			if (berth_json_named(other, m->c.string, m->name_len))
				return false;
	return true;
}

static bool many_differ(const struct berth_json *obj)
{
	/* 12 KiB, which the build would fill with zeros for each object */
	struct names names __attribute__((uninitialized));

	names.n = 0;
	berth_json_each(m, obj) {
		names.text[names.n] = m->c.string;
		names.hash[names.n++] = hash(m->c.string, m->name_len);
	}
	return differ(&names);
}

bool berth_json_names_differ(const struct berth_json *obj, size_t n)
{
	return n <= FEW ? few_differ(obj) : many_differ(obj);
}

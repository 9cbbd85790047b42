/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keyd/names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/hex.h"

#define DIGITS_MIN 4	/* .pXXXX; a key with one of the later purposes has more of them */
#define DIGITS_MAX 8

_Static_assert(BERTH_SIGN__COUNT <= 32, "the purposes fit eight hex digits");
_Static_assert(BERTH_KEYD_NAME_MAX + 2 + DIGITS_MAX == BERTH_KEY_NAME_MAX, "name and suffix fit");

void keyd_name_format(char out[BERTH_KEY_NAME_MAX + 1], const char *name, uint32_t purposes)
{
	snprintf(out, BERTH_KEY_NAME_MAX + 1, "%.*s.p%0*x", BERTH_KEYD_NAME_MAX, name, DIGITS_MIN, purposes);
}

/* One spelling a name: small letters, and no more zeros in front than it takes. */
static bool parse_digits(uint32_t *out, const char *s)
{
	size_t n = strlen(s);

	if (n < DIGITS_MIN || n > DIGITS_MAX || (n > DIGITS_MIN && s[0] == '0'))
		return false;
	for (*out = 0; *s; s++) {
		int digit = berth_hex_digit(*s);

		if (digit < 0 || isupper((unsigned char)*s))
			return false;
		*out = *out << 4 | (uint32_t)digit;
	}
	return *out < BERTH_PURPOSE_BIT(BERTH_SIGN__COUNT);
}

bool keyd_name_parse(struct keyd_name *out, const char *stored)
{
	const char *dot = strrchr(stored, '.');
	size_t len = dot ? (size_t)(dot - stored) : 0;

	memset(out, 0, sizeof(*out));
	if (!len || len > BERTH_KEYD_NAME_MAX || dot[1] != 'p' || !parse_digits(&out->purposes, dot + 2))
		return false;
	memcpy(out->name, stored, len);
	return true;
}

/* Where name is, or would go. */
static size_t place(const struct keyd_names *names, const char *name, bool *there)
{
	size_t lo = 0, hi = names->n;

	*there = false;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(name, names->v[mid].name);

		if (c == 0) {
			*there = true;
			return mid;
		}
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

const struct keyd_name *keyd_names_find(const struct keyd_names *names, const char *name)
{
	bool there;
	size_t i = place(names, name, &there);

	return there ? &names->v[i] : NULL;
}

static enum berth_err reserve(struct keyd_names *names)
{
	size_t cap = names->cap ? 2 * names->cap : 16;
	struct keyd_name *v;

	if (names->n < names->cap)
		return BERTH_OK;
	if (!(v = realloc(names->v, cap * sizeof(*v))))
		return berth_no_memory();
	names->v = v;
	names->cap = cap;
	return BERTH_OK;
}

enum berth_err keyd_names_add(struct keyd_names *names, const char *name, uint32_t purposes)
{
	bool there;
	size_t i = place(names, name, &there);
	enum berth_err rc = reserve(names);

	if (rc)
		return rc;
	if (there)
		return berth_fail(BERTH_E_KEYSTORE, "keyd: the store has %s twice", name);
	memmove(&names->v[i + 1], &names->v[i], (names->n - i) * sizeof(names->v[0]));
	memset(&names->v[i], 0, sizeof(names->v[i]));
	memcpy(names->v[i].name, name, strnlen(name, BERTH_KEYD_NAME_MAX));
	names->v[i].purposes = purposes;
	names->n++;
	return BERTH_OK;
}

void keyd_names_remove(struct keyd_names *names, const char *name)
{
	bool there;
	size_t i = place(names, name, &there);

	if (!there)
		return;
	names->n--;
	memmove(&names->v[i], &names->v[i + 1], (names->n - i) * sizeof(names->v[0]));
}

enum berth_err keyd_names_load(struct keyd_names *names, struct berth_keystore *ks)
{
	size_t n = berth_keystore_count(ks);
	struct berth_key_info info;
	struct keyd_name name;
	enum berth_err rc = BERTH_OK;

	memset(names, 0, sizeof(*names));
	for (size_t i = 0; !rc && i < n; i++)
		if (!(rc = berth_keystore_at(ks, i, &info)) && keyd_name_parse(&name, info.name))
			rc = keyd_names_add(names, name.name, name.purposes);
	if (rc)
		keyd_names_free(names);
	return rc;
}

void keyd_names_free(struct keyd_names *names)
{
	free(names->v);
	memset(names, 0, sizeof(*names));
}

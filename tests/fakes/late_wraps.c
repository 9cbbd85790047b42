/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/late_wraps.h"

#include <stddef.h>
#include <string.h>

#define ASKED_MAX 256

struct test_wraps test_wraps;

static const struct berth_keyring_ops *real;
static struct berth_keyring_ops late;
static uint8_t asked[ASKED_MAX][BERTH_TAG_MAX];	/* the tag tells one wrap from all others */
static size_t n_asked;
static long fail_from, fail_to;

static bool ask(struct berth_keyring *kr, const char *skid, const struct berth_kek_params *p, const uint8_t *ze, size_t ze_len,
		const uint8_t *cek, size_t cek_len)
{
	(void)ze, (void)ze_len, (void)cek, (void)cek_len;
	if (n_asked == ASKED_MAX || kr->ops->find(kr, skid, NULL))
		return false;
	memcpy(asked[n_asked++], p->cc_tag, p->cc_tag_len);
	return true;
}

static bool was_asked(const struct berth_kek_params *p)
{
	for (size_t i = 0; i < n_asked; i++)
		if (memcmp(asked[i], p->cc_tag, p->cc_tag_len) == 0)
			return true;
	return false;
}

static enum berth_err wrap(struct berth_keyring *kr, const char *skid, const struct berth_kek_params *p, const uint8_t *ze,
			   size_t ze_len, const uint8_t *cek, size_t cek_len, struct berth_buf *wrapped)
{
	if (!was_asked(p))
		test_wraps.at_once++;
	else if (++test_wraps.late >= fail_from && test_wraps.late < fail_to)
		return berth_fail(BERTH_E_KEYSTORE, "this wrap fails");
	return real->wrap_1pu(kr, skid, p, ze, ze_len, cek, cek_len, wrapped);
}

static void end(struct berth_keyring *kr)
{
	(void)kr;
	n_asked = 0;
}

void test_wraps_late(struct berth_keyring *kr)
{
	if (!real) {
		real = kr->ops;
		late = *real;
		late.wrap_1pu_ahead = ask;
		late.wrap_1pu = wrap;
		late.ahead_end = end;
	}
	kr->ops = &late;
}

void test_wraps_fail(long n, long many)
{
	test_wraps = (struct test_wraps){ 0 };
	fail_from = n;
	fail_to = n + many;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_DID_CODEC_RLP_WHOLE_H
#define BERTH_TESTS_UNIT_DID_CODEC_RLP_WHOLE_H

#include "did/codec/rlp.h"

/* Whether it is one whole value and nothing after it, at every depth: what Ethereum's
 * vectors ask, and nothing of ours, which knows what it reads.  E_TYPE: it is not; E_SIZE:
 * lists in lists beyond the cap. */
#define RLP_DEPTH_MAX 16

static inline enum berth_err rlp_check_values(struct berth_cur *c, int depth)
{
	enum berth_err rc = BERTH_OK;

	if (depth > RLP_DEPTH_MAX)
		return berth_fail(BERTH_E_SIZE, "RLP: more than %d lists in each other", RLP_DEPTH_MAX);
	while (!rc && !c->bad && c->n) {
		struct berth_rlp v = berth_rlp_next(c);

		if (v.is_list)
			rc = rlp_check_values(&v.in, depth + 1);
		c->bad |= v.in.bad;
	}
	return rc;
}

static inline enum berth_err rlp_check(const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n), one = c;
	enum berth_err rc;

	(void)berth_rlp_next(&one);
	if (!berth_cur_done(&one))
		return berth_fail(BERTH_E_TYPE, "RLP: %s", one.bad ? "malformed" : "something behind its value");
	if (!(rc = rlp_check_values(&c, 0)) && c.bad)
		rc = berth_fail(BERTH_E_TYPE, "RLP: malformed");
	return rc;
}

#endif /* BERTH_TESTS_UNIT_DID_CODEC_RLP_WHOLE_H */

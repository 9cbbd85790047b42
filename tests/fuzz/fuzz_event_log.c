/* SPDX-License-Identifier: Apache-2.0 */
/* A log of a measured boot, as a device sends it. */
#include <stdlib.h>

#include "did/base/secret.h"
#include "did/keystore/event_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct seen { uint32_t mask; };

static enum berth_err look(void *arg, const struct berth_log_event *e)
{
	struct seen *s = arg;

	if (e->pcr >= BERTH_PCRS || !e->digest || !berth_event_type_name(e->type))
		abort();
	s->mask |= UINT32_C(1) << e->pcr;
	return BERTH_OK;
}

/* Both readings of it agree. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_pcr_values v;
	struct seen s = { 0 };

	berth_crypto_init();
	if (berth_event_log_replay(&v, p, n) != berth_event_log_each(p, n, look, &s))
		abort();
	if (v.mask && v.mask != s.mask)
		abort();
	return 0;
}

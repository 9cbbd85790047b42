/* SPDX-License-Identifier: Apache-2.0 */
/* What the network at hand says of where others are: the file that a DHCP client's hook
 * wrote, and DNS.  One that cannot be read takes nothing from the other. */
#include "agent/protocol/gateway.h"
#include "agent/protocol/hints.h"
#include "did/base/log.h"

typedef enum berth_err source(struct berth_env *env, struct berth_buf *text);

static void load(struct berth_hints *h, struct berth_env *env, source *from, const char *name)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	*h = (struct berth_hints){ 0 };
	if (from && ((rc = from(env, &text)) || (text.len && (rc = berth_hints_parse(h, berth_buf_cstr(&text), text.len)))))
		berth_log_err(BERTH_LOG_WARN, name, rc);
	berth_buf_free(&text);
}

void gateway_hints_load(struct gateway_hints *h, struct berth_env *env)
{
	load(&h->v[0], env, env->hints, "hints-file");
	load(&h->v[1], env, env->services, "dns-sd");
}

void gateway_hints_free(struct gateway_hints *h)
{
	for (size_t i = 0; i < GATEWAY_HINT_SOURCES; i++)
		berth_hints_free(&h->v[i]);
}

const char *gateway_hint_next(const struct gateway_hints *h, const char *did, bool by_name, size_t *at)
{
	for (; *at < GATEWAY_HINT_SOURCES * BERTH_HINTS_MAX; ++*at) {
		const struct berth_hints *from = &h->v[*at / BERTH_HINTS_MAX];
		size_t k = *at % BERTH_HINTS_MAX;

		if (k < from->n && (from->v[k].did || !by_name) && berth_hint_is_for(&from->v[k], did)) {
			++*at;
			return from->v[k].uri;
		}
	}
	return NULL;
}

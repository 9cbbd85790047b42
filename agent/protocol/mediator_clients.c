/* SPDX-License-Identifier: Apache-2.0 */
/* What a mediator knows of its clients, for all its protocols. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/mediate.h"
#include "did/base/hex.h"
#include "did/crypto/hash.h"
#include "did/url.h"

#define DAY_S 86400

/* ---- who is a client, and for whom */

enum berth_err berth_mediate_key(char key[65], const char *did)
{
	struct berth_buf shorter = BERTH_BUF_INIT;
	uint8_t h[BERTH_SHA256_LEN];
	enum berth_err rc = berth_did_short(&shorter, did);

	if (!rc && !(rc = berth_buf_status(&shorter))) {
		berth_sha256(h, shorter.p, shorter.len);
		berth_hex_encode(key, h, sizeof(h));
	}
	berth_buf_free(&shorter);
	return rc;
}

bool berth_mediate_allowed(struct berth_env *env, const char *did)
{
	const struct berth_policy *p = env->policy;

	for (size_t i = 0; i < p->n_mediate_dids; i++)
		if (berth_did_same(p->mediate_dids[i], did))
			return true;
	return p->mediate == BERTH_MEDIATE_ANYONE || (p->mediate == BERTH_MEDIATE_KNOWN && !env->stranger(env, did));
}

static enum berth_err get_record(struct berth_env *env, const char *ns, const char *did, struct berth_json **out)
{
	struct berth_buf text = BERTH_BUF_INIT;
	char key[65];
	enum berth_err rc;

	*out = NULL;
	if (!(rc = berth_mediate_key(key, did)) && !(rc = env->records->get(env->records, ns, key, &text)))
		rc = berth_json_parse_object(out, berth_buf_cstr(&text), text.len, BERTH_JSON_MAX);
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_mediate_check_client(struct berth_env *env, const char *did)
{
	struct berth_json *v = NULL;
	const char *state;
	enum berth_err rc = get_record(env, BERTH_NS_MEDIATOR, did, &v);

	if (rc && rc != BERTH_E_NOMATCH)
		return rc;
	state = berth_json_str(berth_json_get(v, "state"));
	if (!state || strcmp(state, BERTH_MEDIATOR_GRANTED) != 0 || !berth_mediate_allowed(env, did))
		rc = berth_fail(BERTH_E_AUTHZ, "%.80s is no client of this mediator", did);
	berth_json_free(v);
	return rc;
}

enum berth_err berth_mediate_route(struct berth_env *env, const char *recipient, struct berth_buf *client,
				   struct berth_buf *did)
{
	struct berth_json *v = NULL;
	const char *c, *d;
	enum berth_err rc = get_record(env, BERTH_NS_ROUTE, recipient, &v);

	if (rc == BERTH_E_NOMATCH)
		return berth_fail(BERTH_E_ROUTE, "%.80s is registered by nobody here", recipient);
	if (!rc && !(rc = berth_json_req_str(v, "client", BERTH_DID_URL_MAX, &c)) &&
	    !(rc = berth_json_req_str(v, "did", BERTH_DID_URL_MAX, &d))) {
		berth_buf_str(client, c);
		berth_buf_str(did, d);
		rc = berth_buf_status(client) ? BERTH_E_NOMEM : berth_buf_status(did);
	}
	berth_json_free(v);
	return rc;
}

/* ---- who was heard of when */

static int64_t today(const struct berth_env *env) { return env->uptime_s / DAY_S; }

static int64_t last_day(struct berth_env *env, const char *key)
{
	struct berth_buf text = BERTH_BUF_INIT;
	int64_t day = env->records->get(env->records, BERTH_NS_SEEN, key, &text) ? -1 : strtoll(berth_buf_cstr(&text), NULL, 10);

	berth_buf_free(&text);
	return day;
}

enum berth_err berth_mediate_seen(struct berth_env *env, struct berth_effects *fx, const char *client)
{
	char key[65], day[24];
	enum berth_err rc = berth_mediate_key(key, client);

	if (rc || last_day(env, key) == today(env))
		return rc;
	snprintf(day, sizeof(day), "%lld", (long long)today(env));
	return berth_effects_put(fx, BERTH_NS_SEEN, key, day, strlen(day));
}

/* ---- room for one more */

/* Clients, and the one that was not heard of for the longest time beyond what is allowed. */
struct clients { struct berth_env *env; int64_t n, idle; char key[65]; };

static bool is_granted(const uint8_t *value, size_t len)
{
	static const char granted[] = "{\"state\":\"" BERTH_MEDIATOR_GRANTED "\"";

	return len >= sizeof(granted) - 1 && memcmp(value, granted, sizeof(granted) - 1) == 0;
}

static bool has_dids(const uint8_t *value, size_t len)
{
	struct berth_json *v = NULL;
	bool has = berth_json_parse_object(&v, (const char *)value, len, BERTH_JSON_MAX) != BERTH_OK ||
		   berth_json_len(berth_json_get(berth_json_get(v, "data"), "dids")) > 0;

	berth_json_free(v);
	return has;
}

static enum berth_err one_client(void *arg, const char *key, const uint8_t *value, size_t len)
{
	struct clients *c = arg;
	int64_t idle, most;

	if (!is_granted(value, len))
		return BERTH_OK;
	c->n++;
	idle = today(c->env) - last_day(c->env, key);
	most = has_dids(value, len) ? c->env->policy->relay_idle_s / DAY_S : 1;
	if (idle > most && idle > c->idle) {
		c->idle = idle;
		snprintf(c->key, sizeof(c->key), "%s", key);
	}
	return BERTH_OK;
}

enum berth_err berth_mediate_make_room(struct berth_env *env, struct berth_effects *fx, bool *room)
{
	struct clients c = { .env = env };
	enum berth_err rc = env->records->each(env->records, BERTH_NS_MEDIATOR, one_client, &c);

	if (rc)
		return rc;
	*room = c.n < env->policy->relay_clients || c.key[0];
	if (c.n < env->policy->relay_clients || !c.key[0])
		return BERTH_OK;
	return (rc = berth_effects_remove(fx, BERTH_NS_MEDIATOR, c.key)) ? rc : berth_effects_remove(fx, BERTH_NS_SEEN, c.key);
}

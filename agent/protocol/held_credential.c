/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials that this agent holds, each a record sealed under its own name. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/exchange.h"
#include "did/base/hex.h"
#include "did/codec/jcs.h"
#include "did/crypto/hash.h"

#define RECORD_MAX (2 * BERTH_VC_MAX + 65536)

static void label_of(char label[64], const char *id) { snprintf(label, 64, "cred/%.32s", id); }

void berth_held_free(struct berth_held *h)
{
	berth_json_free(h->v);
	*h = (struct berth_held){ .v = NULL };
}

/* JSON travels as a tree: both sides hash its canonical form. */
static enum berth_err canonical(struct berth_buf *out, const char *text, size_t n)
{
	struct berth_json *v = NULL;
	enum berth_err rc;

	if (n == 0 || text[0] != '{') {
		berth_buf_put(out, text, n);
		return berth_buf_status(out);
	}
	if (!(rc = berth_json_parse_exact(&v, text, n, BERTH_VP_MAX)))
		rc = berth_jcs(out, v);
	berth_json_free(v);
	return rc;
}

enum berth_err berth_held_id(char id[BERTH_HELD_ID_LEN + 1], const char *text, size_t n)
{
	struct berth_buf all = BERTH_BUF_INIT;
	uint8_t h[32];
	enum berth_err rc = canonical(&all, text, n);

	if (!rc) {
		berth_sha256(h, all.p, all.len);
		berth_hex_encode(id, h, BERTH_HELD_ID_LEN / 2);
	}
	berth_buf_free(&all);
	return rc;
}

static enum berth_err unseal(struct berth_env *env, const char *id, const uint8_t *box, size_t len, struct berth_held *out)
{
	struct berth_buf plain = BERTH_BUF_INIT;
	char label[64];
	enum berth_err rc;

	*out = (struct berth_held){ .v = NULL };
	label_of(label, id);
	snprintf(out->id, sizeof(out->id), "%s", id);
	if (!(rc = env->keys->ops->unseal(env->keys, label, -1, box, len, &plain)))
		rc = berth_json_parse_object(&out->v, (const char *)plain.p, plain.len, RECORD_MAX);
	berth_buf_free(&plain);
	return rc;
}

enum berth_err berth_held_get(struct berth_env *env, const char *id, struct berth_held *out)
{
	struct berth_buf box = BERTH_BUF_INIT;
	enum berth_err rc = env->records->get(env->records, BERTH_NS_HELD, id, &box);

	*out = (struct berth_held){ .v = NULL };
	if (!rc)
		rc = unseal(env, id, box.p, box.len, out);
	berth_buf_free(&box);
	return rc;
}

static enum berth_err count_one(void *arg, const char *key, const uint8_t *value, size_t len)
{
	(void)key;
	(void)value;
	(void)len;
	++*(int64_t *)arg;
	return BERTH_OK;
}

enum berth_err berth_held_put(struct berth_env *env, struct berth_effects *fx, const struct berth_held *h, bool is_new)
{
	struct berth_buf text = BERTH_BUF_INIT, box = BERTH_BUF_INIT;
	int64_t n = 0;
	char label[64];
	enum berth_err rc;

	if (is_new && (rc = env->records->each(env->records, BERTH_NS_HELD, count_one, &n)))
		return rc;
	if (n >= BERTH_HELD_MAX)
		return berth_fail(BERTH_E_QUOTA, "%d credentials are held", BERTH_HELD_MAX);
	label_of(label, h->id);
	if (!(rc = berth_json_print(&text, h->v)) && !(rc = berth_buf_status(&text)) &&
	    !(rc = env->keys->ops->seal(env->keys, label, -1, text.p, text.len, &box)))
		rc = berth_effects_put(fx, BERTH_NS_HELD, h->id, box.p, box.len);
	berth_buf_free(&text);
	berth_buf_free(&box);
	return rc;
}

struct each { struct berth_env *env; berth_held_fn fn; void *arg; };

static enum berth_err each_one(void *arg, const char *key, const uint8_t *value, size_t len)
{
	const struct each *e = arg;
	struct berth_held h;
	enum berth_err rc = unseal(e->env, key, value, len, &h);

	if (!rc)
		rc = e->fn(e->arg, &h);
	berth_held_free(&h);
	return rc;
}

enum berth_err berth_held_each(struct berth_env *env, berth_held_fn fn, void *arg)
{
	struct each e = { env, fn, arg };

	return env->records->each(env->records, BERTH_NS_HELD, each_one, &e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Our own DIDs: in memory, in the store, and which key is theirs. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "did/url.h"

#define IDENTITY_MAX ((size_t)32 << 10)

void agent_identity_free(struct berth_identity *id)
{
	if (!id)
		return;
	free(id->name);
	free(id->did_long);
	free(id->did);
	free(id->sign_kid);
	free(id->agree_kid);
	free(id->sign_kid_long);
	free(id->agree_kid_long);
	free(id->sign_key);
	free(id->agree_key);
	free(id->agree2_kid);
	free(id->agree2_kid_long);
	free(id->agree2_key);
	free(id->via);
	free(id);
}

void agent_identities_cut(struct berth_agent *a, size_t n)
{
	while (a->n_ids > n)
		agent_identity_free(a->ids[--a->n_ids]);
}

static void unbind_all(struct berth_agent *a, const struct berth_identity *id)
{
	const char *const kids[] = { id->sign_kid, id->agree_kid, id->agree2_kid, id->sign_kid_long,
		id->agree_kid_long, id->agree2_kid_long };

	for (size_t i = 0; i < sizeof(kids) / sizeof(kids[0]); i++)
		if (kids[i])
			a->cfg.keys->ops->unbind(a->cfg.keys, kids[i]);
}

void agent_identity_drop(struct berth_agent *a, const char *name)
{
	for (size_t i = 0; i < a->n_ids; i++) {
		if (strcmp(a->ids[i]->name, name) != 0)
			continue;
		unbind_all(a, a->ids[i]);
		agent_identity_free(a->ids[i]);
		memmove(&a->ids[i], &a->ids[i + 1], (--a->n_ids - i) * sizeof(a->ids[0]));
		return;
	}
}

void agent_identities_free(struct berth_agent *a)
{
	agent_identities_cut(a, 0);
	free(a->ids);
	a->ids = NULL;
}

static enum berth_err append(struct berth_agent *a, struct berth_identity *take)
{
	struct berth_identity **more = realloc(a->ids, (a->n_ids + 1) * sizeof(*more));

	if (!more) {
		agent_identity_free(take);
		return berth_no_memory();
	}
	a->ids = more;
	a->ids[a->n_ids++] = take;
	return BERTH_OK;
}

static enum berth_err bind_one(struct berth_agent *a, const char *kid, const char *key)
{
	return kid ? a->cfg.keys->ops->bind(a->cfg.keys, kid, key) : BERTH_OK;
}

static enum berth_err bind_all(struct berth_agent *a, const struct berth_identity *id)
{
	enum berth_err rc;

	if ((rc = bind_one(a, id->sign_kid, id->sign_key)) ||
	    (rc = bind_one(a, id->agree_kid, id->agree_key)) ||
	    (rc = bind_one(a, id->agree2_kid, id->agree2_key)))
		return rc;
	if (strcmp(id->did, id->did_long) == 0)
		return BERTH_OK;
	if ((rc = bind_one(a, id->sign_kid_long, id->sign_key)) ||
	    (rc = bind_one(a, id->agree_kid_long, id->agree_key)))
		return rc;
	return bind_one(a, id->agree2_kid_long, id->agree2_key);
}

/* The members of struct berth_identity by their names in the record. */
#define FIELDS(X) X(did_long) X(did) X(sign_kid) X(agree_kid) X(sign_kid_long) X(agree_kid_long) \
	X(sign_key) X(agree_key) X(agree2_kid) X(agree2_kid_long) X(agree2_key) X(via)

static enum berth_err from_record(struct berth_identity **out, const char *name, const struct berth_json *v)
{
	struct berth_identity *id = calloc(1, sizeof(*id));
	bool ok = id && (id->name = strdup(name));

	*out = NULL;
#define READ(f) { const char *s = berth_json_str(berth_json_get(v, #f)); \
		  if (ok && s) ok = (id->f = strdup(s)) != NULL; }
	FIELDS(READ)
#undef READ
	if (!ok || !id->did || !id->did_long || !id->sign_kid || !id->sign_key) {
		agent_identity_free(id);
		return berth_fail(BERTH_E_STORE, "identity %s cannot be read", name);
	}
	*out = id;
	return BERTH_OK;
}

static enum berth_err to_record(struct berth_agent *a, const struct berth_identity *id)
{
	struct berth_json *v = berth_json_new_object();
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = v ? BERTH_OK : BERTH_E_NOMEM;

#define WRITE(f) if (!rc && id->f) rc = berth_json_set_str(v, #f, id->f);
	FIELDS(WRITE)
#undef WRITE
	if (!rc && !(rc = berth_json_print(&text, v)))
		rc = berth_store_put(a->cfg.store, NS_IDENTITY, id->name, text.p, text.len);
	berth_json_free(v);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err load_one(void *arg, const char *key, const uint8_t *p, size_t n)
{
	struct berth_agent *a = arg;
	struct berth_json *v = NULL;
	struct berth_identity *id;
	enum berth_err rc;

	if (!(rc = berth_json_parse_object(&v, (const char *)p, n, IDENTITY_MAX)) &&
	    !(rc = from_record(&id, key, v)) && !(rc = append(a, id)))
		rc = bind_all(a, a->ids[a->n_ids - 1]);
	berth_json_free(v);
	return rc;
}

enum berth_err agent_identities_load(struct berth_agent *a)
{
	agent_identities_free(a);
	return berth_store_each(a->cfg.store, NS_IDENTITY, NULL, load_one, a);
}

static const struct berth_identity *find(struct berth_env *env, const char *name)
{
	const struct berth_agent *a = env->host;

	for (size_t i = 0; i < a->n_ids; i++)
		if (strcmp(a->ids[i]->name, name) == 0)
			return a->ids[i];
	return NULL;
}

static const struct berth_identity *identity_at(struct berth_env *env, size_t i)
{
	return berth_agent_identity_at(env->host, i);
}

static const struct berth_identity *find_by_did(struct berth_env *env, const char *did)
{
	const struct berth_agent *a = env->host;

	for (size_t i = 0; i < a->n_ids; i++)
		if (berth_did_same(a->ids[i]->did, did))
			return a->ids[i];
	return NULL;
}

enum berth_err agent_identity_add(struct berth_agent *a, struct berth_identity *take, const struct berth_identity **out)
{
	enum berth_err rc;

	if ((rc = bind_all(a, take)) || (rc = to_record(a, take))) {
		agent_identity_free(take);
		return rc;
	}
	if ((rc = append(a, take)))
		return rc;
	a->via_news |= take->via != NULL;
	*out = take;
	return BERTH_OK;
}

void agent_env_identities(struct berth_agent *a)
{
	a->env.identity = find;
	a->env.identity_at = identity_at;
	a->env.identity_of = find_by_did;
}

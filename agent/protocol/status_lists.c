/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/status_lists.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/onboarding.h"
#include "did/base/clock.h"
#include "did/base/rand.h"
#include "did/codec/base64url.h"
#include "did/codec/did_text.h"
#include "did/crypto/hash.h"
#include "vc/status_list.h"
#include "vc/vc.h"

#define LISTS_KEY "lists"
#define DRAWS_MAX 64		/* until a free index is found: more means that there are hardly any */
#define RECORD_MAX ((size_t)1 << 20)

enum { REVOCATION, SUSPENSION, PURPOSES };
static const char *const purposes[] = { [REVOCATION] = "revocation", [SUSPENSION] = "suspension" };

/* An issuer's lists have names that hold wherever they are published. */
static enum berth_err list_id(struct berth_buf *out, const struct berth_identity *by, const char *purpose)
{
	uint8_t h[32];

	berth_sha256(h, by->did, strlen(by->did));
	berth_buf_str(out, BERTH_STATUS_LIST_URN);
	berth_b64url_encode(out, h, 16);
	berth_buf_printf(out, ":%s", purpose);
	return berth_buf_status(out);
}

/* ---- entries ---- */
static enum berth_err put_entry(struct berth_effects *fx, const char *device, int64_t index, const char *status)
{
	struct berth_json *v = berth_json_new_object();
	char key[24];
	enum berth_err rc;

	snprintf(key, sizeof(key), "%" PRId64, index);
	if (!(rc = berth_json_set_str(v, "device", device)) && !(rc = berth_json_set_str(v, "status", status)))
		rc = berth_effects_put_json(fx, BERTH_NS_STATUS, key, v);
	berth_json_free(v);
	return rc;
}

static enum berth_err draw(struct berth_env *env, int64_t *index)
{
	struct berth_buf v = BERTH_BUF_INIT;
	char key[24];
	uint32_t r;
	enum berth_err rc = BERTH_OK;

	for (int i = 0; !rc && i < DRAWS_MAX; i++) {
		berth_random(&r, sizeof(r));
		*index = (int64_t)(r % BERTH_STATUS_LIST_ENTRIES);
		snprintf(key, sizeof(key), "%" PRId64, *index);
		berth_buf_reset(&v);
		rc = env->records->get(env->records, BERTH_NS_STATUS, key, &v);
	}
	berth_buf_free(&v);
	if (!rc)
		return berth_fail(BERTH_E_QUOTA, "the status lists have no room for more devices");
	return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;
}

enum berth_err berth_status_assign(struct berth_env *env, struct berth_effects *fx, const char *device, int64_t *index)
{
	enum berth_err rc = draw(env, index);

	return rc ? rc : put_entry(fx, device, *index, BERTH_STATUS_VALID);
}

static enum berth_err push_entry(struct berth_json *list, const struct berth_identity *by, const char *purpose, int64_t index)
{
	struct berth_json *e = berth_json_new_object();
	struct berth_buf id = BERTH_BUF_INIT;
	char text[24];
	enum berth_err rc;

	snprintf(text, sizeof(text), "%" PRId64, index);
	if ((rc = list_id(&id, by, purpose)) || (rc = berth_json_set_str(e, "type", "BitstringStatusListEntry")) ||
	    (rc = berth_json_set_str(e, "statusPurpose", purpose)) || (rc = berth_json_set_str(e, "statusListIndex", text)) ||
	    (rc = berth_json_set_str(e, "statusListCredential", berth_buf_cstr(&id))))
		goto out;
	rc = berth_json_push(list, e);
	e = NULL;
out:
	berth_json_free(e);
	berth_buf_free(&id);
	return rc;
}

enum berth_err berth_status_entry(struct berth_json **out, struct berth_env *env, int64_t index)
{
	const struct berth_identity *by = env->identity(env, BERTH_ID_OWNER);
	enum berth_err rc = BERTH_OK;

	*out = berth_json_new_array();
	for (size_t i = 0; !rc && i < PURPOSES; i++)
		rc = push_entry(*out, by, purposes[i], index);
	if (rc) {
		berth_json_free(*out);
		*out = NULL;
	}
	return rc;
}

/* ---- the lists ---- */
struct lists { struct berth_status_list of[PURPOSES]; };

static void lists_free(struct lists *l)
{
	for (size_t i = 0; i < PURPOSES; i++)
		berth_status_list_free(&l->of[i]);
}

static enum berth_err mark(struct lists *l, uint64_t index, const char *status)
{
	enum berth_err rc = berth_status_list_set(&l->of[REVOCATION], index, !strcmp(status, BERTH_STATUS_REVOKED));

	return rc ? rc : berth_status_list_set(&l->of[SUSPENSION], index, !strcmp(status, BERTH_STATUS_SUSPENDED));
}

static enum berth_err mark_one(void *arg, const char *key, const uint8_t *value, size_t len)
{
	struct berth_json *v = NULL;
	const char *status;
	uint64_t index;
	enum berth_err rc;

	if (!(rc = berth_status_index(key, &index)) &&
	    !(rc = berth_json_parse_object(&v, (const char *)value, len, BERTH_JSON_MAX)) &&
	    !(rc = berth_json_req_str(v, "status", 16, &status)))
		rc = mark(arg, index, status);
	berth_json_free(v);
	return rc;
}

/* As the records say, and as this step is about to say. */
static enum berth_err collect(struct berth_env *env, struct lists *l, int64_t index, const char *status)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < PURPOSES; i++)
		rc = berth_status_list_new(&l->of[i], BERTH_STATUS_BITSTRING, 1, BERTH_STATUS_LIST_ENTRIES);
	if (rc || (rc = env->records->each(env->records, BERTH_NS_STATUS, mark_one, l)))
		return rc;
	return status ? mark(l, (uint64_t)index, status) : BERTH_OK;
}

static enum berth_err
document(struct berth_json **out, struct berth_env *env, const struct berth_status_list *list, const char *purpose)
{
	const struct berth_identity *by = env->identity(env, BERTH_ID_OWNER);
	struct berth_buf text = BERTH_BUF_INIT, id = BERTH_BUF_INIT;
	char from[BERTH_RFC3339_LEN + 1], until[BERTH_RFC3339_LEN + 1];
	enum berth_err rc;

	berth_rfc3339_format(from, env->now_s);
	berth_rfc3339_format(until, env->now_s + env->policy->status_s);
	if ((rc = list_id(&id, by, purpose)))
		goto out;
	berth_buf_printf(&text, "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"id\":\"%s\","
			 "\"type\":[\"VerifiableCredential\",\"BitstringStatusListCredential\"],\"issuer\":\"%s\","
			 "\"validFrom\":\"%s\",\"validUntil\":\"%s\",\"credentialSubject\":{\"id\":\"%s#list\","
			 "\"type\":\"BitstringStatusList\",\"statusPurpose\":\"%s\",\"encodedList\":\"",
			 berth_buf_cstr(&id), by->did_long, from, until, berth_buf_cstr(&id), purpose);
	if ((rc = berth_status_list_encode(&text, list)))
		goto out;
	berth_buf_str(&text, "\"}}");
	if (!(rc = berth_buf_status(&text)))
		rc = berth_json_parse_object(out, (const char *)text.p, text.len, RECORD_MAX);
out:
	berth_buf_free(&text);
	berth_buf_free(&id);
	return rc;
}

static enum berth_err
sign(struct berth_env *env, struct berth_json *to, const struct berth_status_list *list, const char *purpose)
{
	struct berth_buf compact = BERTH_BUF_INIT;
	struct berth_json *doc = NULL;
	enum berth_err rc;

	if (!(rc = document(&doc, env, list, purpose)) &&
	    !(rc = berth_vc_issue(&compact, env->keys->keyring, env->identity(env, BERTH_ID_OWNER)->sign_kid_long, doc)))
		rc = berth_json_set_str(to, purpose, berth_buf_cstr(&compact));
	berth_json_free(doc);
	berth_buf_free(&compact);
	return rc;
}

/* The record as it was put last; an empty object before that. */
static enum berth_err load(struct berth_env *env, struct berth_json **out)
{
	struct berth_buf v = BERTH_BUF_INIT;
	enum berth_err rc = env->records->get(env->records, BERTH_NS_STATUS_LISTS, LISTS_KEY, &v);

	*out = NULL;
	if (rc == BERTH_E_NOMATCH)
		rc = (*out = berth_json_new_object()) ? BERTH_OK : berth_no_memory();
	else if (!rc)
		rc = berth_json_parse_object(out, (const char *)v.p, v.len, RECORD_MAX);
	berth_buf_free(&v);
	return rc;
}

/* status NULL: nothing changes but the dates. */
static enum berth_err
sign_all(struct berth_env *env, struct berth_effects *fx, struct berth_json *record, int64_t index, const char *status)
{
	struct lists l = { 0 };
	enum berth_err rc = env->now_s < 0 ? berth_fail(BERTH_E_CLOCK, "an owner needs a clock") : collect(env, &l, index, status);

	for (size_t i = 0; !rc && i < PURPOSES; i++)
		rc = sign(env, record, &l.of[i], purposes[i]);
	if (!rc && !(rc = berth_json_set_int(record, "signedS", env->now_s)))
		rc = berth_effects_put_json(fx, BERTH_NS_STATUS_LISTS, LISTS_KEY, record);
	lists_free(&l);
	return rc;
}

enum berth_err berth_status_change(struct berth_env *env, struct berth_effects *fx, const char *device, int64_t index,
				   const char *status, int64_t *seq)
{
	struct berth_json *record;
	enum berth_err rc = load(env, &record);

	if (rc)
		return rc;
	*seq = berth_data_int(record, "seq", 0) + 1;
	if (*seq < env->now_s)
		*seq = env->now_s;
	if (!(rc = put_entry(fx, device, index, status)) && !(rc = berth_json_set_int(record, "seq", *seq)))
		rc = sign_all(env, fx, record, index, status);
	berth_json_free(record);
	return rc;
}

/* ---- for whoever publishes them ---- */
static bool is_fresh(const struct berth_env *env, const struct berth_json *record)
{
	int64_t age = env->now_s - berth_data_int(record, "signedS", 0);

	return berth_json_get(record, purposes[0]) && age >= 0 && age < env->policy->status_s / 2;
}

static enum berth_err give(struct berth_env *env, struct berth_instance *inst,
			   const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *record;
	enum berth_err rc = load(env, &record);

	(void)inst;
	(void)ev;
	if (!rc && !is_fresh(env, record))
		rc = sign_all(env, fx, record, 0, NULL);
	if (rc) {
		berth_json_free(record);
		return rc;
	}
	fx->result = record;
	return BERTH_OK;
}

static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	BERTH_ROW(0, "cmd/lists", give, BERTH_STATE_STAY, BERTH_STATE_STAY),
};

const struct berth_machine berth_status_machine = {
	.name = "lists", .states = states, .n_states = 1, .table = table, .table_len = 1,
};

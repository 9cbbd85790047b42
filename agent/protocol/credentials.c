/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials that the agent holds, sealed. */
#include "agent/protocol/credentials.h"

#include <stdio.h>
#include <string.h>

#include "agent/protocol/onboarding.h"
#include "did/base/chars.h"
#include "did/base/hex.h"
#include "did/codec/did_text.h"
#include "did/codec/jcs.h"
#include "did/crypto/hash.h"

#define LABEL "cred/"
#define ID_OCTETS 16
#define RECORD_MAX (BERTH_CREDENTIAL_TEXT_MAX + BERTH_JSON_DEPTH_MAX * 1024)

void berth_credential_free(struct berth_credential *c)
{
	berth_json_free(c->json);
	memset(c, 0, sizeof(*c));
}

bool berth_credential_id_ok(const char *id)
{
	size_t n = berth_chars_span(id, BERTH_CHARS_NAME);

	return n > 0 && !id[n] && n <= BERTH_CREDENTIAL_ID_MAX;
}

static enum berth_err canonical(struct berth_buf *out, const char *text, size_t n)
{
	struct berth_json *v = NULL;
	enum berth_err rc;

	if (n == 0 || text[0] != '{') {
		berth_buf_put(out, text, n);
		return berth_buf_status(out);
	}
	if (!(rc = berth_json_parse_exact(&v, text, n, BERTH_CREDENTIAL_TEXT_MAX)))
		rc = berth_jcs(out, v);
	berth_json_free(v);
	return rc;
}

enum berth_err berth_credential_id_of(char id[BERTH_CREDENTIAL_ID_MAX + 1], const char *text, size_t n)
{
	struct berth_buf all = BERTH_BUF_INIT;
	uint8_t hash[BERTH_SHA256_LEN];
	enum berth_err rc = canonical(&all, text, n);

	if (!rc) {
		berth_sha256(hash, all.p, all.len);
		berth_hex_encode(id, hash, ID_OCTETS);
	}
	berth_buf_free(&all);
	return rc;
}

static void label_of(char out[sizeof(LABEL) + BERTH_CREDENTIAL_ID_MAX], const char *id)
{
	snprintf(out, sizeof(LABEL) + BERTH_CREDENTIAL_ID_MAX, LABEL "%s", id);
}

/* ---- writing ---- */

static enum berth_err set_some(struct berth_json *o, const char *member, const char *value)
{
	return value ? berth_json_set_str(o, member, value) : BERTH_OK;
}

static enum berth_err check(const struct berth_credential *c)
{
	if (!berth_credential_id_ok(c->id))
		return berth_fail(BERTH_E_TYPE, "credential: an id is 1 to %d of A-Z a-z 0-9 . _ -",
				  BERTH_CREDENTIAL_ID_MAX);
	if (strlen(c->text) > BERTH_CREDENTIAL_TEXT_MAX || berth_json_len(c->types) > BERTH_CREDENTIAL_TYPES_MAX)
		return berth_fail(BERTH_E_SIZE, "credential %s of %zu bytes", c->id, strlen(c->text));
	return BERTH_OK;
}

static enum berth_err fill(struct berth_json *o, const struct berth_credential *c)
{
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "format", c->format)) || (rc = berth_json_set_str(o, "credential", c->text)) ||
	    (rc = berth_json_set_str(o, "issuer", c->issuer)) ||
	    (rc = berth_json_set(o, "types", c->types ? berth_json_clone(c->types) : berth_json_new_array())) ||
	    (rc = set_some(o, "holder", c->holder)) || (rc = set_some(o, "from", c->from)) ||
	    (rc = set_some(o, "thid", c->thid)) || (rc = set_some(o, "thread", c->thread)) ||
	    (c->revoked && (rc = berth_json_set_bool(o, "revoked", true))) ||
	    (c->superseded && (rc = berth_json_set_bool(o, "superseded", true))) ||
	    (rc = set_some(o, "renewal", c->renewal)) || (c->asked && (rc = berth_json_set_int(o, "asked", c->asked))) ||
	    (c->asked && (rc = berth_json_set_int(o, "askedS", c->asked_s))))
		return rc;
	return c->received_s >= 0 ? berth_json_set_int(o, "received", c->received_s) : BERTH_OK;
}

enum berth_err berth_credential_seal(struct berth_env *env, const struct berth_credential *c, struct berth_buf *box)
{
	struct berth_json *o = berth_json_new_object();
	struct berth_buf plain = BERTH_BUF_INIT;
	char label[sizeof(LABEL) + BERTH_CREDENTIAL_ID_MAX];
	enum berth_err rc;

	if ((rc = check(c)) || (rc = fill(o, c)) || (rc = berth_json_print(&plain, o)))
		goto out;
	label_of(label, c->id);
	rc = berth_env_seal(env, label, &plain, box);
out:
	berth_json_free(o);
	berth_buf_free(&plain);
	return rc;
}

struct counting {
	const char *but;
	size_t n, bytes;
};

static enum berth_err count(void *arg, const char *key, const uint8_t *value, size_t len)
{
	struct counting *c = arg;

	(void)value;
	if (strcmp(key, c->but) != 0) {
		c->n++;
		c->bytes += len;
	}
	return BERTH_OK;
}

enum berth_err berth_credential_quota(struct berth_env *env, const char *id, size_t n)
{
	struct counting c = { .but = id };
	enum berth_err rc = env->records->each(env->records, BERTH_NS_CREDENTIAL, count, &c);

	if (!rc && (c.n >= BERTH_CREDENTIALS_MAX || c.bytes + n > BERTH_CREDENTIALS_BYTES))
		rc = berth_fail(BERTH_E_QUOTA, "%zu credentials of %zu bytes are held", c.n, c.bytes);
	return rc;
}

enum berth_err berth_credential_put(struct berth_env *env, struct berth_effects *fx, const struct berth_credential *c)
{
	struct berth_buf box = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_credential_seal(env, c, &box)) && !(rc = berth_credential_quota(env, c->id, box.len)))
		rc = berth_effects_put(fx, BERTH_NS_CREDENTIAL, c->id, box.p, box.len);
	berth_buf_free(&box);
	return rc;
}

/* ---- reading ---- */

static enum berth_err read_members(struct berth_credential *c)
{
	int64_t received = -1;

	if (berth_json_req_str(c->json, "format", 32, &c->format) ||
	    berth_json_req_str(c->json, "credential", BERTH_CREDENTIAL_TEXT_MAX, &c->text) ||
	    berth_json_req_str(c->json, "issuer", BERTH_DID_URL_MAX, &c->issuer) ||
	    berth_json_req_arr(c->json, "types", BERTH_CREDENTIAL_TYPES_MAX, &c->types) ||
	    berth_json_opt_str(c->json, "holder", 256, &c->holder) ||
	    berth_json_opt_str(c->json, "from", BERTH_DID_URL_MAX, &c->from) ||
	    berth_json_opt_str(c->json, "thid", BERTH_MESSAGE_ID_MAX, &c->thid) ||
	    berth_json_opt_str(c->json, "thread", 64, &c->thread) || berth_json_opt_bool(c->json, "revoked", &c->revoked) ||
	    berth_json_opt_bool(c->json, "superseded", &c->superseded) ||
	    berth_json_opt_str(c->json, "renewal", BERTH_MESSAGE_ID_MAX, &c->renewal) ||
	    berth_json_opt_int(c->json, "asked", 0, 32, &c->asked) ||
	    berth_json_opt_int(c->json, "askedS", 0, INT64_C(1) << 52, &c->asked_s) ||
	    berth_json_opt_int(c->json, "received", 0, INT64_C(1) << 52, &received))
		return berth_fail(BERTH_E_STORE, "credential %s: the record is not one", c->id);
	c->received_s = received;
	return BERTH_OK;
}

static enum berth_err open_record(struct berth_env *env, const char *id, const uint8_t *box, size_t n,
				  struct berth_credential *out)
{
	struct berth_buf plain = BERTH_BUF_INIT;
	char label[sizeof(LABEL) + BERTH_CREDENTIAL_ID_MAX];
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (!berth_credential_id_ok(id))
		return berth_fail(BERTH_E_STORE, "credential: the id of a record");
	memcpy(out->id, id, strlen(id));
	label_of(label, id);
	if ((rc = berth_env_unseal(env, label, box, n, &plain)) ||
	    (rc = berth_json_parse_object(&out->json, berth_buf_cstr(&plain), plain.len, RECORD_MAX)))
		goto out;
	rc = read_members(out);
out:
	berth_buf_free(&plain);
	if (rc)
		berth_credential_free(out);
	return rc;
}

enum berth_err berth_credential_get(struct berth_env *env, const char *id, struct berth_credential *out)
{
	struct berth_buf box = BERTH_BUF_INIT;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (!berth_credential_id_ok(id))
		return berth_fail(BERTH_E_NOMATCH, "no credential of that id");
	if ((rc = env->records->get(env->records, BERTH_NS_CREDENTIAL, id, &box)) == BERTH_E_NOMATCH)
		rc = berth_fail(rc, "no credential %s", id);
	else if (!rc)
		rc = open_record(env, id, box.p, box.len, out);
	berth_buf_free(&box);
	return rc;
}

/* data has its hash; of an earlier version, the credential. */
static enum berth_err set_own(struct berth_env *env, struct berth_json *active)
{
	const char *identity = berth_data_str(active, "identity");
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!identity || berth_data_str(active, "credential"))
		return BERTH_OK;
	if (!(rc = env->records->get(env->records, BERTH_NS_OPERATIONAL, identity, &text)))
		rc = berth_json_set_str(active, "credential", berth_buf_cstr(&text));
	berth_buf_free(&text);
	return rc;
}

static enum berth_err read_own(struct berth_env *env, struct berth_credential *c)
{
	struct berth_json *active = berth_json_get_mut(berth_json_get_mut(c->json, "data"), "active");
	enum berth_err rc = set_own(env, active);

	if (rc && rc != BERTH_E_NOMATCH)
		return rc;
	c->text = berth_data_str(active, "credential");
	c->holder = berth_data_str(active, "identity");
	return c->text && c->holder ? BERTH_OK : berth_fail(BERTH_E_NOMATCH, "no operational credential");
}

enum berth_err berth_credential_own(struct berth_env *env, struct berth_credential *out)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = env->records->get(env->records, "gateway", "self", &text);

	*out = (struct berth_credential){ .id = BERTH_CREDENTIAL_OWN, .format = "vc+jwt", .issuer = "", .received_s = -1 };
	if (!rc && !(rc = berth_json_parse_object(&out->json, berth_buf_cstr(&text), text.len, BERTH_JSON_MAX)))
		rc = read_own(env, out);
	berth_buf_free(&text);
	if (rc)
		berth_credential_free(out);
	return rc;
}

struct walk {
	struct berth_env *env;
	berth_credential_wanted_fn *wanted;	/* NULL: all */
	berth_credential_fn *fn;
	void *arg;
};

static enum berth_err one(void *arg, const char *key, const uint8_t *value, size_t len)
{
	struct walk *w = arg;
	struct berth_credential c;
	enum berth_err rc;

	if (w->wanted && !w->wanted(w->arg, key))
		return BERTH_OK;
	if ((rc = open_record(w->env, key, value, len, &c)))
		return rc;
	rc = w->fn(w->arg, &c);
	berth_credential_free(&c);
	return rc;
}

enum berth_err berth_credentials_each_of(struct berth_env *env, berth_credential_wanted_fn *wanted,
					 berth_credential_fn *fn, void *arg)
{
	struct walk w = { env, wanted, fn, arg };

	return env->records->each(env->records, BERTH_NS_CREDENTIAL, one, &w);
}

enum berth_err berth_credentials_each(struct berth_env *env, berth_credential_fn *fn, void *arg)
{
	return berth_credentials_each_of(env, NULL, fn, arg);
}

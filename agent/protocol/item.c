/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/item.h"

#include <stdlib.h>
#include <string.h>

#include "agent/protocol/object.h"
#include "agent/protocol/onboarding.h"
#include "did/jose/jws.h"
#include "did/url.h"

#define VERSION_MAX 64
#define VERSION_DIGITS 9	/* of one part */
#define FIRMWARE_TYP "berth-firmware+jwt"

static bool type_ok(const char *type)
{
	const char *p = BERTH_ITEM_TYPES;
	size_t len = strlen(type), n;

	for (; *p; p += n + (p[n] == ' ')) {
		n = strcspn(p, " ");
		if (n == len && memcmp(p, type, n) == 0)
			return true;
	}
	return false;
}

/* ---- versions ---- */
enum berth_err berth_firmware_version_parse(struct berth_firmware_version *out, const char *text)
{
	const char *p = text;

	*out = (struct berth_firmware_version){ 0 };
	for (size_t i = 0; i < BERTH_FIRMWARE_PARTS; i++) {
		size_t n = strspn(p, "0123456789");

		if (n == 0 || n > VERSION_DIGITS || (p[n] && p[n] != '.'))
			break;
		out->part[i] = (uint32_t)strtoul(p, NULL, 10);
		if (!p[n])
			return BERTH_OK;
		p += n + 1;
	}
	return berth_fail(BERTH_E_TYPE, "version %.*s: not numbers with points between them", VERSION_MAX, text);
}

int berth_firmware_version_cmp(const struct berth_firmware_version *a, const struct berth_firmware_version *b)
{
	for (size_t i = 0; i < BERTH_FIRMWARE_PARTS; i++)
		if (a->part[i] != b->part[i])
			return a->part[i] < b->part[i] ? -1 : 1;
	return 0;
}

/* ---- firmware references ---- */
struct reference {
	struct berth_json *json;	/* owned; the rest is borrowed from it */
	const char *version, *signature;	/* signature: NULL, none */
	struct berth_firmware_version parsed;
};

static enum berth_err read_reference(struct reference *r, const struct berth_buf *bytes)
{
	const char *url;
	uint8_t digest[32];
	int64_t size;
	enum berth_err rc;

	if ((rc = berth_json_parse_object(&r->json, (const char *)bytes->p, bytes->len, BERTH_ITEM_MAX)) ||
	    (rc = berth_json_req_str(r->json, "url", BERTH_URI_MAX, &url)) ||
	    (rc = berth_body_get_32(r->json, "sha256", digest)) ||
	    (rc = berth_json_req_int(r->json, "size", 1, BERTH_COUNT_MAX, &size)) ||
	    (rc = berth_json_req_str(r->json, "version", VERSION_MAX, &r->version)) ||
	    (rc = berth_json_opt_str(r->json, "signature", BERTH_OBJECT_MAX, &r->signature)))
		return rc;
	if (strncmp(url, "https://", 8) != 0)
		return berth_fail(BERTH_E_TYPE, "a firmware that is not at an https URL");
	return berth_firmware_version_parse(&r->parsed, r->version);
}

static enum berth_err above(const struct reference *r, const char *floor)
{
	struct berth_firmware_version v;

	/* what the operator calls the firmware need not be a version */
	if (!berth_firmware_version_parse(&v, floor) && berth_firmware_version_cmp(&r->parsed, &v) <= 0)
		return berth_fail(BERTH_E_REPLAY, "firmware %s is not above %s", r->version, floor);
	return BERTH_OK;
}

static enum berth_err check_rollback(struct berth_env *env, const struct reference *r)
{
	struct berth_buf highest = BERTH_BUF_INIT;
	enum berth_err rc = env->policy->firmware ? above(r, env->policy->firmware) : BERTH_OK;

	if (!rc && !(rc = env->records->get(env->records, BERTH_NS_FIRMWARE, BERTH_FIRMWARE_HIGHEST, &highest)))
		rc = above(r, berth_buf_cstr(&highest));
	berth_buf_free(&highest);
	return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;
}

/* By one of the signers, whose DID is resolved as the configuration spells it. */
static enum berth_err check_key(struct berth_env *env, const struct berth_jws *j)
{
	const struct berth_policy *p = env->policy;
	struct berth_did_doc *doc = NULL;
	const struct berth_vm *vm;
	size_t i = 0;
	enum berth_err rc;

	if ((rc = berth_jws_require_kid(j)))
		return rc;
	while (i < p->n_firmware_signers && !berth_did_same(j->kid, p->firmware_signers[i]))
		i++;
	if (i == p->n_firmware_signers)
		return berth_fail(BERTH_E_AUTHZ, "the firmware is signed by none of [trust] firmware-signer");
	if (!(rc = berth_resolve(env->resolver, p->firmware_signers[i], &doc)) &&
	    !(rc = berth_did_doc_key(doc, strchr(j->kid, '#'), BERTH_REL_ASSERTION, &vm)))
		rc = berth_jws_verify(j, &vm->key);
	berth_did_doc_free(doc);
	return rc;
}

/* The firmware and not where it is: mirrors come and go. */
static enum berth_err same_firmware(const struct reference *r, const struct berth_buf *payload)
{
	static const char *const members[] = { "sha256", "size", "version" };
	struct berth_json *said = NULL;
	enum berth_err rc = berth_json_parse_object(&said, (const char *)payload->p, payload->len, BERTH_ITEM_MAX);

	for (size_t i = 0; !rc && i < sizeof(members) / sizeof(members[0]); i++)
		if (!berth_json_get(said, members[i]) ||
		    !berth_json_equal(berth_json_get(said, members[i]), berth_json_get(r->json, members[i])))
			rc = berth_fail(BERTH_E_AUTHZ, "the signature is over another %s of firmware", members[i]);
	berth_json_free(said);
	return rc;
}

static enum berth_err check_signature(struct berth_env *env, const struct reference *r)
{
	struct berth_jws j = { 0 };
	enum berth_err rc;

	if (env->policy->n_firmware_signers == 0)
		return BERTH_OK;
	if (!r->signature)
		return berth_fail(BERTH_E_SIG, "the firmware is not signed");
	if ((rc = berth_jws_parse(&j, r->signature, strlen(r->signature), BERTH_OBJECT_MAX)))
		return rc;
	if (!j.typ || strcmp(j.typ, FIRMWARE_TYP) != 0)
		rc = berth_fail(BERTH_E_ENV, "the signature of a firmware is of typ " FIRMWARE_TYP);
	else if (!(rc = check_key(env, &j)))
		rc = same_firmware(r, &j.payload);
	berth_jws_free(&j);
	return rc;
}

enum berth_err
berth_item_check(struct berth_env *env, const char *type, const struct berth_buf *bytes, char **version)
{
	struct reference r = { 0 };
	enum berth_err rc;

	if (version)
		*version = NULL;
	if (!type_ok(type))
		return berth_fail(BERTH_E_TYPE, "items of type %.31s are not known here", type);
	if (strcmp(type, BERTH_ITEM_FIRMWARE) != 0)
		return BERTH_OK;
	if (!(rc = read_reference(&r, bytes)) && !(rc = check_rollback(env, &r)))
		rc = check_signature(env, &r);
	if (!rc && version && !(*version = strdup(r.version)))
		rc = berth_no_memory();
	berth_json_free(r.json);
	return rc;
}

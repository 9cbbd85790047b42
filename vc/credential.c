/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/vc.h"

#include <string.h>

#include "did/base/chars.h"
#include "did/base/clock.h"
#include "did/url.h"

/* VCDM 2.0 section 4 as far as JSON shows it.  Terms are not processed: whether a
 * context redefines a protected one is beyond this check (C121). */

#define ITEMS_MAX 64	/* of any "one or more" member */

typedef enum berth_err item_check(const struct berth_json *item, const char *member);

/* scheme ":" something, in the characters of RFC 3986 (and those of IRIs). */
static bool is_url(const char *s)
{
	size_t n;

	if (berth_is_did(s))	/* it is long, and was mostly looked at before */
		return true;
	if (!s || !berth_chars_span(s, BERTH_CHARS_LETTER))
		return false;
	n = berth_chars_span(s, BERTH_CHARS_SCHEME);
	return s[n] == ':' && s[n + 1] && !s[n + berth_chars_span(s + n, BERTH_CHARS_URL)];
}

static enum berth_err bad(const char *member, const char *what)
{
	return berth_fail(BERTH_E_VC, "%s: %s", member, what);
}

/* The member, when present, is an object that passes, or a list of such. */
static enum berth_err
each_object(const struct berth_json *obj, const char *member, item_check *check)
{
	const struct berth_json *v = berth_json_get(obj, member);
	enum berth_err rc;

	if (!v)
		return BERTH_OK;
	if (berth_json_is(v, BERTH_JSON_OBJECT))
		return check(v, member);
	if (!berth_json_is(v, BERTH_JSON_ARRAY) || berth_json_len(v) == 0 || berth_json_len(v) > ITEMS_MAX)
		return bad(member, "neither an object nor a list of objects");
	berth_json_each(it, v) {
		if (!berth_json_is(it, BERTH_JSON_OBJECT))
			return bad(member, "not an object");
		if ((rc = check(it, member)))
			return rc;
	}
	return BERTH_OK;
}

static enum berth_err check_url_member(const struct berth_json *obj, const char *key, const char *member,
				       bool required)
{
	const struct berth_json *v = berth_json_get(obj, key);

	if (!v && !required)
		return BERTH_OK;
	if (!is_url(berth_json_str(v)))
		return berth_fail(BERTH_E_VC, "%s: %s is not one URL", member, key);
	return BERTH_OK;
}

/* type: a string or a list of them; wanted: one that must be among them. */
static enum berth_err check_type(const struct berth_json *obj, const char *member, const char *wanted)
{
	const struct berth_json *v = berth_json_get(obj, "type");
	const char *one = berth_json_str(v);
	bool found = !wanted;

	if (one)
		return *one && (found || !strcmp(one, wanted)) ? BERTH_OK : bad(member, "wrong type");
	if (!berth_json_is(v, BERTH_JSON_ARRAY) || berth_json_len(v) == 0 || berth_json_len(v) > ITEMS_MAX)
		return bad(member, "type missing or malformed");
	berth_json_each(it, v) {
		const char *s = berth_json_str(it);

		if (!s || !*s)
			return bad(member, "type is not text");
		found |= wanted && !strcmp(s, wanted);
	}
	return found ? BERTH_OK : berth_fail(BERTH_E_VC, "%s: type lacks %s", member, wanted);
}

/* "The value of the @context property MUST be an ordered set where the first item
 * is a URL with the value https://www.w3.org/ns/credentials/v2" */
static enum berth_err check_context_of(const struct berth_json *obj, const char *url)
{
	const struct berth_json *v = berth_json_get(obj, "@context"), *first = berth_json_first(v);

	if (berth_json_str(v))
		return strcmp(berth_json_str(v), url) ? bad("@context", "not that of the data model") : BERTH_OK;
	if (!berth_json_is(v, BERTH_JSON_ARRAY) || berth_json_len(v) > ITEMS_MAX)
		return bad("@context", "missing or malformed");
	if (!berth_json_str(first) || strcmp(berth_json_str(first), url))
		return bad("@context", "the first is not that of the data model");
	berth_json_each(it, v)
		if (!berth_json_is(it, BERTH_JSON_OBJECT) && !is_url(berth_json_str(it)))
			return bad("@context", "neither a URL nor an object");
	return BERTH_OK;
}

static enum berth_err check_context(const struct berth_json *obj)
{
	return check_context_of(obj, BERTH_VC_CONTEXT);
}

/* "Language and Base Direction": text, or {@value, @language, @direction}. */
static enum berth_err check_text_object(const struct berth_json *v, const char *member)
{
	if (!berth_json_str(berth_json_get(v, "@value")))
		return bad(member, "no @value");
	berth_json_each(it, v) {
		const char *key = berth_json_key(it);

		if (strcmp(key, "@value") && strcmp(key, "@language") && strcmp(key, "@direction"))
			return bad(member, "more than @value, @language, @direction");
		if (!berth_json_str(it))
			return bad(member, "not text");
	}
	return BERTH_OK;
}

static enum berth_err check_texts(const struct berth_json *obj)
{
	static const char *const members[] = { "name", "description" };
	enum berth_err rc;

	for (size_t i = 0; i < 2; i++) {
		if (berth_json_str(berth_json_get(obj, members[i])))
			continue;
		if ((rc = each_object(obj, members[i], check_text_object)))
			return rc;
	}
	return BERTH_OK;
}

static enum berth_err check_typed(const struct berth_json *v, const char *member)
{
	enum berth_err rc = check_type(v, member, NULL);

	return rc ? rc : check_url_member(v, "id", member, false);
}

static enum berth_err check_schema(const struct berth_json *v, const char *member)
{
	enum berth_err rc = check_type(v, member, NULL);

	return rc ? rc : check_url_member(v, "id", member, true);
}

static enum berth_err check_proof(const struct berth_json *v, const char *member)
{
	return check_type(v, member, NULL);
}

static enum berth_err check_related(const struct berth_json *v, const char *member)
{
	if (!berth_json_str(berth_json_get(v, "digestSRI")) &&
	    !berth_json_str(berth_json_get(v, "digestMultibase")))
		return bad(member, "no digest");
	return check_url_member(v, "id", member, true);
}

static enum berth_err check_subject(const struct berth_json *v, const char *member)
{
	if (berth_json_len(v) == 0)
		return bad(member, "no claims");
	return check_url_member(v, "id", member, false);
}

/* issuer or holder: a URL, or an object with one as its id. */
static const char *party(const struct berth_json *v)
{
	const char *s = berth_json_str(berth_json_is(v, BERTH_JSON_OBJECT) ? berth_json_get(v, "id") : v);

	return is_url(s) ? s : NULL;
}

static enum berth_err check_date(const struct berth_json *vc, const char *key, int64_t *out_s)
{
	const struct berth_json *v = berth_json_get(vc, key);

	if (v && (!berth_json_str(v) || berth_rfc3339_parse(out_s, berth_json_str(v))))
		return bad(key, "not a date with time and zone");
	return BERTH_OK;
}

static enum berth_err check_dates(const struct berth_json *vc, const char *start, const char *end)
{
	int64_t from = INT64_MIN, until = INT64_MAX;
	enum berth_err rc;

	if ((rc = check_date(vc, start, &from)) || (rc = check_date(vc, end, &until)))
		return rc;
	return from <= until ? BERTH_OK : bad(end, "before the beginning");
}

static enum berth_err check_members(const struct berth_json *vc)
{
	static const struct {
		const char *member;
		item_check *check;
	} table[] = {
		{ "credentialSubject", check_subject },
		{ "credentialStatus", check_typed },
		{ "credentialSchema", check_schema },
		{ "refreshService", check_typed },
		{ "termsOfUse", check_typed },
		{ "evidence", check_typed },
		{ "proof", check_proof },
		{ "relatedResource", check_related },
	};
	enum berth_err rc;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if ((rc = each_object(vc, table[i].member, table[i].check)))
			return rc;
	return BERTH_OK;
}

/* What both versions of the model ask for. */
static enum berth_err check_common(const struct berth_json *vc, const char *context)
{
	const struct berth_json *issuer = berth_json_get(vc, "issuer");
	enum berth_err rc;

	if (!berth_json_is(vc, BERTH_JSON_OBJECT))
		return bad("credential", "not an object");
	if ((rc = check_context_of(vc, context)) || (rc = check_type(vc, "credential", "VerifiableCredential")) ||
	    (rc = check_url_member(vc, "id", "credential", false)))
		return rc;
	if (!party(issuer))
		return bad("issuer", "no URL");
	if (!berth_json_get(vc, "credentialSubject"))
		return bad("credentialSubject", "missing");
	return check_members(vc);
}

enum berth_err berth_credential_check(const struct berth_json *vc)
{
	const struct berth_json *issuer = berth_json_get(vc, "issuer");
	enum berth_err rc;

	if ((rc = check_common(vc, BERTH_VC_CONTEXT)) || (rc = check_dates(vc, "validFrom", "validUntil")) ||
	    (rc = check_texts(vc)))
		return rc;
	return berth_json_is(issuer, BERTH_JSON_OBJECT) ? check_texts(issuer) : BERTH_OK;
}

bool berth_credential_is_v1(const struct berth_json *vc)
{
	const struct berth_json *v = berth_json_get(vc, "@context");
	const char *first = berth_json_str(berth_json_is(v, BERTH_JSON_ARRAY) ? berth_json_first(v) : v);

	return first && !strcmp(first, BERTH_VC_CONTEXT_V1);
}

/* VCDM 1.1 4.5 and 4.6: issuanceDate is required */
enum berth_err berth_credential_check_v1(const struct berth_json *vc)
{
	enum berth_err rc = check_common(vc, BERTH_VC_CONTEXT_V1);

	if (!rc && !berth_json_get(vc, "issuanceDate"))
		rc = bad("issuanceDate", "missing");
	return rc ? rc : check_dates(vc, "issuanceDate", "expirationDate");
}

enum berth_err berth_credential_check_any(const struct berth_json *vc)
{
	return berth_credential_is_v1(vc) ? berth_credential_check_v1(vc) : berth_credential_check(vc);
}

/* "The id value of the enveloped verifiable credential MUST be a data: URL" */
static enum berth_err check_enveloped(const struct berth_json *v)
{
	const char *id = berth_json_str(berth_json_get(v, "id"));
	enum berth_err rc = check_context(v);

	if (rc)
		return rc;
	if (!id || strncmp(id, "data:", 5) || !is_url(id))
		return bad("verifiableCredential", "enveloped, and its id is no data: URL");
	return check_type(v, "verifiableCredential", "EnvelopedVerifiableCredential");
}

bool berth_vc_is_enveloped(const struct berth_json *vc)
{
	return berth_json_is(vc, BERTH_JSON_OBJECT) &&
	       check_type(vc, "verifiableCredential", "EnvelopedVerifiableCredential") == BERTH_OK;
}

static enum berth_err check_contained(const struct berth_json *v, const char *member)
{
	(void)member;
	return berth_vc_is_enveloped(v) ? check_enveloped(v) : berth_credential_check_any(v);
}

enum berth_err berth_presentation_check(const struct berth_json *vp)
{
	const struct berth_json *holder = berth_json_get(vp, "holder");
	enum berth_err rc;

	if (!berth_json_is(vp, BERTH_JSON_OBJECT))
		return bad("presentation", "not an object");
	if ((rc = check_context(vp)) || (rc = check_type(vp, "presentation", "VerifiablePresentation")) ||
	    (rc = check_url_member(vp, "id", "presentation", false)))
		return rc;
	if (holder && !party(holder))
		return bad("holder", "no URL");
	if ((rc = each_object(vp, "verifiableCredential", check_contained)) ||
	    (rc = each_object(vp, "termsOfUse", check_typed)))
		return rc;
	return each_object(vp, "proof", check_proof);
}

const char *berth_credential_issuer(const struct berth_json *vc)
{
	return party(berth_json_get(vc, "issuer"));
}

enum berth_err berth_issuer_signs(const char *issuer, const char *kid)
{
	return berth_is_kid(kid) && berth_is_did(issuer) && berth_did_same(kid, issuer) ? BERTH_OK
		: berth_fail(BERTH_E_KEY, "the issuer is not the DID of the key");
}

const char *berth_presentation_holder(const struct berth_json *vp)
{
	return party(berth_json_get(vp, "holder"));
}

const char *berth_credential_subject(const struct berth_json *vc)
{
	const struct berth_json *s = berth_json_get(vc, "credentialSubject");

	if (berth_json_is(s, BERTH_JSON_ARRAY))
		s = berth_json_len(s) == 1 ? berth_json_first(s) : NULL;
	return berth_json_str(berth_json_get(s, "id"));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* `status-list`: making, changing and reading status lists. */
#include <string.h>

#include "agent/cli/cli_resolver.h"
#include "agent/cli/cli_vc.h"
#include "did/base/clock.h"
#include "vc/status_list.h"
#include "vc/token.h"

#define TTL_MAX_S ((uint64_t)10 * 365 * 86400)

/* ---- options ---- */

static enum berth_err number(const struct berth_cli *c, const char *option, uint64_t otherwise, uint64_t max,
			     uint64_t *out)
{
	const char *text = berth_cli_get(c, option);

	*out = otherwise;
	if (text && (berth_status_index(text, out) || *out > max))
		return berth_fail(BERTH_E_USAGE, "%s: not a number up to %llu", option, (unsigned long long)max);
	return BERTH_OK;
}

static bool is_signing(const struct berth_cli *c)
{
	return berth_cli_has(c, "--kid");
}

/* --index and --value on a list whose entries have --size bits. */
static enum berth_err set_entry(const struct berth_cli *c, struct berth_status_list *l)
{
	uint64_t index, value;
	enum berth_err rc;

	if ((rc = berth_status_index(berth_cli_get(c, "--index"), &index)) ||
	    (rc = number(c, "--value", 1, 255, &value)))
		return rc;
	return berth_status_list_set(l, index, (unsigned)value);
}

static enum berth_err widen(const struct berth_cli *c, struct berth_status_list *l)
{
	uint64_t bits;
	enum berth_err rc = number(c, "--size", l->bits, 8, &bits);

	return rc ? rc : berth_status_list_widen(l, (unsigned)bits);
}

/* ---- writing ---- */

/* What `vc issue` takes, or the payload of a token. */
static enum berth_err print(struct berth_cli *c, struct berth_json *doc, bool token)
{
	struct berth_issue how = { .format = BERTH_FORMAT_VC_JWT };
	struct berth_cli_signer s = { .kr = NULL };
	struct berth_buf text = BERTH_BUF_INIT, payload = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!is_signing(c))
		return berth_cli_print(c, berth_json_clone(doc));
	if ((rc = berth_cli_signer_open(c, &s)))
		goto out;
	how.kid = s.kid;
	how.di.created_s = -1;
	if (!token && berth_cli_has(c, "--format") && !strcmp(berth_cli_get(c, "--format"), "di"))
		how.format = BERTH_FORMAT_DI;
	if (!token)
		rc = berth_issue_credential(&text, s.kr, &how, doc);
	else if (!(rc = berth_json_print(&payload, doc)))
		rc = berth_keyring_sign_compact(s.kr, s.kid, BERTH_SIGN_STATUS, payload.p, payload.len, &text);
	if (!rc)
		rc = berth_cli_print_text(berth_buf_cstr(&text), text.len);
out:
	berth_cli_signer_close(&s);
	berth_buf_free(&text);
	berth_buf_free(&payload);
	return rc;
}

static enum berth_err set_given(const struct berth_cli *c, struct berth_json *doc, const char *option,
				const char *member)
{
	const char *value = berth_cli_get(c, option);

	return value ? berth_json_set_str(doc, member, value) : BERTH_OK;
}

/* ---- dates: when it was issued, and until when and for how long it is worth asking ---- */

static enum berth_err date_token(const struct berth_cli *c, struct berth_json *doc)
{
	const char *until = berth_cli_get(c, "--valid-until");
	int64_t now_s, until_s;
	uint64_t ttl_s;
	enum berth_err rc;

	if ((rc = berth_cli_now(c, &now_s)) || (rc = number(c, "--ttl", 0, TTL_MAX_S, &ttl_s)) ||
	    (rc = berth_json_set_int(doc, "iat", now_s < 0 ? 0 : now_s)) ||
	    (ttl_s && (rc = berth_json_set_int(doc, "ttl", (int64_t)ttl_s))))
		return rc;
	if (until && berth_rfc3339_parse(&until_s, until))
		return berth_fail(BERTH_E_USAGE, "--valid-until: not a date");
	return until ? berth_json_set_int(doc, "exp", until_s) : BERTH_OK;
}

/* Without --now what stands there stays: a signer may have no clock. */
static enum berth_err date_credential(const struct berth_cli *c, struct berth_json *doc)
{
	struct berth_json *subject = berth_json_get_mut(doc, "credentialSubject");
	const char *from = berth_credential_is_v1(doc) ? "issuanceDate" : "validFrom";
	const char *until = berth_credential_is_v1(doc) ? "expirationDate" : "validUntil";
	char text[BERTH_RFC3339_LEN + 1];
	int64_t now_s;
	uint64_t ttl_s;
	enum berth_err rc;

	if ((rc = number(c, "--ttl", 0, TTL_MAX_S, &ttl_s)) || (rc = set_given(c, doc, "--valid-until", until)) ||
	    (ttl_s && (rc = berth_json_set_int(subject, "ttl", (int64_t)ttl_s * 1000))) || (rc = berth_cli_now(c, &now_s)))
		return rc;
	if (!berth_cli_has(c, "--now"))
		return BERTH_OK;
	berth_rfc3339_format(text, now_s);
	return berth_json_set_str(doc, from, text);
}

/* ---- create ---- */

static struct berth_json *parse(const char *text)
{
	struct berth_json *o = NULL;

	return berth_json_parse(&o, text, strlen(text), BERTH_JSON_MAX) ? NULL : o;
}

/* A member that a template does not have yet; takes value over. */
static enum berth_err set_missing(struct berth_json *o, const char *member, struct berth_json *value)
{
	if (!berth_json_get(o, member))
		return berth_json_set(o, member, value);
	berth_json_free(value);
	return BERTH_OK;
}

static enum berth_err fill_credential(const struct berth_cli *c, struct berth_json *doc)
{
	struct berth_json *subject;
	enum berth_err rc;

	if ((rc = set_missing(doc, "@context", parse("[\"" BERTH_VC_CONTEXT "\"]"))) ||
	    (rc = set_given(c, doc, "--id", "id")) ||
	    (rc = set_missing(doc, "type", parse("[\"VerifiableCredential\",\"BitstringStatusListCredential\"]"))) ||
	    (rc = set_given(c, doc, "--issuer", "issuer")) || (rc = set_missing(doc, "credentialSubject", berth_json_new_object())))
		return rc;
	subject = berth_json_get_mut(doc, "credentialSubject");
	if ((rc = berth_json_set_str(subject, "type", "BitstringStatusList")) ||
	    (rc = set_missing(subject, "statusPurpose", berth_json_new_str("revocation"))) ||
	    (rc = set_given(c, subject, "--purpose", "statusPurpose")) ||
	    (rc = berth_json_set_str(subject, "encodedList", "")))
		return rc;
	return date_credential(c, doc);
}

static enum berth_err fill_token(const struct berth_cli *c, struct berth_json *doc, unsigned bits)
{
	struct berth_json *list = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_int(list, "bits", bits)) || (rc = berth_json_set_str(list, "lst", ""))) {
		berth_json_free(list);
		return rc;
	}
	if ((rc = berth_json_set(doc, "status_list", list)) || (rc = set_given(c, doc, "--issuer", "iss")) ||
	    (rc = set_given(c, doc, "--id", "sub")))
		return rc;
	return date_token(c, doc);
}

/* A signed list without --issuer is by the DID of the key. */
static enum berth_err default_issuer(const struct berth_cli *c, struct berth_json *doc, bool token)
{
	const char *member = token ? "iss" : "issuer", *kid = berth_cli_get(c, "--kid");
	struct berth_buf did = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!kid || berth_json_get(doc, member))
		return BERTH_OK;
	berth_buf_put(&did, kid, strcspn(kid, "#?/"));
	if (!(rc = berth_buf_status(&did)))
		rc = berth_json_set_str(doc, member, berth_buf_cstr(&did));
	berth_buf_free(&did);
	return rc;
}

/* FILE: what else is to stand in the document. */
static enum berth_err template(const struct berth_cli *c, struct berth_json **doc)
{
	if (berth_cli_arg(c, 0))
		return berth_cli_read_json(doc, berth_cli_arg(c, 0), BERTH_VC_MAX);
	*doc = berth_json_new_object();
	return *doc ? BERTH_OK : berth_no_memory();
}

static enum berth_err create(struct berth_cli *c)
{
	const char *format = berth_cli_get(c, "--format");
	bool token = format && !strcmp(format, "token");
	struct berth_status_list l = { .b = NULL };
	struct berth_json *doc = NULL;
	uint64_t bits, entries;
	enum berth_err rc;

	if (format && !token && strcmp(format, "bitstring") && strcmp(format, "di"))
		rc = berth_fail(BERTH_E_USAGE, "--format: bitstring, di or token");
	else if (!(rc = template(c, &doc)) && !(rc = number(c, "--size", 1, 8, &bits)) &&
		 !(rc = number(c, "--length", BERTH_STATUS_ENTRIES_MIN, BERTH_STATUS_BYTES_MAX * 8, &entries)) &&
		 !(rc = berth_status_list_new(&l, token ? BERTH_STATUS_TOKEN : BERTH_STATUS_BITSTRING, (unsigned)bits,
					      (size_t)entries)) &&
		 !(berth_cli_has(c, "--index") && (rc = set_entry(c, &l))) &&
		 !(rc = token ? fill_token(c, doc, l.bits) : fill_credential(c, doc)) &&
		 !(rc = default_issuer(c, doc, token)) && !(rc = berth_status_list_write(doc, &l)))
		rc = print(c, doc, token);
	berth_status_list_free(&l);
	berth_json_free(doc);
	return rc;
}

/* ---- reading ---- */

/* A list in a file, as it is or signed. */
struct loaded {
	struct berth_json *doc;
	struct berth_vc_token token;	/* of a signed one */
	struct berth_cli_key key;
	struct berth_cli_resolver resolver;
	struct berth_status_list list;
	bool is_token;
};

static void unload(struct loaded *x)
{
	berth_json_free(x->doc);
	berth_vc_token_close(&x->token);
	berth_cli_key_close(&x->key);
	berth_cli_resolver_close(&x->resolver);
	berth_status_list_free(&x->list);
}

/* What is signed with a key that can be found out must verify.  A list that is not, or
 * whose key has no DID, is read as plain text would be. */
static enum berth_err check_jws(const struct berth_cli *c, struct loaded *x)
{
	if (berth_cli_has(c, "--jwk") && !is_signing(c))
		return berth_jws_verify(&x->token.jws, &x->key.pub);
	if (berth_jws_require_kid(&x->token.jws))
		return BERTH_OK;
	return berth_vc_token_verify(&x->token, &x->resolver.top, NULL, BERTH_REL_ASSERTION);
}

static enum berth_err check_proofs(const struct berth_cli *c, struct loaded *x, const struct berth_buf *text)
{
	const struct berth_verify v = {
		.resolver = &x->resolver.top, .key = berth_cli_has(c, "--jwk") && !is_signing(c) ? &x->key.pub : NULL,
		.no_time = true, .no_status = true, .max = BERTH_STATUS_FILE_MAX
	};
	struct berth_report r;
	enum berth_err rc;

	if (!berth_json_get(x->doc, "proof"))
		return BERTH_OK;
	rc = berth_vc_di_verify(&r, &v, berth_buf_cstr(text), text->len);
	if (rc)
		rc = berth_fail(rc, "%s", r.detail);
	berth_report_free(&r);
	return rc;
}

static enum berth_err load_text(const struct berth_cli *c, struct loaded *x, const struct berth_buf *text)
{
	const char *p = berth_buf_cstr(text);
	enum berth_err rc;

	if (*p == '{') {
		if ((rc = berth_json_parse_exact(&x->doc, p, text->len, BERTH_STATUS_FILE_MAX)))
			return rc;
		return check_proofs(c, x, text);
	}
	if ((rc = berth_jws_parse(&x->token.jws, p, text->len, BERTH_STATUS_FILE_MAX)) ||
	    (rc = berth_json_parse_object(&x->doc, berth_buf_cstr(&x->token.jws.payload), x->token.jws.payload.len,
					  BERTH_STATUS_FILE_MAX)))
		return rc;
	return check_jws(c, x);
}

static enum berth_err load(const struct berth_cli *c, struct loaded *x)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	memset(x, 0, sizeof(*x));
	if ((berth_cli_has(c, "--jwk") && !is_signing(c) && (rc = berth_cli_key_open(c, &x->key, false))) ||
	    (rc = berth_cli_resolver_open(&x->resolver, c)) ||
	    (rc = berth_cli_read_token(&text, berth_cli_arg(c, 0), BERTH_STATUS_FILE_MAX)) ||
	    (rc = load_text(c, x, &text)) || (rc = berth_status_list_read(&x->list, x->doc)))
		goto out;
	x->is_token = x->list.kind == BERTH_STATUS_TOKEN;
	rc = widen(c, &x->list);
out:
	berth_buf_free(&text);
	return rc;
}

/* What is signed is a new token; what is not stays what it was but for the entry. */
static enum berth_err redate(const struct berth_cli *c, struct loaded *x)
{
	if (!x->is_token)
		return date_credential(c, x->doc);
	if (is_signing(c) || berth_cli_has(c, "--now") || berth_cli_has(c, "--ttl") || berth_cli_has(c, "--valid-until"))
		return date_token(c, x->doc);
	return BERTH_OK;
}

static enum berth_err set(struct berth_cli *c)
{
	struct loaded x;
	const char *index;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--index", &index)))
		return rc;
	if ((rc = load(c, &x)) || (rc = set_entry(c, &x.list)) || (rc = berth_status_list_write(x.doc, &x.list)))
		goto out;
	berth_json_remove(x.doc, "proof");	/* it was over another list */
	if (!(rc = redate(c, &x)))
		rc = print(c, x.doc, x.is_token);
out:
	unload(&x);
	return rc;
}

static enum berth_err check(struct berth_cli *c)
{
	struct berth_json *o = NULL;
	struct loaded x;
	uint64_t index;
	unsigned value;
	const char *text;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--index", &text)))
		return rc;
	if ((rc = load(c, &x)) || (rc = berth_status_index(text, &index)) ||
	    (rc = berth_status_list_get(&x.list, index, &value)))
		goto out;
	o = berth_json_new_object();
	if ((rc = berth_json_set_int(o, "status", value)))
		berth_json_free(o);
	else
		rc = berth_cli_print(c, o);
out:
	unload(&x);
	return rc;
}

/* ---- tables ---- */

static const struct berth_cli_cmd cmds[] = {
	{ "create", 0, 1, create },
	{ "set", 0, 1, set },
	{ "check", 0, 1, check },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_status_list = { "status-list", cmds };

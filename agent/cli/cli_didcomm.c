/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "agent/cli/cli_resolver.h"
#include "did/codec/base64url.h"
#include "did/jose/keyring.h"
#include "did/url.h"
#include "didcomm/from_prior.h"
#include "didcomm/pack.h"
#include "didcomm/routing.h"
#include "didcomm/unpack.h"

#define SECRETS_MAX ((size_t)1 << 20)

/* What both commands need: the keys of --secrets and somebody to ask for documents. */
struct party {
	struct berth_cli_resolver resolver;
	struct berth_keyring *keyring;
};

static enum berth_err open_party(const struct berth_cli *c, struct party *p)
{
	const char *path = berth_cli_get(c, "--secrets");
	struct berth_json *secrets = NULL;
	enum berth_err rc;

	memset(p, 0, sizeof(*p));
	if ((rc = berth_cli_resolver_open(&p->resolver, c)) || (rc = berth_keyring_local_new(&p->keyring)) || !path)
		return rc;
	rc = berth_cli_read_json(&secrets, path, SECRETS_MAX);
	if (!rc)
		rc = berth_keyring_local_add_secrets(p->keyring, secrets, berth_cli_get(c, "--passphrase-file"));
	berth_json_free(secrets);
	return rc;
}

static void close_party(struct party *p)
{
	berth_keyring_free(p->keyring);
	berth_cli_resolver_close(&p->resolver);
}

/* ---- pack ---- */

static enum berth_err pack_mode(const struct berth_cli *c, enum berth_pack_mode *out)
{
	static const struct { const char *name; enum berth_pack_mode mode; } modes[] = {
		{ "plaintext", BERTH_PACK_PLAINTEXT }, { "signed", BERTH_PACK_SIGNED },
		{ "anoncrypt", BERTH_PACK_ANONCRYPT }, { "authcrypt", BERTH_PACK_AUTHCRYPT },
	};
	const char *name = berth_cli_get(c, "--mode");

	*out = berth_cli_has(c, "--from") ? BERTH_PACK_AUTHCRYPT : BERTH_PACK_ANONCRYPT;
	if (!name)
		return BERTH_OK;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, name)) {
			*out = modes[i].mode;
			return BERTH_OK;
		}
	return berth_fail(BERTH_E_USAGE, "--mode: %s is none of plaintext, signed, anoncrypt, authcrypt", name);
}

/* Options that do not go together are wrong usage, whatever the message says. */
static enum berth_err check_pack(const struct berth_cli *c, const struct berth_pack *p)
{
	bool encrypts = p->mode == BERTH_PACK_ANONCRYPT || p->mode == BERTH_PACK_AUTHCRYPT;

	if (p->mode == BERTH_PACK_AUTHCRYPT && !p->from)
		return berth_fail(BERTH_E_USAGE, "authcrypt needs --from");
	if (encrypts && !berth_cli_has(c, "--to"))
		return berth_fail(BERTH_E_USAGE, "encryption needs --to");
	if (p->mode == BERTH_PACK_SIGNED && !p->sign_by)
		return berth_fail(BERTH_E_USAGE, "--mode signed needs --sign-by");
	if (p->mode == BERTH_PACK_PLAINTEXT && p->sign_by)
		return berth_fail(BERTH_E_USAGE, "--sign-by does not go with --mode plaintext");
	if (p->protect_sender && p->mode != BERTH_PACK_AUTHCRYPT)
		return berth_fail(BERTH_E_USAGE, "--protect-sender is for authcrypt");
	if (p->enc != BERTH_ENC_NONE && !encrypts)
		return berth_fail(BERTH_E_USAGE, "--enc is for encryption");
	if (!berth_cli_has(c, "--secrets") && (p->mode == BERTH_PACK_AUTHCRYPT || p->sign_by))
		return berth_fail(BERTH_E_USAGE, "--secrets is needed");
	return BERTH_OK;
}

static enum berth_err pack_request(const struct berth_cli *c, struct berth_pack *p)
{
	const char *enc = berth_cli_get(c, "--enc");
	enum berth_err rc;

	memset(p, 0, sizeof(*p));
	p->from = berth_cli_get(c, "--from");
	if (berth_cli_nth(c, "--sign-by", BERTH_SIGNATURES_MAX))
		return berth_fail(BERTH_E_USAGE, "--sign-by: at most %d signatures", BERTH_SIGNATURES_MAX);
	p->sign_by = berth_cli_get(c, "--sign-by");
	for (size_t i = 1; i < BERTH_SIGNATURES_MAX; i++)
		p->also_sign_by[i - 1] = berth_cli_nth(c, "--sign-by", i);
	p->protect_sender = berth_cli_has(c, "--protect-sender");
	if (enc) {
		p->enc = berth_enc_parse(enc);
		if (p->enc == BERTH_ENC_NONE)
			return berth_fail(BERTH_E_USAGE, "--enc: %s is none of A256CBC-HS512, A256GCM, XC20P", enc);
	}
	if ((rc = pack_mode(c, &p->mode)))
		return rc;
	return check_pack(c, p);
}

/* An envelope for whom it is for, and for the mediators that its document names. */
static enum berth_err pack_one(const struct berth_cli *c, const struct berth_pack *p, const struct berth_message *msg,
			       struct berth_buf *out)
{
	bool encrypts = p->mode == BERTH_PACK_ANONCRYPT || p->mode == BERTH_PACK_AUTHCRYPT;
	struct berth_buf inner = BERTH_BUF_INIT, to = BERTH_BUF_INIT;
	struct berth_routes routes = { .n = 0 };
	enum berth_err rc;

	if (!encrypts || berth_cli_has(c, "--no-forward"))
		return berth_pack(out, p, msg);
	berth_buf_put(&to, p->to, berth_did_len(p->to));
	if ((rc = berth_pack(&inner, p, msg)) || (rc = berth_buf_status(&to)) ||
	    (rc = berth_routes_find(&routes, p->resolver, berth_buf_cstr(&to), BERTH_ROUTE_LOOKUPS_MAX)))
		goto out;
	if (routes.n)
		rc = berth_route_wrap(out, &routes.list[0], berth_buf_cstr(&to), inner.p, inner.len);
	else
		berth_buf_put(out, inner.p, inner.len);
out:
	berth_routes_free(&routes);
	berth_buf_free(&inner);
	berth_buf_free(&to);
	return rc;
}

/* One envelope for each --to; several as a JSON array. */
static enum berth_err pack_for_all(struct berth_cli *c, struct berth_pack *p, const struct berth_message *msg,
				   struct berth_buf *out)
{
	bool many = berth_cli_nth(c, "--to", 1) != NULL;
	enum berth_err rc;
	size_t i = 0;

	if (many)
		berth_buf_u8(out, '[');
	do {
		if (i)
			berth_buf_u8(out, ',');
		p->to = berth_cli_nth(c, "--to", i);
		if ((rc = pack_one(c, p, msg, out)))
			return rc;
	} while (berth_cli_nth(c, "--to", ++i));
	if (many)
		berth_buf_u8(out, ']');
	return berth_buf_status(out);
}

static enum berth_err print_envelope(struct berth_cli *c, const struct berth_buf *text)
{
	struct berth_json *v;
	enum berth_err rc;

	if (!berth_cli_has(c, "--pretty"))
		return berth_cli_print_text(berth_buf_cstr(text), text->len);
	rc = berth_json_parse(&v, berth_buf_cstr(text), text->len, BERTH_BUF_MAX);
	return rc ? rc : berth_cli_print(c, v);
}

static enum berth_err pack(struct berth_cli *c)
{
	struct berth_buf text = BERTH_BUF_INIT, out = BERTH_BUF_INIT;
	struct berth_message msg = { .json = NULL };
	struct party who = { .keyring = NULL };
	struct berth_pack p;
	enum berth_err rc;

	if ((rc = pack_request(c, &p)) || (rc = open_party(c, &who)) ||
	    (rc = berth_cli_read(&text, berth_cli_arg(c, 0), BERTH_PACKED_MAX)) ||
	    (rc = berth_message_parse(&msg, berth_buf_cstr(&text), text.len)))
		goto out;
	p.resolver = &who.resolver.top;
	p.keyring = who.keyring;
	if (!(rc = pack_for_all(c, &p, &msg, &out)))
		rc = print_envelope(c, &out);
out:
	berth_message_free(&msg);
	close_party(&who);
	berth_buf_free(&text);
	berth_buf_free(&out);
	return rc;
}

/* ---- unpack ---- */

static enum berth_err print_unpacked(struct berth_cli *c, const struct berth_unpacked *u, int64_t now_s)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set(o, "message", berth_json_clone(u->msg.json))) ||
	    (rc = berth_json_set(o, "metadata", berth_unpacked_metadata(u, now_s)))) {
		berth_json_free(o);
		return rc;
	}
	return berth_cli_print(c, o);
}

/* Time is judged only when --now says what time it is (C072, C061). */
static enum berth_err check_time(const struct berth_unpacked *u, int64_t now_s)
{
	if (now_s < 0)
		return BERTH_OK;
	if (u->msg.expires_time && u->msg.expires_time <= now_s)
		return berth_fail(BERTH_E_EXPIRED, "expires_time has passed");
	return u->from_prior ? berth_from_prior_check_time(u->from_prior, now_s) : BERTH_OK;
}

static enum berth_err unpack(struct berth_cli *c)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_unpacked u = { .encrypted = false };
	struct party who = { .keyring = NULL };
	struct berth_unpack p = { .allow_plaintext = true };
	int64_t now_s = -1;
	enum berth_err rc;

	if ((berth_cli_has(c, "--now") && (rc = berth_cli_now(c, &now_s))) || (rc = open_party(c, &who)) ||
	    (rc = berth_cli_read(&text, berth_cli_arg(c, 0), BERTH_PACKED_MAX)))
		goto out;
	p.resolver = &who.resolver.top;
	p.keyring = who.keyring;
	p.lenient_apv.for_all = berth_cli_has(c, "--allow-missing-apv");
	if ((rc = berth_unpack_routed(&u, &p, berth_buf_cstr(&text), text.len)))
		goto out;
	if (!(rc = print_unpacked(c, &u, now_s)))
		rc = check_time(&u, now_s);
	berth_unpacked_free(&u);
out:
	close_party(&who);
	berth_buf_free(&text);
	return rc;
}

/* ---- attachment ---- */

/* A message, or what unpack prints of one. */
static enum berth_err read_message(const struct berth_cli *c, struct berth_message *out)
{
	struct berth_json *v = NULL, *inner;
	enum berth_err rc = berth_cli_read_json(&v, berth_cli_arg(c, 0), BERTH_PACKED_MAX);

	if (rc)
		return rc;
	if (!berth_json_get(v, "message") || !berth_json_get(v, "metadata"))
		return berth_message_from_json(out, v);
	inner = berth_json_clone(berth_json_get(v, "message"));
	berth_json_free(v);
	return berth_message_from_json(out, inner);
}

/* Who signed it, if anybody says so; a bad signature is a refusal. */
static enum berth_err set_signer(const struct berth_cli *c, struct berth_json *o, const struct berth_message *m, const char *id)
{
	struct berth_cli_resolver resolver = { .has_dir = false };
	enum berth_err rc;
	char *kid = NULL;

	if (!berth_message_attachment_is_signed(m, id))
		return berth_json_set(o, "signer", berth_json_new_null());
	if (!(rc = berth_cli_resolver_open(&resolver, c)) &&
	    !(rc = berth_message_attachment_signer(m, id, &resolver.top, &kid)))
		rc = berth_json_set_str(o, "signer", kid);
	berth_cli_resolver_close(&resolver);
	free(kid);
	return rc;
}

static enum berth_err attachment(struct berth_cli *c)
{
	struct berth_json *o = berth_json_new_object();
	struct berth_buf content = BERTH_BUF_INIT;
	struct berth_message m = { .json = NULL };
	const char *id;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--id", &id)) || (rc = read_message(c, &m)) ||
	    (rc = berth_message_attachment(&m, id, &content)) || (rc = berth_json_set_str(o, "id", id)) ||
	    (rc = berth_json_set_b64url(o, "content", content.p, content.len)) || (rc = set_signer(c, o, &m, id)))
		goto out;
	rc = berth_cli_print(c, o);
	o = NULL;
out:
	berth_json_free(o);
	berth_message_free(&m);
	berth_buf_free(&content);
	return rc;
}

static const struct berth_cli_cmd cmds[] = {
	{ "pack", 0, 1, pack },
	{ "unpack", 0, 1, unpack },
	{ "attachment", 0, 1, attachment },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_didcomm = { "didcomm", cmds };

/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "agent/cli/cli_resolver.h"
#include "did/jose/keyring.h"
#include "vc/vc.h"

#define VCS_MAX 32
#define TOKEN_MAX ((size_t)1 << 20)

/* ---- formats ---- */

/* --format, or what the text looks like; the formats that are known by name but
 * not built are refused as algorithms are. */
static const char *format_of(const struct berth_cli *c, const struct berth_buf *token, const char *otherwise)
{
	const char *given = berth_cli_get(c, "--format");

	if (given)
		return given;
	if (token && token->len && token->p[0] == '{')
		return "di";
	if (token && token->len && memchr(token->p, '~', token->len))
		return "dc+sd-jwt";
	return otherwise;
}

static enum berth_err check_format(const struct berth_cli *c, const char *format)
{
	if (!strcmp(format, "vc+jwt") || (c->group == &berth_cli_vp && !strcmp(format, "vp+jwt"))) {
		if (berth_cli_has(c, "--disclose") || berth_cli_has(c, "--cryptosuite"))
			return berth_fail(BERTH_E_USAGE, "--disclose and --cryptosuite are not for %s", format);
		return BERTH_OK;
	}
	return berth_fail(BERTH_E_ALG, "format %s is not supported, vc+jwt is", format);
}

/* ---- issue, create ---- */

/* A keyring with one key, called kid. */
static enum berth_err open_signer(const struct berth_cli *c, struct berth_cli_key *k, const char **kid,
				  struct berth_keyring **kr)
{
	enum berth_err rc;

	memset(k, 0, sizeof(*k));
	*kr = NULL;
	if ((rc = berth_cli_need(c, "--kid", kid)) || (rc = berth_cli_key_open(c, k, true)) ||
	    (rc = berth_keyring_local_new(kr)))
		return rc;
	return k->ks ? berth_keyring_local_add_stored(*kr, *kid, k->ks, k->info.name) :
		berth_keyring_local_add(*kr, *kid, &k->priv);
}

static enum berth_err issue(struct berth_cli *c)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_keyring *kr = NULL;
	struct berth_cli_key k = { .ks = NULL };
	struct berth_json *vc = NULL;
	const char *kid;
	enum berth_err rc;

	if ((rc = check_format(c, format_of(c, NULL, "vc+jwt"))) || (rc = open_signer(c, &k, &kid, &kr)) ||
	    (rc = berth_cli_read_json(&vc, berth_cli_arg(c, 0), BERTH_VC_MAX)) ||
	    (rc = berth_vc_issue(&out, kr, kid, vc)))
		goto out;
	rc = berth_cli_print_text(berth_buf_cstr(&out), out.len);
out:
	berth_json_free(vc);
	berth_keyring_free(kr);
	berth_cli_key_close(&k);
	berth_buf_free(&out);
	return rc;
}

static enum berth_err present(struct berth_cli *c, const char *const *vcs, size_t n)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_keyring *kr = NULL;
	struct berth_cli_key k = { .ks = NULL };
	const char *kid, *challenge;
	enum berth_err rc;

	if (!(rc = berth_cli_need(c, "--challenge", &challenge)) && !(rc = open_signer(c, &k, &kid, &kr)) &&
	    !(rc = berth_vp_create(&out, kr, kid, challenge, berth_cli_get(c, "--domain"), vcs, n)))
		rc = berth_cli_print_text(berth_buf_cstr(&out), out.len);
	berth_keyring_free(kr);
	berth_cli_key_close(&k);
	berth_buf_free(&out);
	return rc;
}

static enum berth_err create(struct berth_cli *c)
{
	struct berth_buf text[VCS_MAX] = { BERTH_BUF_INIT };
	const char *vcs[VCS_MAX];
	enum berth_err rc = check_format(c, format_of(c, NULL, "vp+jwt"));
	size_t n = 0;

	for (; !rc && n < c->n_args; n++) {
		rc = berth_cli_read_token(&text[n], c->args[n], BERTH_VC_MAX * 2);
		if (!rc)
			rc = check_format(c, format_of(c, &text[n], "vp+jwt"));
		vcs[n] = berth_buf_cstr(&text[n]);
	}
	if (!rc)
		rc = present(c, vcs, n);
	for (size_t i = 0; i < n; i++)
		berth_buf_free(&text[i]);
	return rc;
}

/* ---- verify ---- */

struct verifier {
	struct berth_cli_resolver resolver;
	struct berth_cli_key key;
	const char *trust[BERTH_CLI_VALUES_MAX];
	struct berth_verify v;
};

static enum berth_err open_verifier(const struct berth_cli *c, struct verifier *x)
{
	bool bare = berth_cli_has(c, "--jwk");
	enum berth_err rc;

	if ((rc = berth_cli_now(c, &x->v.now_s)) || (bare && (rc = berth_cli_key_open(c, &x->key, false))) ||
	    (rc = berth_cli_resolver_open(&x->resolver, c)))
		return rc;
	x->v.resolver = &x->resolver.top;
	x->v.key = bare ? &x->key.pub : NULL;
	while ((x->trust[x->v.n_trust] = berth_cli_nth(c, "--trust", x->v.n_trust)))
		x->v.n_trust++;
	x->v.trust = x->trust;
	x->v.no_status = berth_cli_has(c, "--no-status");
	x->v.status_dir = berth_cli_get(c, "--status-dir");
	x->v.typ_optional = berth_cli_has(c, "--format");
	x->v.challenge = berth_cli_get(c, "--challenge");
	x->v.domain = berth_cli_get(c, "--domain");
	return BERTH_OK;
}

/* What we cannot even look at is refused with a report like any other. */
static void refuse(struct berth_report *r, enum berth_err rc, const char *format)
{
	memset(r, 0, sizeof(*r));
	r->first = rc;
	r->format = strdup(format);
	r->warnings = berth_json_new_array();
	strncpy(r->detail, berth_err_detail(), sizeof(r->detail) - 1);
}

/* The report goes to stdout in every case; its first fault is the exit status. */
static enum berth_err print_report(struct berth_cli *c, struct berth_report *r)
{
	enum berth_err rc = berth_cli_print(c, berth_report_json(r));

	if (!rc && r->first)
		rc = berth_fail(r->first, "%s", r->detail);
	berth_report_free(r);
	return rc;
}

typedef enum berth_err verify_fn(struct berth_report *r, const struct berth_verify *v, const char *token, size_t n);

static enum berth_err verify(struct berth_cli *c, verify_fn *fn, const char *otherwise)
{
	struct verifier x = { .v = { .n_trust = 0 } };
	struct berth_buf token = BERTH_BUF_INIT;
	struct berth_report r;
	const char *format;
	enum berth_err rc;

	if ((rc = open_verifier(c, &x)) || (rc = berth_cli_read_token(&token, berth_cli_arg(c, 0), TOKEN_MAX)))
		goto out;
	format = format_of(c, &token, otherwise);
	rc = check_format(c, format);
	if (rc)
		refuse(&r, rc, format);
	else
		(void)fn(&r, &x.v, berth_buf_cstr(&token), token.len);
	rc = print_report(c, &r);
out:
	berth_cli_resolver_close(&x.resolver);
	berth_cli_key_close(&x.key);
	berth_buf_free(&token);
	return rc;
}

static enum berth_err vc_verify(struct berth_cli *c)
{
	return verify(c, berth_vc_verify, "vc+jwt");
}

static enum berth_err vp_verify(struct berth_cli *c)
{
	const char *challenge;
	enum berth_err rc = berth_cli_need(c, "--challenge", &challenge);

	return rc ? rc : verify(c, berth_vp_verify, "vp+jwt");
}

/* ---- tables ---- */

#define SIGN_OPTS \
	{ "--format", BERTH_CLI_ONE, "FORMAT", "vc+jwt (presentations: vp+jwt)" }, \
	{ "--kid", BERTH_CLI_ONE, "DID-URL", "the verification method that signs" }, \
	{ "--disclose", BERTH_CLI_MANY, "JSON-POINTER", "for selective disclosure formats" }, \
	BERTH_CLI_KEY_OPTS

#define VERIFY_OPTS \
	{ "--format", BERTH_CLI_ONE, "FORMAT", "what it must be; then a missing typ is accepted" }, \
	BERTH_CLI_RESOLVER_OPTS, \
	{ "--jwk", BERTH_CLI_ONE, "FILE", "the issuer's bare public key" }, \
	{ "--trust", BERTH_CLI_MANY, "DID", "an issuer that is trusted (default: not judged)" }, \
	{ "--now", BERTH_CLI_ONE, "RFC3339", "instead of the system clock" }, \
	{ "--status-dir", BERTH_CLI_ONE, "DIR", "a folder of status lists" }, \
	{ "--no-status", BERTH_CLI_FLAG, NULL, "an unanswered status is a warning" }, \
	{ "--offline", BERTH_CLI_FLAG, NULL, "ask nobody (nobody is asked anyway)" }

static const struct berth_cli_opt issue_opts[] = {
	SIGN_OPTS,
	{ "--cryptosuite", BERTH_CLI_ONE, "NAME", "for format di" },
	{ .name = NULL },
};

static const struct berth_cli_opt create_opts[] = {
	{ "--challenge", BERTH_CLI_ONE, "C", "the verifier's nonce" },
	{ "--domain", BERTH_CLI_ONE, "D", "whom it is for" },
	SIGN_OPTS,
	{ .name = NULL },
};

static const struct berth_cli_opt vc_verify_opts[] = { VERIFY_OPTS, { .name = NULL } };

static const struct berth_cli_opt vp_verify_opts[] = {
	{ "--challenge", BERTH_CLI_ONE, "C", "the nonce it must carry" },
	{ "--domain", BERTH_CLI_ONE, "D", "the audience it must name" },
	VERIFY_OPTS,
	{ .name = NULL },
};

static const struct berth_cli_cmd vc_cmds[] = {
	{ "issue", "[FILE]", "sign a credential", issue_opts, 0, 1, issue,
	  "  berth vc issue --format vc+jwt --jwk issuer.jwk --kid 'did:web:example.com#key-1' credential.json\n" },
	{ "verify", "[FILE]", "verify a credential and print a report", vc_verify_opts, 0, 1, vc_verify,
	  "  berth vc verify --did-docs docs/ --trust did:web:example.com credential.jwt --pretty\n"
	  "  berth vc verify --jwk issuer.jwk --now 2026-11-23T12:00:00Z credential.jwt\n" },
	{ .run = NULL },
};

static const struct berth_cli_cmd vp_cmds[] = {
	{ "create", "VC-FILE...", "present credentials to a verifier", create_opts, 1, VCS_MAX, create,
	  "  berth vp create --challenge 7f3a --domain https://example.com --jwk holder.jwk \\\n"
	  "      --kid 'did:example:holder#key-1' credential.jwt\n" },
	{ "verify", "[FILE]", "verify a presentation and print a report", vp_verify_opts, 0, 1, vp_verify,
	  "  berth vp verify --challenge 7f3a --domain https://example.com --did-docs docs/ presentation.jwt\n" },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_vc = { "vc", "verifiable credentials", vc_cmds };
const struct berth_cli_group berth_cli_vp = { "vp", "verifiable presentations", vp_cmds };

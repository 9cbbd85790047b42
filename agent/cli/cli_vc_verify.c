/* SPDX-License-Identifier: Apache-2.0 */
/* `vc verify` and `vp verify`. */
#include "agent/cli/cli_resolver.h"
#include "agent/cli/cli_vc.h"
#include "agent/core/config.h"
#include "vc/policy.h"

struct verifier {
	struct berth_cli_resolver resolver;
	struct berth_cli_key key;
	const char *trust[BERTH_CLI_VALUES_MAX + 1];
	struct berth_config *config;	/* of --policy */
	struct berth_vc_policy *policy;
	struct berth_verify v;
};

/* Folders on the command line go before those of the file. */
static enum berth_err open_policy(const struct berth_cli *c, struct verifier *x)
{
	const char *path = berth_cli_get(c, "--policy"), *dir;
	enum berth_err rc;

	if (path) {
		if (berth_cli_has(c, "--trust") || berth_cli_has(c, "--no-status"))
			return berth_fail(BERTH_E_USAGE, "--policy says whom and what to trust: not with --trust or --no-status");
		if ((rc = berth_config_load(&x->config, path)) || (rc = berth_config_credentials(x->config, &x->policy)))
			return rc;
		berth_config_folders(x->config, &x->v);
		x->v.policy = x->policy;
	}
	if ((dir = berth_cli_get(c, "--status-dir")))
		x->v.status_dir = dir;
	if ((dir = berth_cli_get(c, "--schema-dir")))
		x->v.schema_dir = dir;
	return BERTH_OK;
}

static void close_verifier(struct verifier *x)
{
	berth_config_credentials_free(x->policy);
	berth_config_free(x->config);
	berth_cli_resolver_close(&x->resolver);
	berth_cli_key_close(&x->key);
}

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
	x->v.typ_optional = berth_cli_has(c, "--format");
	x->v.challenge = berth_cli_get(c, "--challenge");
	x->v.domain = berth_cli_get(c, "--domain");
	return open_policy(c, x);
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

typedef enum berth_err verify_fn(struct berth_report *r, const struct berth_verify *v, enum berth_vc_format f,
				 const char *text, size_t n);

static enum berth_err verify(struct berth_cli *c, verify_fn *fn)
{
	struct verifier x = { .v = { .n_trust = 0 } };
	struct berth_buf token = BERTH_BUF_INIT;
	struct berth_report r;
	enum berth_vc_format f;
	enum berth_err rc;

	if ((rc = open_verifier(c, &x)) ||
	    (rc = berth_cli_read_token(&token, berth_cli_arg(c, 0), BERTH_CLI_TOKEN_MAX)))
		goto out;
	if (berth_cli_format(c, &token, &f))
		f = BERTH_FORMAT_NONE;	/* the report says so */
	(void)fn(&r, &x.v, f, berth_buf_cstr(&token), token.len);
	rc = print_report(c, &r);
out:
	close_verifier(&x);
	berth_buf_free(&token);
	return rc;
}

enum berth_err berth_cli_vc_verify(struct berth_cli *c)
{
	return verify(c, berth_verify_credential);
}

enum berth_err berth_cli_vp_verify(struct berth_cli *c)
{
	const char *challenge;
	enum berth_err rc = berth_cli_need(c, "--challenge", &challenge);

	return rc ? rc : verify(c, berth_verify_presentation);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* `vc issue` and `vp create`. */
#include <string.h>

#include "agent/cli/cli_vc.h"
#include "vc/sd_jwt.h"
#include "vc/status_list.h"

enum berth_err berth_cli_signer_open(const struct berth_cli *c, struct berth_cli_signer *s)
{
	enum berth_err rc;

	memset(s, 0, sizeof(*s));
	if ((rc = berth_cli_need(c, "--kid", &s->kid)) || (rc = berth_cli_key_open(c, &s->key, true)) ||
	    (rc = berth_keyring_local_new(&s->kr)))
		return rc;
	return s->key.ks ? berth_keyring_local_add_stored(s->kr, s->kid, s->key.ks, s->key.info.name) :
		berth_keyring_local_add(s->kr, s->kid, &s->key.priv);
}

void berth_cli_signer_close(struct berth_cli_signer *s)
{
	berth_keyring_free(s->kr);
	berth_cli_key_close(&s->key);
}

/* The options that say how; many: room for those that may be repeated. */
struct many {
	const char *previous[BERTH_CLI_VALUES_MAX + 1], *disclose[BERTH_CLI_VALUES_MAX + 1];
};

static size_t read_many(const struct berth_cli *c, const char *option, const char **out)
{
	size_t n = 0;

	while ((out[n] = berth_cli_nth(c, option, n)))
		n++;
	return n;
}

static enum berth_err read_decoys(const struct berth_cli *c, size_t *out)
{
	const char *text = berth_cli_get(c, "--decoys");
	uint64_t n = 0;

	if (text && (berth_status_index(text, &n) || n > BERTH_SD_DECOYS_MAX))
		return berth_fail(BERTH_E_USAGE, "--decoys: not a number up to %d", BERTH_SD_DECOYS_MAX);
	*out = (size_t)n;
	return BERTH_OK;
}

static enum berth_err read_how(const struct berth_cli *c, struct berth_issue *how, struct many *many)
{
	enum berth_err rc;

	memset(how, 0, sizeof(*how));
	if ((rc = berth_cli_format(c, NULL, &how->format)) || (rc = berth_cli_now(c, &how->now_s)))
		return rc;
	how->di.created_s = how->now_s;
	how->di.suite = berth_cli_get(c, "--cryptosuite");
	how->di.id = berth_cli_get(c, "--proof-id");
	how->di.n_previous = read_many(c, "--previous-proof", many->previous);
	how->di.previous = many->previous;
	how->n_disclose = read_many(c, "--disclose", many->disclose);
	how->disclose = many->disclose;
	return read_decoys(c, &how->decoys);
}

/* A token, or JSON, which may be for people. */
static enum berth_err print(const struct berth_cli *c, const struct berth_buf *text)
{
	struct berth_json *o;
	enum berth_err rc;

	if (*berth_buf_cstr(text) != '{' || !berth_cli_has(c, "--pretty"))
		return berth_cli_print_text(berth_buf_cstr(text), text->len);
	rc = berth_json_parse_exact(&o, berth_buf_cstr(text), text->len, BERTH_VP_MAX);
	return rc ? rc : berth_cli_print(c, o);
}

/* What a proof may hash is read so that nothing is lost. */
static enum berth_err read_credential(const struct berth_cli *c, struct berth_json **out)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = berth_cli_read(&text, berth_cli_arg(c, 0), BERTH_VC_MAX);

	*out = NULL;
	if (!rc)
		rc = berth_json_parse_exact(out, berth_buf_cstr(&text), text.len, BERTH_VC_MAX);
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_cli_vc_issue(struct berth_cli *c)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct many many;
	struct berth_cli_signer s = { .kr = NULL };
	struct berth_json *vc = NULL;
	struct berth_issue how;
	enum berth_err rc;

	if ((rc = read_how(c, &how, &many)) || (rc = berth_cli_signer_open(c, &s)) || (rc = read_credential(c, &vc)))
		goto out;
	how.kid = s.kid;
	if (!(rc = berth_issue_credential(&out, s.kr, &how, vc)))
		rc = print(c, &out);
out:
	berth_json_free(vc);
	berth_cli_signer_close(&s);
	berth_buf_free(&out);
	return rc;
}

static enum berth_err present(struct berth_cli *c, const char *const *vcs, size_t n)
{
	struct berth_buf out = BERTH_BUF_INIT;
	const char *challenge;
	struct many many;
	struct berth_cli_signer s = { .kr = NULL };
	struct berth_issue how;
	enum berth_err rc;

	if ((rc = read_how(c, &how, &many)) || (rc = berth_cli_need(c, "--challenge", &challenge)) ||
	    (rc = berth_cli_signer_open(c, &s)))
		goto out;
	/* as what is presented is, where nothing is said */
	if (!berth_cli_has(c, "--format") && (rc = berth_vc_format_guess(&how.format, vcs[0], strlen(vcs[0]))))
		goto out;
	if (how.format == BERTH_FORMAT_VC_JWT1)
		how.format = BERTH_FORMAT_VC_JWT;
	how.kid = s.kid;
	if (!(rc = berth_issue_presentation(&out, s.kr, &how, challenge, berth_cli_get(c, "--domain"), vcs, n)))
		rc = print(c, &out);
out:
	berth_cli_signer_close(&s);
	berth_buf_free(&out);
	return rc;
}

enum berth_err berth_cli_vp_create(struct berth_cli *c)
{
	struct berth_buf text[BERTH_CLI_VCS_MAX] = { BERTH_BUF_INIT };
	const char *vcs[BERTH_CLI_VCS_MAX];
	enum berth_err rc = BERTH_OK;
	size_t n = 0;

	for (; !rc && n < c->n_args && n < BERTH_CLI_VCS_MAX; n++) {
		rc = berth_cli_read_token(&text[n], c->args[n], BERTH_VC_MAX * 2);
		vcs[n] = berth_buf_cstr(&text[n]);
	}
	if (!rc)
		rc = present(c, vcs, n);
	for (size_t i = 0; i < n; i++)
		berth_buf_free(&text[i]);
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The commands `vc` and `vp`: formats, options, help. */
#include "agent/cli/cli_vc.h"

#include "agent/cli/cli_resolver.h"

enum berth_err berth_cli_format(const struct berth_cli *c, const struct berth_buf *text, enum berth_vc_format *out)
{
	const char *given = berth_cli_get(c, "--format");

	*out = BERTH_FORMAT_VC_JWT;
	if (given)
		*out = berth_vc_format_find(given);
	else if (text)
		return berth_vc_format_guess(out, berth_buf_cstr(text), text->len);
	return *out ? BERTH_OK : berth_fail(BERTH_E_ALG, "format %s is not supported", given);
}

/* ---- tables ---- */

#define SIGN_OPTS \
	"--format FORMAT\tvc+jwt (default; presentations: vp+jwt), di, dc+sd-jwt, vc+sd-jwt, vc-jwt", \
	"--kid DID-URL\tthe verification method that signs", \
	"--disclose JSON-POINTER ...\tSD-JWT: a claim that can be withheld, or that is shown", \
	"--cryptosuite NAME\tformat di: eddsa-jcs-2022, ecdsa-jcs-2019 (default: the key's), eddsa-rdfc-2022, ecdsa-rdfc-2019", \
	"--proof-id URI\tformat di: the proof's id", \
	"--previous-proof URI ...\tformat di: a proof that is signed over", \
	"--now RFC3339\tinstead of the system clock", \
	BERTH_CLI_KEY_OPTS

#define VERIFY_OPTS \
	"--format FORMAT\twhat it must be; then a missing typ is accepted", \
	BERTH_CLI_RESOLVER_OPTS, \
	"--jwk FILE\tthe issuer's bare public key", \
	"--trust DID ...\tan issuer that is trusted (default: not judged)", \
	"--now RFC3339\tinstead of the system clock", \
	"--status-dir DIR\ta folder of status lists", \
	"--no-status\tan unanswered status is a warning", \
	"--schema-dir DIR\ta folder of JSON Schemas", \
	"--policy FILE\ta berth.conf whose [credentials] and [trust] are the policy", \
	"--offline\task nobody (nobody is asked anyway)"

static const char *const issue_opts[] = {
	SIGN_OPTS,
	"--decoys N\tSD-JWT: digests of nothing, beside those of each object",
	NULL
};

static const char *const create_opts[] = {
	"--challenge C\tthe verifier's nonce",
	"--domain D\twhom it is for",
	SIGN_OPTS,
	NULL
};

static const char *const vc_verify_opts[] = { VERIFY_OPTS, NULL };

static const char *const vp_verify_opts[] = {
	"--challenge C\tthe nonce it must carry",
	"--domain D\tthe audience it must name",
	VERIFY_OPTS,
	NULL
};

static const struct berth_cli_cmd vc_cmds[] = {
	{ "issue", "[FILE]", "sign a credential", issue_opts, 0, 1, berth_cli_vc_issue,
	  "  berth vc issue --format vc+jwt --jwk issuer.jwk --kid 'did:web:example.com#key-1' credential.json\n"
	  "  berth vc issue --format di --cryptosuite eddsa-jcs-2022 --jwk issuer.jwk --kid 'did:web:example.com#key-1' credential.json\n" },
	{ "verify", "[FILE]", "verify a credential and print a report", vc_verify_opts, 0, 1, berth_cli_vc_verify,
	  "  berth vc verify --did-docs docs/ --trust did:web:example.com credential.jwt --pretty\n"
	  "  berth vc verify --jwk issuer.jwk --now 2026-11-23T12:00:00Z credential.jwt\n" },
	{ .run = NULL },
};

static const struct berth_cli_cmd vp_cmds[] = {
	{ "create", "VC-FILE...", "present credentials to a verifier", create_opts, 1, BERTH_CLI_VCS_MAX, berth_cli_vp_create,
	  "  berth vp create --challenge 7f3a --domain https://example.com --jwk holder.jwk \\\n"
	  "      --kid 'did:example:holder#key-1' credential.jwt\n" },
	{ "verify", "[FILE]", "verify a presentation and print a report", vp_verify_opts, 0, 1, berth_cli_vp_verify,
	  "  berth vp verify --challenge 7f3a --domain https://example.com --did-docs docs/ presentation.jwt\n" },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_vc = { "vc", "verifiable credentials", vc_cmds };
const struct berth_cli_group berth_cli_vp = { "vp", "verifiable presentations", vp_cmds };

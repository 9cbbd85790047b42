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
	{ "--format", BERTH_CLI_ONE, "FORMAT", "vc+jwt (default; presentations: vp+jwt), di, dc+sd-jwt, vc+sd-jwt, vc-jwt" }, \
	{ "--kid", BERTH_CLI_ONE, "DID-URL", "the verification method that signs" }, \
	{ "--disclose", BERTH_CLI_MANY, "JSON-POINTER", "SD-JWT: a claim that can be withheld, or that is shown" }, \
	{ "--cryptosuite", BERTH_CLI_ONE, "NAME", "format di: eddsa-jcs-2022, ecdsa-jcs-2019 (default: the key's), eddsa-rdfc-2022, ecdsa-rdfc-2019" }, \
	{ "--proof-id", BERTH_CLI_ONE, "URI", "format di: the proof's id" }, \
	{ "--previous-proof", BERTH_CLI_MANY, "URI", "format di: a proof that is signed over" }, \
	{ "--now", BERTH_CLI_ONE, "RFC3339", "instead of the system clock" }, \
	BERTH_CLI_KEY_OPTS

#define VERIFY_OPTS \
	{ "--format", BERTH_CLI_ONE, "FORMAT", "what it must be; then a missing typ is accepted" }, \
	BERTH_CLI_RESOLVER_OPTS, \
	{ "--jwk", BERTH_CLI_ONE, "FILE", "the issuer's bare public key" }, \
	{ "--trust", BERTH_CLI_MANY, "DID", "an issuer that is trusted (default: not judged)" }, \
	{ "--now", BERTH_CLI_ONE, "RFC3339", "instead of the system clock" }, \
	{ "--status-dir", BERTH_CLI_ONE, "DIR", "a folder of status lists" }, \
	{ "--no-status", BERTH_CLI_FLAG, NULL, "an unanswered status is a warning" }, \
	{ "--schema-dir", BERTH_CLI_ONE, "DIR", "a folder of JSON Schemas" }, \
	{ "--policy", BERTH_CLI_ONE, "FILE", "a berth.conf whose [credentials] and [trust] are the policy" }, \
	{ "--offline", BERTH_CLI_FLAG, NULL, "ask nobody (nobody is asked anyway)" }

static const struct berth_cli_opt issue_opts[] = {
	SIGN_OPTS,
	{ "--decoys", BERTH_CLI_ONE, "N", "SD-JWT: digests of nothing, beside those of each object" },
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

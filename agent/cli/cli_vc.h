/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_VC_H
#define BERTH_AGENT_CLI_VC_H

#include "agent/cli/cli.h"
#include "vc/formats.h"

/* What `vc`, `vp` and their relatives share. */
#define BERTH_CLI_TOKEN_MAX ((size_t)1 << 20)
#define BERTH_CLI_VCS_MAX 32

/* --format, or what the text looks like; text NULL: the default.  E_ALG: no such. */
BERTH_MUST_USE enum berth_err
berth_cli_format(const struct berth_cli *c, const struct berth_buf *text, enum berth_vc_format *out);

/* ---- cli_vc_sign.c ---- */
/* A keyring with the one key of --jwk or --key-uri, called --kid. */
struct berth_cli_signer {
	struct berth_cli_key key;
	struct berth_keyring *kr;
	const char *kid;
};
BERTH_MUST_USE enum berth_err berth_cli_signer_open(const struct berth_cli *c, struct berth_cli_signer *s);
void berth_cli_signer_close(struct berth_cli_signer *s);	/* fine on a zeroed one */

enum berth_err berth_cli_vc_issue(struct berth_cli *c);
enum berth_err berth_cli_vp_create(struct berth_cli *c);

/* ---- cli_vc_verify.c ---- */
enum berth_err berth_cli_vc_verify(struct berth_cli *c);
enum berth_err berth_cli_vp_verify(struct berth_cli *c);

#endif

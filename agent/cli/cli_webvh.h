/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_CLI_WEBVH_H
#define BERTH_AGENT_CLI_CLI_WEBVH_H

#include "agent/cli/cli.h"
#include "did/webvh_log.h"
#include "did/webvh_make.h"

/* `berth did` for did:webvh: logs in a folder, which is what a web server is to show. */

/* The key that signs, and the log there is. */
struct berth_cli_webvh {
	struct berth_cli_key key;
	struct berth_keyring *kr;
	struct berth_buf kid, log, witness;	/* the files as they are; witness empty: none */
	struct berth_webvh_head head;
	struct berth_json *document;		/* of the last entry; NULL: there is none */
	struct berth_json *asked;		/* the witnesses who must approve of it; NULL: nobody */
	const char *dir;
	int64_t now_s;
};

/* ---- cli_webvh_files.c ---- */
/* --jwk or --key-uri, and with `read` the log in the folder of that option, verified but
 * for its witnesses.  To be closed in every case. */
BERTH_MUST_USE enum berth_err
berth_cli_webvh_open(struct berth_cli_webvh *w, const struct berth_cli *c, const char *dir_option, bool read);
void berth_cli_webvh_close(struct berth_cli_webvh *w);
/* Writes did.jsonl, and with --did-web did.json, and prints the DID and its document. */
BERTH_MUST_USE enum berth_err berth_cli_webvh_save(struct berth_cli_webvh *w, const struct berth_cli *c);
enum berth_err berth_cli_webvh_witness(struct berth_cli *c);
enum berth_err berth_cli_webvh_verify(struct berth_cli *c);

/* ---- cli_webvh_spec.c ---- */
/* "example.com:8443/dids/a" -> "example.com%3A8443:dids:a", appended. */
BERTH_MUST_USE enum berth_err berth_cli_webvh_location(struct berth_buf *out, const char *domain);
/* What the options change of a log's parameters.  keys: those that may be said here. */
BERTH_MUST_USE enum berth_err
berth_cli_webvh_parameters(struct berth_json *out, const struct berth_cli *c, const struct berth_cli_webvh *w);
/* The document of --document, or one of the keys and services that the options name. */
BERTH_MUST_USE enum berth_err
berth_cli_webvh_document(struct berth_json **out, const struct berth_cli *c, const struct berth_cli_webvh *w, const char *did);

/* ---- cli_webvh.c ---- */
enum berth_err berth_cli_webvh_create(struct berth_cli *c);
enum berth_err berth_cli_webvh_update(struct berth_cli *c);
enum berth_err berth_cli_webvh_rotate(struct berth_cli *c);
enum berth_err berth_cli_webvh_migrate(struct berth_cli *c);
enum berth_err berth_cli_webvh_deactivate(struct berth_cli *c);

#endif

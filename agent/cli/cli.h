/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_CLI_H
#define BERTH_AGENT_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/key.h"
#include "did/keystore/keystore.h"

/* The `berth` command: a command is a row of its group's table, so that parsing,
 * help, exit codes and the one line on stderr are the same for all.  What it does and which
 * options it takes is in help/GROUP.txt. */
struct berth_cli;

struct berth_cli_cmd {
	const char *name;	/* "generate"; "" where the group itself is the command */
	uint16_t min_args, max_args;
	enum berth_err (*run)(struct berth_cli *c);
};

struct berth_cli_group {
	const char *name;	/* "key" */
	const struct berth_cli_cmd *cmds;	/* ends with .run == NULL */
};

/* One per file cli_*.c, listed in main.c. */
extern const struct berth_cli_group berth_cli_jcs, berth_cli_key, berth_cli_did, berth_cli_didcomm,
	berth_cli_jws, berth_cli_vc, berth_cli_vp, berth_cli_status_list, berth_cli_query;
/* with a daemon */
extern const struct berth_cli_group berth_cli_status, berth_cli_identity, berth_cli_onboard, berth_cli_rotate, berth_cli_invite,
	berth_cli_provision, berth_cli_devices, berth_cli_credentials, berth_cli_peers, berth_cli_messages,
	berth_cli_ping, berth_cli_metrics, berth_cli_watch, berth_cli_backup, berth_cli_restore, berth_cli_audit, berth_cli_connect, berth_cli_disconnect, berth_cli_discover, berth_cli_consent,
	berth_cli_ldevid;

#define BERTH_CLI_VALUES_MAX 256
#define BERTH_CLI_FILE_MAX BERTH_JSON_MAX

struct berth_cli {
	const struct berth_cli_group *group;
	const struct berth_cli_cmd *cmd;
	struct {
		const char *opt;	/* its line of the help */
		const char *value;
	} values[BERTH_CLI_VALUES_MAX];
	size_t n_values;
	const char *args[BERTH_CLI_VALUES_MAX];
	size_t n_args;
};

/* ---- cli_args.c ---- */
/* Options and arguments; may be called more than once.  E_USAGE. */
BERTH_MUST_USE enum berth_err berth_cli_parse(struct berth_cli *c, int n, char **words);
/* Every command also has --socket, --pretty, --json and --help. */
const char *berth_cli_get(const struct berth_cli *c, const char *name);		/* NULL: not given */
const char *berth_cli_nth(const struct berth_cli *c, const char *name, size_t i);	/* NULL: past the end */
bool berth_cli_has(const struct berth_cli *c, const char *name);
const char *berth_cli_arg(const struct berth_cli *c, size_t i);			/* NULL: past the end */
BERTH_MUST_USE enum berth_err berth_cli_need(const struct berth_cli *c, const char *name, const char **out);
/* --now, or the system clock; -1 when that is before the build (no trusted time). */
BERTH_MUST_USE enum berth_err berth_cli_now(const struct berth_cli *c, int64_t *out);

/* ---- cli_key_source.c ---- */
/* What --jwk FILE or --key-uri URI (with --passphrase-file) points at. */
struct berth_cli_key {
	struct berth_pubkey pub;
	struct berth_privkey priv;	/* of a private --jwk, else BERTH_KEY_NONE */
	struct berth_keystore *ks;	/* of --key-uri, else NULL */
	struct berth_key_info info;
};

/* Exactly one of the two.  needs_private: E_KEY for a public JWK; else only the
 * public members of a JWK are read.  The key is to be closed in every case. */
BERTH_MUST_USE enum berth_err
berth_cli_key_open(const struct berth_cli *c, struct berth_cli_key *k, bool needs_private);
void berth_cli_key_close(struct berth_cli_key *k);
BERTH_MUST_USE enum berth_err
berth_cli_store_open(const struct berth_cli *c, const char *uri, bool create, struct berth_keystore **out);
/* The key that the URI names; one without a name means the store's only key. */
BERTH_MUST_USE enum berth_err
berth_cli_store_find(struct berth_keystore *ks, const char *uri, struct berth_key_info *info);

/* ---- cli_help.c ---- */
/* Before all that is below, once.  E_NOMEM. */
BERTH_MUST_USE enum berth_err berth_cli_help_load(void);
/* The line of that option of the command, from its name on: "--pretty  ..." has no value, "--jwk FILE  ..."
 * comes at most once, "--to DID ...  ..." any number of times.  NULL: the command has no such option. */
const char *berth_cli_help_option(const struct berth_cli_group *g, const struct berth_cli_cmd *cmd, const char *name, size_t n);
void berth_cli_help_all(const struct berth_cli_group *const *groups);
void berth_cli_help_group(const struct berth_cli_group *g);
void berth_cli_help_cmd(const struct berth_cli_group *g, const struct berth_cli_cmd *cmd);

/* ---- cli_io.c ---- */
/* A whole file; NULL or "-": stdin.  E_USAGE: cannot be opened; E_SIZE above max. */
BERTH_MUST_USE enum berth_err berth_cli_read(struct berth_buf *out, const char *path, size_t max);
/* The same without white space at the end: one token. */
BERTH_MUST_USE enum berth_err berth_cli_read_token(struct berth_buf *out, const char *path, size_t max);
/* The file of somebody who may be nobody's friend: no link, and nothing that keeps us waiting.  E_STORE. */
BERTH_MUST_USE enum berth_err berth_cli_read_plain(struct berth_buf *out, const char *path, size_t max);
BERTH_MUST_USE enum berth_err berth_cli_read_json(struct berth_json **out, const char *path, size_t max);
/* To stdout: one JSON value and a newline (--pretty: over several lines); takes
 * value over, NULL is E_NOMEM. */
BERTH_MUST_USE enum berth_err berth_cli_print(const struct berth_cli *c, struct berth_json *take);
/* A token or JSON text that is ready, and a newline. */
BERTH_MUST_USE enum berth_err berth_cli_print_text(const char *p, size_t n);
BERTH_MUST_USE enum berth_err berth_cli_write(const void *p, size_t n);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_CLI_CLIENT_H
#define BERTH_AGENT_CLI_CLI_CLIENT_H

#include "agent/cli/cli.h"

/* The daemon's admin socket: one request, one answer, one connection. */
#define BERTH_CLI_ANSWER_MAX ((size_t)4 << 20)

/* GET where body is NULL, else POST; takes body over.  An answer that is an error
 * becomes its code; no daemon, or no answer in time, is E_UNAVAILABLE.  out: owned. */
BERTH_MUST_USE enum berth_err
berth_cli_call(const struct berth_cli *c, const char *path, struct berth_json *take_body, struct berth_json **out);
/* GET of what is no JSON, appended to out. */
BERTH_MUST_USE enum berth_err
berth_cli_call_text(const struct berth_cli *c, const char *path, struct berth_buf *out);
/* The same with the body {member: text}. */
BERTH_MUST_USE enum berth_err
berth_cli_call_with(const struct berth_cli *c, const char *path, const char *member, const char *text,
		    struct berth_json **out);
/* body.member as the option says; nothing where it was not given. */
BERTH_MUST_USE enum berth_err
berth_cli_set_option(const struct berth_cli *c, struct berth_json *body, const char *option, const char *member);
/* The object under that name, or v itself where the answer is the object. */
const struct berth_json *berth_cli_member(const struct berth_json *v, const char *name);
/* prefix, one segment with what needs it percent-encoded, suffix. */
void berth_cli_path(struct berth_buf *out, const char *prefix, const char *segment, const char *suffix);

/* GET whose answer has no end: *fd, not blocking, is to be read and closed by the caller, also after an error. */
BERTH_MUST_USE enum berth_err berth_cli_dial(const struct berth_cli *c, const char *path, int *fd);

/* A whole HTTP/1.1 answer: its status and the body, borrowed from p.  E_UNAVAILABLE
 * when it is none, or cut short. */
BERTH_MUST_USE enum berth_err
berth_cli_http_parse(const char *p, size_t n, int *status, const char **body, size_t *body_len);

/* ---- cli_show.c: for people, unless --json or --pretty ---- */
struct berth_cli_row {
	const char *title;
	const char *member;	/* "health.state": a path of member names */
};
bool berth_cli_json_wanted(const struct berth_cli *c);
/* One line a row, of those that v has. */
BERTH_MUST_USE enum berth_err
berth_cli_show_fields(const struct berth_json *v, const struct berth_cli_row *rows, size_t n);
/* A line for each element, in columns; `none` when there is none. */
BERTH_MUST_USE enum berth_err
berth_cli_show_table(const struct berth_json *list, const struct berth_cli_row *cols, size_t n, const char *none);
/* Text from elsewhere: what a terminal would obey becomes '?'. */
void berth_cli_put_clean(struct berth_buf *out, const char *text);
/* One line. */
BERTH_MUST_USE enum berth_err berth_cli_say(const char *fmt, ...) BERTH_PRINTF(1, 2);
/* stdout, with the sticky status of b; frees it. */
BERTH_MUST_USE enum berth_err berth_cli_flush(struct berth_buf *b);

/* ---- cli_daemon.c ---- */
/* How long a peer's answer is waited for, in seconds: as --wait says, or ten; E_USAGE. */
BERTH_MUST_USE enum berth_err berth_cli_peer_wait(const struct berth_cli *c, int64_t *wait_s);
/* The peer whose answer to that ping has come by then; E_UNAVAILABLE. */
BERTH_MUST_USE enum berth_err
berth_cli_pong(const struct berth_cli *c, const char *thid, int64_t wait_s, struct berth_json **peer);

/* ---- cli_peers.c ---- */
BERTH_MUST_USE enum berth_err berth_cli_invite_oob(struct berth_cli *c);
BERTH_MUST_USE enum berth_err berth_cli_rotate_peer(struct berth_cli *c, const char *peer);

/* ---- cli_let_go.c ---- */
BERTH_MUST_USE enum berth_err berth_cli_transfer(struct berth_cli *c);
BERTH_MUST_USE enum berth_err berth_cli_retire(struct berth_cli *c);

/* ---- cli_import.c ---- */
BERTH_MUST_USE enum berth_err berth_cli_import(struct berth_cli *c);
/* On a terminal, where there is more than one to wait for. */
void berth_cli_progress(size_t done, size_t all);

/* ---- cli_restored.c ---- */
BERTH_MUST_USE enum berth_err berth_cli_restored_show(struct berth_cli *c);
BERTH_MUST_USE enum berth_err berth_cli_restored_end(struct berth_cli *c);

/* ---- cli_birth.c, cli_label.c ---- */
BERTH_MUST_USE enum berth_err berth_cli_birth(struct berth_cli *c);
/* *out, when the option is there: E_USAGE when it is no number from least to most. */
BERTH_MUST_USE enum berth_err
berth_cli_number(const struct berth_cli *c, const char *option, int64_t least, int64_t most, int64_t *out);
BERTH_MUST_USE enum berth_err berth_cli_label(struct berth_cli *c);

/* ---- cli_batch.c: the file of a factory for one buyer ---- */
#define BERTH_CLI_BATCH_MAX ((size_t)64 << 20)
#define BERTH_CLI_BATCH_COUNT_MAX 1000
bool berth_cli_is_batch(const struct berth_json *file);
/* Who signed it, that its chains are the ones that were signed, and that the first entry of
 * each is by the same.  The daemon verifies the chains.  E_SIG: others; E_REPLAY: one of
 * them twice; E_VC: no batch; E_AUTHZ: a chain of another factory;
 * E_SIZE: more than there may be. */
BERTH_MUST_USE enum berth_err berth_cli_batch_check(const struct berth_json *file);

/* ---- cli_qr.c ---- */
#define BERTH_CLI_QR_MAX 2331	/* bytes: version 40, error correction M */
BERTH_MUST_USE enum berth_err berth_cli_qr(const void *p, size_t n);
/* One <path> of SVG, appended, a module a unit; *side: how many, with the margin. */
BERTH_MUST_USE enum berth_err berth_cli_qr_svg(struct berth_buf *out, const void *p, size_t n, int *side);

/* ---- cli_files.c ---- */
/* A file that was not there before, or is replaced as a whole; mode 0600. */
BERTH_MUST_USE enum berth_err berth_cli_save_bytes(const char *path, const struct berth_buf *b);
BERTH_MUST_USE enum berth_err berth_cli_save(const char *path, const struct berth_json *v);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log: shown, signed, taken out as a file, and checked, there and here. */
#include "agent/cli/cli_client.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/audit_chain.h"
#include "did/base/clock.h"

#define EXPORT_MAX ((size_t)64 << 20)

/* ---- rows ---- */

typedef enum berth_err (*row_fn)(struct berth_buf *out, const struct berth_json *row);

/* One answer's rows behind *after, up to `last`; *more: there may be others. */
static enum berth_err page(const struct berth_cli *c, int64_t *after, int64_t last, row_fn fn, struct berth_buf *out, bool *more)
{
	struct berth_buf path = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	enum berth_err rc;

	berth_buf_printf(&path, "/v1/audit?after=%" PRId64, *after);
	if (!(rc = berth_buf_status(&path)))
		rc = berth_cli_call(c, berth_buf_cstr(&path), NULL, &v);
	*more = berth_json_len(v) > 0;
	berth_json_each(row, v) {
		if (rc || (rc = berth_json_req_int(row, "seq", 1, INT64_MAX, after)))
			break;
		if (*after > last) {
			*more = false;
			break;
		}
		rc = fn(out, row);
	}
	berth_json_free(v);
	berth_buf_free(&path);
	return rc;
}

static enum berth_err pages(const struct berth_cli *c, int64_t after, int64_t last, row_fn fn, struct berth_buf *out)
{
	bool more = true;
	enum berth_err rc = BERTH_OK;

	while (!rc && more && after < last)
		rc = page(c, &after, last, fn, out, &more);
	return rc;
}

static enum berth_err row_text(struct berth_buf *out, const struct berth_json *v)
{
	const char *event = berth_json_str(berth_json_get(v, "event")), *detail = berth_json_str(berth_json_get(v, "detail"));
	char when[BERTH_RFC3339_LEN + 1] = "-";
	int64_t seq, at = -1;
	enum berth_err rc;

	if ((rc = berth_json_req_int(v, "seq", 0, INT64_MAX, &seq)) ||
	    (rc = berth_json_opt_int(v, "time", INT64_MIN, INT64_MAX, &at)))
		return rc;
	if (at >= 0)
		berth_rfc3339_format(when, at);
	berth_buf_printf(out, "%5" PRId64 "  %-20s  ", seq, when);
	berth_cli_put_clean(out, event ? event : "");
	berth_buf_str(out, "  ");
	berth_cli_put_clean(out, detail ? detail : "");
	berth_buf_u8(out, '\n');
	return BERTH_OK;
}

static enum berth_err row_json(struct berth_buf *out, const struct berth_json *v)
{
	berth_buf_str(out, out->len ? "," : "[");
	return berth_json_print(out, v);
}

static enum berth_err show(struct berth_cli *c)
{
	bool json = berth_cli_json_wanted(c);
	struct berth_buf out = BERTH_BUF_INIT;
	enum berth_err rc = pages(c, 0, INT64_MAX, json ? row_json : row_text, &out);

	if (json)
		berth_buf_str(&out, out.len ? "]\n" : "[]\n");
	if (!rc)
		return berth_cli_flush(&out);
	berth_buf_free(&out);
	return rc;
}

/* ---- a signature, an export ---- */

static enum berth_err sign(struct berth_cli *c)
{
	struct berth_json *v;
	const char *jws;
	enum berth_err rc = berth_cli_call(c, "/v1/audit/sign", berth_json_new_object(), &v);

	if (rc)
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	if (!(rc = berth_json_req_str(v, "signed", BERTH_AUDIT_JWS_MAX, &jws)))
		rc = berth_cli_print_text(jws, strlen(jws));
	berth_json_free(v);
	return rc;
}

static enum berth_err line(struct berth_buf *out, struct berth_json *take, enum berth_err rc)
{
	if (!rc)
		rc = berth_json_print(out, take);
	berth_buf_u8(out, '\n');
	berth_json_free(take);
	return rc;
}

static enum berth_err export_row(struct berth_buf *out, const struct berth_json *v)
{
	struct berth_json *o = berth_json_clone(v);

	berth_json_remove(o, "hash");	/* whoever checks makes it himself */
	return line(out, o, o ? BERTH_OK : berth_no_memory());
}

static enum berth_err copy_str(struct berth_json *to, const char *as, const struct berth_json *from, const char *name)
{
	const char *s;
	enum berth_err rc = berth_json_req_str(from, name, BERTH_AUDIT_JWS_MAX, &s);

	return rc ? rc : berth_json_set_str(to, as, s);
}

/* signed_: the daemon's answer, made before any row is asked for: they end there. */
static enum berth_err export_text(const struct berth_cli *c, const struct berth_json *signed_, struct berth_buf *out)
{
	struct berth_json *first = berth_json_new_object(), *last = berth_json_new_object();
	int64_t base = 0, end = 0;
	enum berth_err rc;

	if (!(rc = berth_json_req_int(signed_, "baseSeq", 0, INT64_MAX, &base)) &&
	    !(rc = berth_json_req_int(signed_, "seq", 0, INT64_MAX, &end)) && !(rc = berth_json_set_int(first, "audit", 1)) &&
	    !(rc = copy_str(first, "did", signed_, "did")) && !(rc = berth_json_set_int(first, "seq", base)))
		rc = copy_str(first, "hash", signed_, "baseHash");
	if (!(rc = line(out, first, rc)))
		rc = pages(c, base, end, export_row, out);
	return line(out, last, rc ? rc : copy_str(last, "signed", signed_, "signed"));
}

static enum berth_err export(struct berth_cli *c)
{
	const char *path = berth_cli_arg(c, 0);
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_json *v;
	enum berth_err rc = berth_cli_call(c, "/v1/audit/sign", berth_json_new_object(), &v);

	if (!rc && !(rc = export_text(c, v, &out)) && !(rc = berth_buf_status(&out)))
		rc = path && strcmp(path, "-") ? berth_cli_save_bytes(path, &out) : berth_cli_write(out.p, out.len);
	berth_json_free(v);
	berth_buf_free(&out);
	return rc;
}

/* ---- whether it holds ---- */

static enum berth_err say(int64_t rows, const char *did, int64_t seq)
{
	enum berth_err rc = berth_cli_say("the chain of %" PRId64 " rows holds", rows);

	if (rc || !did)
		return rc;
	return seq ? berth_cli_say("up to row %" PRId64 " it is signed by %s", seq, did)
		   : berth_cli_say("nothing of it is signed yet");
}

static enum berth_err verify_there(struct berth_cli *c)
{
	struct berth_json *v;
	int64_t rows, seq = 0;
	enum berth_err rc = berth_cli_call(c, "/v1/audit/verify", NULL, &v);

	if (rc)
		return rc;
	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, v);
	if (!(rc = berth_json_req_int(v, "rows", 0, INT64_MAX, &rows)) &&
	    (!berth_json_is(berth_json_get(v, "signed"), BERTH_JSON_OBJECT) ||
	     !(rc = berth_json_req_int(berth_json_get(v, "signed"), "seq", 0, INT64_MAX, &seq))))
		rc = say(rows, berth_json_str(berth_json_get(v, "did")), seq);
	berth_json_free(v);
	return rc;
}

static enum berth_err report(struct berth_cli *c, const struct berth_audit_chain *chain)
{
	struct berth_json *o;
	enum berth_err rc;

	if (!berth_cli_json_wanted(c))
		return say(chain->rows, chain->did, chain->head.seq);
	o = berth_json_new_object();
	if ((rc = berth_json_set_bool(o, "verified", true)) || (rc = berth_json_set_int(o, "rows", chain->rows)) ||
	    (rc = berth_json_set_str(o, "did", chain->did)) || (rc = berth_json_set_int(o, "seq", chain->head.seq)) ||
	    (rc = berth_json_set_int(o, "generation", chain->head.generation)) ||
	    (chain->head.time_s >= 0 && (rc = berth_json_set_int(o, "time", chain->head.time_s)))) {
		berth_json_free(o);
		return rc;
	}
	return berth_cli_print(c, o);
}

/* --head FILE: what was signed once, and has to be a part of this. */
static enum berth_err read_head(const char *path, const char *want, struct berth_audit_head *h)
{
	struct berth_buf jws = BERTH_BUF_INIT;
	char *did = want ? strdup(want) : NULL;
	enum berth_err rc = want && !did ? berth_no_memory() : BERTH_OK;

	if (!rc && !(rc = berth_cli_read_token(&jws, path, BERTH_AUDIT_JWS_MAX)))
		rc = berth_audit_head_open(h, &did, berth_buf_cstr(&jws), jws.len);
	free(did);
	berth_buf_free(&jws);
	return rc;
}

/* --device ID: what its owner holds of its log.  *did: its signer, that the file must have, too. */
static enum berth_err held_head(const struct berth_cli *c, char **did, struct berth_audit_head *h)
{
	struct berth_buf path = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	const struct berth_json *audit;
	const char *jws, *signer;
	enum berth_err rc;

	berth_cli_path(&path, "/v1/devices/", berth_cli_get(c, "--device"), "");
	if ((rc = berth_buf_status(&path)) || (rc = berth_cli_call(c, berth_buf_cstr(&path), NULL, &v)))
		goto out;
	if (!(audit = berth_json_get(v, "audit")))
		rc = berth_fail(BERTH_E_NOMATCH, "nothing is held of that device's log yet");
	else if (!(rc = berth_json_req_str(audit, "did", BERTH_AUDIT_JWS_MAX, &signer)) &&
		 !(rc = berth_json_req_str(audit, "signed", BERTH_AUDIT_JWS_MAX, &jws)) &&
		 !(rc = (*did = strdup(signer)) ? BERTH_OK : berth_no_memory()))
		rc = berth_audit_head_open(h, did, jws, strlen(jws));
out:
	berth_json_free(v);
	berth_buf_free(&path);
	return rc;
}

static enum berth_err verify_held(struct berth_cli *c)
{
	struct berth_audit_chain chain = { 0 };
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_audit_head through;
	char *did = NULL;
	enum berth_err rc;

	if (!berth_cli_arg(c, 0) || berth_cli_has(c, "--did") || berth_cli_has(c, "--head"))
		return berth_fail(BERTH_E_USAGE, "audit verify: --device is for a file, and says both --did and --head");
	if (!(rc = held_head(c, &did, &through)) && !(rc = berth_cli_read(&text, berth_cli_arg(c, 0), EXPORT_MAX)) &&
	    !(rc = berth_audit_export_check(&chain, berth_buf_cstr(&text), text.len, did, &through)))
		rc = report(c, &chain);
	berth_audit_chain_free(&chain);
	berth_buf_free(&text);
	free(did);
	return rc;
}

static enum berth_err verify(struct berth_cli *c)
{
	const char *path = berth_cli_arg(c, 0), *head = berth_cli_get(c, "--head"), *did = berth_cli_get(c, "--did");
	struct berth_audit_chain chain = { 0 };
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_audit_head through;
	enum berth_err rc;

	if (berth_cli_has(c, "--device"))
		return verify_held(c);
	if (!path)
		return head || did ? berth_fail(BERTH_E_USAGE, "audit verify: --did and --head are for a file") : verify_there(c);
	if (!(rc = head ? read_head(head, did, &through) : BERTH_OK) && !(rc = berth_cli_read(&text, path, EXPORT_MAX)) &&
	    !(rc = berth_audit_export_check(&chain, berth_buf_cstr(&text), text.len, did, head ? &through : NULL)))
		rc = report(c, &chain);
	berth_audit_chain_free(&chain);
	berth_buf_free(&text);
	return rc;
}

static const struct berth_cli_cmd cmds[] = {
	{ "", 0, 0, show },
	{ "verify", 0, 1, verify },
	{ "sign", 0, 0, sign },
	{ "export", 0, 1, export },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_audit = { "audit", cmds };

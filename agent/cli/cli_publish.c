/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli_publish.h"

#include <string.h>

#include "agent/cli/cli_client.h"
#include "agent/cli/cli_resolver.h"
#include "berth/registry.h"
#include "did/codec/base64url.h"
#include "did/codec/did_text.h"

#define PARTS_MAX 8
#define PART_MAX ((size_t)5 << 20)
#define ANSWER_MAX ((uint32_t)5 << 20)
#define HTTPS "https://"

struct word { const char *name; uint8_t value; };
static const struct word ops[] = {
	{ "create", BERTH_REGISTRY_CREATE }, { "update", BERTH_REGISTRY_UPDATE }, { "deactivate", BERTH_REGISTRY_DEACTIVATE },
	{ NULL, 0 },
};
static const struct word phases[] = {
	{ "propose", BERTH_REGISTRY_PROPOSE }, { "submit", BERTH_REGISTRY_SUBMIT }, { "check", BERTH_REGISTRY_CHECK }, { NULL, 0 },
};

static enum berth_err read_word(const struct word *words, const char *what, const char *text, uint8_t *out)
{
	for (; words->name; words++)
		if (!strcmp(words->name, text)) {
			*out = words->value;
			return BERTH_OK;
		}
	return berth_fail(BERTH_E_USAGE, "%s: %.60s is none", what, text);
}

/* ---- what goes to the adapter ---- */

struct parts {
	struct berth_registry_piece pieces[PARTS_MAX];
	struct berth_buf name[PARTS_MAX], content[PARTS_MAX];
	size_t n;
};

static void free_parts(struct parts *p)
{
	for (size_t i = 0; i < PARTS_MAX; i++) {
		berth_buf_free(&p->name[i]);
		berth_buf_free(&p->content[i]);
	}
}

/* NAME=FILE */
static enum berth_err read_part(struct parts *p, const char *value)
{
	const char *file = strchr(value, '=');
	size_t i = p->n++;
	enum berth_err rc;

	if (!file)
		return berth_fail(BERTH_E_USAGE, "--part: NAME=FILE");
	berth_buf_put(&p->name[i], value, (size_t)(file - value));
	if ((rc = berth_buf_status(&p->name[i])) || (rc = berth_cli_read(&p->content[i], file + 1, PART_MAX)))
		return rc;
	p->pieces[i] = (struct berth_registry_piece){ berth_buf_cstr(&p->name[i]), p->content[i].p, p->content[i].len };
	return BERTH_OK;
}

static enum berth_err read_parts(const struct berth_cli *c, struct parts *p)
{
	const char *value;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && (value = berth_cli_nth(c, "--part", i)); i++)
		rc = i == PARTS_MAX ? berth_fail(BERTH_E_SIZE, "--part: more than %d", PARTS_MAX) : read_part(p, value);
	return rc;
}

/* ---- what comes back ---- */

/* As JSON where it is, else as base64url. */
static enum berth_err set_piece(struct berth_json *o, const struct berth_registry_piece *p)
{
	struct berth_json *v;

	if (berth_json_parse(&v, (const char *)p->p, p->n, PART_MAX) == BERTH_OK)
		return berth_json_set(o, p->name, v);
	return berth_json_set_b64url(o, p->name, p->p, p->n);
}

struct answer {
	enum berth_err rc;
	struct berth_json *parts;	/* owned */
	struct berth_buf resource;
};

static void on_published(void *arg, enum berth_err rc, const struct berth_registry_evidence *e)
{
	struct answer *a = arg;

	a->parts = rc ? NULL : berth_json_new_object();
	for (size_t i = 0; !rc && i < e->n; i++)
		rc = set_piece(a->parts, &e->pieces[i]);
	a->rc = rc;
}

static void on_fetched(void *arg, enum berth_err rc, const struct berth_registry_evidence *e)
{
	const struct berth_registry_piece *p = rc ? NULL : berth_registry_piece(e, "resource");
	struct answer *a = arg;

	if (!rc && !p)
		rc = berth_fail(BERTH_E_RESOLVE, "the registry's answer has no resource");
	if (!rc) {
		berth_buf_put(&a->resource, p->p, p->n);
		rc = berth_buf_status(&a->resource);
	}
	a->rc = rc;
}

static enum berth_err call(const struct berth_cli *c, const struct berth_resolve_call *q, berth_resolve_done *done, struct answer *a)
{
	struct berth_cli_resolver r = { .has_dir = false };
	const char *config;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--config", &config)) || (rc = berth_cli_resolver_open(&r, c)))
		return rc;
	if (!(rc = berth_resolveclient_call_wait(r.adapters, q, done, a)))
		rc = a->rc;
	berth_cli_resolver_close(&r);
	return rc;
}

enum berth_err berth_cli_publish(struct berth_cli *c)
{
	struct parts parts = { .n = 0 };
	struct answer a = { .rc = BERTH_OK };
	struct berth_resolve_call q = { .did = berth_cli_arg(c, 1), .max_bytes = ANSWER_MAX };
	const char *phase = berth_cli_get(c, "--phase");
	enum berth_err rc;

	if (!berth_is_did(q.did))
		return berth_fail(BERTH_E_USAGE, "%.100s is no DID", q.did);
	if ((rc = read_word(ops, "did publish", berth_cli_arg(c, 0), &q.op)) ||
	    (rc = read_word(phases, "--phase", phase ? phase : "submit", &q.phase)) || (rc = read_parts(c, &parts)))
		goto out;
	q.pieces = parts.pieces;
	q.n_pieces = parts.n;
	rc = call(c, &q, on_published, &a);
out:
	free_parts(&parts);
	if (!rc)
		return berth_cli_print(c, a.parts);
	berth_json_free(a.parts);
	return rc;
}

enum berth_err berth_cli_fetch(struct berth_cli *c)
{
	const char *what = berth_cli_arg(c, 0), *out = berth_cli_get(c, "--out");
	struct berth_resolve_call q = { .op = BERTH_REGISTRY_FETCH, .resource = what, .max_bytes = ANSWER_MAX };
	struct berth_buf did = BERTH_BUF_INIT;
	struct answer a = { .rc = BERTH_OK };
	size_t n = berth_is_did_url(what) ? berth_did_len(what) : 0;
	enum berth_err rc;

	if (n > 0 && what[n] == '/') {
		berth_buf_put(&did, what, n);
		q.did = berth_buf_cstr(&did);
		q.resource = what + n;
	} else if (strncmp(what, HTTPS, strlen(HTTPS)) != 0) {
		return berth_fail(BERTH_E_USAGE, "%.100s is neither DID/path nor an https URL", what);
	}
	if (!(rc = berth_buf_status(&did)) && !(rc = call(c, &q, on_fetched, &a)))
		rc = out ? berth_cli_save_bytes(out, &a.resource) : berth_cli_write(a.resource.p, a.resource.len);
	berth_buf_free(&did);
	berth_buf_free(&a.resource);
	return rc;
}

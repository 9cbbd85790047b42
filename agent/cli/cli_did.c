/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"

#include <string.h>

#include "agent/cli/cli_bundle.h"
#include "agent/cli/cli_ethr.h"
#include "agent/cli/cli_publish.h"
#include "agent/cli/cli_resolver.h"
#include "agent/cli/cli_webvh.h"
#include "did/dereference.h"
#include "did/jose/jwk.h"
#include "did/method_key.h"
#include "did/method_peer.h"

#define JWK_MAX ((size_t)16 << 10)
#define PEER_SERVICES_MAX 16
#define SERVICE_MAX ((size_t)16 << 10)

/* {"did", "didDocument"} */
static enum berth_err print_document(struct berth_cli *c, const struct berth_did_doc *doc)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "did", doc->id)) ||
	    (rc = berth_json_set(o, "didDocument", berth_json_clone(berth_did_doc_json(doc))))) {
		berth_json_free(o);
		return rc;
	}
	return berth_cli_print(c, o);
}

/* A DID that was just made and says its document itself. */
static enum berth_err print_created(struct berth_cli *c, const char *did)
{
	struct berth_did_doc *doc = NULL;
	struct berth_resolver r;
	enum berth_err rc;

	berth_resolver_builtin_init(&r, NULL);
	if ((rc = berth_resolve(&r, did, &doc)) == BERTH_OK)
		rc = print_document(c, doc);
	berth_did_doc_free(doc);
	return rc;
}

/* The did:peer:3 of a did:peer:2; alsoKnownAs of its document is the latter, without
 * which nobody can resolve it. */
static enum berth_err print_numalgo3(struct berth_cli *c, const char *did2)
{
	struct berth_did_doc *doc = NULL;
	enum berth_err rc;

	if ((rc = berth_did_peer_resolve_short(&doc, did2)) == BERTH_OK)
		rc = print_document(c, doc);
	berth_did_doc_free(doc);
	return rc;
}

typedef enum berth_err create_fn(struct berth_buf *did, const struct berth_pubkey *key);

static enum berth_err create_of_key(struct berth_cli *c, create_fn *create)
{
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_cli_key k;
	enum berth_err rc;

	if (!(rc = berth_cli_key_open(c, &k, false)) && !(rc = create(&did, &k.pub)))
		rc = print_created(c, berth_buf_cstr(&did));
	berth_cli_key_close(&k);
	berth_buf_free(&did);
	return rc;
}

static enum berth_err read_keys(const struct berth_cli *c, const char *option, struct berth_pubkey *keys, size_t *n)
{
	struct berth_json *jwk;
	const char *path;
	enum berth_err rc;

	for (*n = 0; (path = berth_cli_nth(c, option, *n)); (*n)++) {
		if (*n == BERTH_PEER_KEYS_MAX)
			return berth_fail(BERTH_E_SIZE, "%s: more than %d keys", option, BERTH_PEER_KEYS_MAX);
		rc = berth_cli_read_json(&jwk, path, JWK_MAX);
		if (!rc)
			rc = berth_jwk_parse(&keys[*n], jwk);
		berth_json_free(jwk);
		if (rc)
			return rc;
	}
	return BERTH_OK;
}

static enum berth_err read_services(const struct berth_cli *c, struct berth_json *services)
{
	struct berth_json *service;
	const char *text;
	enum berth_err rc;

	for (size_t i = 0; (text = berth_cli_nth(c, "--service", i)); i++) {
		if (i == PEER_SERVICES_MAX)
			return berth_fail(BERTH_E_SIZE, "--service: more than %d", PEER_SERVICES_MAX);
		if ((rc = berth_json_parse_object(&service, text, strlen(text), SERVICE_MAX)) ||
		    (rc = berth_json_push(services, service)))
			return rc;
	}
	return BERTH_OK;
}

static enum berth_err peer_spec(const struct berth_cli *c, int *numalgo, struct berth_peer_spec *spec,
				struct berth_json *services)
{
	const char *text;
	enum berth_err rc;

	memset(spec, 0, sizeof(*spec));
	*numalgo = 0;
	if ((rc = berth_cli_need(c, "--numalgo", &text)))
		return rc;
	if (strlen(text) != 1 || !strchr("0234", *text))
		return berth_fail(BERTH_E_USAGE, "--numalgo: %s is none of 0, 2, 3, 4", text);
	*numalgo = *text - '0';
	if ((rc = read_keys(c, "--verification", spec->verification, &spec->n_verification)) ||
	    (rc = read_keys(c, "--agreement", spec->agreement, &spec->n_agreement)) || (rc = read_services(c, services)))
		return rc;
	if (!spec->n_verification && !spec->n_agreement)
		return berth_fail(BERTH_E_USAGE, "--verification or --agreement is needed");
	if (*numalgo == 0 && (spec->n_verification != 1 || spec->n_agreement || berth_json_first(services)))
		return berth_fail(BERTH_E_USAGE, "--numalgo 0 takes one --verification and nothing else");
	spec->services = berth_json_first(services) ? services : NULL;
	return BERTH_OK;
}

static enum berth_err create_peer(struct berth_cli *c)
{
	struct berth_json *services = berth_json_new_array();
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_peer_spec spec;
	enum berth_err rc;
	int numalgo;

	if (!(rc = peer_spec(c, &numalgo, &spec, services)) &&
	    !(rc = berth_did_peer_create(&did, numalgo == 3 ? 2 : numalgo, &spec)))
		rc = numalgo == 3 ? print_numalgo3(c, berth_buf_cstr(&did)) : print_created(c, berth_buf_cstr(&did));
	berth_buf_free(&did);
	berth_json_free(services);
	return rc;
}

/* An option that is of other methods than that.  The bits: 1 peer, 2 webvh. */
static enum berth_err check_options(const struct berth_cli *c, const char *method)
{
	static const struct { const char *option; unsigned of; } some[] = {
		{ "--numalgo", 1 }, { "--verification", 3 }, { "--agreement", 3 }, { "--service", 3 },
		{ "--domain", 2 }, { "--next-key", 2 }, { "--portable", 2 }, { "--witness", 2 }, { "--threshold", 2 },
		{ "--watcher", 2 }, { "--ttl", 2 }, { "--document", 2 }, { "--did-web", 2 }, { "--out", 2 }, { "--now", 2 },
	};
	unsigned is = !strcmp(method, "peer") ? 1 : !strcmp(method, "webvh") ? 2 : 0;

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		if (berth_cli_has(c, some[i].option) && !(some[i].of & is))
			return berth_fail(BERTH_E_USAGE, "%s is for did create %s", some[i].option,
					  some[i].of & 1 ? "peer" : "webvh");
	return BERTH_OK;
}

static enum berth_err create(struct berth_cli *c)
{
	const char *method = berth_cli_arg(c, 0);
	enum berth_err rc = check_options(c, method);

	if (rc)
		return rc;
	if (!strcmp(method, "webvh"))
		return berth_cli_webvh_create(c);
	if (!strcmp(method, "peer")) {
		if (berth_cli_has(c, "--jwk") || berth_cli_has(c, "--key-uri"))
			return berth_fail(BERTH_E_USAGE, "did create peer takes --verification and --agreement");
		return create_peer(c);
	}
	if (!strcmp(method, "key"))
		return create_of_key(c, berth_did_key_create);
	if (!strcmp(method, "jwk"))
		return create_of_key(c, berth_did_jwk_create);
	return berth_fail(BERTH_E_USAGE, "did create: %s is none of key, jwk, peer, webvh", method);
}

/* A result is printed in every case; what went wrong decides the exit status. */
struct outcome {
	enum berth_err rc;
	char detail[256];
};

static struct outcome outcome(enum berth_err rc)
{
	struct outcome o = { .rc = rc };

	strncpy(o.detail, berth_err_detail(), sizeof(o.detail) - 1);
	return o;
}

/* Takes result over. */
static enum berth_err print_outcome(struct berth_cli *c, const struct outcome *o, struct berth_json *result)
{
	enum berth_err rc = berth_cli_print(c, result);

	if (rc)
		return rc;
	return o->rc ? berth_fail(o->rc, "%s", o->detail) : BERTH_OK;
}

static enum berth_err resolve(struct berth_cli *c)
{
	struct berth_cli_resolver r = { .has_dir = false };
	struct berth_did_doc *doc = NULL;
	struct outcome o;
	enum berth_err rc;

	if ((rc = berth_cli_resolver_open(&r, c)))
		return rc;
	o = outcome(berth_resolve(&r.top, berth_cli_arg(c, 0), &doc));
	rc = print_outcome(c, &o, berth_cli_resolver_result(&r, o.rc, berth_cli_arg(c, 0), doc));
	berth_did_doc_free(doc);
	berth_cli_resolver_close(&r);
	return rc;
}

static enum berth_err dereference(struct berth_cli *c)
{
	struct berth_cli_resolver r = { .has_dir = false };
	struct berth_dereferenced d;
	struct outcome o;
	enum berth_err rc;

	if ((rc = berth_cli_resolver_open(&r, c)))
		return rc;
	o = outcome(berth_dereference(&d, &r.top, berth_cli_arg(c, 0), berth_cli_get(c, "--accept")));
	rc = print_outcome(c, &o, berth_dereferencing_result(&d));
	berth_dereferenced_free(&d);
	berth_cli_resolver_close(&r);
	return rc;
}

static const struct berth_cli_cmd cmds[] = {
	{ "create", 1, 1, create },
	{ "update", 1, 1, berth_cli_webvh_update },
	{ "rotate", 1, 1, berth_cli_webvh_rotate },
	{ "migrate", 1, 1, berth_cli_webvh_migrate },
	{ "deactivate", 1, 1, berth_cli_webvh_deactivate },
	{ "witness", 0, 0, berth_cli_webvh_witness },
	{ "verify-log", 1, 1, berth_cli_webvh_verify },
	{ "resolve", 1, 1, resolve },
	{ "dereference", 1, 1, dereference },
	{ "publish", 2, 2, berth_cli_publish },
	{ "fetch", 1, 1, berth_cli_fetch },
	{ "export-bundle", 0, BERTH_CLI_VALUES_MAX, berth_cli_export_bundle },
	{ "import-bundle", 1, 1, berth_cli_import_bundle },
	{ "ethr", 1, 4, berth_cli_did_ethr },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_did = { "did", cmds };

/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli_resolver.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/cli/cli_client.h"

/* A command says one line on stderr; what resolverd logs is for a daemon's log. */
static enum berth_err start_quietly(struct berth_resolveclient *adapters)
{
	int keep = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	enum berth_err rc = BERTH_E_UNAVAILABLE;

	if (keep >= 0 && null >= 0 && dup2(null, STDERR_FILENO) >= 0)
		rc = berth_resolveclient_start(adapters);
	if (keep >= 0) {
		dup2(keep, STDERR_FILENO);
		close(keep);
	}
	if (null >= 0)
		close(null);
	return rc == BERTH_E_UNAVAILABLE ? berth_fail(rc, "berth-resolverd cannot be started") : rc;
}

/* --offline alone: what was kept, a daemon has. */
static enum berth_err refuse(struct berth_resolver *base, const char *did, struct berth_did_doc **out)
{
	(void)base;
	*out = NULL;
	return berth_fail(BERTH_E_DID, "%.80s: --offline needs --config or --socket, of the daemon that keeps such documents", did);
}

static enum berth_err open_adapters(struct berth_cli_resolver *r, const char *path)
{
	enum berth_err rc;

	if ((rc = berth_config_load(&r->config, path)) || (rc = berth_resolveclient_new(&r->adapters, NULL, NULL)) ||
	    (rc = berth_resolveclient_add_configured(r->adapters, r->config)))
		return rc;
	return start_quietly(r->adapters);
}

static enum berth_err unreachable(void)
{
	char why[200];

	snprintf(why, sizeof(why), "%s", berth_err_detail());
	return berth_fail(BERTH_E_RESOLVE, "what is kept is not at hand: %s", why);
}

static struct berth_cli_resolver *of_kept(struct berth_resolver *base)
{
	return (struct berth_cli_resolver *)(void *)((char *)base - offsetof(struct berth_cli_resolver, kept));
}

/* The daemon's word for it.  Where it has none no registry was asked, and nothing was found
 * out about the DID. */
static const char *error(struct berth_resolver *base, const char *did)
{
	const struct berth_cli_resolver *r = of_kept(base);
	const char *word = berth_json_str(berth_json_get(berth_json_get(r->kept_result, "didResolutionMetadata"), "error"));

	(void)did;
	if (!r->kept_asked)
		return NULL;
	return word ? word : "internalError";
}

/* That of --config, unless --socket says which. */
static enum berth_err choose_daemon(struct berth_cli_resolver *r, const char *config)
{
	char path[256];
	enum berth_err rc;

	if (!config || berth_cli_has(r->cli, "--socket"))
		return BERTH_OK;
	if ((rc = berth_config_load(&r->config, config)))
		return rc;
	snprintf(path, sizeof(path), "%s/admin.sock", berth_config_str(r->config, "agent", NULL, "run-dir"));
	return setenv("BERTH_SOCKET", path, 1) ? berth_no_memory() : BERTH_OK;
}

/* The daemon has judged the document, and says in its result how old it is. */
static enum berth_err ask_daemon(struct berth_resolver *base, const char *did, struct berth_did_doc **out)
{
	struct berth_cli_resolver *r = of_kept(base);
	const struct berth_json *doc;
	struct berth_json *copy;
	enum berth_err rc;

	*out = NULL;
	berth_json_free(r->kept_result);
	r->kept_result = NULL;
	r->kept_asked = true;
	if ((rc = berth_cli_call_with(r->cli, "/v1/resolve", "did", did, &r->kept_result)))
		return rc == BERTH_E_UNAVAILABLE ? unreachable() : rc;
	doc = berth_json_get(r->kept_result, "didDocument");
	if (!berth_json_is(doc, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_RESOLVE, "the daemon keeps nothing of %.80s", did);
	copy = berth_json_clone(doc);
	return copy ? berth_did_doc_from_signed(out, copy, NULL) : berth_no_memory();
}

enum berth_err berth_cli_resolver_open(struct berth_cli_resolver *r, const struct berth_cli *c)
{
	const char *dir = berth_cli_get(c, "--did-docs"), *config = berth_cli_get(c, "--config");
	struct berth_resolver *next = NULL;
	enum berth_err rc;

	*r = (struct berth_cli_resolver){ .has_dir = false };
	if (berth_cli_has(c, "--offline")) {
		r->cli = c;
		r->kept = (struct berth_resolver){ .resolve = ask_daemon, .error = error };
		if ((rc = choose_daemon(r, config)))
			goto out;
		if (!config && !berth_cli_has(c, "--socket"))
			r->kept.resolve = refuse;
		next = &r->kept;
	} else if (config) {
		if ((rc = open_adapters(r, config)))
			goto out;
		next = berth_resolveclient_resolver(r->adapters);
	}
	if (dir) {
		if ((rc = berth_resolver_dir_open(&r->dir, dir, next)))
			goto out;
		r->has_dir = true;
		next = &r->dir.base;
	}
	berth_resolver_builtin_init(&r->top, next);
	return BERTH_OK;
out:
	berth_cli_resolver_close(r);
	return rc;
}

struct berth_json *
berth_cli_resolver_result(struct berth_cli_resolver *r, enum berth_err rc, const char *did, const struct berth_did_doc *doc)
{
	if (r->kept_result)
		return berth_json_clone(r->kept_result);
	return r->adapters ? berth_resolveclient_result(r->adapters, rc, &r->top, did, doc)
			   : berth_resolution_result(rc, &r->top, did, doc);
}

void berth_cli_resolver_close(struct berth_cli_resolver *r)
{
	if (r->has_dir)
		berth_resolver_dir_close(&r->dir);
	berth_resolveclient_free(r->adapters);
	berth_config_free(r->config);
	berth_json_free(r->kept_result);
	*r = (struct berth_cli_resolver){ .has_dir = false };
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says of registries: [adapter], [egress], and whose DIDs matter. */
#include <stdlib.h>

#include "agent/core/resolve_internal.h"
#include "agent/ipc/http_policy.h"

static enum berth_err add_methods(struct berth_resolveclient *c, const struct berth_config *cfg, const char *name)
{
	enum berth_err rc = BERTH_OK;
	const char *method;

	for (size_t i = 0; !rc && (method = berth_config_item(cfg, "adapter", name, "methods", i)); i++)
		rc = berth_resolveclient_only_method(c, method);
	return rc;
}

static enum berth_err add_adapters(struct berth_resolveclient *c, const struct berth_config *cfg)
{
	struct berth_buf json = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_OK;
	const char *name;

	for (size_t i = 0; !rc && (name = berth_config_section(cfg, "adapter", i)); i++) {
		berth_buf_reset(&json);
		if (!(rc = berth_config_adapter_json(cfg, name, &json)))
			rc = berth_resolveclient_add(c, name, berth_config_str(cfg, "adapter", name, "path"),
						     berth_buf_cstr(&json));
		if (!rc)
			rc = add_methods(c, cfg, name);
		if (!rc && berth_config_bool(cfg, "adapter", name, "authoritative"))
			berth_resolveclient_is_authoritative(c);
	}
	berth_buf_free(&json);
	return rc;
}

static enum berth_err add_critical(struct berth_resolveclient *c, const struct berth_config *cfg, const char *kind,
				   const char *name, const char *key)
{
	enum berth_err rc = BERTH_OK;
	const char *did;

	for (size_t i = 0; !rc && (did = berth_config_item(cfg, kind, name, key, i)); i++)
		rc = berth_resolveclient_add_critical(c, did);
	return rc;
}

static enum berth_err add_one(struct berth_resolveclient *c, const struct berth_config *cfg, const char *kind, const char *name)
{
	const char *did = berth_config_str(cfg, kind, name, "did");

	return did[0] ? berth_resolveclient_add_critical(c, did) : BERTH_OK;
}

/* Whoever is named here is somebody whose word counts. */
static enum berth_err add_all_critical(struct berth_resolveclient *c, const struct berth_config *cfg)
{
	enum berth_err rc;
	const char *name;

	if ((rc = add_one(c, cfg, "factory", NULL)) || (rc = add_one(c, cfg, "mediator", NULL)) ||
	    (rc = add_critical(c, cfg, "trust", NULL, "root")) || (rc = add_critical(c, cfg, "trust", NULL, "issuer")))
		return rc;
	for (size_t i = 0; !rc && (name = berth_config_section(cfg, "rendezvous", i)); i++)
		rc = add_one(c, cfg, "rendezvous", name);
	for (size_t i = 0; !rc && (name = berth_config_section(cfg, "credentials", i)); i++)
		if (!(rc = add_critical(c, cfg, "credentials", name, "issuer")))
			rc = add_critical(c, cfg, "credentials", name, "anchor");
	return rc;
}

/* The payload of POLICY. */
static enum berth_err encode_policy(struct berth_resolveclient *c, const struct berth_config *cfg, struct berth_buf *out)
{
	struct berth_res_http_policy policy;
	enum berth_err rc = berth_config_http(cfg, &policy);

	if (rc)
		return rc;
	berth_resolveclient_clock_trusted(c, policy.clock_trusted);
	berth_res_http_policy_encode(out, &policy);
	berth_res_http_policy_free(&policy);
	return berth_buf_status(out);
}

static void set_policy(struct berth_resolveclient *c, const struct berth_config *cfg)
{
	berth_resolveclient_set_policy(c, &(struct berth_resolve_policy){
		.offline = berth_config_bool(cfg, "resolution", NULL, "offline"),
		.max_age_s = berth_config_int(cfg, "resolution", NULL, "max-age"),
		.stale_s = berth_config_int(cfg, "resolution", NULL, "stale"),
		.critical_stale_s = berth_config_int(cfg, "resolution", NULL, "critical-stale"),
	});
}

enum berth_err berth_resolveclient_add_configured(struct berth_resolveclient *c, const struct berth_config *cfg)
{
	enum berth_err rc;

	set_policy(c, cfg);
	berth_buf_reset(&c->process.policy);
	if ((rc = add_adapters(c, cfg)) || (rc = add_all_critical(c, cfg)))
		return rc;
	return encode_policy(c, cfg, &c->process.policy);
}

enum berth_err berth_resolveclient_reconfigure(struct berth_resolveclient *c, const struct berth_config *cfg)
{
	struct berth_buf policy = BERTH_BUF_INIT;
	bool was_offline = c->offline;
	enum berth_err rc = encode_policy(c, cfg, &policy);

	if (rc) {
		berth_buf_free(&policy);
		return rc;
	}
	while (c->n_critical)
		free(c->critical[--c->n_critical]);
	resolve_process_set_policy(&c->process, &policy);
	set_policy(c, cfg);
	rc = add_all_critical(c, cfg);
	/* where nobody was asked until now nothing may have been loaded yet */
	return rc || !was_offline ? rc : berth_resolveclient_start(c);
}

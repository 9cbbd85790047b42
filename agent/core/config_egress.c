/* SPDX-License-Identifier: Apache-2.0 */
/* [egress]: what netd may dial, and what registry adapters may ask for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/core/config.h"
#include "agent/ipc/http_policy.h"

enum berth_err berth_config_netpol(const struct berth_config *c, struct berth_netpol *out)
{
	enum berth_err rc = BERTH_OK;
	const char *v;

	*out = (struct berth_netpol){ 0 };
	for (size_t i = 0; !rc && (v = berth_config_item(c, "egress", NULL, "allow", i)); i++)
		rc = berth_netpol_add_allow(out, v);
	for (size_t i = 0; !rc && (v = berth_config_item(c, "egress", NULL, "hosts", i)); i++)
		rc = berth_netpol_add_host(out, v);
	for (size_t i = 0; !rc && (v = berth_config_item(c, "egress", NULL, "ipc", i)); i++)
		rc = berth_netpol_add_ipc(out, v);
	if (rc)
		berth_netpol_free(out);
	return rc;
}

static enum berth_err add_names(const struct berth_config *c, const char *key, bool any, struct berth_http_names *out)
{
	enum berth_err rc = BERTH_OK;
	const char *v;

	for (size_t i = 0; !rc && (v = berth_config_item(c, "egress", NULL, key, i)); i++)
		rc = berth_http_names_add(out, v, any);
	return rc;
}

static enum berth_err add_ports(const struct berth_config *c, struct berth_res_http_policy *out)
{
	enum berth_err rc = BERTH_OK;
	const char *v;

	for (size_t i = 0; !rc && (v = berth_config_item(c, "egress", NULL, "ports", i)); i++)
		rc = berth_res_http_policy_add_port(out, (int64_t)strtoul(v, NULL, 10));
	return rc;
}

static enum berth_err set_proxy(const struct berth_config *c, struct berth_res_http_policy *out)
{
	const char *url = berth_config_str(c, "egress", NULL, "proxy");

	if (!url[0])
		return BERTH_OK;
	if (out->names.n == 0)
		return berth_fail(BERTH_E_CONFIG, "[egress] proxy: needs names, because there it is the proxy who looks them up");
	return berth_res_http_policy_set_proxy(out, url);
}

static enum berth_err set_ca_file(const struct berth_config *c, struct berth_res_http_policy *out)
{
	const char *path = berth_config_str(c, "egress", NULL, "ca-file");

	if (strlen(path) > BERTH_HTTP_FILE_MAX)
		return berth_fail(BERTH_E_CONFIG, "[egress] ca-file: longer than %d", BERTH_HTTP_FILE_MAX);
	memcpy(out->ca_file, path, strlen(path) + 1);
	return BERTH_OK;
}

enum berth_err berth_config_http(const struct berth_config *c, struct berth_res_http_policy *out)
{
	enum berth_err rc;

	berth_res_http_policy_init(out);
	out->clock_trusted = berth_config_bool(c, "agent", NULL, "clock-trusted");
	out->rate_per_s = (uint32_t)berth_config_int(c, "egress", NULL, "requests-per-second");
	out->at_once = (uint32_t)berth_config_int(c, "egress", NULL, "requests-at-once");
	if ((rc = berth_config_netpol(c, &out->addresses)) || (rc = add_names(c, "http-hosts", false, &out->plain)) ||
	    (rc = add_names(c, "names", true, &out->names)) || (rc = add_ports(c, out)) || (rc = set_ca_file(c, out)) || (rc = set_proxy(c, out)))
		berth_res_http_policy_free(out);
	return rc;
}

enum berth_err berth_config_http_check(const struct berth_config *c)
{
	struct berth_res_http_policy p;
	enum berth_err rc = berth_config_http(c, &p);

	if (!rc && p.ca_file[0] && access(p.ca_file, R_OK))
		rc = berth_fail(BERTH_E_CONFIG, "[egress] ca-file: %.200s: %m", p.ca_file);
	berth_res_http_policy_free(&p);
	return rc;
}

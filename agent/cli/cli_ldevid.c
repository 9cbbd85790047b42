/* SPDX-License-Identifier: Apache-2.0 */
/* X.509 certificates of operational keys: a gateway's own, and its owner's CA. */
#include "agent/cli/cli_client.h"

#include <stdlib.h>
#include <string.h>

#define DAYS_MAX 10950

/* The text of one member, or all of it as JSON. */
static enum berth_err print(const struct berth_cli *c, struct berth_json *take, const char *member)
{
	const char *text = berth_json_str(berth_json_get(take, member));
	enum berth_err rc;

	if (berth_cli_json_wanted(c))
		return berth_cli_print(c, take);
	rc = text ? berth_cli_write(text, strlen(text)) : berth_fail(BERTH_E_UNAVAILABLE, "the daemon gave no %s", member);
	berth_json_free(take);
	return rc;
}

static enum berth_err show(struct berth_cli *c)
{
	struct berth_json *v;
	enum berth_err rc = berth_cli_call(c, "/v1/certs/ldevid", NULL, &v);

	return rc ? rc : print(c, v, "chain");
}

static enum berth_err csr(struct berth_cli *c)
{
	struct berth_json *body = berth_json_new_object(), *v;
	enum berth_err rc = berth_cli_set_option(c, body, "--subject", "subject");

	if (rc) {
		berth_json_free(body);
		return rc;
	}
	return (rc = berth_cli_call(c, "/v1/certs/ldevid/csr", body, &v)) ? rc : print(c, v, "csr");
}

static enum berth_err set_days(const struct berth_cli *c, struct berth_json *body)
{
	const char *text = berth_cli_get(c, "--days");
	char *end;
	long days;

	if (!text)
		return BERTH_OK;
	days = strtol(text, &end, 10);
	if (*end || end == text || days < 1 || days > DAYS_MAX)
		return berth_fail(BERTH_E_USAGE, "--days %s: not 1 to %d", text, DAYS_MAX);
	return berth_json_set_int(body, "days", days);
}

static enum berth_err ca(struct berth_cli *c)
{
	struct berth_json *body = berth_json_new_object(), *v;
	bool request = berth_cli_has(c, "--request");
	const char *subject;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--subject", &subject)) || (rc = berth_json_set_str(body, "subject", subject)) ||
	    (rc = set_days(c, body)) || (rc = berth_json_set_bool(body, "request", request))) {
		berth_json_free(body);
		return rc;
	}
	return (rc = berth_cli_call(c, "/v1/ldevid/ca", body, &v)) ? rc : print(c, v, request ? "csr" : "certificate");
}

static enum berth_err crl(struct berth_cli *c)
{
	struct berth_json *v;
	enum berth_err rc = berth_cli_call(c, "/v1/ldevid/crl", NULL, &v);

	return rc ? rc : print(c, v, "crl");
}

static const struct berth_cli_cmd cmds[] = {
	{ "show", 0, 0, show },
	{ "csr", 0, 0, csr },
	{ "ca", 0, 0, ca },
	{ "crl", 0, 0, crl },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_ldevid = { "ldevid", cmds };

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

static const char *const show_opts[] = { BERTH_CLI_DAEMON_OPTS, NULL };

static const char *const csr_opts[] = {
	"--subject NAME\t/CN=gw1/O=Example (default: the operational DID)",
	BERTH_CLI_DAEMON_OPTS,
	NULL
};

static const char *const ca_opts[] = {
	"--subject NAME\t/O=Example/CN=Example gateways",
	"--days N\thow long its certificate is valid (default: 3650)",
	"--request\ta request (PKCS#10) for a CA above it, in place of a certificate",
	BERTH_CLI_DAEMON_OPTS,
	NULL
};

static const struct berth_cli_cmd cmds[] = {
	{ "show", "", "this gateway's certificate, and those above it (PEM)", show_opts, 0, 0, show,
	  "  berth ldevid show | openssl x509 -noout -text\n" },
	{ "csr", "", "ask another CA for a certificate of its operational key", csr_opts, 0, 0, csr,
	  "  berth ldevid csr --subject /CN=gw1.example >gw1.csr\n" },
	{ "ca", "", "make an owner's CA: its key in the keystore, and its certificate", ca_opts, 0, 0, ca,
	  "  berth ldevid ca --subject '/O=Example/CN=Example gateways' >/etc/berth/ldevid-ca.pem\n"
	  "  berth ldevid ca --request --subject '/O=Example/CN=Example gateways' >ca.csr\n" },
	{ "crl", "", "the list of an owner's revoked certificates (PEM)", show_opts, 0, 0, crl,
	  "  berth ldevid crl >/srv/www/gateways.crl\n" },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_ldevid = { "ldevid", "X.509 certificates of operational keys", cmds };

/* SPDX-License-Identifier: Apache-2.0 */
/* The words of `berth did ethr`, as a change. */
#include "agent/cli/cli_ethr.h"

#include <stdlib.h>
#include <string.h>

#define SECONDS_MAX 4000000000u	/* of --validity: a date of a uint64 in any case */

enum berth_err berth_cli_ethr_number(const struct berth_cli *c, const char *option, uint64_t dflt, uint64_t max, uint64_t *out)
{
	const char *text = berth_cli_get(c, option);
	char *end;

	*out = dflt;
	if (!text)
		return BERTH_OK;
	*out = strspn(text, "0123456789") == strlen(text) && strlen(text) < 12 ? strtoull(text, &end, 10) : max + 1;
	return *out > 0 && *out <= max ? BERTH_OK : berth_fail(BERTH_E_USAGE, "%s: %s is no number from 1 to %llu", option, text,
							       (unsigned long long)max);
}

/* An account: an address, or the did:ethr of it. */
static enum berth_err party(struct berth_eth_address *out, const char *text)
{
	struct berth_ethr_did did;
	enum berth_err rc;

	if (strncmp(text, "did:", 4) != 0)
		return berth_eth_address_parse(out, text);
	if (!(rc = berth_ethr_did_parse(&did, text)))
		*out = did.identity;
	return rc;
}

/* Text, or bytes as 0x and hex digits. */
static enum berth_err value(struct berth_buf *bytes, struct berth_ethr_call *call, const char *text)
{
	enum berth_err rc = BERTH_OK;

	if (strncmp(text, "0x", 2) == 0)
		rc = berth_eth_data_parse(bytes, text, BERTH_ETHR_VALUE_MAX);
	else
		berth_buf_str(bytes, text);
	call->value = bytes->p;
	call->value_len = bytes->len;
	return rc ? rc : berth_buf_status(bytes);
}

enum { NONE, NEW_OWNER, DELEGATE, ATTRIBUTE };
static const struct verb {
	const char *name;
	enum berth_ethr_function function;
	int takes;
	size_t n_args;		/* the verb and DID among them */
	bool validity;
	const char *usage;
} verbs[] = {
	{ "owner", BERTH_ETHR_CHANGE_OWNER, NEW_OWNER, 3, false, "DID ADDRESS" },
	{ "deactivate", BERTH_ETHR_CHANGE_OWNER, NONE, 2, false, "DID" },
	{ "add-delegate", BERTH_ETHR_ADD_DELEGATE, DELEGATE, 4, true, "DID veriKey|sigAuth ADDRESS --validity SECONDS" },
	{ "revoke-delegate", BERTH_ETHR_REVOKE_DELEGATE, DELEGATE, 4, false, "DID veriKey|sigAuth ADDRESS" },
	{ "set-attribute", BERTH_ETHR_SET_ATTRIBUTE, ATTRIBUTE, 4, true, "DID NAME VALUE --validity SECONDS" },
	{ "revoke-attribute", BERTH_ETHR_REVOKE_ATTRIBUTE, ATTRIBUTE, 4, false, "DID NAME VALUE" },
};

static enum berth_err find_verb(const struct berth_cli *c, const struct verb **out)
{
	const char *name = berth_cli_arg(c, 0);
	size_t n = 0;

	while (berth_cli_arg(c, n))
		n++;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].name, name)) {
			*out = &verbs[i];
			if (n != verbs[i].n_args || berth_cli_has(c, "--validity") != verbs[i].validity)
				return berth_fail(BERTH_E_USAGE, "did ethr %s %s", name, verbs[i].usage);
			return BERTH_OK;
		}
	return berth_fail(BERTH_E_USAGE, "did ethr: %s is none of create, owner, deactivate, add-delegate, revoke-delegate, "
			  "set-attribute, revoke-attribute", name);
}

static bool is_null(const struct berth_eth_address *a)
{
	static const struct berth_eth_address null;

	return berth_eth_address_equal(a, &null);
}

static enum berth_err read_call(const struct berth_cli *c, const struct verb *v, struct berth_ethr_call *call, struct berth_buf *bytes)
{
	const char *a = berth_cli_arg(c, 2), *b = berth_cli_arg(c, 3);
	enum berth_err rc = BERTH_OK;

	call->function = v->function;
	if (v->takes == NEW_OWNER && !(rc = party(&call->party, a)) && is_null(&call->party))
		rc = berth_fail(BERTH_E_USAGE, "did ethr deactivate is what gives a DID to nobody");
	if (v->takes == DELEGATE || v->takes == ATTRIBUTE)
		call->name = a;
	if (v->takes == DELEGATE)
		rc = party(&call->party, b);
	if (v->takes == ATTRIBUTE)
		rc = value(bytes, call, b);
	if (!rc && v->validity)
		rc = berth_cli_ethr_number(c, "--validity", 0, SECONDS_MAX, &call->validity_s);
	return rc;
}

enum berth_err berth_cli_ethr_change(const struct berth_cli *c, struct berth_ethr_change *change, struct berth_ethr_did *did,
				     struct berth_buf *bytes)
{
	const struct verb *v = NULL;
	enum berth_err rc;

	change->did = berth_cli_arg(c, 1);
	change->old_registry = berth_cli_has(c, "--old-registry");
	change->relayed = berth_cli_has(c, "--payer-key-uri");
	if ((rc = find_verb(c, &v)) || (rc = berth_ethr_did_parse(did, change->did)))
		return rc;
	change->call.identity = did->identity;
	return read_call(c, v, &change->call, bytes);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a value is one of its option's type. */
#include "agent/core/config_internal.h"

#include <stdlib.h>
#include <string.h>

#include "agent/ipc/http_policy.h"
#include "did/base/chars.h"
#include "did/codec/did_text.h"
#include "did/ethr.h"
#include "did/keystore/tpm2_pcr.h"

#define ACCOUNT_MAX 32

static const char *const grants_alone[] = { "self", "device", "trust", "verify", "random", "import" };
static const char *const grants_on[] = { "identity", "present", "secret", "message", "key", "cert", "credential" };

/* What a principal may do: "secret:wifi" is the right "secret" on "wifi"; "*" is
 * every object; rights without an object stand alone. */
static bool is_grant(const char *grant)
{
	const char *colon = strchr(grant, ':');
	size_t n = colon ? (size_t)(colon - grant) : strlen(grant);
	const char *const *list = colon ? grants_on : grants_alone;
	size_t count = colon ? sizeof(grants_on) / sizeof(*grants_on) : sizeof(grants_alone) / sizeof(*grants_alone);

	if (colon && !colon[1])
		return false;
	for (size_t i = 0; i < count; i++)
		if (strlen(list[i]) == n && !memcmp(list[i], grant, n))
			return true;
	return false;
}

/* Seconds or a plain number; false: neither, or more than fits. */
bool config_number(int64_t *out, const char *s, bool time)
{
	int64_t v = 0, unit = 1;
	size_t i;

	for (i = 0; s[i] >= '0' && s[i] <= '9'; i++) {
		if (v > INT64_MAX / 1000000)
			return false;
		v = v * 10 + (s[i] - '0');
	}
	if (i == 0)
		return false;
	if (time && s[i]) {
		const char *at = strchr("smhd", s[i++]);
		static const int64_t units[] = { 1, 60, 3600, 86400 };

		if (!at)
			return false;
		unit = units[at - "smhd"];
	}
	*out = v * unit;
	return s[i] == '\0';
}

bool config_word_in(const char *words, const char *word, size_t n)
{
	for (const char *p = words; p && *p;) {
		size_t len = strcspn(p, " ");

		if (len == n && !memcmp(p, word, n))
			return true;
		p += len;
		p += strspn(p, " ");
	}
	return false;
}

static bool account_ok(const char *s)
{
	int64_t id;
	size_t n = berth_chars_span(s, BERTH_CHARS_NAME);

	if (s[n] || n == 0 || n > ACCOUNT_MAX)
		return false;
	if (s[0] == '-' || s[0] == '.')
		return false;
	/* 2^32 - 1 means "none" to the kernel. */
	return s[0] < '0' || s[0] > '9' || (config_number(&id, s, false) && id < UINT32_MAX);
}

static bool uri_ok(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789+");

	return n > 0 && !strncmp(s + n, "://", 3) && s[n + 3];
}

static const char *netpol_ok(const char *s, bool host)
{
	struct berth_netpol p = { 0 };
	enum berth_err rc = host ? berth_netpol_add_host(&p, s) : berth_netpol_add_allow(&p, s);

	berth_netpol_free(&p);
	if (!rc)
		return NULL;
	return host ? "not name=address" : "not a block of addresses";
}

static bool hostname_ok(const char *s, bool any)
{
	struct berth_http_names l = { 0 };
	enum berth_err rc = berth_http_names_add(&l, s, any);

	free(l.v);
	return !rc;
}

/* One spelling: values are compared as text. */
static bool pcr_value_ok(const char *s)
{
	size_t digits = strspn(s, "0123456789");
	uint32_t mask;
	char pcr[3];

	if (digits < 1 || digits > 2 || s[digits] != ':')
		return false;
	memcpy(pcr, s, digits);
	pcr[digits] = '\0';
	s += digits + 1;
	return !berth_pcr_list_parse(&mask, pcr) && strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

/* One item of a list, or the whole value; NULL: fine, else what is wrong. */
static const char *item_fault(const struct berth_option *o, const char *s)
{
	struct berth_ethr_registry registry;
	int64_t v;

	switch ((enum berth_option_type)o->type) {
	case BERTH_OPT_PATHS:
		return s[0] == '/' ? NULL : "not an absolute path";
	case BERTH_OPT_WORDS:
		return config_word_in(o->words, s, strlen(s)) ? NULL : "not one of its words";
	case BERTH_OPT_DID:
		return berth_is_did(s) ? NULL : "not a DID";
	case BERTH_OPT_URI:
		return uri_ok(s) ? NULL : "not a URI";
	case BERTH_OPT_CIDR:
		return netpol_ok(s, false);
	case BERTH_OPT_HOST:
		return netpol_ok(s, true);
	case BERTH_OPT_HOSTNAME:
	case BERTH_OPT_HOSTNAMES:
		return hostname_ok(s, o->type == BERTH_OPT_HOSTNAMES) ? NULL : "not the name of a host";
	case BERTH_OPT_ACCOUNT:
		return account_ok(s) ? NULL : "not a number or name of an account";
	case BERTH_OPT_PCR:
		return config_number(&v, s, false) && v < BERTH_PCRS ? NULL : "not the number of a PCR";
	case BERTH_OPT_GRANT:
		return is_grant(s) ? NULL : "no such right";
	case BERTH_OPT_REGISTRY:
		return berth_ethr_registry_parse(&registry, s) ? "not CHAINID:0xADDRESS" : NULL;
	case BERTH_OPT_PORT:
		return config_number(&v, s, false) && v >= 1 && v <= UINT16_MAX ? NULL : "not a port";
	case BERTH_OPT_PCR_VALUE:
		return pcr_value_ok(s) ? NULL : "not PCR:HEX, lower-case, of 32 octets";
	default:
		return NULL;
	}
}

bool config_is_list(enum berth_option_type t)
{
	return t == BERTH_OPT_PATHS || t == BERTH_OPT_WORDS || t == BERTH_OPT_DID || t == BERTH_OPT_URI || t == BERTH_OPT_CIDR ||
	       t == BERTH_OPT_NAMES || t == BERTH_OPT_HOST || t == BERTH_OPT_ACCOUNT || t == BERTH_OPT_PCR || t == BERTH_OPT_GRANT ||
	       t == BERTH_OPT_HOSTNAME || t == BERTH_OPT_HOSTNAMES || t == BERTH_OPT_REGISTRY ||
	       t == BERTH_OPT_PORT || t == BERTH_OPT_PCR_VALUE;
}

const char *config_fault(const struct berth_option *o, char *s)
{
	int64_t v;

	switch ((enum berth_option_type)o->type) {
	case BERTH_OPT_PATH:
		return s[0] == '/' ? NULL : "not an absolute path";
	case BERTH_OPT_BOOL:
		return !strcmp(s, "yes") || !strcmp(s, "no") ? NULL : "not yes or no";
	case BERTH_OPT_INT:
	case BERTH_OPT_TIME:
		if (!config_number(&v, s, o->type == BERTH_OPT_TIME))
			return o->type == BERTH_OPT_TIME ? "not a duration (90, 90s, 15m, 12h, 30d)" : "not a number";
		return v >= o->min && v <= o->max ? NULL : "out of range";
	case BERTH_OPT_WORD:
		return config_word_in(o->words, s, strlen(s)) ? NULL : "not one of its words";
	default:
		return item_fault(o, s);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* From the configuration to what protocols and netd read. */
#include <string.h>

#include "agent/core/config.h"
#include "agent/core/config_internal.h"
#include "agent/protocol/protocol.h"

/* All items of an option; E_CONFIG above the cap. */
static enum berth_err items(const struct berth_config *c, const char *section, const char *key,
			    const char **list, size_t *n)
{
	const char *v;

	for (*n = 0; (v = berth_config_item(c, section, NULL, key, *n)); list[(*n)++] = v)
		if (*n == BERTH_POLICY_LIST_MAX)
			return berth_fail(BERTH_E_CONFIG, "[%s] %s: more than %d", section, key, BERTH_POLICY_LIST_MAX);
	return BERTH_OK;
}

/* They are about the network, not about one of them. */
static enum berth_err sources(const struct berth_config *c, const char *name)
{
	static const char *const keys[] = { "hints-file", "dns-sd", "dns-sd-server" };

	for (size_t i = 0; name[0] && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (berth_config_item(c, "rendezvous", name, keys[i], 0))
			return berth_fail(BERTH_E_CONFIG, "[rendezvous %s]: %s goes into [rendezvous]", name, keys[i]);
	return BERTH_OK;
}

static enum berth_err rendezvous(const struct berth_config *c, struct berth_policy *out)
{
	const char *name;
	enum berth_err rc;

	for (size_t i = 0; (name = berth_config_section(c, "rendezvous", i)); i++) {
		struct berth_rendezvous *r = &out->rendezvous[out->n_rendezvous];

		if (out->n_rendezvous == BERTH_POLICY_LIST_MAX)
			return berth_fail(BERTH_E_CONFIG, "[rendezvous]: more than %d", BERTH_POLICY_LIST_MAX);
		r->did = berth_config_str(c, "rendezvous", name, "did");
		r->uri = berth_config_str(c, "rendezvous", name, "uri");
		if ((rc = sources(c, name)))
			return rc;
		if (!r->did[0] && !r->uri[0])
			continue;
		if (!r->did[0] || !r->uri[0])
			return berth_fail(BERTH_E_CONFIG, "[rendezvous%s%s]: needs both did and uri",
					  name[0] ? " " : "", name);
		out->n_rendezvous++;
	}
	return BERTH_OK;
}

#define MESSAGE "message:"

static enum berth_err types_of(const struct berth_config *c, struct berth_application *app)
{
	const char *grant;

	for (size_t i = 0; (grant = berth_config_item(c, "principal", app->name, "may", i)); i++) {
		if (strncmp(grant, MESSAGE, strlen(MESSAGE)) != 0)
			continue;
		if (app->n_types == BERTH_APP_TYPES_MAX)
			return berth_fail(BERTH_E_CONFIG, "[principal %s] may: more than %d types of messages", app->name,
					  BERTH_APP_TYPES_MAX);
		app->types[app->n_types++] = grant + strlen(MESSAGE);
	}
	return BERTH_OK;
}

/* Principals that may send and receive messages. */
static enum berth_err applications(const struct berth_config *c, struct berth_policy *out)
{
	struct berth_application app = { 0 };
	enum berth_err rc;

	for (size_t i = 0; (app.name = berth_config_section(c, "principal", i)); i++) {
		app.n_types = 0;
		if ((rc = types_of(c, &app)))
			return rc;
		if (!app.n_types)
			continue;
		if (out->n_apps == BERTH_POLICY_LIST_MAX)
			return berth_fail(BERTH_E_CONFIG, "[principal]: more than %d with messages", BERTH_POLICY_LIST_MAX);
		out->apps[out->n_apps++] = app;
	}
	return BERTH_OK;
}

static enum berth_offers offers(const char *word)
{
	return strcmp(word, "owner") == 0 ? BERTH_OFFERS_OWNER : strcmp(word, "peers") == 0 ? BERTH_OFFERS_PEERS : BERTH_OFFERS_MANUAL;
}

static const char *set_or_null(const char *s) { return s[0] ? s : NULL; }

static enum berth_err mediator(const struct berth_config *c, struct berth_policy *out)
{
	out->mediator_did = set_or_null(berth_config_str(c, "mediator", NULL, "did"));
	out->mediator_uri = set_or_null(berth_config_str(c, "mediator", NULL, "uri"));
	out->mediator_interval_s = berth_config_int(c, "mediator", NULL, "interval");
	if (!out->mediator_did != !out->mediator_uri)
		return berth_fail(BERTH_E_CONFIG, "[mediator]: needs both did and uri");
	return BERTH_OK;
}

static enum berth_err relay(const struct berth_config *c, struct berth_policy *out)
{
	const char *who = berth_config_str(c, "policy", NULL, "mediate");

	out->mediate = !strcmp(who, "anyone") ? BERTH_MEDIATE_ANYONE : !strcmp(who, "known") ? BERTH_MEDIATE_KNOWN
		: BERTH_MEDIATE_NOBODY;
	out->relay_clients = berth_config_int(c, "policy", NULL, "relay-clients");
	out->relay_dids = berth_config_int(c, "policy", NULL, "relay-dids");
	out->relay_messages = berth_config_int(c, "policy", NULL, "relay-messages");
	out->relay_bytes = berth_config_int(c, "policy", NULL, "relay-bytes");
	out->relay_all_messages = berth_config_int(c, "policy", NULL, "relay-all-messages");
	out->relay_all_bytes = berth_config_int(c, "policy", NULL, "relay-all-bytes");
	out->relay_lifetime_s = berth_config_int(c, "policy", NULL, "relay-lifetime");
	out->relay_idle_s = berth_config_int(c, "policy", NULL, "relay-idle");
	out->relay_rewrap = berth_config_bool(c, "policy", NULL, "relay-rewrap");
	return items(c, "policy", "mediate-did", out->mediate_dids, &out->n_mediate_dids);
}

/* Who has to say that it has switched. */
static enum berth_err confirmers(const struct berth_config *c, struct berth_policy *out)
{
	const char *name;

	for (size_t i = 0; (name = berth_config_section(c, "principal", i)); i++) {
		if (!berth_config_bool(c, "principal", name, "confirm"))
			continue;
		if (out->n_confirm == BERTH_POLICY_LIST_MAX)
			return berth_fail(BERTH_E_CONFIG, "[principal]: more than %d with confirm", BERTH_POLICY_LIST_MAX);
		out->confirm[out->n_confirm++] = name;
	}
	return BERTH_OK;
}

static void values(const struct berth_config *c, struct berth_policy *out)
{
	*out = (struct berth_policy){
		.serial = berth_config_str(c, "device", NULL, "serial"),
		.model = berth_config_str(c, "device", NULL, "model"),
		.hardware = berth_config_str(c, "device", NULL, "hardware"),
		.firmware = berth_config_str(c, "device", NULL, "firmware"),
		.factory_did = set_or_null(berth_config_str(c, "factory", NULL, "did")),
		.factory_uri = set_or_null(berth_config_str(c, "factory", NULL, "uri")),
		.accept_hardware = berth_config_has(c, "policy", NULL, "accept", "hardware"),
		.accept_sealed = berth_config_has(c, "policy", NULL, "accept", "sealed"),
		.ek_live = !strcmp(berth_config_str(c, "policy", NULL, "ek-live"), "required"),
		.approve_automatically = !strcmp(berth_config_str(c, "policy", NULL, "approve"), "auto"),
		.recovery = berth_config_bool(c, "policy", NULL, "recovery"),
		.run_timeout_s = berth_config_int(c, "policy", NULL, "run-timeout"),
		.collect_s = berth_config_int(c, "policy", NULL, "collect"),
		.issue_timeout_s = berth_config_int(c, "policy", NULL, "issue-timeout"),
		.credential_s = berth_config_int(c, "policy", NULL, "credential-lifetime"),
		.accept_offers = offers(berth_config_str(c, "policy", NULL, "accept-offers")),
		.renew = berth_config_bool(c, "policy", NULL, "renew"),
		.oob_url = berth_config_str(c, "invitations", NULL, "url"),
		.release_consent = !strcmp(berth_config_str(c, "policy", NULL, "release-consent"), "required"),
		.release_notice_s = berth_config_int(c, "policy", NULL, "release-notice"),
		.grace_s = berth_config_int(c, "policy", NULL, "grace"),
		.clear_tpm = berth_config_bool(c, "policy", NULL, "clear-tpm"),
		.owner_silent_s = berth_config_int(c, "policy", NULL, "owner-silent"),
		.seek_day_bytes = berth_config_int(c, "policy", NULL, "seek-bytes-per-day"),
		.registration_s = berth_config_int(c, "policy", NULL, "registration-lifetime"),
		.hints_file = set_or_null(berth_config_str(c, "rendezvous", NULL, "hints-file")),
		.event_log = berth_config_str(c, "device", NULL, "event-log"),
		.retry_for_s = berth_config_int(c, "delivery", NULL, "retry-for"),
		.peer_msgs = berth_config_int(c, "delivery", NULL, "peer-messages"),
		.peer_bytes = berth_config_int(c, "delivery", NULL, "peer-kilobytes") * 1024,
		.hooked = berth_config_hooked,
		.hooked_by = c,
	};
}

enum berth_err berth_config_policy(const struct berth_config *c, struct berth_policy *out)
{
	enum berth_err rc;

	values(c, out);
	if ((rc = rendezvous(c, out)) || (rc = applications(c, out)) || (rc = mediator(c, out)) || (rc = relay(c, out)) ||
	    (rc = config_life(c, out)) || (rc = confirmers(c, out)) ||
	    (rc = items(c, "trust", "issuer", out->issuers, &out->n_issuers)) ||
	    (rc = items(c, "trust", "firmware-signer", out->firmware_signers, &out->n_firmware_signers)) ||
	    (rc = items(c, "interop", "allow-missing-apv", out->no_apv, &out->n_no_apv)) ||
	    (rc = items(c, "listen", "announce", out->endpoints, &out->n_endpoints)))
		return rc;
	return out->n_endpoints ? BERTH_OK : items(c, "listen", "uri", out->endpoints, &out->n_endpoints);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/gateway.h"

static const char *const states[] = {
	[GW_BLANK] = "BLANK", [GW_INITIALIZED] = "INITIALIZED", [GW_SEEKING] = "SEEKING",
	[GW_CONTACTING] = "CONTACTING", [GW_OWNER_PROVED] = "OWNER_PROVED",
	[GW_DEVICE_PROVED] = "DEVICE_PROVED", [GW_PENDING] = "PENDING", [GW_PREPARED] = "PREPARED",
	[GW_PROVISIONING] = "PROVISIONING", [GW_COMMITTING] = "COMMITTING",
	[GW_OPERATIONAL] = "OPERATIONAL", [GW_QUARANTINED] = "QUARANTINED",
	[GW_RENEWING] = "RENEWING", [GW_ROTATING] = "ROTATING", [GW_EXPIRED] = "EXPIRED",
	[GW_RELEASING] = "RELEASING", [GW_RETIRING] = "RETIRING", [GW_RETIRED] = "RETIRED",
};

/* A store that is older than the device's counters: nothing is done with it, and
 * nothing is reset either; the operator decides (ONBOARDING C.4). */
static enum berth_err on_rollback(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	(void)env;
	(void)inst;
	(void)ev;
	fx->stop_timer = true;
	berth_effects_audit(fx, "the state folder is an older copy: quarantined");
	return BERTH_OK;
}

/* C068: an invitation is for a device that has no owner yet. */
static enum berth_err on_late_invitation(struct berth_env *env, struct berth_instance *inst,
					 const struct berth_event *ev, struct berth_effects *fx)
{
	(void)env;
	(void)ev;
	(void)fx;
	return berth_fail(BERTH_E_AUTHZ, "an invitation, but this device is %s", states[inst->state]);
}

/* "Onboard" is an order for a state, not for a step: where that is reached or under way
 * nothing is left to do, so that whoever says it need not look first. */
static enum berth_err on_onboard_again(struct berth_env *env, struct berth_instance *inst,
				       const struct berth_event *ev, struct berth_effects *fx)
{
	(void)env;
	(void)ev;
	(void)fx;
	switch (inst->state) {
	case GW_BLANK:
	case GW_RELEASING:
	case GW_RETIRING:
	case GW_RETIRED:
		return berth_fail(BERTH_E_TYPE, "onboarding, but this device is %s", states[inst->state]);
	default:
		return BERTH_OK;
	}
}

#define ANY BERTH_STATE_STAY
#define STAY BERTH_STATE_STAY

static const struct berth_transition table[] = {
	/* from            on                  step                          to               otherwise */
	BERTH_ROW(GW_BLANK,        "resume",           gateway_start_birth,          STAY,            STAY),
	BERTH_ROW(GW_BLANK,        "timer",            gateway_start_birth,          STAY,            STAY),
	BERTH_ROW(GW_BLANK,        "factory-challenge", gateway_on_factory_challenge, STAY,           STAY),
	BERTH_ROW(GW_BLANK,        "factory-init-ack", gateway_on_factory_ack,       GW_INITIALIZED,  STAY),
	BERTH_ROW(GW_BLANK,        "denied",           gateway_on_birth_denied,      STAY,            STAY),

	BERTH_ROW(GW_INITIALIZED,  "resume",           gateway_begin,                GW_SEEKING,      STAY),
	BERTH_ROW(GW_INITIALIZED,  "timer",            gateway_begin,                GW_SEEKING,      STAY),
	BERTH_ROW(GW_INITIALIZED,  "cmd/onboard",      gateway_begin,                GW_SEEKING,      STAY),
	BERTH_ROW(GW_INITIALIZED,  "cmd/invitation",   gateway_on_invitation,        GW_CONTACTING,   STAY),

	BERTH_ROW(GW_SEEKING,      "resume",           gateway_seek,                 STAY,            STAY),
	BERTH_ROW(GW_SEEKING,      "go",               gateway_seek,                 STAY,            STAY),
	BERTH_ROW(GW_SEEKING,      "cmd/onboard",      gateway_seek,                 STAY,            STAY),
	BERTH_ROW(GW_SEEKING,      "cmd/invitation",   gateway_on_invitation,        GW_CONTACTING,   STAY),
	BERTH_ROW(GW_SEEKING,      "cmd/accept-tip",   gateway_accept_tip,           STAY,            STAY),
	BERTH_ROW(GW_SEEKING,      "challenge",        gateway_on_challenge,         STAY,            STAY),
	BERTH_ROW(GW_SEEKING,      "redirect",         gateway_on_redirect,          STAY,            STAY),
	BERTH_ROW(GW_SEEKING,      "timer",            gateway_choose,               STAY,            STAY),

	BERTH_ROW(GW_CONTACTING,   "prove-owner",      gateway_on_prove_owner,       GW_OWNER_PROVED, STAY),
	BERTH_ROW(GW_CONTACTING,   "denied",           gateway_on_denied,            GW_SEEKING,      STAY),
	BERTH_ROW(GW_CONTACTING,   "resume",           gateway_ask,                  STAY,            STAY),
	BERTH_ROW(GW_CONTACTING,   "timer",            gateway_ask,                  GW_SEEKING,      STAY),

	BERTH_ROW(GW_OWNER_PROVED, "go",               gateway_prove,                GW_DEVICE_PROVED, STAY),
	BERTH_ROW(GW_OWNER_PROVED, "resume",           gateway_prove,                GW_DEVICE_PROVED, STAY),
	BERTH_ROW(GW_OWNER_PROVED, "timer",            gateway_give_up,              GW_SEEKING,      STAY),

	BERTH_ROW(GW_DEVICE_PROVED, "pending",         gateway_on_pending,           GW_PENDING,      STAY),
	BERTH_ROW(GW_DEVICE_PROVED, "denied",          gateway_on_denied,            GW_SEEKING,      STAY),
	BERTH_ROW(GW_DEVICE_PROVED, "accept-ownership", gateway_on_accept_ownership, GW_PREPARED,     STAY),
	BERTH_ROW(GW_DEVICE_PROVED, "resume",          gateway_resume_run,           STAY,            STAY),
	BERTH_ROW(GW_DEVICE_PROVED, "timer",           gateway_give_up,              GW_SEEKING,      STAY),

	BERTH_ROW(GW_PENDING,      "pending",          gateway_on_pending,           STAY,            STAY),
	BERTH_ROW(GW_PENDING,      "denied",           gateway_on_denied,            GW_SEEKING,      STAY),
	BERTH_ROW(GW_PENDING,      "accept-ownership", gateway_on_accept_ownership,  GW_PREPARED,     STAY),
	BERTH_ROW(GW_PENDING,      "resume",           gateway_resume_run,           STAY,            STAY),
	BERTH_ROW(GW_PENDING,      "timer",            gateway_give_up,              GW_SEEKING,      STAY),

	BERTH_ROW(GW_PREPARED,     "issue",            gateway_on_issue,             GW_PROVISIONING, STAY),
	BERTH_ROW(GW_PREPARED,     "provision-item",   gateway_on_item,              STAY,            STAY),
	BERTH_ROW(GW_PREPARED,     "denied",           gateway_on_denied,            GW_SEEKING,      STAY),
	BERTH_ROW(GW_PREPARED,     "resume",           gateway_resume_run,           STAY,            STAY),
	BERTH_ROW(GW_PREPARED,     "timer",            gateway_give_up,              GW_SEEKING,      STAY),

	BERTH_ROW(GW_PROVISIONING, "provision-item",   gateway_on_item,              STAY,            STAY),
	BERTH_ROW(GW_PROVISIONING, "go",               gateway_commit,               GW_COMMITTING,   STAY),
	BERTH_ROW(GW_PROVISIONING, "denied",           gateway_on_denied,            GW_SEEKING,      STAY),
	BERTH_ROW(GW_PROVISIONING, "resume",           gateway_resume_items,         STAY,            STAY),
	BERTH_ROW(GW_PROVISIONING, "timer",            gateway_give_up,              GW_SEEKING,      STAY),

	BERTH_ROW(GW_COMMITTING,   "committed",        gateway_on_committed,         GW_OPERATIONAL,  STAY),
	BERTH_ROW(GW_COMMITTING,   "denied",           gateway_on_denied,            GW_SEEKING,      STAY),
	BERTH_ROW(GW_COMMITTING,   "resume",           gateway_commit_again,         STAY,            STAY),
	BERTH_ROW(GW_COMMITTING,   "timer",            gateway_commit_again,         STAY,            STAY),
	BERTH_ROW(GW_COMMITTING,   "cmd/abandon",      gateway_abandon,              GW_SEEKING,      STAY),

	BERTH_ROW(GW_OPERATIONAL,  "resume",           gateway_look,                 STAY,            STAY),
	BERTH_ROW(GW_OPERATIONAL,  "timer",            gateway_look,                 STAY,            STAY),
	BERTH_ROW(GW_OPERATIONAL,  "cmd/rotate",       gateway_rotate,               GW_RENEWING,     STAY),

	BERTH_ROW(GW_OPERATIONAL,  "rotate",           gateway_on_rotate,            STAY,            STAY),
	BERTH_ROW(GW_RENEWING,     "rotate",           gateway_on_rotate,            STAY,            STAY),
	BERTH_ROW(GW_ROTATING,     "rotate",           gateway_on_rotate,            STAY,            STAY),

	BERTH_ROW(GW_RENEWING,     "go",               gateway_renew,                STAY,            STAY),
	BERTH_ROW(GW_RENEWING,     "resume",           gateway_renew,                STAY,            STAY),
	BERTH_ROW(GW_RENEWING,     "timer",            gateway_renew,                STAY,            STAY),
	BERTH_ROW(GW_RENEWING,     "cmd/rotate",       gateway_renew,                STAY,            STAY),
	BERTH_ROW(GW_RENEWING,     "renew-issue",      gateway_on_renew_issue,       GW_ROTATING,     STAY),
	BERTH_ROW(GW_RENEWING,     "denied",           gateway_on_renew_denied,      STAY,            STAY),

	BERTH_ROW(GW_EXPIRED,      "resume",           gateway_renew,                STAY,            STAY),
	BERTH_ROW(GW_EXPIRED,      "timer",            gateway_renew,                STAY,            STAY),
	BERTH_ROW(GW_EXPIRED,      "cmd/rotate",       gateway_renew,                STAY,            STAY),
	BERTH_ROW(GW_EXPIRED,      "renew-issue",      gateway_on_renew_issue,       GW_ROTATING,     STAY),
	BERTH_ROW(GW_EXPIRED,      "denied",           gateway_on_renew_denied,      STAY,            STAY),

	BERTH_ROW(GW_ROTATING,     "resume",           gateway_activate_again,       STAY,            STAY),
	BERTH_ROW(GW_ROTATING,     "timer",            gateway_activate_again,       STAY,            STAY),
	BERTH_ROW(GW_ROTATING,     "cmd/rotate",       gateway_activate_again,       STAY,            STAY),
	BERTH_ROW(GW_ROTATING,     "renewed",          gateway_on_renewed,           GW_OPERATIONAL,  STAY),

	BERTH_ROW(GW_OPERATIONAL,  "status-notify",    gateway_on_status,            STAY,            STAY),
	BERTH_ROW(GW_RENEWING,     "status-notify",    gateway_on_status,            STAY,            STAY),
	BERTH_ROW(GW_ROTATING,     "status-notify",    gateway_on_status,            STAY,            STAY),
	BERTH_ROW(GW_EXPIRED,      "status-notify",    gateway_on_status,            STAY,            STAY),
	BERTH_ROW(GW_QUARANTINED,  "status-notify",    gateway_on_status,            STAY,            STAY),
	BERTH_ROW(GW_QUARANTINED,  "cmd/onboard",      gateway_onboard_anew,         GW_SEEKING,      STAY),
	BERTH_ROW(GW_QUARANTINED,  "rotate",           gateway_on_rotate,            STAY,            STAY),
	BERTH_ROW(GW_OPERATIONAL,  "resync",           gateway_on_resync,            STAY,            STAY),
	BERTH_ROW(GW_RENEWING,     "resync",           gateway_on_resync,            STAY,            STAY),
	BERTH_ROW(GW_ROTATING,     "resync",           gateway_on_resync,            STAY,            STAY),
	BERTH_ROW(GW_EXPIRED,      "resync",           gateway_on_resync,            STAY,            STAY),
	BERTH_ROW(GW_QUARANTINED,  "resync",           gateway_on_resync,            STAY,            STAY),
	BERTH_ROW(GW_OPERATIONAL,  "attest-request",   gateway_on_attest_request,    STAY,            STAY),
	BERTH_ROW(GW_RENEWING,     "attest-request",   gateway_on_attest_request,    STAY,            STAY),
	BERTH_ROW(GW_ROTATING,     "attest-request",   gateway_on_attest_request,    STAY,            STAY),
	BERTH_ROW(GW_EXPIRED,      "attest-request",   gateway_on_attest_request,    STAY,            STAY),
	BERTH_ROW(GW_QUARANTINED,  "attest-request",   gateway_on_attest_request,    STAY,            STAY),

	BERTH_ROW(GW_OPERATIONAL,  "provision-set",    gateway_on_set,               STAY,            STAY),
	BERTH_ROW(GW_RENEWING,     "provision-set",    gateway_on_set,               STAY,            STAY),
	BERTH_ROW(GW_ROTATING,     "provision-set",    gateway_on_set,               STAY,            STAY),
	BERTH_ROW(GW_OPERATIONAL,  "provision-item",   gateway_on_set_item,          STAY,            STAY),
	BERTH_ROW(GW_RENEWING,     "provision-item",   gateway_on_set_item,          STAY,            STAY),
	BERTH_ROW(GW_ROTATING,     "provision-item",   gateway_on_set_item,          STAY,            STAY),
	BERTH_ROW(ANY,             "set-noted",        gateway_on_set_noted,         STAY,            STAY),
	BERTH_ROW(ANY,             "cmd/acked",        gateway_acked,                STAY,            STAY),
	BERTH_ROW(ANY,             "cmd/switched",     gateway_switched,             STAY,            STAY),
	BERTH_ROW(ANY,             "due",              gateway_due,                  STAY,            STAY),

	BERTH_ROW(ANY,             "committed",        gateway_on_late_committed,    STAY,            STAY),
	BERTH_ROW(ANY,             "cmd/item-result",  gateway_item_result,          STAY,            STAY),

	BERTH_ROW(ANY,             "cmd/onboard",      on_onboard_again,             STAY,            STAY),
	BERTH_ROW(ANY,             "cmd/invitation",   on_late_invitation,           STAY,            STAY),
	BERTH_ROW(ANY,             "rollback",         on_rollback,                  GW_QUARANTINED,  STAY),

	BERTH_ROW(GW_INITIALIZED,  "go",               gateway_begin,                GW_SEEKING,      STAY),
	BERTH_ROW(GW_OPERATIONAL,  "transfer-prepare", gateway_on_prepare,           GW_RELEASING,    STAY),
	BERTH_ROW(GW_RENEWING,     "transfer-prepare", gateway_on_prepare,           GW_RELEASING,    STAY),
	BERTH_ROW(GW_EXPIRED,      "transfer-prepare", gateway_on_prepare,           GW_RELEASING,    STAY),
	BERTH_ROW(GW_RELEASING,    "transfer-prepare", gateway_on_prepare,           STAY,            STAY),
	BERTH_ROW(GW_RELEASING,    "resume",           gateway_ready,                STAY,            STAY),
	BERTH_ROW(GW_RELEASING,    "timer",            gateway_ready,                STAY,            STAY),
	BERTH_ROW(GW_RELEASING,    "cmd/consent",      gateway_consent,              STAY,            STAY),
	BERTH_ROW(GW_RELEASING,    "transfer-cancel",  gateway_on_cancel,            GW_OPERATIONAL,  STAY),
	BERTH_ROW(GW_RELEASING,    "release",          gateway_on_release,           GW_INITIALIZED,  STAY),
	BERTH_ROW(GW_OPERATIONAL,  "release",          gateway_on_stale_release,     STAY,            STAY),
	BERTH_ROW(GW_RENEWING,     "release",          gateway_on_stale_release,     STAY,            STAY),
	BERTH_ROW(GW_ROTATING,     "release",          gateway_on_stale_release,     STAY,            STAY),
	BERTH_ROW(GW_EXPIRED,      "release",          gateway_on_stale_release,     STAY,            STAY),

	BERTH_ROW(GW_OPERATIONAL,  "retire",           gateway_on_retire,            GW_RETIRING,     STAY),
	BERTH_ROW(GW_RENEWING,     "retire",           gateway_on_retire,            GW_RETIRING,     STAY),
	BERTH_ROW(GW_EXPIRED,      "retire",           gateway_on_retire,            GW_RETIRING,     STAY),
	BERTH_ROW(GW_RETIRING,     "retire",           gateway_on_retire,            STAY,            STAY),
	BERTH_ROW(GW_RELEASING,    "retire",           gateway_on_retire,            GW_RETIRING,     STAY),
	BERTH_ROW(GW_RETIRING,     "transfer-prepare", gateway_on_prepare,           GW_RELEASING,    STAY),
	BERTH_ROW(GW_RETIRING,     "resume",           gateway_retire,               STAY,            STAY),
	BERTH_ROW(GW_RETIRING,     "timer",            gateway_retire,               STAY,            STAY),
	BERTH_ROW(GW_RETIRING,     "cmd/consent",      gateway_consent,              STAY,            STAY),
	BERTH_ROW(GW_RETIRED,      "resume",           gateway_bury,                 STAY,            STAY),
	BERTH_ROW(GW_RETIRED,      "timer",            gateway_bury,                 STAY,            STAY),

	BERTH_ROW(GW_QUARANTINED,  "transfer-prepare", gateway_on_prepare,           GW_RELEASING,    STAY),
	BERTH_ROW(GW_QUARANTINED,  "release",          gateway_on_stale_release,     STAY,            STAY),
	BERTH_ROW(GW_QUARANTINED,  "retire",           gateway_on_retire,            GW_RETIRING,     STAY),

	/* where the owner is */
	BERTH_ROW(ANY,             "silent",           gateway_on_silent,            STAY,            STAY),
	BERTH_ROW(ANY,             "challenge",        gateway_on_challenge,         STAY,            STAY),
	BERTH_ROW(ANY,             "redirect",         gateway_on_redirect,          STAY,            STAY),
	BERTH_ROW(ANY,             "here",             gateway_on_here,              STAY,            STAY),

	BERTH_ROW(ANY,             "release",          gateway_on_release_again,     STAY,            STAY),
	BERTH_ROW(ANY,             "dead",             gateway_on_undelivered,       STAY,            STAY),
};

/* What a gateway takes from nobody in particular: the rendezvous' cookie. */
static const char *const anonymous[] = { "challenge", NULL };

/* Until it accepts an owner: whoever it has asked who owns it, or has proved itself to, knows what
 * to do with a device that never comes back, and one that has forgotten them is no other.
 * PENDING is none of these: a person's approval is for this run. */
#define TENTATIVE (1u << GW_INITIALIZED | 1u << GW_SEEKING | 1u << GW_CONTACTING | 1u << GW_OWNER_PROVED | 1u << GW_DEVICE_PROVED)

const struct berth_machine berth_gateway_machine = {
	.name = "gateway", .piuri = BERTH_PIURI_ONBOARDING, .piuri2 = BERTH_PIURI_RENDEZVOUS,
	.states = states, .n_states = sizeof(states) / sizeof(states[0]),
	.table = table, .table_len = sizeof(table) / sizeof(table[0]),
	.anonymous = anonymous, .counted = true, .rotates = true, .strict = true, .closed = "RETIRED", .recovery = GW_QUARANTINED,
	.tentative = TENTATIVE, .apart = "dc", .apart_ns = "gateway-dc",
};

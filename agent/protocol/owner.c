/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/owner.h"

#include <stdio.h>
#include <string.h>

const struct berth_identity *owner_me(struct berth_env *env) { return env->identity(env, BERTH_ID_OWNER); }

enum berth_err owner_package(struct berth_env *env, const struct berth_instance *inst, struct berth_json **out)
{
	return berth_instance_apart(env, &berth_owner_machine, inst, out);
}

enum berth_err owner_chain(struct berth_env *env, const struct berth_instance *inst, struct berth_chain **chain)
{
	struct berth_json *package;
	enum berth_err rc = owner_package(env, inst, &package);

	*chain = NULL;
	return rc ? rc : berth_chain_from_json(chain, package);
}

enum berth_err owner_device_credential(struct berth_env *env, const struct berth_instance *inst,
				       struct berth_device_credential *dc)
{
	struct berth_json *package;
	const char *compact;
	enum berth_err rc = owner_package(env, inst, &package);

	*dc = (struct berth_device_credential){ 0 };
	if (rc)
		return rc;
	if (!(rc = berth_json_req_str(package, "deviceCredential", BERTH_OBJECT_MAX, &compact)))
		rc = berth_device_credential_parse(dc, compact, strlen(compact));
	berth_json_free(package);
	return rc;
}

enum berth_err owner_run(struct berth_run *run, const struct berth_instance *inst, const struct berth_event *ev)
{
	enum berth_err rc = berth_run_load(run, inst->data);

	return rc ? rc : berth_run_check(run, ev);
}

enum berth_err owner_send(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			  struct berth_run *run, const char *name, struct berth_json *body, bool remember)
{
	struct berth_send *s;
	char type[BERTH_MESSAGE_TYPE_MAX];
	enum berth_err rc;

	snprintf(type, sizeof(type), "%s%s", BERTH_PIURI_ONBOARDING, name);
	if ((rc = berth_effects_send(env, fx, owner_us(env, inst), run->peer, NULL, type, run->thid, body, &s)) || !remember)
		return rc;
	if ((rc = berth_transcript_add(&run->said, s->msg.json)))
		return rc;
	return berth_run_save(inst->data, run);
}

enum berth_err owner_send_denied(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				 struct berth_run *run, const char *reason)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc = berth_json_set_str(body, "reason", reason);

	if (rc) {
		berth_json_free(body);
		return rc;
	}
	return owner_send(env, inst, fx, run, "denied", body, false);
}

/* hello, registered and a renewal name the device; the rest is found by its thread. */
static bool names_the_device(const char *on)
{
	static const char *const names[] = { "hello", "registered", "renew-request", "renew-activated",
		"rotated", "status-noted", "attest-evidence", "transfer-ready", "refused", "released", "retired",
		"item-result", "set-wanted", "set-result", "where", "resynced" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(on, names[i]) == 0)
			return true;
	return false;
}

static enum berth_err find(struct berth_env *env, const struct berth_event *ev, char **key)
{
	const struct berth_message *m = &ev->in->msg;
	struct berth_buf v = BERTH_BUF_INIT;
	struct berth_hash h;
	char hex[65];
	enum berth_err rc;

	if (names_the_device(ev->on)) {
		if ((rc = berth_body_get_32(m->body, "deviceHash", h.b)))
			return rc;
		berth_hash_hex(hex, &h);
		if ((rc = env->records->get(env->records, berth_owner_machine.name, hex, &v)) == BERTH_E_NOMATCH)
			rc = berth_fail(BERTH_E_NOMATCH, "%s for a device that is not ours", ev->on);
		berth_buf_free(&v);
		if (rc)
			return rc;
		return (*key = strdup(hex)) ? BERTH_OK : berth_no_memory();
	}
	const char *thid = strcmp(ev->on, "complete") == 0 && m->pthid ? m->pthid : m->thid;

	if ((rc = env->records->get(env->records, BERTH_NS_THREAD, thid, &v)))
		return rc;
	*key = berth_buf_take_str(&v);
	return *key ? BERTH_OK : berth_no_memory();
}

#define STAY BERTH_STATE_STAY
#define FROM_ANY BERTH_STATE_STAY

static const char *const states[] = {
	[OW_IMPORTED] = "IMPORTED", [OW_CHAIN_OK] = "CHAIN_OK", [OW_PUBLISHED] = "PUBLISHED",
	[OW_SESSION] = "SESSION", [OW_DEVICE_OK] = "DEVICE_OK", [OW_APPROVAL] = "APPROVAL",
	[OW_OFFERED] = "OFFERED", [OW_ISSUED] = "ISSUED", [OW_COMMITTED] = "COMMITTED", [OW_ACTIVE] = "ACTIVE",
	[OW_RENEW_PENDING] = "RENEW_PENDING", [OW_TRANSFERRING] = "TRANSFERRING", [OW_TRANSFERRED] = "TRANSFERRED",
	[OW_RETIRING] = "RETIRING", [OW_RETIRED] = "RETIRED",
	[OW_SUSPENDED] = "SUSPENDED", [OW_REVOKED] = "REVOKED",
};

static const struct berth_transition table[] = {
	/* from         on                  step                    to             otherwise */
	BERTH_ROW(OW_IMPORTED,  "cmd/import",       owner_import,           OW_CHAIN_OK,   STAY),
	BERTH_ROW(OW_CHAIN_OK,  "cmd/import",       owner_import,           OW_CHAIN_OK,   STAY),
	BERTH_ROW(OW_PUBLISHED, "cmd/import",       owner_import,           OW_CHAIN_OK,   STAY),
	BERTH_ROW(OW_CHAIN_OK,  "go",               owner_register,         STAY,          STAY),
	BERTH_ROW(OW_CHAIN_OK,  "resume",           owner_register,         STAY,          STAY),
	BERTH_ROW(OW_CHAIN_OK,  "timer",            owner_register,         STAY,          STAY),
	BERTH_ROW(OW_CHAIN_OK,  "registered",       owner_on_registered,    OW_PUBLISHED,  STAY),
	BERTH_ROW(OW_PUBLISHED, "registered",       owner_on_registered,    STAY,          STAY),
	BERTH_ROW(OW_PUBLISHED, "resume",           owner_register,         STAY,          STAY),
	BERTH_ROW(OW_PUBLISHED, "timer",            owner_register,         STAY,          STAY),
	BERTH_ROW(OW_CHAIN_OK,  "cmd/invite",       owner_invite,           STAY,          STAY),
	BERTH_ROW(OW_PUBLISHED, "cmd/invite",       owner_invite,           STAY,          STAY),

	BERTH_ROW(OW_CHAIN_OK,  "hello",            owner_on_hello,         OW_SESSION,    STAY),
	BERTH_ROW(OW_PUBLISHED, "hello",            owner_on_hello,         OW_SESSION,    STAY),
	BERTH_ROW(OW_SESSION,   "hello",            owner_on_hello,         OW_SESSION,    STAY),
	BERTH_ROW(OW_DEVICE_OK, "hello",            owner_on_hello,         STAY,          STAY),
	BERTH_ROW(OW_APPROVAL,  "hello",            owner_on_hello,         STAY,          STAY),
	BERTH_ROW(OW_OFFERED,   "hello",            owner_on_hello,         STAY,          STAY),
	BERTH_ROW(OW_ISSUED,    "hello",            owner_on_hello,         STAY,          STAY),
	BERTH_ROW(OW_COMMITTED, "hello",            owner_on_hello,         STAY,          STAY),

	/* a proof that is fresh counts, whatever was under way */
	BERTH_ROW(OW_SESSION,   "prove-device",     owner_on_prove_device,  OW_DEVICE_OK,  STAY),
	BERTH_ROW(OW_DEVICE_OK, "prove-device",     owner_on_prove_device,  OW_DEVICE_OK,  STAY),
	BERTH_ROW(OW_APPROVAL,  "prove-device",     owner_on_prove_device,  OW_DEVICE_OK,  STAY),
	BERTH_ROW(OW_OFFERED,   "prove-device",     owner_on_prove_device,  OW_DEVICE_OK,  STAY),
	BERTH_ROW(OW_ISSUED,    "prove-device",     owner_on_prove_device,  OW_DEVICE_OK,  STAY),
	BERTH_ROW(OW_COMMITTED, "prove-device",     owner_on_prove_device,  OW_DEVICE_OK,  STAY),
	BERTH_ROW(OW_DEVICE_OK, "go",               owner_decide,           OW_OFFERED,    STAY),
	BERTH_ROW(OW_DEVICE_OK, "resume",           owner_decide,           OW_OFFERED,    STAY),
	BERTH_ROW(OW_APPROVAL,  "cmd/approve",      owner_approve,          OW_OFFERED,    STAY),
	BERTH_ROW(OW_APPROVAL,  "cmd/deny",         owner_deny,             OW_PUBLISHED,  STAY),

	BERTH_ROW(OW_OFFERED,   "accept-ready",     owner_on_accept_ready,  OW_ISSUED,     STAY),
	BERTH_ROW(OW_ISSUED,    "provision-result", owner_on_result,        STAY,          STAY),
	BERTH_ROW(OW_ISSUED,    "commit",           owner_on_commit,        OW_COMMITTED,  STAY),
	BERTH_ROW(OW_ISSUED,    "timer",            owner_issue_timeout,    OW_PUBLISHED,  STAY),
	BERTH_ROW(OW_ISSUED,    "resume",           owner_resume_issued,    STAY,          STAY),
	BERTH_ROW(OW_CHAIN_OK,  "commit",           owner_on_late_commit,   STAY,          STAY),
	BERTH_ROW(OW_SESSION,   "commit",           owner_on_late_commit,   STAY,          STAY),
	BERTH_ROW(OW_PUBLISHED, "commit",           owner_on_late_commit,   STAY,          STAY),
	BERTH_ROW(OW_COMMITTED, "commit",           owner_on_commit_again,  STAY,          STAY),
	BERTH_ROW(OW_COMMITTED, "abandoned",        owner_on_abandoned,     OW_PUBLISHED,  STAY),
	BERTH_ROW(OW_COMMITTED, "provision-result", owner_on_result,        STAY,          STAY),
	BERTH_ROW(OW_COMMITTED, "complete",         owner_on_complete,      OW_ACTIVE,     STAY),
	BERTH_ROW(OW_COMMITTED, "item-result",      owner_on_first_word,    OW_ACTIVE,     STAY),
	BERTH_ROW(OW_COMMITTED, "renew-request",    owner_on_renew_unknown, OW_RENEW_PENDING, STAY),
	BERTH_ROW(OW_COMMITTED, "resynced",         owner_on_complete,      OW_ACTIVE,     STAY),

	/* the registration is kept up while a run is under way: it may have to start over */
	BERTH_ROW(OW_SESSION,   "timer",            owner_register,         STAY,          STAY),
	BERTH_ROW(OW_SESSION,   "resume",           owner_register,         STAY,          STAY),
	BERTH_ROW(OW_SESSION,   "registered",       owner_on_registered,    STAY,          STAY),
	BERTH_ROW(OW_DEVICE_OK, "timer",            owner_register,         STAY,          STAY),
	BERTH_ROW(OW_DEVICE_OK, "registered",       owner_on_registered,    STAY,          STAY),
	BERTH_ROW(OW_APPROVAL,  "timer",            owner_register,         STAY,          STAY),
	BERTH_ROW(OW_APPROVAL,  "resume",           owner_register,         STAY,          STAY),
	BERTH_ROW(OW_APPROVAL,  "registered",       owner_on_registered,    STAY,          STAY),
	BERTH_ROW(OW_OFFERED,   "timer",            owner_register,         STAY,          STAY),
	BERTH_ROW(OW_OFFERED,   "resume",           owner_register,         STAY,          STAY),
	BERTH_ROW(OW_OFFERED,   "registered",       owner_on_registered,    STAY,          STAY),
	BERTH_ROW(OW_COMMITTED, "timer",            owner_register,         STAY,          STAY),
	BERTH_ROW(OW_COMMITTED, "resume",           owner_register,         STAY,          STAY),
	BERTH_ROW(OW_COMMITTED, "registered",       owner_on_registered,    STAY,          STAY),

	BERTH_ROW(OW_ACTIVE,    "cmd/import",       owner_import_delegation, STAY,         STAY),
	BERTH_ROW(OW_ACTIVE,    "renew-request",    owner_on_renew_request, OW_RENEW_PENDING, STAY),
	BERTH_ROW(OW_ACTIVE,    "renew-activated",  owner_on_activated_again, STAY,        STAY),
	BERTH_ROW(OW_ACTIVE,    "cmd/rotate",       owner_rotate,           STAY,          STAY),
	BERTH_ROW(OW_ACTIVE,    "timer",            owner_look,             STAY,          STAY),
	BERTH_ROW(OW_ACTIVE,    "resume",           owner_look,             STAY,          STAY),
	BERTH_ROW(OW_ACTIVE,    "rotated",          owner_on_rotated,       STAY,          STAY),
	BERTH_ROW(OW_RENEW_PENDING, "cmd/import",   owner_import_delegation, STAY,         STAY),
	BERTH_ROW(OW_RENEW_PENDING, "timer",        owner_look,             STAY,          STAY),
	BERTH_ROW(OW_RENEW_PENDING, "resume",       owner_look,             STAY,          STAY),
	BERTH_ROW(OW_RENEW_PENDING, "rotated",      owner_on_rotated,       STAY,          STAY),
	BERTH_ROW(OW_RENEW_PENDING, "renew-request", owner_on_renew_request, STAY,         STAY),
	BERTH_ROW(OW_RENEW_PENDING, "renew-activated", owner_on_activated,  OW_ACTIVE,     STAY),

	BERTH_ROW(OW_ACTIVE,    "cmd/suspend",      owner_suspend,          OW_SUSPENDED,  STAY),
	BERTH_ROW(OW_ACTIVE,    "cmd/revoke",       owner_revoke,           OW_REVOKED,    STAY),
	BERTH_ROW(OW_ACTIVE,    "cmd/attest",       owner_attest,           STAY,          STAY),
	BERTH_ROW(OW_ACTIVE,    "attest-evidence",  owner_on_evidence,      STAY,          STAY),
	BERTH_ROW(OW_RENEW_PENDING, "cmd/suspend",  owner_suspend,          OW_SUSPENDED,  STAY),
	BERTH_ROW(OW_RENEW_PENDING, "cmd/revoke",   owner_revoke,           OW_REVOKED,    STAY),
	BERTH_ROW(OW_RENEW_PENDING, "cmd/attest",   owner_attest,           STAY,          STAY),
	BERTH_ROW(OW_RENEW_PENDING, "attest-evidence", owner_on_evidence,   STAY,          STAY),
	BERTH_ROW(OW_SUSPENDED, "cmd/suspend",      owner_suspend,          STAY,          STAY),
	BERTH_ROW(OW_SUSPENDED, "cmd/resume",       owner_resume,           OW_ACTIVE,     STAY),
	BERTH_ROW(OW_SUSPENDED, "cmd/revoke",       owner_revoke,           OW_REVOKED,    STAY),
	BERTH_ROW(OW_SUSPENDED, "cmd/attest",       owner_attest,           STAY,          STAY),
	BERTH_ROW(OW_SUSPENDED, "cmd/import",       owner_import_delegation, STAY,         STAY),
	BERTH_ROW(OW_SUSPENDED, "attest-evidence",  owner_on_evidence,      STAY,          STAY),
	BERTH_ROW(OW_SUSPENDED, "renew-request",    owner_on_renew_refused, STAY,          STAY),
	BERTH_ROW(OW_SUSPENDED, "renew-activated",  owner_on_activated_late, STAY,         STAY),
	BERTH_ROW(OW_SUSPENDED, "hello",            owner_on_hello_refused, STAY,          STAY),
	BERTH_ROW(OW_SUSPENDED, "rotated",          owner_on_rotated,       STAY,          STAY),
	BERTH_ROW(OW_SUSPENDED, "timer",            owner_look,             STAY,          STAY),
	BERTH_ROW(OW_SUSPENDED, "resume",           owner_look,             STAY,          STAY),
	BERTH_ROW(OW_REVOKED,   "cmd/approve",      owner_readmit,          OW_CHAIN_OK,   STAY),
	BERTH_ROW(OW_REVOKED,   "renew-request",    owner_on_renew_refused, STAY,          STAY),
	BERTH_ROW(OW_REVOKED,   "renew-activated",  owner_on_activated_late, STAY,         STAY),
	BERTH_ROW(OW_REVOKED,   "hello",            owner_on_hello_refused, STAY,          STAY),
	BERTH_ROW(OW_REVOKED,   "rotated",          owner_on_rotated,       STAY,          STAY),
	BERTH_ROW(OW_REVOKED,   "timer",            owner_look,             STAY,          STAY),
	BERTH_ROW(OW_REVOKED,   "resume",           owner_look,             STAY,          STAY),

	/* let in again, and it may not even know that it was out; or we are a backup */
	BERTH_ROW(OW_CHAIN_OK,  "renew-request",    owner_on_renew_unknown, STAY,          STAY),
	BERTH_ROW(OW_PUBLISHED, "renew-request",    owner_on_renew_unknown, STAY,          STAY),
	BERTH_ROW(OW_SESSION,   "renew-request",    owner_on_renew_unknown, STAY,          STAY),
	BERTH_ROW(OW_DEVICE_OK, "renew-request",    owner_on_renew_unknown, STAY,          STAY),
	BERTH_ROW(OW_APPROVAL,  "renew-request",    owner_on_renew_unknown, STAY,          STAY),
	BERTH_ROW(OW_OFFERED,   "renew-request",    owner_on_renew_unknown, STAY,          STAY),
	BERTH_ROW(OW_ISSUED,    "renew-request",    owner_on_renew_unknown, STAY,          STAY),
	BERTH_ROW(OW_ACTIVE,    "resynced",         owner_on_resynced,      STAY,          STAY),
	BERTH_ROW(OW_RENEW_PENDING, "resynced",     owner_on_resynced,      STAY,          STAY),
	BERTH_ROW(OW_SUSPENDED, "resynced",         owner_on_resynced,      STAY,          STAY),

	BERTH_ROW(FROM_ANY,     "status-noted",     owner_on_status_noted,  STAY,          STAY),
	BERTH_ROW(FROM_ANY,     "item-result",      owner_on_item_result,   STAY,          STAY),
	BERTH_ROW(FROM_ANY,     "where",            owner_on_where,         STAY,          STAY),
	BERTH_ROW(FROM_ANY,     "cmd/provision",    owner_provision,        STAY,          STAY),
	BERTH_ROW(FROM_ANY,     "cmd/withdraw",     owner_withdraw,         STAY,          STAY),
	BERTH_ROW(FROM_ANY,     "cmd/reprovision",  owner_reprovision,      STAY,          STAY),
	BERTH_ROW(OW_ACTIVE,    "set-wanted",       owner_on_set_wanted,    STAY,          STAY),
	BERTH_ROW(OW_RENEW_PENDING, "set-wanted",   owner_on_set_wanted,    STAY,          STAY),
	BERTH_ROW(FROM_ANY,     "set-result",       owner_on_set_result,    STAY,          STAY),
	BERTH_ROW(FROM_ANY,     "cmd/delegate",     owner_delegate,         STAY,          STAY),

	BERTH_ROW(OW_CHAIN_OK,  "cmd/transfer",     owner_sell_on,          OW_TRANSFERRED, STAY),
	BERTH_ROW(OW_PUBLISHED, "cmd/transfer",     owner_sell_on,          OW_TRANSFERRED, STAY),
	BERTH_ROW(OW_ACTIVE,    "cmd/transfer",     owner_transfer,         OW_TRANSFERRING, STAY),
	BERTH_ROW(OW_ACTIVE,    "transfer-ready",   owner_on_late_ready,    STAY,          STAY),
	BERTH_ROW(OW_RENEW_PENDING, "cmd/transfer", owner_not_now,          STAY,          STAY),
	BERTH_ROW(OW_TRANSFERRING, "cmd/transfer",  owner_transfer_again,   STAY,          STAY),
	BERTH_ROW(OW_TRANSFERRING, "timer",         owner_let_go_again,     STAY,          STAY),
	BERTH_ROW(OW_TRANSFERRING, "resume",        owner_let_go_again,     STAY,          STAY),
	BERTH_ROW(OW_TRANSFERRING, "transfer-ready", owner_on_ready,        STAY,          STAY),
	BERTH_ROW(OW_TRANSFERRING, "renew-request", owner_on_request_of_leaving, STAY,     STAY),
	BERTH_ROW(OW_TRANSFERRING, "renew-activated", owner_on_activated_late, STAY,       STAY),
	BERTH_ROW(OW_TRANSFERRING, "refused",       owner_on_refused,       OW_ACTIVE,     STAY),
	BERTH_ROW(OW_TRANSFERRING, "released",      owner_on_ended,         OW_TRANSFERRED, STAY),
	BERTH_ROW(OW_TRANSFERRING, "cmd/receipt",   owner_take_receipt,     OW_TRANSFERRED, STAY),
	BERTH_ROW(OW_TRANSFERRED, "cmd/transfer",   owner_sell_released,    STAY,          STAY),
	BERTH_ROW(OW_TRANSFERRED, "released",       owner_on_ended_again,   STAY,          STAY),
	BERTH_ROW(OW_TRANSFERRED, "commit",         owner_on_late_commit,   STAY,          STAY),

	BERTH_ROW(OW_ACTIVE,    "cmd/retire",       owner_retire,           OW_RETIRING,   STAY),
	BERTH_ROW(OW_RENEW_PENDING, "cmd/retire",   owner_not_now,          STAY,          STAY),
	BERTH_ROW(OW_RETIRING,  "cmd/retire",       owner_retire_again,     STAY,          STAY),
	BERTH_ROW(OW_RETIRING,  "timer",            owner_let_go_again,     STAY,          STAY),
	BERTH_ROW(OW_RETIRING,  "resume",           owner_let_go_again,     STAY,          STAY),
	BERTH_ROW(OW_RETIRING,  "renew-request",    owner_on_request_of_leaving, STAY,     STAY),
	BERTH_ROW(OW_RETIRING,  "renew-activated",  owner_on_activated_late, STAY,         STAY),
	BERTH_ROW(OW_RETIRING,  "refused",          owner_on_refused,       OW_ACTIVE,     STAY),
	BERTH_ROW(OW_RETIRING,  "retired",          owner_on_ended,         OW_RETIRED,    STAY),
	BERTH_ROW(OW_RETIRING,  "cmd/receipt",      owner_take_receipt,     OW_RETIRED,    STAY),
	BERTH_ROW(OW_RETIRED,   "cmd/retire",       owner_show_tombstone,   STAY,          STAY),
	BERTH_ROW(OW_RETIRED,   "retired",          owner_on_ended_again,   STAY,          STAY),

	/* out of service it can be let go as well */
	BERTH_ROW(OW_SUSPENDED, "cmd/transfer",     owner_transfer,         OW_TRANSFERRING, STAY),
	BERTH_ROW(OW_REVOKED,   "cmd/transfer",     owner_transfer,         OW_TRANSFERRING, STAY),
	BERTH_ROW(OW_SUSPENDED, "cmd/retire",       owner_retire,           OW_RETIRING,   STAY),
	BERTH_ROW(OW_REVOKED,   "cmd/retire",       owner_retire,           OW_RETIRING,   STAY),
	BERTH_ROW(OW_SUSPENDED, "transfer-ready",   owner_on_late_ready,    STAY,          STAY),
	BERTH_ROW(OW_REVOKED,   "transfer-ready",   owner_on_late_ready,    STAY,          STAY),
	BERTH_ROW(OW_RENEW_PENDING, "transfer-ready", owner_on_late_ready,  STAY,          STAY),

	/* and one that was revoked may have begun anew */
	BERTH_ROW(OW_TRANSFERRING, "hello",         owner_on_hello_of_leaving, STAY,       STAY),
	BERTH_ROW(OW_TRANSFERRING, "prove-device",  owner_on_proof_of_leaving, OW_REVOKED, STAY),
	BERTH_ROW(OW_TRANSFERRING, "registered",    owner_on_registered,    STAY,          STAY),
	BERTH_ROW(OW_TRANSFERRING, "cmd/invite",    owner_invite,           STAY,          STAY),
	BERTH_ROW(OW_RETIRING,  "hello",            owner_on_hello_of_leaving, STAY,       STAY),
	BERTH_ROW(OW_RETIRING,  "prove-device",     owner_on_proof_of_leaving, OW_REVOKED, STAY),
	BERTH_ROW(OW_RETIRING,  "registered",       owner_on_registered,    STAY,          STAY),
	BERTH_ROW(OW_RETIRING,  "cmd/invite",       owner_invite,           STAY,          STAY),

	/* where we are now */
	BERTH_ROW(FROM_ANY,     "registered",       owner_on_registered_moved, STAY,       STAY),

	/* out of service by a word that a backup does not have */
	BERTH_ROW(FROM_ANY,     "cmd/resume",       owner_resume_unheard,   STAY,          STAY),

	/* what was issued, and never said that it is in use */
	BERTH_ROW(OW_CHAIN_OK,  "cmd/revoke",       owner_revoke_early,     OW_REVOKED,    STAY),
	BERTH_ROW(OW_PUBLISHED, "cmd/revoke",       owner_revoke_early,     OW_REVOKED,    STAY),
	BERTH_ROW(OW_SESSION,   "cmd/revoke",       owner_revoke_early,     OW_REVOKED,    STAY),
	BERTH_ROW(OW_DEVICE_OK, "cmd/revoke",       owner_revoke_early,     OW_REVOKED,    STAY),
	BERTH_ROW(OW_APPROVAL,  "cmd/revoke",       owner_revoke_early,     OW_REVOKED,    STAY),
	BERTH_ROW(OW_OFFERED,   "cmd/revoke",       owner_revoke_early,     OW_REVOKED,    STAY),
	BERTH_ROW(OW_ISSUED,    "cmd/revoke",       owner_revoke_early,     OW_REVOKED,    STAY),
	BERTH_ROW(OW_COMMITTED, "cmd/revoke",       owner_revoke_early,     OW_REVOKED,    STAY),
	BERTH_ROW(OW_REVOKED,   "commit",           owner_on_late_commit,   STAY,          STAY),
	BERTH_ROW(OW_TRANSFERRING, "commit",        owner_on_late_commit,   STAY,          STAY),
	BERTH_ROW(OW_RETIRING,  "commit",           owner_on_late_commit,   STAY,          STAY),

	/* what a delegate has onboarded */
	BERTH_ROW(OW_CHAIN_OK,  "cmd/retire",       owner_retire_by_delegate, OW_RETIRING, STAY),
	BERTH_ROW(OW_PUBLISHED, "cmd/retire",       owner_retire_by_delegate, OW_RETIRING, STAY),
};

const struct berth_machine berth_owner_machine = {
	.name = "owner", .piuri = BERTH_PIURI_ONBOARDING, .piuri2 = BERTH_PIURI_RENDEZVOUS,
	.states = states, .n_states = sizeof(states) / sizeof(states[0]),
	.table = table, .table_len = sizeof(table) / sizeof(table[0]), .find = find,
	.strict = true, .apart = "package", .apart_ns = "owner-package",
};

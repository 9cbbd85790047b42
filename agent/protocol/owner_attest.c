/* SPDX-License-Identifier: Apache-2.0 */
/* M14 on the owner's side: what does the device run now?  Asked by a person or as often as
 * policy says; the answer is judged, compared and kept.  data:
 *
 *	attest {thid, nonce, pcrs, log?, tries, dueS}	asked, and not answered yet
 *	attested {atS, verdict, detail?, pcrs, pcrDigest?, values?, log?}	the last answer's: ok, drift, failed, silent
 *	attestDueS			when to ask again, in seconds of uptime
 *	unansweredS			since when nothing was answered, in those */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/attestation.h"
#include "agent/protocol/owner.h"
#include "did/base/rand.h"
#include "did/codec/base64url.h"
#include "did/keystore/tpm2_pcr.h"
#include "did/url.h"

#define AGAIN_S 60
#define TRIES_MAX 10		/* some hours; then it is said to be silent, and asked the next time */

/* ---- asking ---- */
static enum berth_err set_random(struct berth_json *o, const char *member, size_t n)
{
	uint8_t b[32];

	berth_random(b, n);
	return berth_json_set_b64url(o, member, b, n);
}

static struct owner_attest_policy policy_of(const struct berth_env *env, const struct berth_instance *inst)
{
	return owner_attest_policy(env->policy, berth_data_str(inst->data, "model"));
}

static enum berth_err begin(struct berth_env *env, struct berth_instance *inst)
{
	struct berth_json *ask;
	enum berth_err rc;

	if (strcmp(berth_data_str(inst->data, "custody"), "hardware") != 0)
		return berth_fail(BERTH_E_KEY, "the device has %s keys: nothing can attest it", berth_data_str(inst->data, "custody"));
	if ((rc = owner_check_scope(env, inst, BERTH_SCOPE_ATTEST)))
		return rc;
	berth_json_remove(inst->data, "attest");	/* a new question has a new nonce */
	ask = berth_data_obj(inst->data, "attest");
	if ((rc = set_random(ask, "thid", 16)) || (rc = set_random(ask, "nonce", 32)))
		return rc;
	return berth_json_set(ask, "pcrs", berth_pcr_list_json(policy_of(env, inst).pcrs));
}

static enum berth_err send_request(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *ask = berth_json_get(inst->data, "attest");
	struct berth_json *body = berth_json_new_object(), *pcrs = berth_json_clone(berth_json_get(ask, "pcrs"));
	const char *thid = berth_data_str(ask, "thid"), *device = berth_data_str(inst->data, "operationalDid");
	struct berth_buf peer = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_json_set(body, "pcrs", pcrs)) ||
	    (rc = berth_json_set_int(body, "epoch", berth_data_int(inst->data, "epoch", 0))) ||
	    (rc = berth_json_set_str(body, "nonce", berth_data_str(ask, "nonce"))) ||
	    (berth_json_get(ask, "log") && (rc = berth_json_set(body, "eventLog", berth_json_new_bool(true)))) ||
	    (rc = owner_set_delegation(env, inst, body)) || (rc = berth_did_short(&peer, device)) ||
	    (rc = berth_effects_drop(fx, berth_buf_cstr(&peer), thid)))
		goto out;
	rc = berth_effects_send(env, fx, owner_us(env, inst), device, NULL, BERTH_PIURI_ONBOARDING "attest-request", thid,
				body, NULL);
	body = NULL;
out:
	berth_json_free(body);
	berth_buf_free(&peer);
	return rc;
}

static enum berth_err ask_now(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	struct berth_json *ask = berth_data_obj(inst->data, "attest");
	int64_t tries = berth_data_int(ask, "tries", 0), wait_s = (int64_t)AGAIN_S << tries;
	enum berth_err rc;

	if ((rc = berth_json_set_int(ask, "tries", tries + 1)) ||
	    (rc = berth_json_set_int(ask, "dueS", env->uptime_s + wait_s)) ||
	    (!berth_json_get(inst->data, "unansweredS") && (rc = berth_json_set_int(inst->data, "unansweredS", env->uptime_s))))
		return rc;
	fx->timer_ms = (uint64_t)wait_s * 1000;
	return send_request(env, inst, fx);
}

/* The operator's word. */
enum berth_err owner_attest(struct berth_env *env, struct berth_instance *inst,
			    const struct berth_event *ev, struct berth_effects *fx)
{
	bool log = berth_json_bool(berth_json_get(ev->args, "eventLog"), false);
	enum berth_err rc;

	if ((rc = begin(env, inst)) ||
	    (log && (rc = berth_json_set(berth_data_obj(inst->data, "attest"), "log", berth_json_new_bool(true)))))
		return rc;
	berth_effects_audit(fx, "device %s: asked what it runs", berth_data_str(inst->data, "serial"));
	return ask_now(env, inst, fx);
}

/* ---- the answer, kept ---- */
static enum berth_err mark(const struct berth_instance *inst, struct berth_effects *fx, const char *ns, bool is)
{
	return is ? berth_effects_put(fx, ns, inst->key, "1", 1) : berth_effects_remove(fx, ns, inst->key);
}

enum berth_err owner_mark_attested(const struct berth_instance *inst, struct berth_effects *fx, const char *verdict)
{
	bool silent = verdict && strcmp(verdict, "silent") == 0;
	enum berth_err rc = mark(inst, fx, BERTH_NS_DRIFTED, verdict && !silent && strcmp(verdict, "ok") != 0);

	return rc ? rc : mark(inst, fx, BERTH_NS_SILENT, silent);
}

struct finding {
	const char *verdict, *detail;	/* detail NULL: there is nothing more to say */
	const struct owner_quoted *q;	/* NULL: not known */
	uint32_t pcrs;			/* that were asked for */
	bool compared;			/* with a reference, or what it was before */
	char log[OWNER_LOG_SAID_MAX];	/* "": none was asked for */
};

static enum berth_err keep(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct finding *f)
{
	struct berth_json *out = berth_json_new_object();
	struct berth_json *pcrs = berth_json_clone(berth_json_get(berth_json_get(inst->data, "attest"), "pcrs"));
	enum berth_err rc;

	if ((rc = berth_json_set(out, "pcrs", pcrs)) ||
	    (rc = berth_json_set_int(out, "atS", env->now_s < 0 ? 0 : env->now_s)) ||
	    (rc = berth_json_set_str(out, "verdict", f->verdict)) || (f->detail && (rc = berth_json_set_str(out, "detail", f->detail))) ||
	    (f->log[0] && (rc = berth_json_set_str(out, "log", f->log))) ||
	    (f->q && (rc = berth_json_set_b64url(out, "pcrDigest", f->q->digest, 32))) ||
	    (f->q && f->q->values.mask && (rc = berth_pcr_values_set(out, "values", &f->q->values)))) {
		berth_json_free(out);
		return rc;
	}
	berth_effects_audit(fx, "device %s attested: %s%s%s", berth_data_str(inst->data, "serial"), f->verdict,
			    f->detail ? ": " : "", f->detail ? f->detail : "");
	berth_json_remove(inst->data, "attest");
	return (rc = berth_json_set(inst->data, "attested", out)) ? rc : owner_mark_attested(inst, fx, f->verdict);
}

/* A fleet does not come at once. */
static enum berth_err schedule(struct berth_env *env, struct berth_instance *inst)
{
	int64_t every = policy_of(env, inst).every_s;
	uint32_t r;

	berth_random(&r, sizeof(r));
	return berth_json_set_int(inst->data, "attestDueS", env->uptime_s + every - (every / 10 ? r % (every / 10) : 0));
}

static enum berth_err by_itself(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	int64_t left = berth_data_int(inst->data, "attestDueS", 0) - env->uptime_s, every = policy_of(env, inst).every_s;
	enum berth_err rc;

	if (!every || strcmp(berth_data_str(inst->data, "custody"), "hardware") != 0)
		return berth_fail(BERTH_E_NOMATCH, "nobody asks");
	if (left > every)
		left = 0;	/* policy has changed */
	if (left > 0 && berth_json_get(inst->data, "attestDueS")) {
		fx->timer_ms = (uint64_t)left * 1000;
		return berth_fail(BERTH_E_NOMATCH, "not yet");
	}
	if (!berth_json_get(inst->data, "attestDueS"))
		return schedule(env, inst);
	if ((rc = begin(env, inst)) || (rc = schedule(env, inst)))
		return rc == BERTH_E_AUTHZ ? berth_fail(BERTH_E_NOMATCH, "the delegation is not for that") : rc;
	return ask_now(env, inst, fx);
}

enum berth_err owner_attest_again(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *ask = berth_json_get(inst->data, "attest");
	enum berth_err rc;

	(void)ev;
	if (!ask)
		return by_itself(env, inst, fx);
	if ((rc = owner_is_due(env, fx, ask)))
		return rc;
	if (berth_data_int(ask, "tries", 0) >= TRIES_MAX)
		return keep(env, inst, fx, &(struct finding){ .verdict = "silent" });
	return ask_now(env, inst, fx);
}

/* ---- the answer, judged ---- */
static enum berth_err
verify(struct berth_env *env, const struct berth_instance *inst, const struct berth_event *ev, uint32_t *pcrs,
       struct owner_quoted *q)
{
	const struct berth_json *ask = berth_json_get(inst->data, "attest");
	struct berth_run none = { .epoch = 0 };
	uint8_t nonce[32];
	struct berth_attest_claim claim = { .label = "berth-m14", .nonce = nonce, .said = &none.said, .did = ev->sender };
	struct berth_device_credential dc = { 0 };
	enum berth_err rc;

	if (!(rc = berth_body_get_32(ask, "nonce", nonce)) && !(rc = berth_pcr_list_read(&claim.pcrs, ask)) &&
	    !(rc = owner_device_credential(env, inst, &dc))) {
		claim.keys = &dc.keys;
		rc = berth_attest_verify(env, &claim, ev->in->msg.body);
	}
	berth_object_free(&dc.obj);
	memcpy(q->digest, claim.pcr_digest, 32);
	q->values = claim.values;
	*pcrs = claim.pcrs;
	return rc;
}

static enum berth_err
out_of_service(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct finding *f)
{
	char reason[160];
	enum berth_err rc;

	snprintf(reason, sizeof(reason), "attestation: %s: %.120s", f->verdict, f->detail);
	if ((rc = owner_take_out(env, inst, fx, reason)))
		return rc;
	return berth_json_set_int(berth_data_obj(inst->data, "status"), "driftOf", f->pcrs);
}

/* Evidence that is none, and PCRs that are not as they should be, are the same to policy:
 * the device cannot be trusted to be what it was. */
static enum berth_err bad(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct finding *f)
{
	enum berth_err rc = keep(env, inst, fx, f);

	if (rc || !policy_of(env, inst).quarantine || inst->state == OW_SUSPENDED ||
	    owner_check_scope(env, inst, BERTH_SCOPE_SUSPEND))
		return rc;
	return out_of_service(env, inst, fx, f);
}

/* ---- no answer ---- */
/* What a backup remembers of a device may be another identity's. */
static bool may_be_overdue(struct berth_env *env, const struct berth_instance *inst)
{
	return env->policy->attest_silent && policy_of(env, inst).every_s && berth_json_get(inst->data, "unansweredS") &&
	       (inst->state == OW_ACTIVE || inst->state == OW_RENEW_PENDING) && owner_is_synced(env, inst) &&
	       !owner_check_scope(env, inst, BERTH_SCOPE_SUSPEND);
}

/* What it runs is not known for so long that policy takes it for the worst.  It is asked again
 * at once, and may answer whenever it comes. */
enum berth_err owner_attest_overdue(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	int64_t n = env->policy->attest_silent, left;
	struct finding f = { .verdict = "silent", .pcrs = policy_of(env, inst).pcrs };
	char detail[64];
	enum berth_err rc;

	(void)ev;
	if (!may_be_overdue(env, inst))
		return berth_fail(BERTH_E_NOMATCH, "nobody waits");
	left = berth_data_int(inst->data, "unansweredS", 0) + n * policy_of(env, inst).every_s - env->uptime_s;
	if (left > 0) {
		fx->timer_ms = (uint64_t)left * 1000;
		return berth_fail(BERTH_E_NOMATCH, "not yet");
	}
	snprintf(detail, sizeof(detail), "no answer for %lld intervals", (long long)n);
	f.detail = detail;
	berth_json_remove(inst->data, "unansweredS");
	if ((berth_json_get(inst->data, "attest") && (rc = keep(env, inst, fx, &f))) ||
	    (rc = berth_json_set_int(inst->data, "attestDueS", env->uptime_s)))
		return rc;
	return out_of_service(env, inst, fx, &f);
}

/* Compared, over the same PCRs: what we had ordered by ourselves has no reason any more. */
static enum berth_err good(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct finding *f)
{
	int64_t of = berth_data_int(berth_json_get(inst->data, "status"), "driftOf", 0);
	enum berth_err rc = keep(env, inst, fx, f);

	if (rc || !env->policy->attest_lift || inst->state != OW_SUSPENDED || !of || of != f->pcrs || !f->compared ||
	    !owner_is_synced(env, inst) || owner_check_scope(env, inst, BERTH_SCOPE_SUSPEND))
		return rc;
	return owner_take_back(env, inst, fx, "attestation: as it was again");
}

/* What the log, where one was asked for, adds to the verdict. */
static enum berth_err judge_log(struct berth_instance *inst, const struct berth_json *body, const struct owner_quoted *q,
				uint32_t odd, struct berth_buf *drift, char said[OWNER_LOG_SAID_MAX])
{
	struct berth_buf log = BERTH_BUF_INIT;
	enum berth_err rc = owner_read_log(body, &q->values, &log, said);

	if (rc && rc != BERTH_E_NOMEM && drift->len) {	/* it has drifted: the log says no more than that */
		berth_buf_printf(drift, "; %s", berth_err_detail());
		rc = berth_buf_status(drift);
	} else if (!rc && log.len)
		rc = drift->len ? owner_name_event(inst, &log, odd, drift) : owner_keep_log(inst, &log);
	berth_buf_free(&log);
	return rc;
}

static enum berth_err judge(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			    struct berth_effects *fx)
{
	bool log = berth_json_get(berth_json_get(inst->data, "attest"), "log");
	struct berth_buf drift = BERTH_BUF_INIT;
	struct finding f = { .log = "" };
	struct owner_quoted q;
	uint32_t odd;
	char why[120];
	enum berth_err rc;

	if (!(rc = verify(env, inst, ev, &f.pcrs, &q)) &&
	    !(rc = owner_compare(env, inst, f.pcrs, &q, &drift, &odd, &f.compared)) && log)
		rc = judge_log(inst, ev->in->msg.body, &q, odd, &drift, f.log);
	if (rc == BERTH_E_NOMEM)
		goto out;
	if (rc)
		snprintf(why, sizeof(why), "%s: %.100s", berth_err_name(rc), berth_err_detail());
	f.verdict = rc ? "failed" : drift.len ? "drift" : "ok";
	f.detail = rc ? why : drift.len ? berth_buf_cstr(&drift) : NULL;
	f.q = rc ? NULL : &q;
	rc = f.detail ? bad(env, inst, fx, &f) : good(env, inst, fx, &f);
out:
	berth_buf_free(&drift);
	return rc;
}

enum berth_err owner_on_evidence(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *ask = berth_json_get(inst->data, "attest");
	const char *thid = berth_data_str(ask, "thid");
	enum berth_err rc;

	if ((rc = owner_check_device(inst, ev)))
		return rc;
	if (!thid || strcmp(thid, ev->in->msg.thid) != 0)
		return berth_fail(BERTH_E_REPLAY, "evidence that nobody waits for");
	if ((rc = owner_note_audit(env, inst, ev)) || (rc = berth_effects_drop(fx, ev->sender, thid)))
		return rc;
	berth_json_remove(inst->data, "unansweredS");
	fx->timer_ms = OWNER_LOOK_MS;
	return judge(env, inst, ev, fx);
}

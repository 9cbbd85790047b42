/* SPDX-License-Identifier: Apache-2.0 */
/* M14 on the owner's side: what does the device run now?  Asked by a person or as often as
 * policy says; the answer is judged, compared and kept.  data:
 *
 *	attest {thid, nonce, pcrs, tries, dueS}		asked, and not answered yet
 *	attested {atS, verdict, detail?, pcrs, pcrDigest?}	the last answer's: ok, drift, failed, silent
 *	pcrBase {pcrs, pcrDigest}	what the first good answer said, where there is no reference
 *	attestDueS			when to ask again, in seconds of uptime */
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

static uint32_t wanted_pcrs(const struct berth_policy *p) { return p->attest_pcrs ? p->attest_pcrs : BERTH_ATTEST_PCRS; }

static enum berth_err begin(struct berth_env *env, struct berth_instance *inst)
{
	struct berth_json *ask;
	enum berth_err rc;

	if (strcmp(berth_data_str(inst->data, "custody"), "hardware") != 0)
		return berth_fail(BERTH_E_KEY, "the device has %s keys: nothing can attest it", berth_data_str(inst->data, "custody"));
	if ((rc = owner_check_scope(inst, BERTH_SCOPE_ATTEST)))
		return rc;
	berth_json_remove(inst->data, "attest");	/* a new question has a new nonce */
	ask = berth_data_obj(inst->data, "attest");
	if ((rc = set_random(ask, "thid", 16)) || (rc = set_random(ask, "nonce", 32)))
		return rc;
	return berth_json_set(ask, "pcrs", berth_pcr_list_json(wanted_pcrs(env->policy)));
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
	    (rc = owner_set_delegation(inst, body)) || (rc = berth_did_short(&peer, device)) ||
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
	    (rc = berth_json_set_int(ask, "dueS", env->uptime_s + wait_s)))
		return rc;
	fx->timer_ms = (uint64_t)wait_s * 1000;
	return send_request(env, inst, fx);
}

/* The operator's word. */
enum berth_err owner_attest(struct berth_env *env, struct berth_instance *inst,
			    const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc = begin(env, inst);

	(void)ev;
	if (rc)
		return rc;
	berth_effects_audit(fx, "device %s: asked what it runs", berth_data_str(inst->data, "serial"));
	return ask_now(env, inst, fx);
}

/* ---- the answer, kept ---- */
static enum berth_err keep(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const char *verdict,
			   const char *detail, const uint8_t *digest)
{
	struct berth_json *out = berth_json_new_object();
	struct berth_json *pcrs = berth_json_clone(berth_json_get(berth_json_get(inst->data, "attest"), "pcrs"));
	enum berth_err rc;

	if ((rc = berth_json_set(out, "pcrs", pcrs)) ||
	    (rc = berth_json_set_int(out, "atS", env->now_s < 0 ? 0 : env->now_s)) ||
	    (rc = berth_json_set_str(out, "verdict", verdict)) || (detail && (rc = berth_json_set_str(out, "detail", detail))) ||
	    (digest && (rc = berth_json_set_b64url(out, "pcrDigest", digest, 32)))) {
		berth_json_free(out);
		return rc;
	}
	berth_effects_audit(fx, "device %s attested: %s%s%s", berth_data_str(inst->data, "serial"), verdict, detail ? ": " : "",
			    detail ? detail : "");
	berth_json_remove(inst->data, "attest");
	return berth_json_set(inst->data, "attested", out);
}

/* A fleet does not come at once. */
static enum berth_err schedule(struct berth_env *env, struct berth_instance *inst)
{
	int64_t every = env->policy->attest_every_s;
	uint32_t r;

	berth_random(&r, sizeof(r));
	return berth_json_set_int(inst->data, "attestDueS", env->uptime_s + every - (every / 10 ? r % (every / 10) : 0));
}

static enum berth_err by_itself(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	int64_t left = berth_data_int(inst->data, "attestDueS", 0) - env->uptime_s;
	enum berth_err rc;

	if (!env->policy->attest_every_s || strcmp(berth_data_str(inst->data, "custody"), "hardware") != 0)
		return berth_fail(BERTH_E_NOMATCH, "nobody asks");
	if (left > env->policy->attest_every_s)
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
		return keep(env, inst, fx, "silent", NULL, NULL);
	return ask_now(env, inst, fx);
}

/* ---- the answer, judged ---- */
static bool is_known(const struct berth_reference *r, const char *digest)
{
	for (size_t i = 0; i < r->n_digests; i++)
		if (strcmp(r->digests[i], digest) == 0)
			return true;
	return false;
}

enum owner_reference owner_look_up(const struct berth_policy *p, const char *model, const uint8_t digest[32], const char **name)
{
	enum owner_reference found = OWNER_REFERENCE_NONE;
	struct berth_buf text = BERTH_BUF_INIT;

	*name = NULL;
	berth_b64url_encode(&text, digest, 32);
	for (size_t i = 0; i < p->n_references && found != OWNER_REFERENCE_MATCHES; i++) {
		if (!model || strcmp(p->references[i].model, model) != 0)
			continue;
		*name = p->references[i].name;
		found = is_known(&p->references[i], berth_buf_cstr(&text)) ? OWNER_REFERENCE_MATCHES : OWNER_REFERENCE_DIFFERS;
	}
	berth_buf_free(&text);
	return found;
}

/* The first good answer is what the later ones are compared with; for the usual PCRs that
 * was prove-device's. */
static enum berth_err is_as_before(struct berth_instance *inst, const uint8_t digest[32], bool *same)
{
	const struct berth_json *base = berth_json_get(inst->data, "pcrBase"), *ask = berth_json_get(inst->data, "attest");
	struct berth_json *out;
	uint32_t asked, of = BERTH_ATTEST_PCRS;
	uint8_t before[32];
	enum berth_err rc;

	*same = true;
	if ((rc = berth_pcr_list_read(&asked, ask)) || (base && (rc = berth_pcr_list_read(&of, base))))
		return rc;
	if (!base)
		base = inst->data;
	if (of == asked && !berth_body_get_32(base, "pcrDigest", before)) {
		*same = memcmp(before, digest, sizeof(before)) == 0;
		return BERTH_OK;
	}
	out = berth_json_new_object();
	if ((rc = berth_json_set_b64url(out, "pcrDigest", digest, 32)) ||
	    (rc = berth_json_set(out, "pcrs", berth_pcr_list_json(asked)))) {
		berth_json_free(out);
		return rc;
	}
	return berth_json_set(inst->data, "pcrBase", out);
}

static enum berth_err compare(struct berth_env *env, struct berth_instance *inst, const uint8_t digest[32], const char **drift)
{
	const char *name;
	bool same;
	enum berth_err rc = BERTH_OK;

	*drift = NULL;
	switch (owner_look_up(env->policy, berth_data_str(inst->data, "model"), digest, &name)) {
	case OWNER_REFERENCE_MATCHES:
		break;
	case OWNER_REFERENCE_DIFFERS:
		*drift = "the PCRs are not those of its model's reference";
		break;
	case OWNER_REFERENCE_NONE:
		if (!(rc = is_as_before(inst, digest, &same)) && !same)
			*drift = "the PCRs have changed since it was onboarded";
		break;
	}
	return rc;
}

static enum berth_err
verify(struct berth_env *env, const struct berth_instance *inst, const struct berth_event *ev, uint8_t digest[32])
{
	const struct berth_json *ask = berth_json_get(inst->data, "attest");
	struct berth_run none = { .epoch = 0 };
	uint8_t nonce[32];
	struct berth_attest_claim claim = { .label = "berth-m14", .nonce = nonce, .said = &none.said, .did = ev->sender };
	struct berth_chain *c = NULL;
	enum berth_err rc;

	if (!(rc = berth_body_get_32(ask, "nonce", nonce)) && !(rc = berth_pcr_list_read(&claim.pcrs, ask)) &&
	    !(rc = owner_chain(inst, &c))) {
		claim.keys = &c->dc.keys;
		rc = berth_attest_verify(env, &claim, ev->in->msg.body);
	}
	berth_chain_free(c);
	memcpy(digest, claim.pcr_digest, 32);
	return rc;
}

/* Evidence that is none, and PCRs that are not as they should be, are the same to policy:
 * the device cannot be trusted to be what it was. */
static enum berth_err
bad(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const char *verdict, const char *why,
    const uint8_t *digest)
{
	char reason[160];
	enum berth_err rc = keep(env, inst, fx, verdict, why, digest);

	if (rc || !env->policy->attest_quarantine || inst->state == OW_SUSPENDED ||
	    owner_check_scope(inst, BERTH_SCOPE_SUSPEND))
		return rc;
	snprintf(reason, sizeof(reason), "attestation: %s: %.120s", verdict, why);
	return owner_take_out(env, inst, fx, reason);
}

enum berth_err owner_on_evidence(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *ask = berth_json_get(inst->data, "attest");
	const char *thid = berth_data_str(ask, "thid"), *drift;
	uint8_t digest[32];
	char why[120];
	enum berth_err rc;

	if ((rc = owner_check_device(inst, ev)))
		return rc;
	if (!thid || strcmp(thid, ev->in->msg.thid) != 0)
		return berth_fail(BERTH_E_REPLAY, "evidence that nobody waits for");
	if ((rc = berth_effects_drop(fx, ev->sender, thid)))
		return rc;
	fx->timer_ms = OWNER_LOOK_MS;
	if ((rc = verify(env, inst, ev, digest))) {
		if (rc == BERTH_E_NOMEM)
			return rc;
		snprintf(why, sizeof(why), "%s: %.100s", berth_err_name(rc), berth_err_detail());
		return bad(env, inst, fx, "failed", why, NULL);
	}
	if ((rc = compare(env, inst, digest, &drift)))
		return rc;
	return drift ? bad(env, inst, fx, "drift", drift, digest) : keep(env, inst, fx, "ok", NULL, digest);
}

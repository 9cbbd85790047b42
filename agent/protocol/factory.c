/* SPDX-License-Identifier: Apache-2.0 */
/* The manufacturer's side: birth of devices (M0) and their first sale.  One instance
 * a device; the key is its deviceHash of epoch 0 in hex.  data: what factory-init
 * said, the challenge {nonce, activated} while it runs, denied after a refusal, dc
 * (compact) since BORN, batch once it is in one, soldTo and oc (compact) since SOLD,
 * resolved once there was a fork (factory_resolve.c). */
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/attestation.h"
#include "agent/protocol/factory.h"
#include "did/base/rand.h"
#include "did/crypto/hash.h"
#include "did/url.h"

enum { FA_NEW, FA_CHALLENGED, FA_BORN, FA_SOLD };

#define CERT_MAX 4096

static enum berth_err
answer(struct berth_env *env, struct berth_effects *fx, const struct berth_event *ev, const char *type,
       struct berth_json *body)
{
	struct berth_send *s;
	enum berth_err rc = berth_effects_send(env, fx, env->identity(env, BERTH_ID_MAKER), ev->sender, NULL, type,
					       ev->in->msg.thid, body, &s);

	if (!rc)
		s->ephemeral = true;	/* lost ones are asked for again */
	return rc;
}

/* A refusal that the device hears of; the state is NEW again. */
static enum berth_err
deny(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct berth_event *ev,
     enum berth_err why)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	berth_effects_audit(fx, "device %s refused at birth: %s: %s", berth_data_str(inst->data, "serial"),
			    berth_err_name(why), berth_err_detail());
	berth_json_remove(inst->data, "challenge");
	fx->state = FA_NEW;
	if ((rc = berth_json_set_str(inst->data, "denied", berth_err_name(why))) ||
	    (rc = berth_json_set_str(body, "reason", berth_err_name(why)))) {
		berth_json_free(body);
		return rc;
	}
	return answer(env, fx, ev, BERTH_PIURI_ONBOARDING "denied", body);
}

/* ---- factory-init ---- */
static const char *const labels[] = { "serial", "model", "hardware", "firmware", "custody" };
static const char *const evidence[] = { "ekCert", "ekPub", "akPub", "signPub", "agreePub" };

static bool is_hardware(const struct berth_json *data)
{
	const char *custody = berth_data_str(data, "custody");

	return custody && strcmp(custody, "hardware") == 0;
}

static enum berth_err keep_init(struct berth_json *data, const struct berth_json *body)
{
	const char *s;
	enum berth_err rc;

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if ((rc = berth_json_req_str(body, labels[i], BERTH_LABEL_MAX, &s)) ||
		    (rc = berth_json_set_str(data, labels[i], s)))
			return rc;
	if (is_hardware(data))
		for (size_t i = 0; i < sizeof(evidence) / sizeof(evidence[0]); i++)
			if ((rc = berth_json_req_str(body, evidence[i], CERT_MAX * 4 / 3, &s)) ||
			    (rc = berth_json_set_str(data, evidence[i], s)))
				return rc;
	return BERTH_OK;
}

/* In its long form whatever the envelope says: the DeviceCredential holds for ever. */
static enum berth_err keep_did(struct berth_json *data, const struct berth_event *ev)
{
	const char *did;
	enum berth_err rc;

	if ((rc = berth_json_req_str(ev->in->msg.body, "did", 8192, &did)))
		return rc;
	if (!berth_did_same(did, ev->sender))
		return berth_fail(BERTH_E_AUTHZ, "factory-init for another DID than the sender's");
	return berth_json_set_str(data, "did", did);
}

struct tpm {
	struct berth_buf cert, ek, ak_bytes;
	struct berth_tpm_public ak, sign, agree;
};

static void tpm_free(struct tpm *t)
{
	berth_buf_free(&t->cert);
	berth_buf_free(&t->ek);
	berth_buf_free(&t->ak_bytes);
}

/* What can be said of the TPM without asking it: whose EK this is, that the AK only
 * signs what the TPM made, and that both keys are the DID's and live in a TPM. */
static enum berth_err
examine(struct berth_env *env, const struct berth_json *data, struct tpm *t)
{
	struct berth_did_doc *doc = NULL;
	enum berth_err rc;

	*t = (struct tpm){ 0 };
	if (!env->policy->ek_roots_pem)
		return berth_fail(BERTH_E_AUTHZ, "no [trust] ek-roots");
	if ((rc = berth_body_get_b64(data, "ekCert", CERT_MAX, &t->cert)) ||
	    (rc = berth_body_get_b64(data, "ekPub", BERTH_EK_PUB_MAX, &t->ek)) ||
	    (rc = berth_body_get_b64(data, "akPub", BERTH_AK_PUB_MAX, &t->ak_bytes)) ||
	    (rc = berth_tpm_check_ek(t->cert.p, t->cert.len, env->policy->ek_roots_pem, t->ek.p, t->ek.len,
				     env->now_s < 0 ? 0 : env->now_s)) ||
	    (rc = berth_tpm_public_parse(&t->ak, t->ak_bytes.p, t->ak_bytes.len)) ||
	    (rc = berth_tpm_check_ak(&t->ak)) ||
	    (rc = berth_resolve(env->resolver, berth_data_str(data, "did"), &doc)))
		return rc;
	rc = berth_attest_publics(data, doc, &t->sign, &t->agree);
	berth_did_doc_free(doc);
	return rc;
}

static enum berth_err
set_credential_blob(struct berth_json *challenge, struct berth_json *body, const struct tpm *t, const uint8_t nonce[32])
{
	uint8_t mac[32];
	enum berth_err rc = berth_attest_challenge(body, mac, t->ek.p, t->ek.len, t->ak.name, "berth-m0", nonce);

	return rc ? rc : berth_json_set_b64url(challenge, "activated", mac, sizeof(mac));
}

static enum berth_err check_init(struct berth_env *env, struct berth_instance *inst, struct berth_json *body)
{
	struct berth_json *challenge = berth_data_obj(inst->data, "challenge");
	uint8_t nonce[32];
	struct tpm t;
	enum berth_err rc;

	berth_random(nonce, sizeof(nonce));
	if ((rc = berth_json_set_b64url(challenge, "nonce", nonce, 32)) ||
	    (rc = berth_json_set_b64url(body, "nonce", nonce, 32)))
		return rc;
	if (!is_hardware(inst->data))
		return env->policy->accept_sealed ? BERTH_OK
			: berth_fail(BERTH_E_AUTHZ, "policy accepts hardware custody only");
	if (!(rc = examine(env, inst->data, &t)))
		rc = set_credential_blob(challenge, body, &t, nonce);
	tpm_free(&t);
	return rc;
}

static enum berth_err on_init(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *body;
	enum berth_err rc;

	if ((rc = keep_init(inst->data, ev->in->msg.body)) || (rc = keep_did(inst->data, ev)))
		return rc;
	body = berth_json_new_object();
	if ((rc = check_init(env, inst, body))) {
		berth_json_free(body);
		return deny(env, inst, fx, ev, rc);
	}
	return answer(env, fx, ev, BERTH_PIURI_ONBOARDING "factory-challenge", body);
}

/* ---- factory-prove ---- */
static enum berth_err
check_prove(struct berth_env *env, const struct berth_instance *inst, const struct berth_json *body)
{
	const struct berth_json *challenge = berth_json_get(inst->data, "challenge");
	uint8_t nonce[32], theirs[32], mac[32], qualifying[32];
	struct tpm t;
	enum berth_err rc;

	if ((rc = berth_body_get_32(challenge, "nonce", nonce)) || (rc = berth_body_get_32(body, "nonce", theirs)))
		return rc;
	if (memcmp(nonce, theirs, 32) != 0)
		return berth_fail(BERTH_E_REPLAY, "an answer to another challenge");
	if (!is_hardware(inst->data))
		return BERTH_OK;
	berth_attest_nonce(qualifying, "berth-m0", nonce, NULL);
	if ((rc = berth_body_get_32(challenge, "activated", mac)) || (rc = berth_attest_check_activated(body, mac)))
		return rc;
	if (!(rc = examine(env, inst->data, &t)))
		rc = berth_attest_check(body, qualifying, &t.ak, &t.sign, &t.agree);
	tpm_free(&t);
	return rc;
}

static enum berth_err set_provenance(struct berth_env *env, const struct berth_json *data, struct berth_key_provenance *k)
{
	struct tpm t;
	enum berth_err rc;

	k->custody = berth_data_str(data, "custody");
	if (!is_hardware(data))
		return BERTH_OK;
	if (!(rc = examine(env, data, &t)) && (t.ak_bytes.len > sizeof(k->ak_pub) || t.ek.len > sizeof(k->ek_pub)))
		rc = berth_fail(BERTH_E_SIZE, "akPub, ekPub");
	if (!rc) {
		k->has_tpm = true;
		memcpy(k->ak_name, t.ak.name, sizeof(k->ak_name));
		memcpy(k->sign_name, t.sign.name, sizeof(k->sign_name));
		memcpy(k->agree_name, t.agree.name, sizeof(k->agree_name));
		memcpy(k->ak_pub, t.ak_bytes.p, t.ak_bytes.len);
		k->ak_pub_len = t.ak_bytes.len;
		memcpy(k->ek_pub, t.ek.p, t.ek.len);
		k->ek_pub_len = t.ek.len;
		berth_sha256(k->ek_cert_sha256, t.cert.p, t.cert.len);
	}
	tpm_free(&t);
	return rc;
}

static enum berth_err
issue(struct berth_env *env, struct berth_instance *inst, struct berth_buf *compact, struct berth_hash *root_hash)
{
	const struct berth_identity *issuer = env->identity(env, BERTH_ID_ISSUER), *root = env->identity(env, BERTH_ID_ROOT);
	const struct berth_policy *p = env->policy;
	struct berth_device_credential *dc = calloc(1, sizeof(*dc));
	enum berth_err rc;

	if (!dc || !issuer || !root) {
		free(dc);
		return berth_fail(BERTH_E_INTERNAL, "factory identities");
	}
	dc->factory_did = berth_data_str(inst->data, "did");
	dc->serial = berth_data_str(inst->data, "serial");
	dc->model = berth_data_str(inst->data, "model");
	dc->hardware = berth_data_str(inst->data, "hardware");
	dc->firmware = berth_data_str(inst->data, "firmware");
	dc->root.did = root->did_long;
	dc->recovery = p->recovery;
	dc->issued_s = env->now_s < 0 ? 0 : env->now_s;
	for (size_t i = 0; i < p->n_rendezvous && i < BERTH_RV_MAX; i++)
		dc->rv[dc->n_rv++] = (struct berth_rv){ p->rendezvous[i].did, p->rendezvous[i].uri };
	if (!(rc = berth_kid_thumbprint(dc->root.jkt, env->resolver, root->sign_kid)) &&
	    !(rc = set_provenance(env, inst->data, &dc->keys)) && !(rc = berth_root_hash(root_hash, &dc->root)))
		rc = berth_device_credential_build(compact, env->keys->keyring, issuer->sign_kid, dc);
	free(dc);
	return rc;
}

static enum berth_err
send_ack(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(body, "deviceCredential", berth_data_str(inst->data, "dc"))) ||
	    (rc = berth_json_set_str(body, "rootHash", berth_data_str(inst->data, "rootHash")))) {
		berth_json_free(body);
		return rc;
	}
	return answer(env, fx, ev, BERTH_PIURI_ONBOARDING "factory-init-ack", body);
}

static enum berth_err on_prove(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_buf compact = BERTH_BUF_INIT;
	struct berth_hash root;
	enum berth_err rc;

	if ((rc = check_prove(env, inst, ev->in->msg.body)))
		return deny(env, inst, fx, ev, rc);
	if ((rc = env->learn(env, berth_data_str(inst->data, "did"))) || (rc = issue(env, inst, &compact, &root)) ||
	    (rc = berth_json_set_str(inst->data, "dc", berth_buf_cstr(&compact))) ||
	    (rc = berth_json_set_b64url(inst->data, "rootHash", root.b, 32)))
		goto out;
	berth_json_remove(inst->data, "challenge");
	berth_json_remove(inst->data, "denied");
	berth_effects_audit(fx, "device born: serial %s, %s keys", berth_data_str(inst->data, "serial"),
			    berth_data_str(inst->data, "custody"));
	rc = send_ack(env, inst, ev, fx);
out:
	berth_buf_free(&compact);
	return rc;
}

/* The device asks again because our answer was lost. */
static enum berth_err on_again(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	return send_ack(env, inst, ev, fx);
}

/* ---- first sale: OC[0] by the ownership root ---- */
/* args: {"to": DID}; result: the chain package */
static enum berth_err on_sell(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *root = env->identity(env, BERTH_ID_ROOT);
	const char *dc = berth_data_str(inst->data, "dc"), *to;
	struct berth_ownership oc = { .device = berth_data_str(inst->data, "did"), .transferable = true,
		.issued_s = env->now_s < 0 ? 0 : env->now_s };
	struct berth_buf compact = BERTH_BUF_INIT;
	const char *entry;
	enum berth_err rc;

	if ((rc = berth_json_req_str(ev->args, "to", BERTH_OWNER_DID_MAX, &to)) || (rc = berth_owner_ref_of(env, to, &oc.next_owner)))
		return rc;
	berth_object_hash(&oc.device_credential, dc, strlen(dc));
	if ((rc = berth_ownership_build(&compact, env->keys->keyring, root->sign_kid, &oc)))
		goto out;
	entry = berth_buf_cstr(&compact);
	if ((rc = berth_chain_build_json(&fx->result, dc, &entry, 1, NULL, NULL)) ||
	    (rc = berth_json_set_str(inst->data, "oc", entry)) || (rc = berth_json_set_str(inst->data, "soldTo", to)))
		goto out;
	berth_effects_audit(fx, "device %s sold to %.80s", berth_data_str(inst->data, "serial"), to);
out:
	berth_buf_free(&compact);
	return rc;
}

/* The same chain once more for the same buyer: whoever asked may not have got it. */
static enum berth_err on_sell_again(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	const char *to, *sold_to = berth_data_str(inst->data, "soldTo"), *oc = berth_data_str(inst->data, "oc");
	enum berth_err rc;

	(void)env;
	if ((rc = berth_json_req_str(ev->args, "to", BERTH_OWNER_DID_MAX, &to)))
		return rc;
	if (!oc || !sold_to || !berth_did_same(to, sold_to))
		return berth_fail(BERTH_E_AUTHZ, "%s is sold", berth_data_str(inst->data, "serial"));
	return berth_chain_build_json(&fx->result, berth_data_str(inst->data, "dc"), &oc, 1, NULL, NULL);
}

/* args: {"batch": name}; a device is in one batch, for ever */
static enum berth_err on_batch(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	const char *batch;
	enum berth_err rc;

	(void)env;
	(void)fx;
	if ((rc = berth_json_req_str(ev->args, "batch", BERTH_LABEL_MAX, &batch)))
		return rc;
	if (berth_json_get(inst->data, "batch"))
		return berth_fail(BERTH_E_AUTHZ, "%s is in a batch", berth_data_str(inst->data, "serial"));
	return berth_json_set_str(inst->data, "batch", batch);
}

static enum berth_err find(struct berth_env *env, const struct berth_event *ev, char **key)
{
	struct berth_hash h;
	char hex[65];
	enum berth_err rc;

	(void)env;
	if ((rc = berth_device_hash(&h, ev->sender, 0)))
		return rc;
	berth_hash_hex(hex, &h);
	return (*key = strdup(hex)) ? BERTH_OK : berth_no_memory();
}

#define STAY BERTH_STATE_STAY

static const char *const states[] = {
	[FA_NEW] = "NEW", [FA_CHALLENGED] = "CHALLENGED", [FA_BORN] = "BORN", [FA_SOLD] = "SOLD"
};

static const struct berth_transition table[] = {
	/* from          on              step      to             otherwise */
	BERTH_ROW(FA_NEW,        "factory-init",  on_init,  FA_CHALLENGED, STAY),
	BERTH_ROW(FA_CHALLENGED, "factory-init",  on_init,  STAY,          STAY),
	BERTH_ROW(FA_CHALLENGED, "factory-prove", on_prove, FA_BORN,       STAY),
	BERTH_ROW(FA_BORN,       "factory-init",  on_again, STAY,          STAY),
	BERTH_ROW(FA_BORN,       "factory-prove", on_again, STAY,          STAY),
	BERTH_ROW(FA_SOLD,       "factory-init",  on_again, STAY,          STAY),
	BERTH_ROW(FA_BORN,       "cmd/sell",      on_sell,  FA_SOLD,       STAY),
	BERTH_ROW(FA_SOLD,       "cmd/sell",      on_sell_again, STAY,     STAY),
	BERTH_ROW(FA_BORN,       "cmd/batch",     on_batch, STAY,          STAY),
	BERTH_ROW(FA_SOLD,       "cmd/resolve",   factory_resolve, STAY,   STAY),
};

const struct berth_machine berth_factory_machine = {
	.name = "factory", .piuri = BERTH_PIURI_ONBOARDING,
	.states = states, .n_states = sizeof(states) / sizeof(states[0]),
	.table = table, .table_len = sizeof(table) / sizeof(table[0]), .find = find,
	.strangers = true,	/* until they are born */
	.strict = true,
};

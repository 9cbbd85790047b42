/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/ethr_publish.h"

#include <string.h>

#include "berth/registry.h"

#define PROPOSAL_MAX ((size_t)64 << 10)
#define RECEIPT_MAX ((size_t)16 << 10)
#define TEXT_MAX 2 + 2 * BERTH_ETH_TX_MAX
#define SIGNATURE_LEN 65

static void put_member(struct berth_buf *b, const char *name, const void *p, size_t n)
{
	berth_buf_printf(b, "%s\"%s\":\"", b->len > 1 ? "," : "", name);
	berth_ethr_put_hex(b, p, n);
	berth_buf_str(b, "\"");
}

/* Asks and reads the answer; *out is the caller's. */
static enum berth_err ask_json(const struct berth_ethr_publisher *p, const struct berth_ethr_change *c, uint32_t phase,
			       const char *part, const struct berth_buf *in, size_t max, struct berth_json **out)
{
	struct berth_buf answer = BERTH_BUF_INIT;
	enum berth_err rc;

	*out = NULL;
	if (!(rc = berth_buf_status(in)) && !(rc = p->ask(p->arg, phase, c->did, part, in, &answer)))
		rc = berth_json_parse_object(out, berth_buf_cstr(&answer), answer.len, max);
	berth_buf_free(&answer);
	return rc;
}

static enum berth_err req_quantity(const struct berth_json *o, const char *name, uint64_t *out)
{
	const char *text;
	enum berth_err rc = berth_json_req_str(o, name, TEXT_MAX, &text);

	return rc ? rc : berth_eth_quantity_parse(out, text);
}

/* Somebody's words go into an error line. */
static enum berth_err refused(const char *who, const char *why)
{
	char text[128];
	size_t n = strlen(why) < sizeof(text) - 1 ? strlen(why) : sizeof(text) - 1;

	for (size_t i = 0; i < n; i++)
		text[i] = why[i] >= ' ' && why[i] <= '~' ? why[i] : '?';
	text[n] = '\0';
	return berth_fail(BERTH_E_AUTHZ, "%s does not take it: %s", who, text);
}

/* ---- what is proposed, and what of it is allowed ---- */

static enum berth_err read_fees(struct berth_ethr_order *o, const struct berth_json *j)
{
	enum berth_err rc;

	o->legacy = berth_json_get(j, "gasPrice");
	if (o->legacy)
		return req_quantity(j, "gasPrice", &o->gas_price);
	rc = req_quantity(j, "maxFeePerGas", &o->max_fee);
	return rc ? rc : req_quantity(j, "maxPriorityFeePerGas", &o->max_priority_fee);
}

static enum berth_err same_bytes(const struct berth_json *j, const char *name, const void *want, size_t len)
{
	struct berth_buf b = BERTH_BUF_INIT;
	const char *text;
	enum berth_err rc;

	if (!(rc = berth_json_req_str(j, name, TEXT_MAX, &text)) && !(rc = berth_eth_data_parse(&b, text, BERTH_ETH_TX_MAX)) &&
	    (b.len != len || memcmp(b.p, want, len) != 0))
		rc = berth_fail(BERTH_E_AUTHZ, "proposal: %s is not what was asked for", name);
	berth_buf_free(&b);
	return rc;
}

/* The chain, the contract, and no word of ours changed; `to` and data are never taken from
 * here, but who proposes others is not to be believed in the rest either. */
static enum berth_err check_proposal(const struct berth_ethr_publisher *p, const struct berth_eth_address *from,
				     const struct berth_buf *data, const struct berth_json *j)
{
	const char *why = berth_json_str(berth_json_get(j, "refused"));
	uint64_t chain;
	enum berth_err rc;

	if (why)
		return refused("the registry", why);
	if ((rc = req_quantity(j, "chainId", &chain)))
		return rc;
	if (chain != p->registry.chain_id)
		return berth_fail(BERTH_E_AUTHZ, "proposal: of chain %llu, not %llu", (unsigned long long)chain,
				  (unsigned long long)p->registry.chain_id);
	if ((rc = same_bytes(j, "to", p->registry.address.b, sizeof(p->registry.address.b))) ||
	    (rc = same_bytes(j, "from", from->b, sizeof(from->b))))
		return rc;
	return same_bytes(j, "data", data->p, data->len);
}

static enum berth_err check_fee(const struct berth_ethr_publisher *p, const struct berth_ethr_order *o)
{
	uint64_t fee = o->legacy ? o->gas_price : o->max_fee;

	if (fee <= p->max_fee)
		return BERTH_OK;
	return berth_fail(BERTH_E_QUOTA, "the chain takes %llu wei for a unit of gas, at most %llu are allowed", (unsigned long long)fee,
			  (unsigned long long)p->max_fee);
}

static enum berth_err propose(const struct berth_ethr_publisher *p, const struct berth_ethr_change *c, struct berth_ethr_order *o)
{
	const struct berth_eth_address *from = c->relayed ? &c->payer : &c->owner;
	struct berth_buf in = BERTH_BUF_INIT, data = BERTH_BUF_INIT;
	struct berth_json *j = NULL;
	enum berth_err rc;

	if ((rc = berth_ethr_call_data(&data, &c->call, c->relayed ? &o->owner : NULL)))
		goto out;
	berth_buf_str(&in, "{");
	put_member(&in, "from", from->b, sizeof(from->b));
	put_member(&in, "data", data.p, data.len);
	berth_buf_str(&in, "}");
	if ((rc = ask_json(p, c, BERTH_REGISTRY_PROPOSE, "proposal", &in, PROPOSAL_MAX, &j)) ||
	    (rc = check_proposal(p, from, &data, j)) || (rc = req_quantity(j, "nonce", &o->nonce)) ||
	    (rc = req_quantity(j, "gas", &o->gas_limit)) || (rc = read_fees(o, j)))
		goto out;
	rc = check_fee(p, o);
out:
	berth_json_free(j);
	berth_buf_free(&data);
	berth_buf_free(&in);
	return rc;
}

/* ---- the owner's signature, for another's transaction ---- */

static enum berth_err registry_nonce(const struct berth_ethr_publisher *p, const struct berth_ethr_change *c, uint64_t *nonce)
{
	bool attribute = c->call.function == BERTH_ETHR_SET_ATTRIBUTE || c->call.function == BERTH_ETHR_REVOKE_ATTRIBUTE;
	const struct berth_eth_address *whose = c->old_registry && attribute ? &c->call.identity : &c->owner;
	struct berth_buf in = BERTH_BUF_INIT;
	struct berth_json *j = NULL;
	enum berth_err rc;

	berth_buf_str(&in, "{");
	put_member(&in, "nonceOf", whose->b, sizeof(whose->b));
	berth_buf_str(&in, "}");
	if (!(rc = ask_json(p, c, BERTH_REGISTRY_PROPOSE, "proposal", &in, PROPOSAL_MAX, &j)))
		rc = req_quantity(j, "registryNonce", nonce);
	berth_json_free(j);
	berth_buf_free(&in);
	return rc;
}

static enum berth_err sign_as_owner(const struct berth_ethr_publisher *p, const struct berth_ethr_change *c, struct berth_eth_sig *sig)
{
	struct berth_ethr_order o = { .registry = p->registry, .call = c->call, .meta = true };
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t hash[32];
	enum berth_err rc;

	if (!(rc = registry_nonce(p, c, &o.nonce)) && !(rc = p->sign(p->arg, false, &o, &b, hash)) && b.len != SIGNATURE_LEN)
		rc = berth_fail(BERTH_E_INTERNAL, "a signature of %zu bytes", b.len);
	if (!rc) {
		memcpy(sig->rs, b.p, sizeof(sig->rs));
		sig->recovery = b.p[sizeof(sig->rs)];
	}
	berth_buf_free(&b);
	return rc;
}

/* ---- signing ---- */

/* A node takes another transaction of the nonce only if it pays an eighth more. */
static uint64_t raised(uint64_t before, uint64_t now)
{
	uint64_t least = before + before / 8 + 1;

	return now > least ? now : least;
}

static enum berth_err outbid(const struct berth_ethr_publisher *p, struct berth_ethr_order *o, const struct berth_eth_tx *tx)
{
	o->nonce = tx->nonce;
	if (o->legacy != tx->legacy)
		return berth_fail(BERTH_E_AUTHZ, "proposal: the kind of fee has changed");
	if (o->legacy) {
		o->gas_price = raised(tx->gas_price, o->gas_price);
	} else {
		o->max_fee = raised(tx->max_fee, o->max_fee);
		o->max_priority_fee = raised(tx->max_priority_fee, o->max_priority_fee);
	}
	return check_fee(p, o);
}

/* One more transaction, and it is on disk. */
static enum berth_err sign_and_keep(const struct berth_ethr_publisher *p, const struct berth_ethr_change *c, struct berth_ethr_sent *sent)
{
	struct berth_ethr_order o = { .registry = p->registry, .call = c->call, .relayed = c->relayed };
	struct berth_buf raw = BERTH_BUF_INIT;
	uint8_t hash[32];
	enum berth_err rc;

	if ((c->relayed && (rc = sign_as_owner(p, c, &o.owner))) || (rc = propose(p, c, &o)) ||
	    (sent->n && (rc = outbid(p, &o, &sent->attempt[sent->n - 1].tx))) ||
	    (rc = p->sign(p->arg, c->relayed, &o, &raw, hash)) || (rc = berth_ethr_sent_add(sent, raw.p, raw.len)))
		goto out;
	rc = p->keep(p->arg, sent);
out:
	berth_buf_free(&raw);
	return rc;
}

static enum berth_err begin(const struct berth_ethr_publisher *p, const struct berth_ethr_change *c, struct berth_ethr_sent *sent)
{
	enum berth_err rc;

	berth_ethr_sent_free(sent);
	berth_buf_str(&sent->did, c->did);
	if ((rc = berth_buf_status(&sent->did)) || (rc = berth_ethr_call_data(&sent->call, &c->call, NULL)))
		return rc;
	return sign_and_keep(p, c, sent);
}

/* ---- sending, and looking ---- */

/* E_AUTHZ: the node refuses it. */
static enum berth_err submit(const struct berth_ethr_publisher *p, const struct berth_ethr_change *c, const struct berth_ethr_attempt *a)
{
	struct berth_json *j = NULL;
	const char *why;
	enum berth_err rc = ask_json(p, c, BERTH_REGISTRY_SUBMIT, "transaction", &a->raw, RECEIPT_MAX, &j);

	if (!rc && berth_json_says(berth_json_get(j, "state"), "refused")) {
		why = berth_json_str(berth_json_get(j, "reason"));
		rc = refused("the node", why ? why : "");
	}
	berth_json_free(j);
	return rc;
}

enum found { UNKNOWN, PENDING, CONFIRMED, FAILED, OVERTAKEN };

static enum berth_err read_receipt(enum found *f, uint64_t *block, const struct berth_ethr_attempt *a, const struct berth_json *j)
{
	static const char *const states[] = { "unknown", "pending", "confirmed", "failed", "overtaken" };
	const char *state;
	enum berth_err rc;

	if ((rc = same_bytes(j, "transactionHash", a->hash, sizeof(a->hash))) || (rc = berth_json_req_str(j, "state", 16, &state)))
		return rc;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (!strcmp(states[i], state)) {
			*f = (enum found)i;
			return *f == CONFIRMED || *f == FAILED ? req_quantity(j, "blockNumber", block) : BERTH_OK;
		}
	return berth_fail(BERTH_E_TYPE, "receipt: state %s", state);
}

static enum berth_err check(const struct berth_ethr_publisher *p, const struct berth_ethr_change *c,
			    const struct berth_ethr_attempt *a, enum found *f, uint64_t *block)
{
	struct berth_buf in = BERTH_BUF_INIT;
	struct berth_json *j = NULL;
	enum berth_err rc;

	berth_buf_str(&in, "{");
	put_member(&in, "hash", a->hash, sizeof(a->hash));
	put_member(&in, "from", a->from.b, sizeof(a->from.b));
	berth_buf_printf(&in, ",\"nonce\":\"0x%llx\"}", (unsigned long long)a->tx.nonce);
	if (!(rc = ask_json(p, c, BERTH_REGISTRY_CHECK, "transaction", &in, RECEIPT_MAX, &j)))
		rc = read_receipt(f, block, a, j);
	berth_json_free(j);
	berth_buf_free(&in);
	return rc;
}

/* All attempts, the newest first: one that is on the chain decides; else what the newest
 * is, and it is overtaken only when all are. */
static enum berth_err look(struct berth_ethr_receipt *out, const struct berth_ethr_publisher *p, const struct berth_ethr_change *c,
			   const struct berth_ethr_sent *sent, enum found *f)
{
	enum berth_err rc;

	*f = OVERTAKEN;
	for (size_t i = sent->n; i-- > 0;) {
		enum found one = UNKNOWN;

		if ((rc = check(p, c, &sent->attempt[i], &one, &out->block)))
			return rc;
		if (one == CONFIRMED || one == FAILED) {
			memcpy(out->hash, sent->attempt[i].hash, sizeof(out->hash));
			*f = one;
			return BERTH_OK;
		}
		if (*f == OVERTAKEN)
			*f = one;
	}
	return BERTH_OK;
}

static enum berth_err follow(struct berth_ethr_receipt *out, const struct berth_ethr_publisher *p, const struct berth_ethr_change *c,
			     const struct berth_ethr_sent *sent)
{
	enum found f;
	enum berth_err rc;

	for (unsigned i = 0; i < p->looks; i++) {
		if ((rc = look(out, p, c, sent, &f)))
			return rc;
		out->over = f >= CONFIRMED;
		if (f == CONFIRMED)
			return BERTH_OK;
		if (f == FAILED)
			return berth_fail(BERTH_E_AUTHZ, "block %llu has the transaction, and the registry refused it",
					  (unsigned long long)out->block);
		if (f == OVERTAKEN)
			return berth_fail(BERTH_E_AUTHZ, "another transaction of the account has taken the nonce");
		if (f == UNKNOWN && (rc = submit(p, c, &sent->attempt[sent->n - 1])))
			return rc;
	}
	return berth_fail(BERTH_E_UNAVAILABLE, "no block has the transaction yet");
}

static enum berth_err same_change(const struct berth_ethr_change *c, const struct berth_ethr_sent *sent)
{
	struct berth_buf call = BERTH_BUF_INIT;
	enum berth_err rc = berth_ethr_call_data(&call, &c->call, NULL);

	if (!rc && (strcmp(berth_buf_cstr(&sent->did), c->did) != 0 || call.len != sent->call.len ||
		    memcmp(call.p, sent->call.p, call.len) != 0))
		rc = berth_fail(BERTH_E_USAGE, "another change, of %s, was sent and is not finished", berth_buf_cstr(&sent->did));
	berth_buf_free(&call);
	return rc;
}

/* What was kept is of this chain and contract: the configuration may be another by now. */
static enum berth_err same_registry(const struct berth_ethr_publisher *p, const struct berth_ethr_sent *sent)
{
	const struct berth_eth_tx *tx = &sent->attempt[0].tx;

	if (tx->chain_id == p->registry.chain_id && berth_eth_address_equal(&tx->to, &p->registry.address))
		return BERTH_OK;
	return berth_fail(BERTH_E_AUTHZ, "what was sent is for another chain or registry");
}

/* Nothing is outbid that is on the chain already. */
static enum berth_err raise_fee(struct berth_ethr_receipt *out, const struct berth_ethr_publisher *p, const struct berth_ethr_change *c,
				struct berth_ethr_sent *sent, bool *settled)
{
	enum found f;
	enum berth_err rc = look(out, p, c, sent, &f);

	*settled = !rc && f >= CONFIRMED;
	return rc || *settled ? rc : sign_and_keep(p, c, sent);
}

static enum berth_err go_on(struct berth_ethr_receipt *out, const struct berth_ethr_publisher *p, const struct berth_ethr_change *c,
			    struct berth_ethr_sent *sent, bool raise, bool *settled)
{
	enum berth_err rc;

	if ((rc = same_change(c, sent)) || (rc = same_registry(p, sent)))
		return rc;
	*settled = !raise;
	return raise ? raise_fee(out, p, c, sent, settled) : BERTH_OK;
}

/* Something was kept and may have left: whoever sees only that nobody answered would begin
 * anew. */
static enum berth_err goes_on(enum berth_err rc)
{
	char why[192];

	strncpy(why, berth_err_detail(), sizeof(why) - 1);
	why[sizeof(why) - 1] = '\0';
	return berth_fail(rc, "%s; what may have been sent is kept, and the same command goes on with it", why);
}

enum berth_err berth_ethr_publish(struct berth_ethr_receipt *out, const struct berth_ethr_publisher *p, const struct berth_ethr_change *c,
				  struct berth_ethr_sent *sent, bool raise)
{
	bool sent_before = false;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (sent->n == 0 && raise)
		return berth_fail(BERTH_E_USAGE, "nothing was sent whose fee could be raised");
	if ((rc = sent->n ? go_on(out, p, c, sent, raise, &sent_before) : begin(p, c, sent)))
		return rc;
	/* what is against the first sending may be that it was sent: looking tells */
	if (!sent_before && (rc = submit(p, c, &sent->attempt[sent->n - 1])) && rc != BERTH_E_AUTHZ)
		return goes_on(rc);
	rc = follow(out, p, c, sent);
	return rc && !out->over ? goes_on(rc) : rc;
}

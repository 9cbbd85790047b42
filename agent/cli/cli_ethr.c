/* SPDX-License-Identifier: Apache-2.0 */
/* berth did ethr: changes of a did:ethr, with a key of ours or of the daemon's. */
#include "agent/cli/cli_ethr.h"

#include <stdio.h>
#include <string.h>

#include "agent/cli/cli_client.h"
#include "agent/cli/cli_resolver.h"
#include "agent/core/ethr_networks.h"
#include "agent/core/ethr_order.h"
#include "agent/core/ethr_publish.h"
#include "berth/registry.h"
#include "did/ethr_sign.h"

#define WAIT_S 300		/* of --wait */
#define LOOK_MS 10000		/* one CHECK */
#define MAX_FEE_GWEI 200	/* of --max-fee */
#define GWEI 1000000000u

/* What a command has open; the key of the owner, and of who pays. */
struct session {
	struct berth_cli *c;
	struct berth_cli_resolver r;	/* for its configuration and adapters */
	struct berth_keystore *ks[2];
	struct berth_key_info key[2];
	struct berth_cli_ethr_state state;
	struct berth_ethr_sent sent;
	struct berth_buf value;
};
enum { OWNER, PAYER };

/* ---- keys ---- */

/* A store is opened once, whoever's keys are in it. */
static enum berth_err open_store(struct session *s, int who, const char *uri)
{
	struct berth_buf mine = BERTH_BUF_INIT, owners = BERTH_BUF_INIT;
	const char *owner = berth_cli_get(s->c, "--key-uri");
	enum berth_err rc;

	if ((rc = berth_key_uri_store(&mine, uri)) || (owner && (rc = berth_key_uri_store(&owners, owner))))
		goto out;
	if (who == PAYER && s->ks[OWNER] && !strcmp(berth_buf_cstr(&mine), berth_buf_cstr(&owners)))
		s->ks[who] = s->ks[OWNER];
	else
		rc = berth_cli_store_open(s->c, uri, false, &s->ks[who]);
out:
	berth_buf_free(&owners);
	berth_buf_free(&mine);
	return rc;
}

/* {"address"} of the daemon's key of that name, which is made where there is none. */
static enum berth_err daemons_key(struct session *s, struct berth_eth_address *account)
{
	struct berth_json *answer = NULL;
	const char *address;
	enum berth_err rc = berth_cli_call_with(s->c, "/v1/ethr/keys", "name", berth_cli_get(s->c, "--key"), &answer);

	if (!rc && !(rc = berth_json_req_str(answer, "address", BERTH_ETH_ADDRESS_LEN, &address)))
		rc = berth_eth_address_parse(account, address);
	berth_json_free(answer);
	return rc;
}

static enum berth_err open_key(struct session *s, int who, const char *option, struct berth_eth_address *account)
{
	const char *uri;
	enum berth_err rc;

	if ((rc = berth_cli_need(s->c, option, &uri)) || (rc = open_store(s, who, uri)) ||
	    (rc = berth_cli_store_find(s->ks[who], uri, &s->key[who])))
		return rc;
	return berth_eth_address_of(account, &s->key[who].pub);
}

static enum berth_err open_owner(struct session *s, struct berth_eth_address *account)
{
	if (!berth_cli_has(s->c, "--key"))
		return open_key(s, OWNER, "--key-uri", account);
	if (berth_cli_has(s->c, "--key-uri") || berth_cli_has(s->c, "--jwk"))
		return berth_fail(BERTH_E_USAGE, "either --key or --key-uri");
	return daemons_key(s, account);
}

static enum berth_err public_key(struct session *s, struct berth_eth_address *account)
{
	struct berth_cli_key k;
	enum berth_err rc;

	if (berth_cli_has(s->c, "--key"))
		return open_owner(s, account);
	if (!(rc = berth_cli_key_open(s->c, &k, false)))
		rc = berth_eth_address_of(account, &k.pub);
	berth_cli_key_close(&k);
	return rc;
}

static enum berth_err create(struct session *s)
{
	struct berth_json *o = berth_json_new_object();
	char address[BERTH_ETH_ADDRESS_LEN + 1];
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_eth_address account;
	struct berth_ethr_did parsed;
	enum berth_err rc;

	if (!(rc = public_key(s, &account))) {
		berth_ethr_did_format(&did, berth_cli_get(s->c, "--network"), &account);
		berth_eth_address_format(address, &account);
		if (!(rc = berth_buf_status(&did)) && !(rc = berth_ethr_did_parse(&parsed, berth_buf_cstr(&did))) &&
		    !(rc = berth_json_set_str(o, "did", berth_buf_cstr(&did))) && !(rc = berth_json_set_str(o, "address", address))) {
			rc = berth_cli_print(s->c, o);
			o = NULL;
		}
	}
	berth_json_free(o);
	berth_buf_free(&did);
	return rc;
}

/* ---- publishing ---- */

struct answer {
	enum berth_err rc;
	char why[256];
	struct berth_buf *out;
};

static void on_answer(void *arg, enum berth_err rc, const struct berth_registry_evidence *e)
{
	struct answer *a = arg;

	a->rc = rc;
	if (rc)
		snprintf(a->why, sizeof(a->why), "%s", berth_err_detail());
	else if (e->n == 1)
		berth_buf_put(a->out, e->pieces[0].p, e->pieces[0].n);
}

static enum berth_err ask(void *arg, uint32_t phase, const char *did, const char *part, const struct berth_buf *in,
			  struct berth_buf *out)
{
	struct session *s = arg;
	const struct berth_registry_piece piece = { part, in->p, in->len };
	const struct berth_resolve_call q = {
		.op = BERTH_REGISTRY_UPDATE, .phase = (uint8_t)phase, .did = did, .pieces = &piece, .n_pieces = 1, .deadline_ms = LOOK_MS,
	};
	struct answer a = { .out = out };
	enum berth_err rc = berth_resolveclient_call_wait(s->r.adapters, &q, on_answer, &a);

	if (!rc && a.rc)
		rc = berth_fail(a.rc, "%s", a.why);
	return rc ? rc : berth_buf_status(out);
}

static enum berth_err read_signed(const struct berth_json *answer, struct berth_buf *signed_, uint8_t hash[32])
{
	struct berth_buf h = BERTH_BUF_INIT;
	const char *text, *hash_text;
	enum berth_err rc;

	if (!(rc = berth_json_req_str(answer, "signed", 2 + 2 * BERTH_ETH_TX_MAX, &text)) &&
	    !(rc = berth_json_req_str(answer, "hash", 2 + 2 * 32, &hash_text)) &&
	    !(rc = berth_eth_data_parse(signed_, text, BERTH_ETH_TX_MAX)) && !(rc = berth_eth_data_parse(&h, hash_text, 32)) &&
	    h.len != 32)
		rc = berth_fail(BERTH_E_TYPE, "hash: %zu bytes", h.len);
	if (!rc)
		memcpy(hash, h.p, 32);
	berth_buf_free(&h);
	return rc;
}

/* By the daemon's keyd, which judges the order once more. */
static enum berth_err sign_there(struct session *s, const struct berth_ethr_order *o, struct berth_buf *signed_, uint8_t hash[32])
{
	struct berth_json *order = NULL, *body = berth_json_new_object(), *answer = NULL;
	enum berth_err rc;

	if ((rc = berth_ethr_order_write(&order, o)) || (rc = berth_json_set(body, "order", order)) ||
	    (rc = berth_json_set_str(body, "name", berth_cli_get(s->c, "--key")))) {
		berth_json_free(body);
		return rc;
	}
	if (!(rc = berth_cli_call(s->c, "/v1/ethr/sign", body, &answer)))
		rc = read_signed(answer, signed_, hash);
	berth_json_free(answer);
	return rc;
}

static enum berth_err sign(void *arg, bool payer, const struct berth_ethr_order *o, struct berth_buf *signed_, uint8_t hash[32])
{
	struct session *s = arg;
	int who = payer ? PAYER : OWNER;

	if (!payer && berth_cli_has(s->c, "--key"))
		return sign_there(s, o, signed_, hash);

	return berth_ethr_sign(s->ks[who], s->key[who].name, o, signed_, hash);
}

static enum berth_err keep(void *arg, const struct berth_ethr_sent *sent)
{
	struct session *s = arg;

	return berth_cli_ethr_state_keep(&s->state, sent);
}

static enum berth_err print_receipt(const struct session *s, const struct berth_ethr_receipt *r, const char *did)
{
	struct berth_buf hash = BERTH_BUF_INIT, version = BERTH_BUF_INIT;
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	berth_ethr_put_hex(&hash, r->hash, sizeof(r->hash));
	berth_buf_printf(&version, "%llu", (unsigned long long)r->block);
	if ((rc = berth_buf_status(&hash)) || (rc = berth_buf_status(&version)) || (rc = berth_json_set_str(o, "did", did)) ||
	    (rc = berth_json_set_str(o, "transactionHash", berth_buf_cstr(&hash))) ||
	    (rc = berth_json_set_str(o, "versionId", berth_buf_cstr(&version))))
		berth_json_free(o);
	else
		rc = berth_cli_print(s->c, o);
	berth_buf_free(&version);
	berth_buf_free(&hash);
	return rc;
}

/* A change that is over is forgotten when its result is out, so that a command that is cut
 * off before has the same result once more. */
static enum berth_err publish(struct session *s, const struct berth_ethr_publisher *p, const struct berth_ethr_change *change)
{
	struct berth_ethr_receipt r;
	enum berth_err rc = berth_ethr_publish(&r, p, change, &s->sent, berth_cli_has(s->c, "--raise-fee")), forgotten;
	char why[256];

	if (!r.over || (!rc && (rc = print_receipt(s, &r, change->did))))
		return rc;
	snprintf(why, sizeof(why), "%s", berth_err_detail());
	forgotten = berth_cli_ethr_state_forget(&s->state);
	return rc ? berth_fail(rc, "%s", why) : forgotten;
}

static enum berth_err limits(const struct berth_cli *c, struct berth_ethr_publisher *p)
{
	uint64_t wait_s, gwei;
	enum berth_err rc;

	if ((rc = berth_cli_ethr_number(c, "--wait", WAIT_S, 86400, &wait_s)) || (rc = berth_cli_ethr_number(c, "--max-fee", MAX_FEE_GWEI, 1000000, &gwei)))
		return rc;
	p->max_fee = gwei * GWEI;
	p->looks = (unsigned)(wait_s * 1000 / LOOK_MS) + 1;
	return BERTH_OK;
}

static enum berth_err change_it(struct session *s)
{
	struct berth_ethr_publisher p = { .ask = ask, .sign = sign, .keep = keep, .arg = s };
	struct berth_ethr_change change = { .did = NULL };
	const char *config, *state;
	struct berth_ethr_did did;
	enum berth_err rc;

	if ((rc = berth_cli_ethr_change(s->c, &change, &did, &s->value)) || (rc = limits(s->c, &p)) || (rc = berth_cli_need(s->c, "--config", &config)) ||
	    (rc = berth_cli_need(s->c, "--state", &state)) || (rc = berth_cli_resolver_open(&s->r, s->c)) ||
	    (rc = berth_ethr_registry_of(&p.registry, s->r.config, &did)) ||
	    (rc = berth_cli_ethr_state_open(&s->state, state, &s->sent)) || (rc = open_owner(s, &change.owner)) ||
	    (change.relayed && (rc = open_key(s, PAYER, "--payer-key-uri", &change.payer))))
		return rc;
	return publish(s, &p, &change);
}

enum berth_err berth_cli_did_ethr(struct berth_cli *c)
{
	struct session s = { .c = c, .state = { .lock = -1 } };
	enum berth_err rc;

	if (!strcmp(berth_cli_arg(c, 0), "create"))
		rc = berth_cli_arg(c, 1) ? berth_fail(BERTH_E_USAGE, "did ethr create takes a key and a --network") : create(&s);
	else
		rc = berth_cli_arg(c, 1) ? change_it(&s) : berth_fail(BERTH_E_USAGE, "did ethr VERB DID ...");
	berth_cli_resolver_close(&s.r);
	berth_cli_ethr_state_close(&s.state);
	berth_ethr_sent_free(&s.sent);
	if (s.ks[PAYER] != s.ks[OWNER])
		berth_keystore_close(s.ks[PAYER]);
	berth_keystore_close(s.ks[OWNER]);
	berth_buf_free(&s.value);
	return rc;
}

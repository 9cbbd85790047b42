/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/ethr_sent.h"

#include <string.h>

#include "did/base/hex.h"
#include "did/base/json.h"
#include "did/crypto/keccak.h"

#define DID_MAX 256
#define CALL_MAX BERTH_ETH_TX_MAX

void berth_ethr_sent_free(struct berth_ethr_sent *s)
{
	for (size_t i = 0; i < BERTH_ETHR_ATTEMPTS_MAX; i++)
		berth_buf_free(&s->attempt[i].raw);
	berth_buf_free(&s->did);
	berth_buf_free(&s->call);
	memset(s, 0, sizeof(*s));
}

void berth_ethr_put_hex(struct berth_buf *out, const void *p, size_t n)
{
	char *room;

	berth_buf_str(out, "0x");
	if ((room = (char *)berth_buf_grow(out, 2 * n + 1))) {
		berth_hex_encode(room, p, n);
		out->len--;	/* the NUL */
	}
}

static bool same_place(const struct berth_ethr_attempt *a, const struct berth_ethr_attempt *b)
{
	return a->tx.chain_id == b->tx.chain_id && a->tx.nonce == b->tx.nonce && berth_eth_address_equal(&a->from, &b->from) &&
	       berth_eth_address_equal(&a->tx.to, &b->tx.to);
}

enum berth_err berth_ethr_sent_add(struct berth_ethr_sent *s, const void *raw, size_t len)
{
	struct berth_ethr_attempt *a = &s->attempt[s->n];
	enum berth_err rc;

	if (s->n == BERTH_ETHR_ATTEMPTS_MAX)
		return berth_fail(BERTH_E_SIZE, "the change was sent %d times", BERTH_ETHR_ATTEMPTS_MAX);
	berth_buf_reset(&a->raw);
	berth_buf_put(&a->raw, raw, len);
	if ((rc = berth_buf_status(&a->raw)) || (rc = berth_eth_tx_parse(&a->tx, &a->from, a->raw.p, a->raw.len)))
		return rc;
	if (s->n > 0 && !same_place(a, &s->attempt[0]))
		return berth_fail(BERTH_E_TYPE, "transactions of two accounts, chains or nonces");
	berth_keccak256(a->hash, a->raw.p, a->raw.len);
	s->n++;
	return BERTH_OK;
}

static enum berth_err add_hex(struct berth_ethr_sent *s, const char *hex)
{
	struct berth_buf raw = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_eth_data_parse(&raw, hex, BERTH_ETH_TX_MAX)))
		rc = berth_ethr_sent_add(s, raw.p, raw.len);
	berth_buf_free(&raw);
	return rc;
}

static enum berth_err read_members(struct berth_ethr_sent *s, const struct berth_json *o)
{
	const char *did, *call, *hex;
	const struct berth_json *list;
	enum berth_err rc;

	if ((rc = berth_json_req_str(o, "did", DID_MAX, &did)) ||
	    (rc = berth_json_req_str(o, "call", 2 * CALL_MAX + 2, &call)) ||
	    (rc = berth_json_req_arr(o, "transactions", BERTH_ETHR_ATTEMPTS_MAX, &list)) ||
	    (rc = berth_eth_data_parse(&s->call, call, CALL_MAX)))
		return rc;
	berth_buf_str(&s->did, did);
	berth_json_each(t, list) {
		if (!(hex = berth_json_str(t)))
			return berth_fail(BERTH_E_TYPE, "transactions: not text");
		if ((rc = add_hex(s, hex)))
			return rc;
	}
	return s->n ? berth_buf_status(&s->did) : berth_fail(BERTH_E_TYPE, "transactions: none");
}

enum berth_err berth_ethr_sent_parse(struct berth_ethr_sent *out, const char *text, size_t len)
{
	struct berth_json *o = NULL;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (!(rc = berth_json_parse_object(&o, text, len, BERTH_ETHR_SENT_MAX)))
		rc = read_members(out, o);
	berth_json_free(o);
	if (rc)
		berth_ethr_sent_free(out);
	return rc;
}

enum berth_err berth_ethr_sent_print(struct berth_buf *out, const struct berth_ethr_sent *s)
{
	berth_buf_str(out, "{\"did\":");
	berth_json_print_str(out, berth_buf_cstr(&s->did));
	berth_buf_str(out, ",\"call\":\"");
	berth_ethr_put_hex(out, s->call.p, s->call.len);
	berth_buf_str(out, "\",\"transactions\":[");
	for (size_t i = 0; i < s->n; i++) {
		berth_buf_str(out, i ? ",\"" : "\"");
		berth_ethr_put_hex(out, s->attempt[i].raw.p, s->attempt[i].raw.len);
		berth_buf_str(out, "\"");
	}
	berth_buf_str(out, "]}\n");
	return berth_buf_status(out);
}

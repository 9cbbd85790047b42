/* SPDX-License-Identifier: Apache-2.0 */
/* Logs as the registry's contract writes them: the first topic is the hash of the event's
 * signature, the second the identity, and the data are words of 32 bytes.  Each has the
 * block of the identity's event before it as its last argument, so a history that is cut
 * anywhere, or put together in another way, does not fit together. */
#include "did/ethr_history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/cur.h"
#include "did/base/utf8.h"
#include "did/crypto/hash.h"
#include "did/crypto/keccak.h"
#include "did/method_ethr.h"

#define WORD 32
#define TOPICS 2
#define LOG_DATA_MAX ((size_t)64 << 10)
#define TIME_MAX_S INT64_C(253402300799)	/* the end of the year 9999 */

static const struct {
	const char *signature;
	enum berth_ethr_event_kind kind;
} known[] = {
	{ "DIDOwnerChanged(address,address,uint256)", BERTH_ETHR_OWNER_CHANGED },
	{ "DIDDelegateChanged(address,bytes32,address,uint256,uint256)", BERTH_ETHR_DELEGATE_CHANGED },
	{ "DIDAttributeChanged(address,bytes32,bytes,uint256,uint256)", BERTH_ETHR_ATTRIBUTE_CHANGED },
};
#define N_KNOWN (sizeof(known) / sizeof(known[0]))

struct reading {
	struct berth_ethr_history *h;
	uint8_t topic[N_KNOWN][BERTH_KECCAK256_LEN];
	uint64_t changed, last_log;	/* last_log: logIndex of the log before, in its block */
	uint64_t last_block;		/* of any log, also one that is not ours to read */
	bool any;
};

/* ---- members ---- */

static enum berth_err get_quantity(const struct berth_json *obj, const char *key, uint64_t *out)
{
	const char *text = berth_json_str(berth_json_get(obj, key));

	*out = 0;
	if (!text)
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: the node's answer has no %s", key);
	return berth_eth_quantity_parse(out, text) ? berth_fail(BERTH_E_RESOLVE, "did:ethr: %s is no number below 2^64", key)
						   : BERTH_OK;
}

static enum berth_err get_address(const struct berth_json *obj, const char *key, struct berth_eth_address *out)
{
	const char *text = berth_json_str(berth_json_get(obj, key));

	return text && !berth_eth_address_parse(out, text) ? BERTH_OK
		: berth_fail(BERTH_E_RESOLVE, "did:ethr: %s is no address", key);
}

static enum berth_err get_time(const struct berth_json *obj, const char *key, int64_t *out)
{
	uint64_t v;
	enum berth_err rc = get_quantity(obj, key, &v);

	*out = (int64_t)v;
	if (!rc && v > (uint64_t)TIME_MAX_S)
		rc = berth_fail(BERTH_E_RESOLVE, "did:ethr: %s is no time", key);
	return rc;
}

static bool get_word(const struct berth_json *v, uint8_t out[WORD])
{
	const char *text = berth_json_str(v);

	return text && !berth_eth_data_fixed(out, WORD, text);
}

enum berth_err berth_ethr_block_time(int64_t *out_s, const struct berth_ethr_history *h, uint64_t block)
{
	char key[24];

	*out_s = h->time_s;
	if (block == h->block)
		return BERTH_OK;
	snprintf(key, sizeof(key), "0x%" PRIx64, block);
	return get_time(berth_json_get(h->tree, "blocks"), key, out_s);
}

/* ---- words ---- */

static const uint8_t zeros[WORD];

/* A number that may be larger than can matter; too large: UINT64_MAX. */
static uint64_t word_number(struct berth_cur *c, bool *fits)
{
	const uint8_t *high = berth_cur_bytes(c, WORD - 8);
	uint64_t low = berth_cur_be64(c);

	*fits = high && memcmp(high, zeros, WORD - 8) == 0;
	return *fits ? low : UINT64_MAX;
}

static void word_address(struct berth_cur *c, struct berth_eth_address *out)
{
	const uint8_t *high = berth_cur_bytes(c, WORD - sizeof(out->b));

	berth_cur_copy(c, out->b, sizeof(out->b));
	c->bad |= !high || memcmp(high, zeros, WORD - sizeof(out->b)) != 0;
}

/* Text with zeros behind it.  Somebody's own use of the registry may be no text, or have
 * a zero within. */
static void word_name(struct berth_cur *c, struct berth_ethr_event *e)
{
	size_t n = WORD;

	berth_cur_copy(c, e->name, WORD);
	while (n && !e->name[n - 1])
		n--;
	e->is_text = berth_utf8_valid(e->name, n);
	if (!e->is_text || strlen(e->name) != n)
		e->name[0] = 0;
}

/* offset (of the words before it: there is one way to write them), later length, bytes and
 * zeros up to a whole word */
static void tail_bytes(struct berth_cur *c, struct berth_ethr_event *e, struct berth_buf *bytes)
{
	bool fits;
	uint64_t len = word_number(c, &fits);
	const uint8_t *p = len <= c->n ? berth_cur_bytes(c, (size_t)len) : NULL, *pad;
	size_t n_pad = (WORD - len % WORD) % WORD;

	pad = p ? berth_cur_bytes(c, n_pad) : NULL;
	if (!pad || memcmp(pad, zeros, n_pad) != 0) {
		c->bad = true;
		return;
	}
	e->value_at = bytes->len;
	e->value_len = (size_t)len;
	berth_buf_put(bytes, p, e->value_len);
}

/* ---- one log ---- */

static bool read_event(struct berth_ethr_event *e, uint64_t *previous, struct berth_cur c, struct berth_buf *bytes)
{
	bool fits;

	if (e->kind != BERTH_ETHR_OWNER_CHANGED)
		word_name(&c, e);
	if (e->kind == BERTH_ETHR_ATTRIBUTE_CHANGED)
		c.bad |= word_number(&c, &fits) != 4 * WORD;
	else
		word_address(&c, &e->party);
	if (e->kind != BERTH_ETHR_OWNER_CHANGED)
		e->valid_to_s = word_number(&c, &fits);
	*previous = word_number(&c, &fits);
	c.bad |= !fits;
	if (e->kind == BERTH_ETHR_ATTRIBUTE_CHANGED)
		tail_bytes(&c, e, bytes);
	return berth_cur_done(&c);
}

static enum berth_err make_head(struct berth_ethr_event *e, const struct berth_ethr_event *before,
				const struct berth_buf *data)
{
	static const uint8_t none[32];
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_put(&b, before ? before->head : none, 32);
	berth_buf_u8(&b, (uint8_t)e->kind);
	berth_buf_be64(&b, e->block);
	berth_buf_put(&b, data->p, data->len);
	if (!(rc = berth_buf_status(&b)))
		berth_sha256(e->head, b.p, b.len);
	berth_buf_free(&b);
	return rc;
}

static enum berth_err add_event(struct reading *r, struct berth_ethr_event *e, const struct berth_buf *data)
{
	struct berth_ethr_history *h = r->h;
	const struct berth_ethr_event *before = h->n ? &h->events[h->n - 1] : NULL;
	uint64_t previous;
	enum berth_err rc;

	if (!read_event(e, &previous, berth_cur(data->p, data->len), &h->bytes))
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: a log of block %" PRIu64 " is no event of the registry", e->block);
	if (previous != (before ? before->block : 0))
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: the log of block %" PRIu64 " follows another than the one before "
				  "it: the history is not whole", e->block);
	if ((rc = berth_ethr_block_time(&e->time_s, h, e->block)))
		return rc;
	if (e->time_s > h->time_s || (before && e->time_s < before->time_s))
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: block %" PRIu64 " has a time out of order", e->block);
	if ((rc = make_head(e, before, data)))
		return rc;
	h->events[h->n++] = *e;
	return berth_buf_status(&h->bytes);
}

/* Of the right contract and identity, still on the chain, and behind the one before it. */
static enum berth_err check_place(struct reading *r, const struct berth_json *log, uint64_t *block)
{
	const size_t n_zeros = WORD - sizeof(r->h->identity.b);
	const struct berth_json *topics = berth_json_get(log, "topics");
	struct berth_eth_address from;
	uint8_t who[WORD];
	uint64_t index;
	enum berth_err rc;

	if ((rc = get_address(log, "address", &from)) || (rc = get_quantity(log, "blockNumber", block)) ||
	    (rc = get_quantity(log, "logIndex", &index)))
		return rc;
	if (!berth_eth_address_equal(&from, &r->h->registry.address))
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: a log of another contract");
	if (!get_word(berth_json_at(topics, 1), who) || memcmp(who, zeros, n_zeros) != 0 ||
	    memcmp(who + n_zeros, r->h->identity.b, sizeof(r->h->identity.b)) != 0)
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: a log of another identity");
	if (berth_json_bool(berth_json_get(log, "removed"), false))
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: the log of block %" PRIu64 " is no longer on the chain", *block);
	if (*block == 0 || *block > r->h->block ||
	    (r->any && (*block < r->last_block || (*block == r->last_block && index <= r->last_log))))
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: the log of block %" PRIu64 " is out of order", *block);
	r->any = true;
	r->last_block = *block;
	r->last_log = index;
	return BERTH_OK;
}

/* An event that the registry's interface does not have is somebody's addition to it and
 * stands outside the chain. */
static enum berth_err read_log(struct reading *r, const struct berth_json *log)
{
	const struct berth_json *topics = berth_json_get(log, "topics");
	const char *hex = berth_json_str(berth_json_get(log, "data"));
	struct berth_ethr_event e = { 0 };
	struct berth_buf data = BERTH_BUF_INIT;
	uint8_t topic[WORD];
	size_t i = 0;
	enum berth_err rc;

	if ((rc = check_place(r, log, &e.block)))
		return rc;
	if (!get_word(berth_json_first(topics), topic))
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: a log without topics");
	while (i < N_KNOWN && memcmp(topic, r->topic[i], WORD) != 0)
		i++;
	if (i == N_KNOWN)
		return BERTH_OK;
	e.kind = known[i].kind;
	rc = berth_json_len(topics) == TOPICS && hex ? berth_eth_data_parse(&data, hex, LOG_DATA_MAX) : BERTH_E_TYPE;
	if (!rc)
		rc = add_event(r, &e, &data);
	else if (rc != BERTH_E_NOMEM)
		rc = berth_fail(BERTH_E_RESOLVE, "did:ethr: a log with too much or too little in it");
	berth_buf_free(&data);
	return rc;
}

/* ---- the whole ---- */

static enum berth_err read_logs(struct reading *r)
{
	const struct berth_json *logs = berth_json_get(r->h->tree, "logs");
	size_t n = berth_json_len(logs);
	enum berth_err rc = BERTH_OK;

	if (!berth_json_is(logs, BERTH_JSON_ARRAY))
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: the node's answer has no logs");
	if (n > BERTH_ETHR_LOGS_MAX)
		return berth_fail(BERTH_E_SIZE, "did:ethr: a history of %zu events, at most %d", n, BERTH_ETHR_LOGS_MAX);
	if (n && !(r->h->events = calloc(n, sizeof(*r->h->events))))
		return berth_no_memory();
	for (size_t i = 0; i < N_KNOWN; i++)
		berth_keccak256(r->topic[i], known[i].signature, strlen(known[i].signature));
	for (const struct berth_json *log = berth_json_first(logs); log && !rc; log = berth_json_next(log))
		rc = read_log(r, log);
	return rc;
}

/* The contract has no null owner: of whom it is set for, identityOwner() is the identity. */
static enum berth_err check_owner(const struct berth_ethr_history *h)
{
	static const struct berth_eth_address null;
	struct berth_eth_address said, owner = h->identity;
	enum berth_err rc;

	if (!berth_json_get(h->tree, "owner"))
		return BERTH_OK;
	if ((rc = get_address(h->tree, "owner", &said)))
		return rc;
	for (size_t i = 0; i < h->n; i++)
		if (h->events[i].kind == BERTH_ETHR_OWNER_CHANGED)
			owner = berth_eth_address_equal(&h->events[i].party, &null) ? h->identity : h->events[i].party;
	return berth_eth_address_equal(&said, &owner) ? BERTH_OK
		: berth_fail(BERTH_E_RESOLVE, "did:ethr: the owner is another than the logs make it");
}

static enum berth_err read_all(struct reading *r)
{
	struct berth_ethr_history *h = r->h;
	enum berth_err rc;

	if ((rc = get_quantity(h->tree, "chainId", &h->registry.chain_id)) ||
	    (rc = get_address(h->tree, "registry", &h->registry.address)) ||
	    (rc = get_address(h->tree, "identity", &h->identity)) ||
	    (rc = get_quantity(h->tree, "blockNumber", &h->block)) ||
	    (rc = get_time(h->tree, "blockTimestamp", &h->time_s)) ||
	    (rc = get_quantity(h->tree, "changed", &r->changed)) || (rc = read_logs(r)))
		return rc;
	if (r->changed != (h->n ? h->events[h->n - 1].block : 0))
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: the last change was in block %" PRIu64 ", and the logs do not end "
				  "there", r->changed);
	return check_owner(h);
}

enum berth_err berth_ethr_history_read(struct berth_ethr_history *out, const void *p, size_t n)
{
	struct reading r = { .h = out };
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (!(rc = berth_json_parse_object(&out->tree, p, n, BERTH_ETHR_EVIDENCE_MAX)))
		rc = read_all(&r);
	if (rc)
		berth_ethr_history_free(out);
	return rc == BERTH_E_TYPE ? BERTH_E_RESOLVE : rc;
}

void berth_ethr_history_free(struct berth_ethr_history *h)
{
	free(h->events);
	berth_buf_free(&h->bytes);
	berth_json_free(h->tree);
	memset(h, 0, sizeof(*h));
}

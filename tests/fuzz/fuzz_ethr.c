/* SPDX-License-Identifier: Apache-2.0 */
/* What a node says of an identity, as it comes and made from the input, and transactions.
 * An answer that was believed is believed again with the pin that it left, which then
 * stays; a history that fits together is never taken for one that does not. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/cur.h"
#include "did/ethr_tx.h"
#include "did/method_ethr.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define NOW 1780000000

static enum berth_err judge(const uint8_t *p, size_t n, const char *did, const char *id, const char *pin, struct berth_buf *new_pin)
{
	const struct berth_registry_piece piece = { "ethr", p, n };
	const struct berth_registry_evidence e = { &piece, 1, 0 };
	const struct berth_did_version version = { .id = id };
	const struct berth_registry_judge j = { .now_s = NOW, .clock_trusted = true, .pin = pin, .new_pin = new_pin };
	struct berth_registry_result r;
	enum berth_err rc = berth_ethr_judge(&r, &e, did, &version, &j);

	if (rc ? r.doc != NULL : r.doc == NULL)
		abort();
	berth_registry_result_free(&r);
	return rc;
}

/* ---- a history made from the input ---- */

#define EVENTS_MAX 80
#define WORD(b, v) berth_buf_printf(b, "%064llx", (unsigned long long)(v))

static const char *const topics[] = {
	"38a5a6e68f30ed1ab45860a4afb34bcb2fc00f22ca462d249b8a8d40cda6f7a3",	/* owner */
	"5a5084339536bcab65f20799fcc58724588145ca054bd2be626174b27ba156f7",	/* delegate */
	"18ab6b2ae3d64306c00ce663125f2bd680e441a098de1635bd7ad8b0d44965e4",	/* attribute */
};
static const char *const names[] = {
	"veriKey", "sigAuth", "did/svc/DIDCommMessaging", "did/pub/Secp256k1/veriKey/hex", "did/pub/Ed25519/sigAuth",
	"did/pub/X25519/enc/base58", "did/pub/RSA/veriKey/pem", "did/pub/Multikey/veriKey", "did/pub/Custom/veriKey/base64",
	"did/pub/Custom/veriKey/base58", "did/pub/JsonWebKey2020/veriKey", "did/pub/a/b/c/d", "did/svc/", "hello",
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

static void put_bytes(struct berth_buf *b, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		berth_buf_printf(b, "%02x", p[i]);
	for (size_t i = n; i % 32; i++)
		berth_buf_str(b, "00");
}

/* A name of the list, or any 32 bytes. */
static void put_name(struct berth_buf *b, struct berth_cur *c)
{
	uint8_t which = berth_cur_u8(c), any[32];

	berth_cur_copy(c, any, which < N_NAMES ? 0 : sizeof(any));
	if (which < N_NAMES)
		put_bytes(b, (const uint8_t *)names[which], strlen(names[which]));
	else
		put_bytes(b, any, sizeof(any));
}

/* In a block of its own; validity is none, over, or for ever. */
static void put_event(struct berth_buf *b, struct berth_cur *c, unsigned i)
{
	unsigned kind = berth_cur_u8(c) % 3, until = berth_cur_u8(c);
	struct berth_cur value;

	berth_buf_printf(b, "%s{\"address\":\"0x%040x\",\"topics\":[\"0x%s\",\"0x000000000000000000000000b9c5714089478a327f09197987f16f9e5d936e8a\"],"
			 "\"blockNumber\":\"0x%x\",\"logIndex\":\"0x0\",\"data\":\"0x", i ? "," : "", 1, topics[kind], i + 1);
	if (kind)
		put_name(b, c);
	WORD(b, kind == 2 ? 128 : berth_cur_u8(c));
	if (kind)
		WORD(b, until < 64 ? 0 : until < 128 ? NOW - 1 : (unsigned long long)NOW + until);
	WORD(b, i);
	value = kind == 2 ? berth_cur_vec16(c, 400) : berth_cur(NULL, 0);
	if (kind == 2) {
		WORD(b, value.n);
		put_bytes(b, value.p, value.n);
	}
	berth_buf_str(b, "\"}");
}

static void made(const uint8_t *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);
	struct berth_buf b = BERTH_BUF_INIT;
	unsigned events = 0;
	enum berth_err rc;

	berth_buf_str(&b, "{\"logs\":[");
	while (c.n && events < EVENTS_MAX)
		put_event(&b, &c, events++);
	berth_buf_printf(&b, "],\"chainId\":\"0x539\",\"registry\":\"0x%040x\",\"identity\":\"0xb9c5714089478a327f09197987f16f9e5d936e8a\","
			 "\"blockNumber\":\"0x1000\",\"blockTimestamp\":\"0x66000000\",\"changed\":\"0x%x\",\"blocks\":{", 1, events);
	for (unsigned i = 0; i < events; i++)
		berth_buf_printf(&b, "%s\"0x%x\":\"0x65000000\"", i ? "," : "", i + 1);
	berth_buf_str(&b, "}}");
	rc = judge(b.p, b.len, "did:ethr:0x539:0xb9c5714089478a327f09197987f16f9e5d936e8a", NULL, "", NULL);
	if (rc == BERTH_E_RESOLVE || rc == BERTH_E_JSON)
		abort();
	berth_buf_free(&b);
}

/* The first byte says what the rest is. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const dids[] = {
		"did:ethr:0x539:0xb9c5714089478a327f09197987f16f9e5d936e8a",
		"did:ethr:0x539:0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
	};
	struct berth_buf pin = BERTH_BUF_INIT, same = BERTH_BUF_INIT;
	struct berth_eth_address from;
	struct berth_eth_tx tx;

	if (!n)
		return 0;
	if (*p == 't') {
		(void)!berth_eth_tx_parse(&tx, &from, p + 1, n - 1);
		return 0;
	}
	if (*p == 'm') {
		made(p + 1, n - 1);
		return 0;
	}
	if (!judge(p, n, dids[0], NULL, "", &pin)) {
		if (judge(p, n, dids[0], NULL, berth_buf_cstr(&pin), &same) || same.len)
			abort();
		(void)!judge(p, n, dids[0], "102", berth_buf_cstr(&pin), &same);
	}
	berth_buf_reset(&pin);
	(void)!judge(p, n, dids[1], NULL, "", &pin);
	berth_buf_free(&pin);
	berth_buf_free(&same);
	return 0;
}

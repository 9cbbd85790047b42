/* SPDX-License-Identifier: Apache-2.0 */
/* What a node says of an identity, and transactions.  An answer that was believed is
 * believed again with the pin that it left, which then stays. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "did/ethr_tx.h"
#include "did/method_ethr.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define NOW 1780000000

static enum berth_err judge(const uint8_t *p, size_t n, const char *did, const char *id, const char *pin, struct berth_buf *new_pin)
{
	const struct berth_registry_piece piece = { "ethr", p, n };
	const struct berth_registry_evidence e = { &piece, 1, 0 };
	const struct berth_did_version version = { .id = id };
	const struct berth_registry_judge j = { NOW, true, pin, new_pin };
	struct berth_registry_result r;
	enum berth_err rc = berth_ethr_judge(&r, &e, did, &version, &j);

	if (rc ? r.doc != NULL : r.doc == NULL)
		abort();
	berth_registry_result_free(&r);
	return rc;
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

/* SPDX-License-Identifier: Apache-2.0 */
/* An encrypted message taken apart, and opened with a keyring whose every key unwraps to
 * the same octets: what is read behind a good unwrap is read too.  An odd first octet:
 * apv may be missing. */
#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/url.h"
#include "didcomm/jwe.h"

#define WRAP_EXTRA 8

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static enum berth_err unwrap(struct berth_keyring *kr, const char *kid, const struct berth_kek_params *p,
			     const uint8_t *wrapped, size_t len, uint8_t cek[BERTH_CEK_MAX], size_t *cek_len)
{
	(void)kr, (void)kid, (void)p, (void)wrapped;
	if (len < WRAP_EXTRA || len - WRAP_EXTRA > BERTH_CEK_MAX)
		abort();
	*cek_len = len - WRAP_EXTRA;
	memset(cek, 7, *cek_len);
	return BERTH_OK;
}

/* What is asked ahead is what will be asked. */
static void unwrap_ahead(struct berth_keyring *kr, const char *kid, const struct berth_kek_params *p, const uint8_t *wrapped, size_t len)
{
	uint8_t cek[BERTH_CEK_MAX];
	size_t n;

	(void)!unwrap(kr, kid, p, wrapped, len, cek, &n);
}

/* The recipients are of one DID, and none is there twice (C043). */
static void check_recipients(const struct berth_jwe *j)
{
	if (!j->n_recipients || j->n_recipients > BERTH_JWE_RECIPIENTS_MAX)
		abort();
	for (size_t i = 0; i < j->n_recipients; i++) {
		if (!strchr(j->recipients[i].kid, '#') || !berth_did_same(j->recipients[i].kid, j->recipients[0].kid))
			abort();
		for (size_t k = 0; k < i; k++)
			if (strcmp(j->recipients[i].kid, j->recipients[k].kid) == 0)
				abort();
	}
}

/* C036, C037, C040, C041 */
static void check(const struct berth_jwe *j, bool lenient)
{
	if (!berth_jwe_agrees_on(j->epk.type) || !berth_jwe_encrypts_with(j->enc, j->authcrypt) || j->authcrypt != !!j->skid)
		abort();
	if (j->apv_len != BERTH_SHA256_LEN && (j->apv_len || !lenient || j->authcrypt))
		abort();
	check_recipients(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct berth_keyring_ops ops = { .unwrap = unwrap, .unwrap_ahead = unwrap_ahead };
	struct berth_keyring kr = { .ops = &ops };
	struct berth_apv_leniency lenient = { .for_all = n && p[0] % 2 };
	struct berth_buf plain = BERTH_BUF_INIT;
	struct berth_json *json;
	struct berth_jwe j;

	berth_crypto_init();
	if (!n || berth_json_parse_object(&json, (const char *)p + 1, n - 1, BERTH_JSON_MAX) ||
	    berth_jwe_from_json(&j, json, &lenient))
		return 0;
	check(&j, lenient.for_all);
	(void)!berth_jwe_open_ahead(&j, &j.recipients[0], j.authcrypt ? &j.epk : NULL, &kr);
	(void)!berth_jwe_open(&j, &j.recipients[0], j.authcrypt ? &j.epk : NULL, &kr, &plain);
	berth_buf_free(&plain);
	berth_jwe_free(&j);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/tpm2_pcr.h"

#include <string.h>
#include <tss2/tss2_tpm2_types.h>

#include "did/base/cur.h"
#include "did/codec/base64url.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"

#define BANK "sha256"
#define POINT_LEN 65
#define VALUES_TEXT_MAX (BERTH_PCRS * BERTH_SHA256_LEN * 4 / 3)

unsigned berth_pcr_count(uint32_t mask)
{
	unsigned n = 0;

	for (; mask; mask &= mask - 1)
		n++;
	return n;
}

enum berth_err berth_pcr_list_parse(uint32_t *mask, const char *text)
{
	int last = -1, v;

	*mask = 0;
	for (const char *p = text; ; p++) {
		size_t digits = strspn(p, "0123456789");

		v = digits == 1 ? p[0] - '0' : digits == 2 && p[0] != '0' ? (p[0] - '0') * 10 + p[1] - '0' : BERTH_PCRS;
		p += digits;
		if (v >= BERTH_PCRS || v <= last || (*p && *p != ',')) {
			*mask = 0;
			return berth_fail(BERTH_E_TYPE, "PCRs: not numbers from 0 to %d, rising, as in 0,2,7", BERTH_PCRS - 1);
		}
		*mask |= 1u << v;
		last = v;
		if (!*p)
			return BERTH_OK;
	}
}

/* TPM 2.0 part 3, 23.7: H(empty policy || TPM_CC_PolicyPCR || TPML_PCR_SELECTION ||
 * H(values)). */
void berth_pcr_policy_digest(uint8_t policy[32], uint32_t mask, const uint8_t *values)
{
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t zero[BERTH_SHA256_LEN] = { 0 }, of_values[BERTH_SHA256_LEN];

	berth_sha256(of_values, values, (size_t)berth_pcr_count(mask) * BERTH_SHA256_LEN);
	berth_buf_put(&b, zero, sizeof(zero));
	berth_buf_be32(&b, TPM2_CC_PolicyPCR);
	berth_buf_be32(&b, 1);
	berth_buf_be16(&b, TPM2_ALG_SHA256);
	berth_buf_u8(&b, BERTH_PCRS / 8);
	for (unsigned i = 0; i < BERTH_PCRS; i += 8)
		berth_buf_u8(&b, (uint8_t)(mask >> i));
	berth_buf_put(&b, of_values, sizeof(of_values));
	berth_sha256(policy, b.p, b.len);
	berth_buf_free(&b);
}

void berth_pcr_policy_message(uint8_t out[32 + BERTH_PCR_POLICY_REF_LEN], const uint8_t policy[32])
{
	memcpy(out, policy, 32);
	memcpy(out + 32, BERTH_PCR_POLICY_REF, BERTH_PCR_POLICY_REF_LEN);
}

/* ---- reading ---- */
enum berth_err berth_pcr_list_read(uint32_t *mask, const struct berth_json *o)
{
	const struct berth_json *list;
	enum berth_err rc = berth_json_req_arr(o, "pcrs", BERTH_PCRS, &list);

	*mask = 0;
	if (rc)
		return rc;
	berth_json_each(v, list) {
		double d = berth_json_num(v);

		if (!berth_json_is(v, BERTH_JSON_NUMBER) || d < 0 || d >= BERTH_PCRS || d != (unsigned)d)
			return berth_fail(BERTH_E_TYPE, "pcrs: a PCR that there is not");
		*mask |= 1u << (unsigned)d;
	}
	return BERTH_OK;
}

static enum berth_err read_bytes(const struct berth_json *o, const char *member, uint8_t *out, size_t n)
{
	const char *s;
	enum berth_err rc = berth_json_req_str(o, member, 128, &s);

	return rc ? rc : berth_b64url_decode_fixed(out, n, s, strlen(s));
}

static enum berth_err read_policy(struct berth_pcr_policy *p, const struct berth_json *o)
{
	uint8_t point[POINT_LEN], message[32 + BERTH_PCR_POLICY_REF_LEN];
	const char *bank;
	enum berth_err rc;

	if ((rc = berth_json_req_str(o, "bank", 16, &bank)) || (rc = berth_pcr_list_read(&p->mask, o)) ||
	    (rc = p->mask ? BERTH_OK : berth_fail(BERTH_E_TYPE, "pcrs: none")) ||
	    (rc = read_bytes(o, "policy", p->policy, sizeof(p->policy))) ||
	    (rc = read_bytes(o, "key", point, sizeof(point))) ||
	    (rc = read_bytes(o, "signature", p->sig, sizeof(p->sig))) ||
	    (rc = berth_pubkey_import(&p->key, BERTH_KEY_P256, point, sizeof(point))))
		return rc;
	if (strcmp(bank, BANK) != 0)
		return berth_fail(BERTH_E_TYPE, "bank: %s, only " BANK " is known", bank);
	berth_pcr_policy_message(message, p->policy);
	return berth_verify(&p->key, message, sizeof(message), p->sig, sizeof(p->sig));
}

enum berth_err berth_pcr_policy_parse(struct berth_pcr_policy *out, const char *line, size_t n)
{
	struct berth_json *o = NULL;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (!(rc = berth_json_parse_object(&o, line, n, BERTH_PCR_LINE_MAX)))
		rc = read_policy(out, o);
	if (rc)
		memset(out, 0, sizeof(*out));
	berth_json_free(o);
	return rc;
}

/* ---- values ---- */
enum berth_err berth_pcr_values_take(struct berth_pcr_values *out, uint32_t mask, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);

	*out = (struct berth_pcr_values){ 0 };
	if (mask >> BERTH_PCRS || n != (size_t)berth_pcr_count(mask) * BERTH_SHA256_LEN)
		return berth_fail(BERTH_E_TYPE, "PCRs: not a value of 32 octets for each");
	out->mask = mask;
	for (unsigned i = 0; i < BERTH_PCRS; i++)
		if (mask >> i & 1)
			berth_cur_copy(&c, out->v[i], BERTH_SHA256_LEN);
	return BERTH_OK;
}

static size_t put_values(uint8_t out[BERTH_PCRS * BERTH_SHA256_LEN], const struct berth_pcr_values *v)
{
	size_t n = 0;

	for (unsigned i = 0; i < BERTH_PCRS; i++)
		if (v->mask >> i & 1)
			memcpy(out + BERTH_SHA256_LEN * n++, v->v[i], BERTH_SHA256_LEN);
	return n * BERTH_SHA256_LEN;
}

void berth_pcr_values_digest(uint8_t digest[32], const struct berth_pcr_values *v)
{
	uint8_t all[BERTH_PCRS * BERTH_SHA256_LEN];

	berth_sha256(digest, all, put_values(all, v));
}

enum berth_err berth_pcr_values_read(struct berth_pcr_values *out, uint32_t mask, const struct berth_json *o, const char *member)
{
	struct berth_buf b = BERTH_BUF_INIT;
	const char *s;
	enum berth_err rc;

	*out = (struct berth_pcr_values){ 0 };
	if (!berth_json_get(o, member))
		return BERTH_OK;
	if (!(rc = berth_json_req_str(o, member, VALUES_TEXT_MAX, &s)) && !(rc = berth_b64url_decode(&b, s, strlen(s))))
		rc = berth_pcr_values_take(out, mask, b.p, b.len);
	berth_buf_free(&b);
	return rc;
}

enum berth_err berth_pcr_values_set(struct berth_json *o, const char *member, const struct berth_pcr_values *v)
{
	uint8_t all[BERTH_PCRS * BERTH_SHA256_LEN];

	return berth_json_set_b64url(o, member, all, put_values(all, v));
}

/* ---- writing ---- */
struct berth_json *berth_pcr_list_json(uint32_t mask)
{
	struct berth_json *list = berth_json_new_array();

	for (int i = 0; i < BERTH_PCRS; i++)
		if ((mask >> i & 1) && berth_json_push(list, berth_json_new_int(i))) {
			berth_json_free(list);
			return NULL;
		}
	return list;
}

struct berth_json *berth_pcr_policy_json(const struct berth_pcr_policy *p)
{
	struct berth_json *o = berth_json_new_object();

	if (berth_json_set_str(o, "bank", BANK) || berth_json_set(o, "pcrs", berth_pcr_list_json(p->mask)) ||
	    berth_json_set_b64url(o, "policy", p->policy, sizeof(p->policy)) || berth_json_set_b64url(o, "key", p->key.b, p->key.len) ||
	    berth_json_set_b64url(o, "signature", p->sig, sizeof(p->sig))) {
		berth_json_free(o);
		return NULL;
	}
	return o;
}

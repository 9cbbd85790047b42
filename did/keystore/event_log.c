/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/event_log.h"

#include <string.h>

#include "did/base/cur.h"
#include "did/crypto/hash.h"

#define ALG_SHA256 0x0b
#define EV_NO_ACTION 3
#define SIGNATURE_LEN 16
#define SHA1_LEN 20
#define DIGEST_MAX 64

/* A log is little-endian, unlike all else that a TPM says. */
static uint32_t le(struct berth_cur *c, size_t octets)
{
	const uint8_t *b = berth_cur_bytes(c, octets);
	uint32_t v = 0;

	for (size_t i = octets; b && i-- > 0; )
		v = v << 8 | b[i];
	return v;
}

static struct berth_cur sized(struct berth_cur *c)
{
	size_t n = le(c, 4);
	const uint8_t *p = berth_cur_bytes(c, n);

	return berth_cur(p, p ? n : 0);
}

/* ---- the first event says which banks there are ---- */
struct bank { uint16_t alg, len; };
struct banks { struct bank v[BERTH_EVENT_BANKS_MAX]; size_t n; };

static const struct bank *find(const struct banks *b, uint32_t alg)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].alg == alg)
			return &b->v[i];
	return NULL;
}

static void read_banks(struct berth_cur *c, struct banks *b)
{
	uint32_t n = le(c, 4);

	b->n = 0;
	if (n > BERTH_EVENT_BANKS_MAX)
		c->bad = true;
	for (uint32_t i = 0; i < n && !c->bad; i++) {
		struct bank one;

		one.alg = (uint16_t)le(c, 2);
		one.len = (uint16_t)le(c, 2);
		if (find(b, one.alg) || one.len > DIGEST_MAX || (one.alg == ALG_SHA256 && one.len != BERTH_SHA256_LEN))
			c->bad = true;
		else
			b->v[b->n++] = one;
	}
}

static enum berth_err read_header(struct berth_cur *c, struct banks *b)
{
	static const uint8_t agile[SIGNATURE_LEN] = "Spec ID Event03";
	uint32_t pcr = le(c, 4), type = le(c, 4);
	const uint8_t *signature;
	struct berth_cur spec;

	berth_cur_bytes(c, SHA1_LEN);
	spec = sized(c);
	signature = berth_cur_bytes(&spec, SIGNATURE_LEN);
	if (c->bad || pcr >= BERTH_PCRS)
		return berth_fail(BERTH_E_TYPE, "event log: not one");
	if (type != EV_NO_ACTION || !signature || memcmp(signature, agile, sizeof(agile)) != 0)
		return berth_fail(BERTH_E_ALG, "event log: of the old form, which has SHA-1 only");
	berth_cur_bytes(&spec, 4 + 4);	/* platform class; version, errata, width of an int */
	read_banks(&spec, b);
	berth_cur_bytes(&spec, berth_cur_u8(&spec));	/* the vendor's */
	if (!berth_cur_done(&spec))
		return berth_fail(BERTH_E_TYPE, "event log: a malformed first event");
	return find(b, ALG_SHA256) ? BERTH_OK : berth_fail(BERTH_E_ALG, "event log: has no SHA-256 bank");
}

/* ---- the others have a digest for each of them ---- */
struct entry { struct berth_log_event e; struct berth_cur data; };

static void read_digests(struct berth_cur *c, const struct banks *b, struct entry *out)
{
	uint32_t n = le(c, 4);

	out->e.digest = NULL;
	if (n != b->n)
		c->bad = true;
	for (uint32_t i = 0; i < n && !c->bad; i++) {
		const struct bank *bank = find(b, le(c, 2));
		const uint8_t *digest = bank ? berth_cur_bytes(c, bank->len) : NULL;

		if (!bank || (bank->alg == ALG_SHA256 && out->e.digest))
			c->bad = true;
		else if (bank->alg == ALG_SHA256)
			out->e.digest = digest;
	}
}

static bool read_entry(struct berth_cur *c, const struct banks *b, struct entry *out)
{
	out->e.pcr = le(c, 4);
	out->e.type = le(c, 4);
	read_digests(c, b, out);
	out->data = sized(c);
	return !c->bad && out->e.digest && (out->e.type == EV_NO_ACTION || out->e.pcr < BERTH_PCRS);
}

/* EV_NO_ACTION extends nothing; but one says from where PCR 0 begins. */
static enum berth_err each(const void *p, size_t n, berth_log_event_fn *fn, berth_log_event_fn *idle, void *arg)
{
	struct berth_cur c = berth_cur(p, n);
	struct banks banks;
	struct entry at;
	enum berth_err rc;

	if (n > BERTH_EVENT_LOG_MAX)
		return berth_fail(BERTH_E_SIZE, "event log: more than %zu octets", BERTH_EVENT_LOG_MAX);
	if ((rc = read_header(&c, &banks)))
		return rc;
	while (!rc && c.n) {
		if (!read_entry(&c, &banks, &at))
			return berth_fail(BERTH_E_TYPE, "event log: malformed");
		if (at.e.type != EV_NO_ACTION)
			rc = fn(arg, &at.e);
		else if (idle && at.data.n == SIGNATURE_LEN + 1) {
			at.e.digest = at.data.p;
			rc = idle(arg, &at.e);
		}
	}
	return rc;
}

enum berth_err berth_event_log_each(const void *p, size_t n, berth_log_event_fn *fn, void *arg)
{
	return each(p, n, fn, NULL, arg);
}

/* ---- replayed ---- */
static enum berth_err extend(void *arg, const struct berth_log_event *e)
{
	struct berth_pcr_values *v = arg;
	uint8_t both[2 * BERTH_SHA256_LEN];

	memcpy(both, v->v[e->pcr], BERTH_SHA256_LEN);
	memcpy(both + BERTH_SHA256_LEN, e->digest, BERTH_SHA256_LEN);
	berth_sha256(v->v[e->pcr], both, sizeof(both));
	v->mask |= UINT32_C(1) << e->pcr;
	return BERTH_OK;
}

static enum berth_err begin(void *arg, const struct berth_log_event *e)
{
	static const uint8_t locality[SIGNATURE_LEN] = "StartupLocality";
	struct berth_pcr_values *v = arg;

	if (memcmp(e->digest, locality, sizeof(locality)) == 0 && !(v->mask & 1))
		v->v[0][BERTH_SHA256_LEN - 1] = e->digest[SIGNATURE_LEN];
	return BERTH_OK;
}

enum berth_err berth_event_log_replay(struct berth_pcr_values *out, const void *p, size_t n)
{
	enum berth_err rc;

	*out = (struct berth_pcr_values){ 0 };
	if ((rc = each(p, n, extend, begin, out)))
		*out = (struct berth_pcr_values){ 0 };
	return rc;
}

/* ---- names ---- */
const char *berth_event_type_name(uint32_t type)
{
	static const struct { uint32_t type; const char *name; } names[] = {
		{ 0x01, "EV_POST_CODE" }, { 0x04, "EV_SEPARATOR" }, { 0x05, "EV_ACTION" }, { 0x07, "EV_S_CRTM_CONTENTS" },
		{ 0x08, "EV_S_CRTM_VERSION" }, { 0x09, "EV_CPU_MICROCODE" }, { 0x0a, "EV_PLATFORM_CONFIG_FLAGS" },
		{ 0x0b, "EV_TABLE_OF_DEVICES" }, { 0x0d, "EV_IPL" }, { 0x12, "EV_NONHOST_CONFIG" },
		{ 0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG" }, { 0x80000002, "EV_EFI_VARIABLE_BOOT" },
		{ 0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION" }, { 0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER" },
		{ 0x80000006, "EV_EFI_GPT_EVENT" }, { 0x80000007, "EV_EFI_ACTION" },
		{ 0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB" }, { 0x8000000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2" },
		{ 0x8000000b, "EV_EFI_HANDOFF_TABLES2" }, { 0x800000e0, "EV_EFI_VARIABLE_AUTHORITY" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == type)
			return names[i].name;
	return "an event";
}

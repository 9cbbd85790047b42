/* SPDX-License-Identifier: Apache-2.0 */
#include "did/method_ethr.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "did/base/clock.h"
#include "did/base/hex.h"
#include "did/ethr.h"
#include "did/ethr_doc.h"
#include "did/ethr_history.h"

/* The pin: "ethr CHAINID REGISTRY COUNT HEAD", the head of the event of that number. */
#define PIN_MAX 200

/* As of when. */
struct moment {
	uint64_t block;
	int64_t now_s;
	bool past;		/* a version was asked for */
};

/* ---- what was believed before ---- */

static void pin_prefix(char out[PIN_MAX], const struct berth_ethr_history *h)
{
	char address[BERTH_ETH_ADDRESS_LEN + 1];

	berth_eth_address_format(address, &h->registry.address);
	snprintf(out, PIN_MAX, "ethr %" PRIu64 " %s ", h->registry.chain_id, address);
}

static void pin_of(char out[PIN_MAX], const struct berth_ethr_history *h, size_t count)
{
	static const uint8_t none[32];
	char head[65];
	size_t n;

	berth_hex_encode(head, count ? h->events[count - 1].head : none, 32);
	pin_prefix(out, h);
	n = strlen(out);
	snprintf(out + n, PIN_MAX - n, "%zu %s", count, head);
}

/* How many events were believed; the store's text is ours, so anything odd is damage. */
static enum berth_err pinned_count(size_t *count, const char *pin)
{
	const char *at = pin;

	*count = 0;
	for (int i = 0; i < 3; i++)
		at = at && (at = strchr(at, ' ')) ? at + 1 : NULL;
	for (; at && isdigit((unsigned char)*at) && *count <= BERTH_ETHR_LOGS_MAX; at++)
		*count = *count * 10 + (size_t)(*at - '0');
	return at && *at == ' ' && *count <= BERTH_ETHR_LOGS_MAX && strncmp(pin, "ethr ", 5) == 0 ? BERTH_OK
		: berth_fail(BERTH_E_STORE, "did:ethr: what was known of the DID is damaged");
}

static enum berth_err check_pin(const struct berth_ethr_history *h, const struct berth_registry_judge *j)
{
	char want[PIN_MAX];
	size_t count;
	enum berth_err rc;

	if (!*j->pin)
		return BERTH_OK;
	if ((rc = pinned_count(&count, j->pin)))
		return rc;
	pin_prefix(want, h);
	if (strncmp(j->pin, want, strlen(want)) != 0)
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: another chain or registry than before");
	if (count > h->n)
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: %zu events where %zu were known: an older state", h->n, count);
	pin_of(want, h, count);
	return strcmp(j->pin, want) == 0 ? BERTH_OK
		: berth_fail(BERTH_E_RESOLVE, "did:ethr: the first %zu events are not those that were known", count);
}

static enum berth_err move_pin(const struct berth_ethr_history *h, const struct berth_registry_judge *j)
{
	char pin[PIN_MAX];

	pin_of(pin, h, h->n);
	if (!j->new_pin || strcmp(pin, j->pin) == 0)
		return BERTH_OK;
	berth_buf_str(j->new_pin, pin);
	return berth_buf_status(j->new_pin);
}

/* ---- which version ---- */

static enum berth_err parse_block(uint64_t *out, const char *text)
{
	size_t n = strnlen(text, 20);
	bool ok = n > 0 && n < 20 && (text[0] != '0' || n == 1);

	*out = 0;
	for (size_t i = 0; ok && i < n; i++) {
		ok = isdigit((unsigned char)text[i]);
		*out = *out * 10 + (uint64_t)(text[i] - '0');
	}
	return ok ? BERTH_OK : berth_fail(BERTH_E_RESOLVE, "did:ethr: a versionId is the number of a block");
}

static enum berth_err at_block(struct moment *at, const struct berth_ethr_history *h, const char *version)
{
	enum berth_err rc;

	at->past = true;
	if ((rc = parse_block(&at->block, version)))
		return rc;
	if (at->block > h->block)
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: block %" PRIu64 " is not there yet", at->block);
	return berth_ethr_block_time(&at->now_s, h, at->block);
}

/* The newest block of which we know that it was made by then. */
static enum berth_err at_time(struct moment *at, const struct berth_ethr_history *h, const char *time, int64_t now_s)
{
	enum berth_err rc;

	at->past = true;
	at->block = h->block;
	if ((rc = berth_rfc3339_parse(&at->now_s, time)))
		return rc;
	if (at->now_s > now_s && at->now_s > h->time_s)
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: %s has not been yet", time);
	for (size_t i = h->n; i-- > 0 && h->events[i].time_s > at->now_s;)
		at->block = h->events[i].block - 1;
	return BERTH_OK;
}

static enum berth_err find_moment(struct moment *at, const struct berth_ethr_history *h,
				  const struct berth_did_version *version, const struct berth_registry_judge *j)
{
	*at = (struct moment){ .block = h->block, .now_s = j->now_s };
	if (!j->clock_trusted && h->time_s > at->now_s)
		at->now_s = h->time_s;
	if (version && (version->number || (version->id && version->time)))
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: versionId or versionTime, one of them");
	if (version && version->id)
		return at_block(at, h, version->id);
	return version && version->time ? at_time(at, h, version->time, at->now_s) : BERTH_OK;
}

/* ---- metadata ---- */

static enum berth_err say_block(struct berth_json *meta, const struct berth_ethr_event *e, const char *id, const char *time)
{
	char number[24], when[BERTH_RFC3339_LEN + 1];
	enum berth_err rc;

	snprintf(number, sizeof(number), "%" PRIu64, e->block);
	berth_rfc3339_format(when, e->time_s);
	return (rc = berth_json_set_str(meta, id, number)) ? rc : berth_json_set_str(meta, time, when);
}

/* n: events that this version is of; until: of the block it was asked for. */
static enum berth_err metadata(struct berth_json **out, const struct berth_ethr_history *h, size_t until,
			       const struct berth_ethr_state *state)
{
	struct berth_json *meta = berth_json_new_object();
	enum berth_err rc = meta ? BERTH_OK : berth_no_memory();

	if (!rc && state->deactivated)
		rc = berth_json_set_bool(meta, "deactivated", true);
	if (!rc && state->n)
		rc = say_block(meta, &h->events[state->n - 1], "versionId", "updated");
	if (!rc && !state->deactivated && until < h->n)
		rc = say_block(meta, &h->events[until], "nextVersionId", "nextUpdate");
	*out = meta;
	return rc;
}

static uint32_t lifetime(const struct berth_ethr_state *state, const struct moment *at, uint32_t said)
{
	uint64_t now = at->now_s > 0 ? (uint64_t)at->now_s : 0, left;

	if (at->past || state->next_expiry_s == UINT64_MAX)
		return said;
	left = state->next_expiry_s - now + 1;	/* its last second is one that counts */
	if (left > UINT32_MAX)
		left = UINT32_MAX;
	return said && said < left ? said : (uint32_t)left;
}

/* ---- the whole ---- */

static enum berth_err check_subject(const struct berth_ethr_history *h, const struct berth_ethr_did *id)
{
	if (id->chain_id && id->chain_id != h->registry.chain_id)
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: an answer of chain %" PRIu64 ", not %" PRIu64,
				  h->registry.chain_id, id->chain_id);
	if (h->registry.chain_id == 0 || h->registry.chain_id > BERTH_ETH_CHAIN_MAX)
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: no chain has that id");
	if (!berth_eth_address_equal(&h->identity, &id->identity))
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: an answer about another identity");
	return BERTH_OK;
}

static enum berth_err make(struct berth_registry_result *out, const char *did, const struct berth_ethr_did *id,
			   const struct berth_ethr_history *h, const struct moment *at, uint32_t ttl_s)
{
	struct berth_ethr_state state;
	size_t until = 0;
	enum berth_err rc;

	while (until < h->n && h->events[until].block <= at->block)
		until++;
	if ((rc = berth_ethr_document(&state, did, id, h, until, at->now_s)) ||
	    (rc = berth_did_doc_from_json(&out->doc, state.doc, did)) || (rc = metadata(&out->metadata, h, until, &state)))
		return rc;
	out->deactivated = state.deactivated;
	out->ttl_s = lifetime(&state, at, ttl_s);
	return BERTH_OK;
}

enum berth_err berth_ethr_judge(struct berth_registry_result *out, const struct berth_registry_evidence *e, const char *did,
				const struct berth_did_version *version, const struct berth_registry_judge *j)
{
	const struct berth_registry_piece *piece = berth_registry_piece(e, "ethr");
	struct berth_ethr_history h = { 0 };
	struct berth_ethr_did id;
	struct moment at;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = berth_ethr_did_parse(&id, did)))
		return rc;
	if (!piece)
		return berth_fail(BERTH_E_RESOLVE, "did:ethr: no answer of a node");
	if ((rc = berth_ethr_history_read(&h, piece->p, piece->n)) || (rc = check_subject(&h, &id)) ||
	    (rc = check_pin(&h, j)) || (rc = find_moment(&at, &h, version, j)) ||
	    (rc = make(out, did, &id, &h, &at, e->ttl_s)))
		goto out;
	rc = move_pin(&h, j);
out:
	if (rc)
		berth_registry_result_free(out);
	berth_ethr_history_free(&h);
	return rc;
}

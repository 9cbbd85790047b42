/* SPDX-License-Identifier: Apache-2.0 */
/* Pins as records, under the hash of what says whose history they are of (judge.h), and
 * what contradicted them, under that of the DID it was said of. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/judge.h"
#include "agent/core/pins.h"
#include "agent/core/store.h"
#include "agent/core/store_pin_evidence.h"
#include "did/base/clock.h"
#include "did/base/json.h"
#include "did/base/log.h"
#include "did/codec/base64url.h"
#include "did/crypto/hash.h"

#define NS_PIN "pin"			/* hash of a subject -> {"did", "pin"} */
#define NS_FORK "pin-fork"		/* hash of a DID -> store_pin_evidence.h */
#define NS_FORK_GUEST "pin-fork-guest"	/* of strangers' DIDs: the same */
#define COUNTER_FLOOR "time-floor"
#define PENDING_MAX 64
#define FORKS_PENDING 4
#define FORKS_MAX 16			/* of DIDs that we wanted to know ourselves */

struct pending { char *did, *pin; bool ours; };
struct fork { char *did, *why; struct berth_json *record; bool ours; };

struct store_pins {
	struct berth_pins base;		/* first */
	struct berth_store *store;
	/* what waits for the end of a transaction that may yet be taken back */
	struct pending pending[PENDING_MAX];	/* in the order they were put */
	size_t n_pending;
	struct fork forks[FORKS_PENDING];
	size_t n_forks;
};

/* They have one history: what a DID was before it moved, and what it is. */
static bool is_same(const char *a, const char *b)
{
	size_t n = berth_judge_subject_len(a);

	return n == berth_judge_subject_len(b) && strncmp(a, b, n) == 0;
}

static struct berth_buf key_of(const char *did, size_t n)
{
	struct berth_buf key = BERTH_BUF_INIT;
	uint8_t hash[BERTH_SHA256_LEN];

	berth_sha256(hash, did, n);
	berth_b64url_encode(&key, hash, sizeof(hash));
	return key;
}

/* key: taken over. */
static enum berth_err put(struct store_pins *s, const char *ns, struct berth_buf key, const struct berth_json *v, bool ours)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = berth_buf_status(&key);

	if (!rc && !(rc = berth_json_print(&text, v)))
		rc = ours ? berth_store_put(s->store, ns, berth_buf_cstr(&key), text.p, text.len)
			  : berth_store_put_guest(s->store, ns, berth_buf_cstr(&key), text.p, text.len);
	berth_buf_free(&text);
	berth_buf_free(&key);
	return rc;
}

static enum berth_err write_pin(struct store_pins *s, const struct pending *p)
{
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc;

	if (!v)
		return berth_no_memory();
	if (!(rc = berth_json_set_str(v, "did", p->did)) && !(rc = berth_json_set_str(v, "pin", p->pin)))
		rc = put(s, NS_PIN, key_of(p->did, berth_judge_subject_len(p->did)), v, p->ours);
	berth_json_free(v);
	return rc;
}

/* --- pins that wait ------------------------------------------------------------------ */

static void pending_free(struct pending *p)
{
	free(p->did);
	free(p->pin);
	*p = (struct pending){ 0 };
}

static struct pending *find(struct store_pins *s, const char *did)
{
	for (size_t i = 0; i < s->n_pending; i++)
		if (is_same(s->pending[i].did, did))
			return &s->pending[i];
	return NULL;
}

static enum berth_err wait(struct store_pins *s, const char *did, const char *pin, bool ours)
{
	struct pending p = { strdup(did), strdup(pin), ours }, *old = find(s, did);

	if (!p.did || !p.pin || (!old && s->n_pending == PENDING_MAX)) {
		bool full = p.did && p.pin;

		pending_free(&p);
		return full ? berth_fail(BERTH_E_QUOTA, "too many pins wait for the store") : berth_no_memory();
	}
	if (old) {
		p.ours |= old->ours;
		pending_free(old);
		*old = p;
	} else {
		s->pending[s->n_pending++] = p;
	}
	return BERTH_OK;
}

/* --- evidence that waits ------------------------------------------------------------------ */

static void fork_free(struct fork *f)
{
	free(f->did);
	free(f->why);
	berth_json_free(f->record);
	*f = (struct fork){ 0 };
}

static enum berth_err audit(struct store_pins *s, const struct fork *f)
{
	struct berth_buf line = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_printf(&line, "%.200s: %s", f->did, f->why);
	if (!(rc = berth_buf_status(&line)))
		rc = berth_store_audit(s->store, berth_clock_now_s(), "registry contradicts itself", berth_buf_cstr(&line));
	berth_buf_free(&line);
	return rc;
}

/* The first one of a DID stays: it says when that began. */
static enum berth_err write_fork(struct store_pins *s, const struct fork *f)
{
	static const char *const spaces[] = { NS_FORK, NS_FORK_GUEST };
	struct berth_buf key = key_of(f->did, strlen(f->did)), record = BERTH_BUF_INIT;
	bool known = false;
	enum berth_err rc = berth_buf_status(&key);

	for (size_t i = 0; !rc && !known && i < sizeof(spaces) / sizeof(spaces[0]); i++)
		rc = berth_store_get(s->store, spaces[i], berth_buf_cstr(&key), &record, &known);
	if (!rc && !known && !(rc = put(s, f->ours ? NS_FORK : NS_FORK_GUEST, key_of(f->did, strlen(f->did)), f->record, f->ours)))
		rc = audit(s, f);
	berth_buf_free(&record);
	berth_buf_free(&key);
	return rc;
}

static enum berth_err write_pins(struct store_pins *s)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < s->n_pending; i++)
		rc = write_pin(s, &s->pending[i]);
	return rc;
}

static enum berth_err write_forks(struct store_pins *s)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < s->n_forks; i++)
		rc = write_fork(s, &s->forks[i]);
	return rc;
}

/* All of them, or none. */
static enum berth_err write_all(struct store_pins *s, enum berth_err (*write)(struct store_pins *s))
{
	enum berth_err rc = berth_store_begin(s->store);

	if (!rc && !(rc = write(s)))
		rc = berth_store_commit(s->store);
	if (rc)
		berth_store_rollback(s->store);
	return rc;
}

static void let_go_of_forks(struct store_pins *s)
{
	while (s->n_forks)
		fork_free(&s->forks[--s->n_forks]);
}

static void let_go_of_pins(struct store_pins *s)
{
	while (s->n_pending)
		pending_free(&s->pending[--s->n_pending]);
}

/* Pins come first, and do not suffer from a store that has no room for evidence. */
static enum berth_err flush(struct store_pins *s)
{
	enum berth_err rc = BERTH_OK;

	if (berth_store_in_transaction(s->store))
		return BERTH_OK;
	if (s->n_pending && !(rc = write_all(s, write_pins)))
		let_go_of_pins(s);
	if (!rc && s->n_forks && !(rc = write_all(s, write_forks)))
		let_go_of_forks(s);
	return rc;
}

void berth_store_pins_flush(struct berth_pins *p)
{
	enum berth_err rc = flush((struct store_pins *)p);

	if (rc)
		berth_log_err(BERTH_LOG_WARN, "pins", rc);
}

/* --- what the client asks for ---------------------------------------------------------- */

static enum berth_err read_pin(struct berth_buf *out, const struct berth_buf *record, const char *did)
{
	struct berth_json *v = NULL;
	const char *who, *pin;
	enum berth_err rc = berth_json_parse_object(&v, berth_buf_cstr(record), record->len, BERTH_STORE_VALUE_MAX);

	if (!rc && !(rc = berth_json_req_str(v, "did", BERTH_STORE_VALUE_MAX, &who)) &&
	    !(rc = berth_json_req_str(v, "pin", BERTH_PIN_MAX, &pin))) {
		if (is_same(who, did))
			berth_buf_str(out, pin);
		else
			rc = BERTH_E_STORE;
	}
	berth_json_free(v);
	return rc && rc != BERTH_E_NOMEM ? berth_fail(BERTH_E_STORE, "the pin of %.80s is damaged", did) : rc;
}

static enum berth_err get_stored(struct store_pins *s, const char *did, size_t n, struct berth_buf *out, bool *found)
{
	struct berth_buf key = key_of(did, n), record = BERTH_BUF_INIT;
	enum berth_err rc = berth_buf_status(&key);

	if (!rc && !(rc = berth_store_get(s->store, NS_PIN, berth_buf_cstr(&key), &record, found)) && *found)
		rc = read_pin(out, &record, did);
	berth_buf_free(&record);
	berth_buf_free(&key);
	return rc;
}

/* Pins were of whole DIDs once; such a one counts until there is another. */
static enum berth_err pins_get(struct berth_pins *base, const char *did, struct berth_buf *out)
{
	struct store_pins *s = (struct store_pins *)base;
	const struct pending *p = find(s, did);
	size_t n = strlen(did), subject = berth_judge_subject_len(did);
	bool found = p != NULL;
	enum berth_err rc = BERTH_OK;

	if (p)
		berth_buf_str(out, p->pin);
	else
		rc = get_stored(s, did, subject, out, &found);
	if (!rc && !found && subject < n)
		rc = get_stored(s, did, n, out, &found);
	return rc ? rc : berth_buf_status(out);
}

static enum berth_err pins_put(struct berth_pins *base, const char *did, const char *pin, bool ours)
{
	struct store_pins *s = (struct store_pins *)base;
	enum berth_err rc = wait(s, did, pin, ours);

	if (rc || berth_store_in_transaction(s->store))
		return rc;
	if ((rc = write_all(s, write_pins)))
		return rc;
	let_go_of_pins(s);
	return BERTH_OK;
}

static int64_t pins_floor_s(struct berth_pins *base)
{
	int64_t floor = 0;

	if (berth_store_counter_get(((struct store_pins *)base)->store, COUNTER_FLOOR, &floor) || floor < berth_clock_build_s())
		floor = berth_clock_build_s();
	return floor;
}

/* --- contradictions ----------------------------------------------------------------------- */

/* Whose it is: strangers' DIDs take no room from ours. */
static enum berth_err sort(struct store_pins *s, const char *did, bool *ours)
{
	const struct pending *p = find(s, did);
	struct berth_buf key = key_of(did, berth_judge_subject_len(did));
	int64_t n = 0;
	enum berth_err rc = berth_buf_status(&key);

	if (!rc && !(rc = berth_store_is_ours(s->store, NS_PIN, berth_buf_cstr(&key), ours)))
		*ours |= p && p->ours;
	if (!rc && *ours && !(rc = berth_store_count(s->store, NS_FORK, &n)))
		*ours = n + (int64_t)s->n_forks < FORKS_MAX;
	berth_buf_free(&key);
	return rc;
}

static bool waits(const struct store_pins *s, const char *did)
{
	for (size_t i = 0; i < s->n_forks; i++)
		if (strcmp(s->forks[i].did, did) == 0)
			return true;
	return false;
}

static void pins_contradicted(struct berth_pins *base, const char *did, const char *pin,
			      const struct berth_registry_evidence *e, const char *why)
{
	struct store_pins *s = (struct store_pins *)base;
	struct fork f = { 0 };
	enum berth_err rc;

	berth_log(BERTH_LOG_WARN, "registry", "contradicts itself: %.120s: %s", did, why);
	if (waits(s, did) || s->n_forks == FORKS_PENDING)
		return;
	f.did = strdup(did);
	f.why = strdup(why);
	rc = f.did && f.why ? sort(s, did, &f.ours) : berth_no_memory();
	if (!rc && !(rc = berth_pin_evidence_make(&f.record, did, pin, why, e, f.ours))) {
		s->forks[s->n_forks++] = f;
		rc = flush(s);
	} else {
		fork_free(&f);
	}
	if (rc)
		berth_log_err(BERTH_LOG_WARN, "pins", rc);
}

enum berth_err berth_store_pins_new(struct berth_pins **out, struct berth_store *store)
{
	struct store_pins *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (!s)
		return berth_no_memory();
	s->base = (struct berth_pins){ pins_get, pins_put, pins_contradicted, pins_floor_s };
	s->store = store;
	*out = &s->base;
	return BERTH_OK;
}

void berth_store_pins_free(struct berth_pins *p)
{
	struct store_pins *s = (struct store_pins *)p;

	if (!s)
		return;
	berth_store_pins_flush(p);
	let_go_of_pins(s);
	let_go_of_forks(s);
	free(s);
}

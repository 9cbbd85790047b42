/* SPDX-License-Identifier: Apache-2.0 */
/* What a Universal Resolver answers, through the adapter and the core's judge.  The first
 * octet says how many endpoints there are, then each reply: two octets of code, one of how
 * it went, two of length, and the body. */
#include "registry-adapters/universal/json.c"
#include "registry-adapters/universal/resolve.c"

#include "agent/core/judge.h"
#include "did/base/cur.h"

#define DID "did:example:1"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct berth_cur in;
static struct { berth_registry_http_done *done; void *arg; } pending[UNI_ENDPOINTS_MAX];
static size_t n_pending, answers;

static void host_log(int level, const char *line)
{
	if (level < 0 || !line[0])
		abort();
}

static int host_http(struct berth_registry_query *q, const struct berth_registry_http *h, berth_registry_http_done *done, void *arg)
{
	(void)q;
	if (strncmp(h->url, "https://", 8) != 0 || n_pending == UNI_ENDPOINTS_MAX)
		abort();
	pending[n_pending].done = done;
	pending[n_pending++].arg = arg;
	return 0;
}

static int host_timer(struct berth_registry_query *q, uint32_t ms, berth_registry_timer_done *done, void *arg)
{
	(void)q;
	(void)ms;
	(void)done;
	(void)arg;
	return 0;
}

static const struct berth_registry_host host = { .size = sizeof(host), .log = host_log, .http = host_http, .timer = host_timer };

/* What the core makes of it is a document of that DID, or none. */
static void judge(const struct berth_registry_part *parts, size_t n, uint32_t ttl_s)
{
	struct berth_registry_piece pieces[2];
	const struct berth_registry_evidence e = { pieces, n, ttl_s };
	struct berth_buf pin = BERTH_BUF_INIT;
	const struct berth_registry_judge how = { .now_s = 1790000000, .clock_trusted = true, .pin = "", .new_pin = &pin };
	struct berth_registry_result r;

	for (size_t i = 0; i < n; i++)
		pieces[i] = (struct berth_registry_piece){ parts[i].name, parts[i].p, parts[i].n };
	if (berth_judge(&r, &e, DID, NULL, &how, false) == BERTH_OK && r.doc && strcmp(r.doc->id, DID) != 0)
		abort();
	if (pin.len)
		abort();
	berth_registry_result_free(&r);
}

void uni_say(const struct uni *u, struct berth_registry_query *q, int status, const char *message)
{
	(void)u;
	(void)q;
	if (status <= BERTH_REGISTRY_OK || status > BERTH_REGISTRY_CONFLICT || !message[0])
		abort();
	answers++;
}

void uni_say_parts(const struct uni *u, struct berth_registry_query *q, const struct berth_registry_part *parts, size_t n, uint32_t ttl_s)
{
	(void)u;
	(void)q;
	if (n != 1 || strcmp(parts[0].name, "didResolution") != 0 || parts[0].n == 0)
		abort();
	answers++;
	judge(parts, n, ttl_s);
}

char *uni_authorization(const struct uni *u)
{
	(void)u;
	return strdup("");
}

/* In an exact malloc, so that a read behind it is seen. */
static void reply(void)
{
	struct berth_registry_http_reply r = { .size = sizeof(r), .content_type = "", .message = "no" };
	const uint8_t *body;
	uint8_t *exact;

	r.code = berth_cur_be16(&in);
	r.status = berth_cur_u8(&in) % (BERTH_REGISTRY_CANCELLED + 1);
	r.body_len = berth_cur_be16(&in);
	if (r.body_len > in.n)
		r.body_len = in.n;
	body = berth_cur_bytes(&in, r.body_len);
	exact = malloc(r.body_len ? r.body_len : 1);
	if (!exact)
		abort();
	if (r.body_len)
		memcpy(exact, body, r.body_len);
	r.body = exact;
	n_pending--;
	pending[n_pending].done(pending[n_pending].arg, &r);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static char url[] = "https://resolver.test/1.0/identifiers";
	const struct berth_registry_request q = { .size = sizeof(q), .op = BERTH_REGISTRY_RESOLVE, .did = DID, .max_bytes = 1 << 16,
						  .deadline_ms = 1000 };
	struct uni u = { .host = &host };

	in = berth_cur(p, n);
	u.resolvers.n = 1 + berth_cur_u8(&in) % UNI_ENDPOINTS_MAX;
	for (size_t i = 0; i < u.resolvers.n; i++)
		u.resolvers.url[i] = url;
	n_pending = answers = 0;
	uni_resolve(&u, &q, NULL);
	while (n_pending && !answers)
		reply();
	if (answers != 1)
		abort();
	return 0;
}

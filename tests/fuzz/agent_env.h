/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FUZZ_AGENT_ENV_H
#define BERTH_TESTS_FUZZ_AGENT_ENV_H

/* What a step needs, without a store, keys or a network: no record is there, everybody
 * is known, sealing changes nothing, and what is signed is refused. */
#include <string.h>

#include "agent/protocol/protocol.h"

#define FUZZ_ME "did:key:z6MkvDqGT54cXesYGvABpF1UapVNwjCqRcafi4Px6Thv5T3Z"
#define FUZZ_PEER "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"

static struct berth_identity fuzz_me = { .name = (char *)"owner", .did_long = (char *)FUZZ_ME, .did = (char *)FUZZ_ME,
	.sign_kid = (char *)FUZZ_ME "#k", .sign_kid_long = (char *)FUZZ_ME "#k" };

static enum berth_err fuzz_get(struct berth_records *r, const char *ns, const char *key, struct berth_buf *value)
{
	(void)r, (void)ns, (void)key, (void)value;
	return BERTH_E_NOMATCH;
}

static enum berth_err fuzz_each(struct berth_records *r, const char *ns,
				enum berth_err (*fn)(void *arg, const char *key, const uint8_t *value, size_t len), void *arg)
{
	(void)r, (void)ns, (void)fn, (void)arg;
	return BERTH_OK;
}

static enum berth_err fuzz_each_after(struct berth_records *r, const char *ns, const char *after,
				      enum berth_err (*fn)(void *arg, const char *key, const uint8_t *value, size_t len), void *arg)
{
	(void)after;
	return fuzz_each(r, ns, fn, arg);
}

static enum berth_err fuzz_seal(struct berth_keys *k, const char *label, int64_t epoch, const void *pt, size_t len,
				struct berth_buf *box)
{
	(void)k, (void)label, (void)epoch;
	berth_buf_put(box, pt, len);
	return berth_buf_status(box);
}

static const struct berth_identity *fuzz_identity(struct berth_env *env, const char *name)
{
	(void)env, (void)name;
	return &fuzz_me;
}

static enum berth_err fuzz_learn(struct berth_env *env, const char *did)
{
	(void)env, (void)did;
	return BERTH_OK;
}

static bool fuzz_known(struct berth_env *env, const struct berth_identity *mine, const char *peer)
{
	(void)env, (void)mine, (void)peer;
	return true;
}

/* host set: a stranger */
static bool fuzz_stranger(struct berth_env *env, const char *peer)
{
	(void)peer;
	return env->host != NULL;
}

static int64_t fuzz_waiting(struct berth_env *env, const char *peer)
{
	(void)env, (void)peer;
	return 0;
}

static inline void fuzz_env(struct berth_env *env, const struct berth_machine *const *machines, size_t n)
{
	static struct berth_records records = { .get = fuzz_get, .each = fuzz_each, .each_after = fuzz_each_after, .each_under = fuzz_each_after };
	static const struct berth_keys_ops ops = { .seal = fuzz_seal };
	static struct berth_keys keys = { .ops = &ops };
	static const struct berth_policy policy = { .apps = { { .name = "app", .types = { "*" }, .n_types = 1 } }, .n_apps = 1,
		.oob_url = "https://x.test/" };
	static struct berth_resolver resolver;

	berth_resolver_builtin_init(&resolver, NULL);
	*env = (struct berth_env){ .keys = &keys, .resolver = &resolver, .records = &records, .policy = &policy,
		.identity = fuzz_identity, .identity_of = fuzz_identity, .learn = fuzz_learn, .known = fuzz_known,
		.stranger = fuzz_stranger, .waiting = fuzz_waiting, .machines = machines, .n_machines = n, .now_s = 1800000000 };
}

#endif

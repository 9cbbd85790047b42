/* SPDX-License-Identifier: Apache-2.0 */
/* A body of the onboarding or the rendezvous protocol: the first octet says which row of
 * which machine's table takes it, the rest is the plaintext message.  There is no key to
 * sign with, so that nothing may come to be owned, issued or committed by it. */
#include <stdlib.h>

#include "agent/protocol/onboarding.h"
#include "did/base/log.h"
#include "did/base/secret.h"
#include "tests/fuzz/agent_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct berth_machine *const machines[] = { &berth_gateway_machine, &berth_owner_machine, &berth_factory_machine,
	&berth_rendezvous_machine };
#define MACHINES (sizeof(machines) / sizeof(machines[0]))
#define ROWS_MAX 256
#define HASH "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
/* What every instance has by then. */
#define KNOWN "{\"factoryDid\":\"" FUZZ_PEER "\",\"operationalDid\":\"" FUZZ_PEER "\",\"serial\":\"S\",\"did\":\"" FUZZ_ME \
	"\",\"epoch\":1,\"tip\":\"" HASH "\",\"rootHash\":\"" HASH "\",\"tipOwner\":\"" FUZZ_ME "\",\"slot\":\"a\",\"custody\":\"software\",\"credential\":\"e30.e30.AAAA\"," \
	"\"active\":{\"owner\":\"" FUZZ_PEER "\",\"identity\":\"owner\",\"did\":\"" FUZZ_ME "\",\"uri\":\"nng+tcp://o.test:1\",\"slot\":\"a\",\"credential\":\"e30.e30.AAAA\",\"items\":[]}," \
	"\"release\":{\"thid\":\"t\",\"nonce\":\"" HASH "\",\"ready\":\"" HASH "\",\"credential\":\"e30.e30.AAAA\",\"consent\":true}," \
	"\"transfer\":{\"thid\":\"t\",\"nonce\":\"" HASH "\",\"ready\":\"" HASH "\",\"credential\":\"e30.e30.AAAA\"}," \
	"\"ended\":{\"thid\":\"t\",\"peer\":\"" FUZZ_PEER "\",\"receipt\":\"e30.e30.AAAA\",\"deviceHash\":\"" HASH "\",\"epoch\":1}," \
	"\"quarantine\":{\"why\":\"suspended\",\"was\":\"ROTATING\"},\"statusSeq\":5,\"status\":{\"is\":\"suspended\",\"seq\":5," \
	"\"thid\":\"s\"},\"notice\":{\"tries\":1},\"attest\":{\"thid\":\"t\",\"nonce\":\"" HASH "\",\"pcrs\":[0,7]}," \
	"\"itemSeq\":6,\"staged\":{\"seq\":6,\"thid\":\"t\",\"items\":[{\"id\":\"a\",\"type\":\"config\",\"seq\":0,\"sha256\":\"LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE\"," \
	"\"size\":1,\"sensitivity\":\"public\",\"slot\":\"b\"}]},\"provision\":{\"seq\":6,\"thid\":\"t\",\"status\":\"sent\",\"items\":[]}}"
static struct { const struct berth_machine *m; const struct berth_transition *t; } rows[ROWS_MAX];
static size_t n_rows;

/* ---- no keys */

static enum berth_err no_key(void) { return berth_fail(BERTH_E_KEYSTORE, "fuzz: no key"); }

static enum berth_err ensure(struct berth_keys *k, const char *name, enum berth_key_type type, enum berth_usage usage,
			     unsigned purposes, struct berth_key_info *info)
{
	(void)k, (void)name, (void)type, (void)usage, (void)purposes, (void)info;
	return no_key();
}

static bool can(struct berth_keys *k, const char *name, enum berth_key_type type, enum berth_usage usage)
{
	(void)k, (void)name, (void)type, (void)usage;
	return false;
}

static enum berth_err removed(struct berth_keys *k, const char *name) { (void)k, (void)name; return BERTH_OK; }
static enum berth_err bind(struct berth_keys *k, const char *kid, const char *name) { (void)k, (void)kid, (void)name; return no_key(); }
static void unbind(struct berth_keys *k, const char *kid) { (void)k, (void)kid; }

static enum berth_err unseal(struct berth_keys *k, const char *label, int64_t epoch, const void *box, size_t len, struct berth_buf *pt)
{
	return fuzz_seal(k, label, epoch, box, len, pt);
}

static enum berth_err counter_read(struct berth_keys *k, enum berth_counter c, uint64_t *value, bool *protected_)
{
	(void)k, (void)c;
	*value = 1;
	*protected_ = false;
	return BERTH_OK;
}

static enum berth_err ek(struct berth_keys *k, struct berth_buf *cert_der, struct berth_buf *pub)
{
	(void)k, (void)cert_der, (void)pub;
	return BERTH_E_KEY;
}

static enum berth_err public_area(struct berth_keys *k, const char *name, struct berth_buf *pub)
{
	(void)k, (void)name, (void)pub;
	return BERTH_E_KEY;
}

static enum berth_err activate(struct berth_keys *k, const char *ak, const void *blob, size_t blob_len, const void *secret,
			       size_t secret_len, struct berth_buf *opened)
{
	(void)k, (void)ak, (void)blob, (void)blob_len, (void)secret, (void)secret_len, (void)opened;
	return BERTH_E_KEY;
}

static enum berth_err certify(struct berth_keys *k, const char *key, const char *ak, const uint8_t nonce[32],
			      struct berth_buf *attest, struct berth_buf *sig)
{
	(void)k, (void)key, (void)ak, (void)nonce, (void)attest, (void)sig;
	return BERTH_E_KEY;
}

static enum berth_err quote(struct berth_keys *k, const char *ak, uint32_t pcr_mask, const uint8_t nonce[32],
			    struct berth_buf *attest, struct berth_buf *sig)
{
	(void)k, (void)ak, (void)pcr_mask, (void)nonce, (void)attest, (void)sig;
	return BERTH_E_KEY;
}

static enum berth_err make_identity(struct berth_env *env, const char *name, enum berth_key_type sign, enum berth_key_type agree,
				    unsigned purposes, bool is_public, const struct berth_identity **out)
{
	(void)env, (void)name, (void)sign, (void)agree, (void)purposes, (void)is_public, (void)out;
	return no_key();
}

static enum berth_err make_signer(struct berth_env *env, const char *name, enum berth_key_type type, unsigned purposes,
				  const struct berth_identity **out)
{
	(void)env, (void)name, (void)type, (void)purposes, (void)out;
	return no_key();
}

static const struct berth_identity *none_at(struct berth_env *env, size_t i) { (void)env, (void)i; return NULL; }

static enum berth_err mark_known(struct berth_env *env, const struct berth_identity *mine, const char *peer)
{
	(void)env, (void)mine, (void)peer;
	return BERTH_OK;
}

/* ---- the rows that messages reach */

static bool is_the_hosts(const char *on)
{
	static const char *const hosts[] = { "resume", "rollback", "timer", "due", "go", "dead" };

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (strcmp(on, hosts[i]) == 0)
			return true;
	return strncmp(on, "cmd/", 4) == 0;
}

static void start(void)
{
	berth_crypto_init();
	berth_log_init("fuzz", BERTH_LOG_ERROR, true);
	for (size_t i = 0; i < MACHINES; i++)
		for (size_t k = 0; k < machines[i]->table_len && n_rows < ROWS_MAX; k++)
			if (!is_the_hosts(machines[i]->table[k].on)) {
				rows[n_rows].m = machines[i];
				rows[n_rows++].t = &machines[i]->table[k];
			}
}

static void step(size_t row, const char *text, size_t n)
{
	static const struct berth_keys_ops ops = { .ensure = ensure, .can = can, .remove = removed, .bind = bind, .unbind = unbind,
		.seal = fuzz_seal, .unseal = unseal, .counter_read = counter_read, .ek = ek, .public_area = public_area,
		.activate = activate, .certify = certify, .quote = quote };
	struct berth_keys keys = { .ops = &ops };
	struct berth_unpacked in = { .encrypted_to_kid = (char *)FUZZ_ME "#k", .encrypted = true, .authenticated = true };
	struct berth_instance inst = { .key = (char *)"self", .state = rows[row].t->from };
	const struct berth_event ev = { .on = rows[row].t->on, .in = &in, .sender = FUZZ_PEER };
	struct berth_effects fx;
	struct berth_env env;
	char *key = NULL;

	if (berth_message_parse(&in.msg, text, n))
		return;
	fuzz_env(&env, machines, MACHINES);
	if (berth_keyring_local_new(&keys.keyring))
		abort();
	env.keys = &keys;
	env.make_identity = make_identity;
	env.make_signer = make_signer;
	env.identity_at = none_at;
	env.mark_known = mark_known;
	inst.state = inst.state < 0 ? 0 : inst.state;
	if (berth_json_parse_object(&inst.data, KNOWN, strlen(KNOWN), BERTH_JSON_MAX))
		abort();
	if (rows[row].m->find && rows[row].m->find(&env, &ev, &key) == BERTH_OK)
		free(key);
	if (berth_machine_step(rows[row].m, &env, &inst, &ev, &fx) == BERTH_OK && (fx.step_epoch || fx.n_forget))
		abort();
	berth_effects_free(&fx);
	berth_json_free(inst.data);
	berth_keyring_free(keys.keyring);
	berth_message_free(&in.msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (!n_rows)
		start();
	if (n)
		step(p[0] % n_rows, (const char *)p + 1, n - 1);
	return 0;
}

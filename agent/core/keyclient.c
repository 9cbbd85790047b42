/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/keyclient.h"

#include <stdlib.h>
#include <string.h>

#include "agent/core/keyclient_internal.h"

#define WEI_OF_GWEI UINT64_C(1000000000)

enum berth_err berth_keyclient_info(struct berth_keyclient *kc, const char *name,
				    struct berth_key_info *info, uint32_t *purposes)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_INFO, .name = name };
	enum berth_err rc = keyclient_check_name(name);

	return rc ? rc : keyclient_call_info(kc, &r, info, purposes);
}

enum berth_err berth_keyclient_list(struct berth_keyclient *kc, berth_keyclient_each_fn *fn, void *arg)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_LIST };
	struct berth_buf answer = BERTH_BUF_INIT;
	struct berth_key_info info;
	uint32_t purposes;
	enum berth_err rc = keyclient_call(kc, &r, &answer, NULL);
	struct berth_cur c = berth_cur(answer.p, answer.len);
	uint16_t n = rc ? 0 : berth_cur_be16(&c);

	for (uint16_t i = 0; !rc && !c.bad && i < n; i++)
		if (!(rc = berth_keyd_info_decode(&c, &info, &purposes)))
			rc = fn(arg, &info, purposes);
	if (!rc && !berth_cur_done(&c)) {
		kc->ipc.failed = true;
		rc = berth_fail(BERTH_E_KEYSTORE, "keyd talks nonsense");
	}
	berth_buf_free(&answer);
	return rc;
}

/* ---- life ---- */

static enum berth_err copy(char **out, const char *s)
{
	if (!s)
		return BERTH_OK;
	if (strlen(s) > BERTH_KEYD_CONFIG_MAX)
		return berth_fail(BERTH_E_CONFIG, "keystore: an option of more than %d characters", BERTH_KEYD_CONFIG_MAX);
	*out = strdup(s);
	return *out ? BERTH_OK : berth_no_memory();
}

static enum berth_err copy_dirs(struct berth_keyclient *kc, const struct berth_keystore_config *cfg)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < BERTH_MODULE_DIRS_MAX && cfg->module_dir[i]; i++)
		rc = copy(&kc->module_dir[i], cfg->module_dir[i]);
	return rc;
}

enum berth_err berth_keyclient_new(struct berth_keyclient **out, const struct berth_keystore_config *cfg)
{
	struct berth_keyclient *kc = calloc(1, sizeof(*kc));
	enum berth_err rc;

	*out = NULL;
	if (!kc)
		return berth_no_memory();
	berth_ipc_init(&kc->ipc, -1);
	kc->ipc.failed = true;
	kc->ring.ops = &keyclient_ring_ops;
	kc->keys = (struct berth_keys){ .ops = &keyclient_keys_ops, .keyring = &kc->ring };
	kc->create = cfg->create;
	kc->pcr_mask = cfg->pcr_mask;
	berth_keyclient_set_fee_max(kc, BERTH_KEYCLIENT_FEE_GWEI);
	if ((rc = copy(&kc->uri, cfg->uri)) || (rc = copy(&kc->passphrase_file, cfg->passphrase_file)) ||
	    (rc = copy(&kc->tcti, cfg->tcti)) || (rc = copy(&kc->module_path, cfg->module_path)) ||
	    (rc = copy(&kc->pin_source, cfg->pin_source)) || (rc = copy_dirs(kc, cfg))) {
		berth_keyclient_free(kc);
		return rc;
	}
	*out = kc;
	return BERTH_OK;
}

void berth_keyclient_free(struct berth_keyclient *kc)
{
	if (!kc)
		return;
	keyclient_ahead_forget(kc);
	berth_ipc_close(&kc->ipc);
	for (size_t i = 0; i < kc->n; i++)
		free(kc->v[i].kid);
	free(kc->v);
	free(kc->uri);
	free(kc->passphrase_file);
	free(kc->tcti);
	free(kc->module_path);
	free(kc->pin_source);
	for (size_t i = 0; i < BERTH_MODULE_DIRS_MAX; i++)
		free(kc->module_dir[i]);
	for (size_t i = 0; i < BERTH_KEYD_REGISTRIES_MAX; i++)
		free(kc->ethr_registry[i]);
	free(kc);
}

enum berth_err berth_keyclient_allow_registry(struct berth_keyclient *kc, const char *registry)
{
	struct berth_ethr_registry parsed;
	enum berth_err rc = berth_ethr_registry_parse(&parsed, registry);

	for (size_t i = 0; !rc && i < BERTH_KEYD_REGISTRIES_MAX; i++)
		if (!kc->ethr_registry[i])
			return copy(&kc->ethr_registry[i], registry);
	return rc ? rc : berth_fail(BERTH_E_CONFIG, "keystore: more than %d registries", BERTH_KEYD_REGISTRIES_MAX);
}

void berth_keyclient_set_fee_max(struct berth_keyclient *kc, uint64_t gwei)
{
	kc->ethr_fee_max = gwei > UINT64_MAX / WEI_OF_GWEI ? UINT64_MAX : gwei * WEI_OF_GWEI;
}

enum berth_err berth_keyclient_attach_begin(struct berth_keyclient *kc, int sock)
{
	struct berth_keyd_request r = {
		.op = BERTH_KEYD_HELLO, .uri = kc->uri, .passphrase_file = kc->passphrase_file,
		.tcti = kc->tcti, .module_path = kc->module_path, .pin_source = kc->pin_source, .pcr_mask = kc->pcr_mask,
		.create = kc->create, .ethr_fee_max = kc->ethr_fee_max
	};
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	memcpy(r.module_dir, kc->module_dir, sizeof(r.module_dir));
	memcpy(r.ethr_registry, kc->ethr_registry, sizeof(r.ethr_registry));
	keyclient_ahead_forget(kc);
	berth_ipc_close(&kc->ipc);
	berth_ipc_init(&kc->ipc, sock);
	berth_keyd_encode(&b, &r);
	/* it is new and listens to nobody else: there is room for this */
	if (!(rc = berth_buf_status(&b)))
		rc = berth_ipc_ask(&kc->ipc, (uint16_t)r.op, &b, BERTH_KEYCLIENT_USE_MS);
	berth_buf_free(&b);
	kc->opening = !rc;
	if (rc)
		berth_ipc_close(&kc->ipc);
	return keyclient_answered(kc, rc, r.op, NULL, NULL);
}

static enum berth_err attach_end(struct berth_keyclient *kc, int deadline_ms)
{
	struct berth_buf answer = BERTH_BUF_INIT;
	struct berth_keyd_reply reply;
	enum berth_err rc = berth_ipc_take(&kc->ipc, deadline_ms, &answer);

	kc->opening = false;
	if (!(rc = keyclient_answered(kc, rc, BERTH_KEYD_HELLO, &answer, &reply))) {
		kc->keys.custody = reply.custody;
		kc->create = false;	/* what was there once is missed, not made anew */
	} else {
		berth_ipc_close(&kc->ipc);
	}
	berth_buf_free(&answer);
	return rc;
}

/* Whoever has begun to answer has not much more to say. */
enum berth_err berth_keyclient_attach_end(struct berth_keyclient *kc)
{
	return attach_end(kc, BERTH_KEYCLIENT_USE_MS);
}

enum berth_err berth_keyclient_attach(struct berth_keyclient *kc, int sock)
{
	enum berth_err rc = berth_keyclient_attach_begin(kc, sock);

	return rc ? rc : attach_end(kc, keyclient_deadline(BERTH_KEYD_HELLO));
}

bool berth_keyclient_opening(const struct berth_keyclient *kc)
{
	return kc->opening;
}

bool berth_keyclient_usable(const struct berth_keyclient *kc)
{
	return kc->ipc.fd >= 0 && !kc->ipc.failed;
}

int berth_keyclient_fd(const struct berth_keyclient *kc)
{
	return berth_keyclient_usable(kc) ? kc->ipc.fd : -1;
}

struct berth_keys *berth_keyclient_keys(struct berth_keyclient *kc)
{
	return &kc->keys;
}

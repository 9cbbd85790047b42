/* SPDX-License-Identifier: Apache-2.0 */
/* What a keyd that lies says to the core: the input is all that comes over its
 * socket, frames and payloads, and then the end. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/core/keyclient.h"
#include "did/base/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define KID "did:example:a#k"
#define INPUT_MAX 65536		/* what the socket takes at once */

static enum berth_err each(void *arg, const struct berth_key_info *info, uint32_t purposes)
{
	(void)purposes;
	(void)arg;
	if (memchr(info->name, '\0', sizeof(info->name)) == NULL || info->pub.type == BERTH_KEY_NONE)
		abort();
	return BERTH_OK;
}

/* Each of them reads the next answer, until one fails. */
static void use(struct berth_keyclient *kc)
{
	struct berth_keys *k = berth_keyclient_keys(kc);
	struct berth_keyring *kr = berth_keyclient_keys(kc)->keyring;
	struct berth_pubkey epk = { .type = BERTH_KEY_X25519, .len = 32, .b = { 9 } };
	const struct berth_kek_params kek = { .alg = "ECDH-ES+A256KW", .epk = &epk };
	struct berth_buf a = BERTH_BUF_INIT, b = BERTH_BUF_INIT;
	const struct berth_key_order order[] = { { "b", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, 1 }, { "c", BERTH_KEY_P256, BERTH_USAGE_AGREE, 0 } };
	struct berth_key_info info, both[2];
	uint8_t cek[BERTH_CEK_MAX];
	uint64_t value;
	size_t len;
	bool protected_;

	if (k->ops->ensure(k, "a", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, 1, &info) || k->ops->bind(k, KID, "a") ||
	    berth_keyclient_list(kc, each, NULL) ||
	    kr->ops->sign(kr, KID, BERTH_SIGN_RECEIPT, "{}", 2, &a, &b) ||
	    kr->ops->unwrap(kr, KID, &kek, (const uint8_t *)"wrapped", 7, cek, &len) ||
	    k->ops->counter_read(k, BERTH_COUNTER_EPOCH, &value, &protected_))
		goto out;
	if (len > sizeof(cek))
		abort();
	if (!k->ops->ek(k, &a, &b))
		(void)!k->ops->ensure_all(k, order, 2, both);
out:
	berth_buf_free(&a);
	berth_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct berth_keystore_config cfg = { .uri = "soft:x" };
	struct berth_keyclient *kc;
	int fd[2];

	berth_crypto_init();
	if (n > INPUT_MAX || berth_keyclient_new(&kc, &cfg) != BERTH_OK)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		abort();
	if (send(fd[1], p, n, MSG_DONTWAIT) != (ssize_t)n || shutdown(fd[1], SHUT_WR))
		abort();
	if (berth_keyclient_attach(kc, fd[0]) == BERTH_OK)
		use(kc);
	berth_keyclient_free(kc);
	close(fd[1]);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a sealed file: through the keystore in this process against bare library
 * calls, and through a real berth-keyd against the same work in this process and
 * one and a half times a raw echo of the same bytes over a socketpair. */
#include "tests/bench/bench.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <secp256k1.h>
#include <sodium.h>

#include "agent/core/keyclient.h"
#include "agent/ipc/keyd_proto.h"
#include "agent/ipc/proc.h"
#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"
#include "did/crypto/keywrap.h"
#include "did/jose/keyring.h"
#include "did/keystore/keystore.h"

#define MSG_LEN 1024
#define KID "did:example:bench#key-1"
#define PASS "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n"

static uint8_t msg[MSG_LEN], out[128];
static struct berth_keystore *ks;
static struct berth_privkey ed, p256, k1, x, x_peer, ec, ec_peer;
static uint8_t ed_sk[64];
static EVP_MD *sha256;
static EVP_CIPHER *kw;
static EVP_PKEY *ec_pkey, *ec_peer_pkey;
static EVP_PKEY_CTX *signer;
static secp256k1_context *k1_ctx;

/* ---- the floor: bare calls, keys in the library's form ---- */

static EVP_PKEY *pkey(const struct berth_privkey *k, int priv)
{
	uint8_t native[32];
	char group[] = "P-256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)k->pub.b, k->pub.len),
		OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()
	};
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *p = NULL;

	for (int i = 0; i < 32; i++)
		native[i] = k->b[31 - i];
	if (priv)
		params[2] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, 32);
	EVP_PKEY_fromdata_init(c);
	EVP_PKEY_fromdata(c, &p, priv ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(c);
	need(p != NULL, "P-256 key");
	return p;
}

static void f_ed_sign(void) { crypto_sign_detached(out, NULL, msg, MSG_LEN, ed_sk); }

static void f_p256_sign(void)
{
	uint8_t h[32];
	size_t n = sizeof(out);

	EVP_Digest(msg, MSG_LEN, h, NULL, sha256, NULL);
	need(EVP_PKEY_sign(signer, out, &n, h, 32) == 1, "sign");
}

static void f_k1_sign(void)
{
	secp256k1_ecdsa_signature s;
	uint8_t h[32];

	EVP_Digest(msg, MSG_LEN, h, NULL, sha256, NULL);
	need(secp256k1_ecdsa_sign(k1_ctx, &s, h, k1.b, NULL, NULL), "sign");
	secp256k1_ecdsa_signature_serialize_compact(k1_ctx, out, &s);
}

static void f_x25519(void) { need(!crypto_scalarmult(out, x.b, x_peer.pub.b), "x25519"); }

static void f_p256_agree(void)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, ec_pkey, NULL);
	size_t n = 32;

	EVP_PKEY_derive_init(c);
	EVP_PKEY_derive_set_peer_ex(c, ec_peer_pkey, 0);
	need(EVP_PKEY_derive(c, out, &n) == 1, "agree");
	EVP_PKEY_CTX_free(c);
}

/* ---- unwrapping (ECDH-ES+A256KW) ---- */

static uint8_t apv[32], wrapped[72], ec_wrapped[72], far_wrapped[72], cek[BERTH_CEK_MAX];

/* RFC 7518 4.6.2 over the agreed value in out. */
static void f_kek(uint8_t kek[32])
{
	uint8_t b[4 + 32 + 4 + 14 + 4 + 4 + 32 + 4] = { 0, 0, 0, 1 };
	uint8_t *p = b + 4;

	memcpy(p, out, 32);
	memcpy(p + 32, "\0\0\0\x0e" "ECDH-ES+A256KW" "\0\0\0\0" "\0\0\0\x20", 26);
	memcpy(p + 58, apv, 32);
	memcpy(p + 90, "\0\0\1\0", 4);
	EVP_Digest(b, sizeof(b), kek, NULL, sha256, NULL);
}

static void f_keyunwrap(const uint8_t kek[32], const uint8_t *w)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n = 0;

	EVP_CIPHER_CTX_set_flags(c, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	EVP_DecryptInit_ex2(c, kw, kek, NULL, NULL);
	need(EVP_DecryptUpdate(c, cek, &n, w, 72) == 1 && n == 64, "unwrap");
	EVP_CIPHER_CTX_free(c);
}

static void f_x_unwrap(void) { uint8_t kek[32]; f_x25519(); f_kek(kek); f_keyunwrap(kek, wrapped); }
static void f_ec_unwrap(void) { uint8_t kek[32]; f_p256_agree(); f_kek(kek); f_keyunwrap(kek, ec_wrapped); }

/* 64 bytes under the key that goes with the agreed value in out. */
static void wrap(uint8_t w[72])
{
	uint8_t kek[32];
	size_t n;

	f_kek(kek);
	need(!berth_keywrap(w, &n, kek, msg, 64), "wrap");
}

/* ---- the keystore in this process ---- */

static void o_sign(const char *name) { size_t n; need(!berth_keystore_sign(ks, name, msg, MSG_LEN, out, &n), "sign"); }
static void o_ed_sign(void) { o_sign("ed"); }
static void o_p256_sign(void) { o_sign("p256"); }
static void o_k1_sign(void) { o_sign("k1"); }

static void o_agree(const char *name, const struct berth_pubkey *peer)
{
	size_t n;

	need(!berth_keystore_ecdh(ks, name, peer, out, &n), "agree");
}
static void o_x25519(void) { o_agree("x", &x_peer.pub); }
static void o_p256_agree(void) { o_agree("ec", &ec_peer.pub); }

static struct berth_kek_params params(const struct berth_pubkey *epk)
{
	return (struct berth_kek_params){ .alg = "ECDH-ES+A256KW", .epk = epk, .apv = apv, .apv_len = sizeof(apv) };
}

static enum berth_err by_name(void *name, const struct berth_pubkey *theirs, bool lasting, uint8_t *z, size_t *z_len)
{
	(void)lasting;
	return berth_keystore_ecdh(ks, name, theirs, z, z_len);
}

static void o_unwrap(char *name, const struct berth_pubkey *epk, const uint8_t *w)
{
	const struct berth_kek_params p = params(epk);
	size_t n;

	need(!berth_kek_unwrap(by_name, name, &p, w, 72, cek, &n) && n == 64, "unwrap");
}
static void o_x_unwrap(void) { char name[] = "x"; o_unwrap(name, &x_peer.pub, wrapped); }
static void o_ec_unwrap(void) { char name[] = "ec"; o_unwrap(name, &ec_peer.pub, ec_wrapped); }

/* ---- keyd ---- */

static struct berth_keyring *near, *far;	/* the same work here and there */
static struct berth_keys *keys;
static char payload[MSG_LEN];
static int echo_fd;
static size_t echo_len;
static uint8_t echo_buf[4096];

static void io(int fd, uint8_t *p, size_t n, int wr)
{
	while (n) {
		ssize_t k = wr ? write(fd, p, n) : read(fd, p, n);

		if (k <= 0 && errno != EINTR)
			_exit(0);
		p += k;
		n -= (size_t)k;
	}
}

/* A process that gives back whatever comes, in pieces of be16 length. */
static pid_t start_echo(void)
{
	int fd[2];
	pid_t pid;

	need(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd), "socketpair");
	if ((pid = fork()) == 0) {
		close(fd[0]);
		for (;;) {
			io(fd[1], echo_buf, 2, 0);
			io(fd[1], echo_buf + 2, (size_t)echo_buf[0] << 8 | echo_buf[1], 0);
			io(fd[1], echo_buf, 2 + ((size_t)echo_buf[0] << 8 | echo_buf[1]), 1);
		}
	}
	close(fd[1]);
	echo_fd = fd[0];
	return pid;
}

static void echo(void)
{
	echo_buf[0] = (uint8_t)(echo_len >> 8);
	echo_buf[1] = (uint8_t)echo_len;
	io(echo_fd, echo_buf, 2 + echo_len, 1);
	io(echo_fd, echo_buf, 2 + echo_len, 0);
}

static void sign_with(struct berth_keyring *kr)
{
	static struct berth_buf header, sig;

	header.len = sig.len = 0;
	need(!kr->ops->sign(kr, KID, BERTH_SIGN_RV_BLOB, payload, MSG_LEN, &header, &sig), "keyd sign");
}

static void unwrap_with(struct berth_keyring *kr, const uint8_t *w)
{
	const struct berth_kek_params p = params(&x_peer.pub);
	size_t n;

	need(!kr->ops->unwrap(kr, KID, &p, w, 72, cek, &n) && n == 64, "keyd unwrap");
}

/* twice the operation and three echoes, against twice through keyd: the goal is 1 */
static void f_keyd_sign(void) { sign_with(near); sign_with(near); echo(); echo(); echo(); }
static void o_keyd_sign(void) { sign_with(far); sign_with(far); }
static void f_keyd_unwrap(void) { unwrap_with(near, wrapped); unwrap_with(near, wrapped); echo(); echo(); echo(); }
static void o_keyd_unwrap(void) { unwrap_with(far, far_wrapped); unwrap_with(far, far_wrapped); }

/* Both keyrings have a key of that type under KID. */
static void both(enum berth_key_type type, enum berth_usage usage, const char *name)
{
	unsigned purposes = usage == BERTH_USAGE_SIGN ? BERTH_PURPOSE_BIT(BERTH_SIGN_RV_BLOB) : 0;
	struct berth_key_info info;
	size_t n;

	berth_keyring_free(near);
	need(!berth_keyring_local_new(&near) && !berth_keyring_local_add_stored(near, KID, ks, name) &&
	     !keys->ops->ensure(keys, name, type, usage, purposes, &info) && !keys->ops->bind(keys, KID, name), "keys");
	if (usage == BERTH_USAGE_AGREE) {
		need(!berth_ecdh(out, &n, &x_peer, &info.pub), "agree");
		wrap(far_wrapped);
	}
}

/* What goes to keyd for one operation, so that the echo is of as much. */
static size_t request_len(enum berth_keyd_op op)
{
	const struct berth_kek_params p = params(&x_peer.pub);
	const struct berth_keyd_request r = {
		.op = op, .name = "ed", .kid = KID, .purpose = BERTH_SIGN_RV_BLOB, .kek = p,
		.data = { msg, op == BERTH_KEYD_SIGN ? MSG_LEN : 72 },
	};
	struct berth_buf b = BERTH_BUF_INIT;
	size_t n;

	berth_keyd_encode(&b, &r);
	n = b.len;
	berth_buf_free(&b);
	return n;
}

/* ---- setting it up ---- */

static char dir[] = "/tmp/berth-bench.XXXXXX", pass[64];

static void make_floor(void)
{
	memcpy(ed_sk, ed.b, 32);
	memcpy(ed_sk + 32, ed.pub.b, 32);
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	kw = EVP_CIPHER_fetch(NULL, "AES-256-WRAP", NULL);
	ec_pkey = pkey(&ec, 1);
	ec_peer_pkey = pkey(&ec_peer, 0);
	signer = EVP_PKEY_CTX_new_from_pkey(NULL, pkey(&p256, 1), NULL);
	need(EVP_PKEY_sign_init(signer) == 1, "P-256");
	k1_ctx = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
	randombytes_buf(apv, sizeof(apv));
	f_x25519();
	wrap(wrapped);
	f_p256_agree();
	wrap(ec_wrapped);
}

static void make_store(void)
{
	static const struct {
		struct berth_privkey *key;
		enum berth_key_type type;
		enum berth_usage usage;
		const char *name;
	} v[] = {
		{ &ed, BERTH_KEY_ED25519, BERTH_USAGE_SIGN, "ed" }, { &p256, BERTH_KEY_P256, BERTH_USAGE_SIGN, "p256" },
		{ &k1, BERTH_KEY_SECP256K1, BERTH_USAGE_SIGN, "k1" }, { &x, BERTH_KEY_X25519, BERTH_USAGE_AGREE, "x" },
		{ &ec, BERTH_KEY_P256, BERTH_USAGE_AGREE, "ec" },
	};
	char uri[64];
	const struct berth_keystore_config cfg = { .uri = uri, .passphrase_file = pass, .create = true };
	FILE *f;

	need(mkdtemp(dir) != NULL, "folder");
	snprintf(pass, sizeof(pass), "%s/pass", dir);
	snprintf(uri, sizeof(uri), "soft:%s/near", dir);
	need((f = fopen(pass, "w")) && fputs(PASS, f) >= 0 && !fclose(f) && !chmod(pass, 0600), "passphrase");
	need(!berth_keystore_open(&ks, &cfg), "keystore");
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		need(!berth_keypair_generate(v[i].key, v[i].type) &&
		     !berth_keystore_import(ks, v[i].name, v[i].key, v[i].usage), "keys");
	need(!berth_keypair_generate(&x_peer, BERTH_KEY_X25519) && !berth_keypair_generate(&ec_peer, BERTH_KEY_P256), "keys");
}

/* BUILD/tests/bench/bench -> BUILD/libexec */
static const char *libexec(void)
{
	static char self[4096 + 16];
	ssize_t n = readlink("/proc/self/exe", self, 4096);

	need(n > 0, "/proc/self/exe");
	self[n] = '\0';
	for (int i = 0; i < 3; i++) {
		char *slash = strrchr(self, '/');

		need(slash != NULL, self);
		*slash = '\0';
	}
	return strcat(self, "/libexec");
}

static struct berth_keyclient *start_keyd(struct berth_proc *proc)
{
	char uri[64];
	const struct berth_keystore_config cfg = { .uri = uri, .passphrase_file = pass, .create = true };
	struct berth_buf path = BERTH_BUF_INIT;
	char *argv[] = { (char *)(uintptr_t)"berth-keyd", NULL };
	struct berth_keyclient *kc;
	int sock;

	snprintf(uri, sizeof(uri), "soft:%s/far", dir);
	need(!berth_proc_libexec(&path, libexec(), "keyd"), "berth-keyd");
	need(!berth_proc_spawn(proc, &sock, berth_buf_cstr(&path), argv) && !berth_keyclient_new(&kc, &cfg) &&
	     !berth_keyclient_attach(kc, sock), "berth-keyd");
	berth_buf_free(&path);
	keys = berth_keyclient_keys(kc);
	far = keys->keyring;
	return kc;
}

/* All on one processor, those that are started here too: waking another one up costs as
 * much as the whole trip, or nothing, by luck. */
static cpu_set_t on_one_processor(void)
{
	cpu_set_t before, one;

	need(!sched_getaffinity(0, sizeof(before), &before), "processors");
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
		if (CPU_ISSET(i, &before))
			CPU_SET(i, &one);
	need(!sched_setaffinity(0, sizeof(one), &one), "processors");
	return before;
}

static void through_keyd(int *missed)
{
	static const struct bench sign[] = {
		{ "Ed25519 sign 1 KiB, twice", f_keyd_sign, o_keyd_sign, 1 },
	}, p256_sign[] = {
		{ "P-256 sign 1 KiB, twice", f_keyd_sign, o_keyd_sign, 1 },
	}, unwrap[] = {
		{ "X25519 unwrap, twice", f_keyd_unwrap, o_keyd_unwrap, 1 },
	};
	const cpu_set_t processors = on_one_processor();
	struct berth_proc proc;
	pid_t echo_pid = start_echo();
	struct berth_keyclient *kc = start_keyd(&proc);

	memset(payload, ' ', sizeof(payload));
	memcpy(payload, "{\"iss\":\"did:example:bench\"}", 27);
	echo_len = request_len(BERTH_KEYD_SIGN);
	both(BERTH_KEY_ED25519, BERTH_USAGE_SIGN, "ed");
	*missed += bench_run_wall("through keyd (floor: here, and 1.5 echoes each)", sign, 1);
	both(BERTH_KEY_P256, BERTH_USAGE_SIGN, "p256");
	*missed += bench_run_wall("the same", p256_sign, 1);
	echo_len = request_len(BERTH_KEYD_UNWRAP);
	both(BERTH_KEY_X25519, BERTH_USAGE_AGREE, "x");
	*missed += bench_run_wall("the same", unwrap, 1);
	berth_keyring_free(near);
	berth_keyclient_free(kc);
	berth_proc_stop(&proc, 1000);
	close(echo_fd);
	waitpid(echo_pid, NULL, 0);
	sched_setaffinity(0, sizeof(processors), &processors);
}

static void remove_all(void)
{
	static const char *const names[] = { "pass", "near", "far" };
	char at[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(at, sizeof(at), "%s/%s", dir, names[i]);
		unlink(at);
	}
	rmdir(dir);
}

void bench_keys(int *missed)
{
	static const struct bench b[] = {
		{ "Ed25519 sign 1 KiB", f_ed_sign, o_ed_sign, 1.05 },
		{ "P-256 sign 1 KiB", f_p256_sign, o_p256_sign, 1.05 },
		{ "secp256k1 sign 1 KiB", f_k1_sign, o_k1_sign, 1.05 },
		{ "X25519 agree", f_x25519, o_x25519, 1.05 },
		{ "P-256 agree", f_p256_agree, o_p256_agree, 1.05 },
		{ "X25519 unwrap", f_x_unwrap, o_x_unwrap, 1.05 },
		{ "P-256 unwrap", f_ec_unwrap, o_ec_unwrap, 1.05 },
	};

	make_store();
	make_floor();
	*missed += bench_run("keys of a keystore, in this process", b, sizeof(b) / sizeof(b[0]));
	through_keyd(missed);
	berth_keystore_close(ks);
	remove_all();
}

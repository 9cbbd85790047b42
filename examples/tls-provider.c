/* SPDX-License-Identifier: Apache-2.0 */
/* A provider for OpenSSL 3 whose one key is the gateway's operational key (docs/ldevid.md):
 * programs that do TLS 1.3 with OpenSSL use its certificate as it is, and berth-keyd keeps
 * the key.  What TLS has it sign goes to the local API as fields.
 *
 *	cc -shared -fPIC -o berth.so tls-provider.c -lcrypto
 *	curl -s --unix-socket /run/berth/app.sock http://berth/v1/certs/ldevid | jq -r .chain >gw.pem
 *	openssl s_client -provider-path . -provider default -provider berth -tls1_3 \
 *		-cert gw.pem -cert_chain gw.pem -key berth:ldevid -connect HOST:PORT
 *
 * The default provider is loaded first: it has everybody else's keys.
 * The program's user needs the rights cert:ldevid and key:ldevid in berth.conf.  The socket:
 * $BERTH_APP_SOCKET, or /run/berth/app.sock.  Only P-256, which Berth makes for an owner that
 * certifies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>

#define ANSWER_MAX 65536
#define POINT_LEN 65
#define SIG_MAX 72		/* of P-256, DER */
#define PREFIX_LEN 98		/* of what TLS 1.3 signs: 64 spaces, context, a zero */
#define SERVER_AT 73		/* "TLS 1.3, server" and "TLS 1.3, client" differ here */
#define FN(id, f) { id, (void (*)(void))(f) }

struct key {
	unsigned char point[POINT_LEN];
};

struct provider { const OSSL_CORE_HANDLE *core; };

/* ---- the local API ---- */

static int dial(void)
{
	const char *path = getenv("BERTH_APP_SOCKET");
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path ? path : "/run/berth/app.sock");
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The answer's text, free(); NULL: refused. */
static char *ask(const char *method, const char *path, const char *body)
{
	char *text = calloc(1, ANSWER_MAX), request[512];
	size_t n = 0;
	ssize_t more = 1;
	int fd = dial(), len = snprintf(request, sizeof(request),
		"%s %s HTTP/1.1\r\nHost: berth\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", method, path, strlen(body), body);

	if (text && fd >= 0 && write(fd, request, (size_t)len) == len)
		while (n < ANSWER_MAX - 1 && (more = read(fd, text + n, ANSWER_MAX - 1 - n)) > 0)
			n += (size_t)more;
	if (fd >= 0)
		close(fd);
	if (text && strncmp(text, "HTTP/1.1 200", 12) == 0)
		return text;
	free(text);
	return NULL;
}

/* The text of a member, in place; \n is all that these answers escape. */
static char *member(char *json, const char *name)
{
	char want[32], *at, *out;

	snprintf(want, sizeof(want), "\"%s\":\"", name);
	if (!json || !(at = strstr(json, want)))
		return NULL;
	at += strlen(want);
	out = json = at;
	for (; *at && *at != '"'; at++) {
		if (*at == '\\' && at[1] == 'n') {
			*out++ = '\n';
			at++;
		} else {
			*out++ = *at;
		}
	}
	*out = '\0';
	return json;
}

static void encode(char *out, const unsigned char *p, int n)
{
	EVP_EncodeBlock((unsigned char *)out, p, n);
	for (; *out && *out != '='; out++)
		*out = *out == '+' ? '-' : *out == '/' ? '_' : *out;
	*out = '\0';
}

/* The length; 0: not base64url, or too long. */
static size_t decode(unsigned char *out, size_t max, const char *text)
{
	unsigned char in[128] = { 0 }, raw[96];
	size_t n = text ? strlen(text) : 0, pad = (4 - n % 4) % 4;
	int len;

	if (!n || n + pad >= sizeof(in))
		return 0;
	for (size_t i = 0; i < n; i++)
		in[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : (unsigned char)text[i];
	memset(in + n, '=', pad);
	len = EVP_DecodeBlock(raw, in, (int)(n + pad));
	if (len < 0 || (size_t)len - pad > max)
		return 0;
	memcpy(out, raw, (size_t)len - pad);
	return (size_t)len - pad;
}

/* ---- the key ---- */

static void *key_new(void *provctx) { (void)provctx; return calloc(1, sizeof(struct key)); }
static void key_free(void *key) { free(key); }

/* The public half stands in the certificate. */
static int fetch(struct key *k)
{
	char *answer = ask("GET", "/v1/certs/ldevid", ""), *pem = member(answer, "chain");
	BIO *in = pem ? BIO_new_mem_buf(pem, -1) : NULL;
	X509 *cert = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
	size_t n = 0;
	int ok = cert && EVP_PKEY_get_octet_string_param(X509_get0_pubkey(cert), OSSL_PKEY_PARAM_PUB_KEY, k->point, POINT_LEN, &n) == 1 &&
		 n == POINT_LEN;

	X509_free(cert);
	BIO_free(in);
	free(answer);
	return ok;
}

static void *key_load(const void *reference, size_t n)
{
	struct key **from = (struct key **)(uintptr_t)reference, *k;

	if (n != sizeof(k))
		return NULL;
	k = *from;
	*from = NULL;
	return k;
}

static int key_has(const void *key, int what) { (void)what; return key != NULL; }

static int key_match(const void *a, const void *b, int what)
{
	(void)what;
	return memcmp(a, b, sizeof(struct key)) == 0;
}

/* A certificate's, to be compared with ours.  There is no export: what cannot sign is of no
 * use elsewhere. */
static int key_import(void *key, int what, const OSSL_PARAM params[])
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
	void *to = ((struct key *)key)->point;
	size_t n = 0;

	(void)what;
	return p && OSSL_PARAM_get_octet_string(p, &to, POINT_LEN, &n) == 1 && n == POINT_LEN;
}

static const OSSL_PARAM *key_import_types(int what)
{
	static const OSSL_PARAM types[] = { OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
					    OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0), OSSL_PARAM_END };

	(void)what;
	return types;
}

static int set_int(OSSL_PARAM params[], const char *name, int value)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return !p || OSSL_PARAM_set_int(p, value) == 1;
}

static int set_text(OSSL_PARAM params[], const char *name, const char *value)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return !p || OSSL_PARAM_set_utf8_string(p, value) == 1;
}

static int key_get_params(void *key, OSSL_PARAM params[])
{
	(void)key;
	return set_int(params, OSSL_PKEY_PARAM_BITS, 256) && set_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, 128) &&
	       set_int(params, OSSL_PKEY_PARAM_MAX_SIZE, SIG_MAX) && set_text(params, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1") &&
	       set_text(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST, "SHA256");
}

static const OSSL_PARAM *key_gettable(void *provctx)
{
	static const OSSL_PARAM all[] = { OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL), OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
					  OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
					  OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
					  OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0), OSSL_PARAM_END };

	(void)provctx;
	return all;
}

static const char *key_operation(int id) { return id == OSSL_OP_SIGNATURE ? "ECDSA" : NULL; }

static const OSSL_DISPATCH key_functions[] = {
	FN(OSSL_FUNC_KEYMGMT_NEW, key_new), FN(OSSL_FUNC_KEYMGMT_FREE, key_free), FN(OSSL_FUNC_KEYMGMT_LOAD, key_load),
	FN(OSSL_FUNC_KEYMGMT_HAS, key_has), FN(OSSL_FUNC_KEYMGMT_MATCH, key_match), FN(OSSL_FUNC_KEYMGMT_IMPORT, key_import),
	FN(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_import_types), FN(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_params),
	FN(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable), FN(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, key_operation), { 0, NULL }
};

/* ---- signing ---- */

static void *sign_new(void *provctx, const char *properties) { (void)provctx; (void)properties; return calloc(1, 1); }
static void sign_free(void *ctx) { free(ctx); }

static int sign_init(void *ctx, const char *digest, void *key, const OSSL_PARAM params[])
{
	(void)ctx;
	(void)key;
	(void)params;
	return digest && (!strcasecmp(digest, "SHA256") || !strcasecmp(digest, "SHA2-256"));
}

/* Only whole: what is no handshake has no fields. */
static int sign_update(void *ctx, const unsigned char *p, size_t n) { (void)ctx; (void)p; (void)n; return 0; }
static int sign_final(void *ctx, unsigned char *sig, size_t *n, size_t max) { (void)ctx; (void)sig; (void)n; (void)max; return 0; }

static int sign(void *ctx, unsigned char *sig, size_t *n, size_t max, const unsigned char *what, size_t len)
{
	char hash[96], body[160], *answer;

	(void)ctx;
	*n = SIG_MAX;
	if (!sig)
		return 1;
	if (len != PREFIX_LEN + 32 && len != PREFIX_LEN + 48)
		return 0;
	encode(hash, what + PREFIX_LEN, (int)(len - PREFIX_LEN));
	snprintf(body, sizeof(body), "{\"role\":\"%s\",\"hash\":\"%s\"}", what[SERVER_AT] == 's' ? "server" : "client", hash);
	answer = ask("POST", "/v1/certs/ldevid/sign", body);
	*n = decode(sig, max, member(answer, "signature"));
	free(answer);
	return *n > 0;
}

static const OSSL_DISPATCH sign_functions[] = {
	FN(OSSL_FUNC_SIGNATURE_NEWCTX, sign_new), FN(OSSL_FUNC_SIGNATURE_FREECTX, sign_free),
	FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, sign_init), FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, sign_update),
	FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, sign_final), FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign), { 0, NULL }
};

/* ---- berth:ldevid ---- */

struct loader { int over; };

static void *loader_open(void *provctx, const char *uri)
{
	(void)provctx;
	return strcmp(uri, "berth:ldevid") == 0 ? calloc(1, sizeof(struct loader)) : NULL;
}

static int loader_load(void *ctx, OSSL_CALLBACK *found, void *arg, OSSL_PASSPHRASE_CALLBACK *pw, void *pw_arg)
{
	struct loader *l = ctx;
	struct key *k = key_new(NULL);
	int type = OSSL_OBJECT_PKEY, ok;
	char name[] = "EC";
	OSSL_PARAM params[] = { OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
				OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, name, 0),
				OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &k, sizeof(k)), OSSL_PARAM_construct_end() };

	(void)pw;
	(void)pw_arg;
	l->over = 1;
	ok = k && fetch(k) && found(params, arg);
	key_free(k);	/* NULL once it was loaded */
	return ok;
}

static int loader_eof(void *ctx) { return ((struct loader *)ctx)->over; }
static int loader_close(void *ctx) { free(ctx); return 1; }

static const OSSL_DISPATCH loader_functions[] = {
	FN(OSSL_FUNC_STORE_OPEN, loader_open), FN(OSSL_FUNC_STORE_LOAD, loader_load), FN(OSSL_FUNC_STORE_EOF, loader_eof),
	FN(OSSL_FUNC_STORE_CLOSE, loader_close), { 0, NULL }
};

/* ---- the provider ---- */

static const OSSL_ALGORITHM keys[] = { { "EC:id-ecPublicKey:1.2.840.10045.2.1", "provider=berth", key_functions, NULL }, { NULL, NULL, NULL, NULL } };
static const OSSL_ALGORITHM signatures[] = { { "ECDSA", "provider=berth", sign_functions, NULL }, { NULL, NULL, NULL, NULL } };
static const OSSL_ALGORITHM stores[] = { { "berth", "provider=berth", loader_functions, NULL }, { NULL, NULL, NULL, NULL } };

static const OSSL_ALGORITHM *query(void *provctx, int operation, int *no_cache)
{
	(void)provctx;
	*no_cache = 0;
	return operation == OSSL_OP_KEYMGMT ? keys : operation == OSSL_OP_SIGNATURE ? signatures
		: operation == OSSL_OP_STORE ? stores : NULL;
}

static void teardown(void *provctx) { free(provctx); }

static const OSSL_DISPATCH functions[] = {
	FN(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query), FN(OSSL_FUNC_PROVIDER_TEARDOWN, teardown), { 0, NULL }
};

int OSSL_provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **provctx)
{
	struct provider *p = calloc(1, sizeof(*p));

	(void)in;
	if (!p)
		return 0;
	p->core = core;
	*provctx = p;
	*out = functions;
	return 1;
}

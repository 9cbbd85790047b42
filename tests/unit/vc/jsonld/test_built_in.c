/* SPDX-License-Identifier: Apache-2.0 */
/* The contexts that are linked in are those that the specifications name, byte for byte. */
#include "tests/check.h"

#include <pthread.h>
#include <stdatomic.h>

#include "did/base/hex.h"
#include "did/base/secret.h"
#include "did/crypto/hash.h"
#include "vc/jsonld/context.h"

static const struct {
	const char *url, *sha256;
} contexts[] = {
	{ "https://www.w3.org/2018/credentials/v1", "ab4ddd9a531758807a79a5b450510d61ae8d147eab966cc9a200c07095b0cdcc" },
	{ "https://www.w3.org/ns/credentials/v2", "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734" },
	{ "https://w3id.org/security/data-integrity/v1", "b5d829bd09aa7c42abc6efa0c8ed7635313b5487f37ccfce3ecd149ca9418554" },
	{ "https://w3id.org/security/data-integrity/v2", "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4" },
	{ "https://w3id.org/security/suites/ed25519-2020/v1", "b9e1ab971fd8bf2c7553e0c4a9438e0b9450afde1ea1ca5b2492368b9f549588" },
	{ "https://www.w3.org/ns/credentials/examples/v2", "57393fbc69d6efb9b9b5dc9cb6b9880b0944360abfe2eaf459c9e58cf2279d7c" },
	{ "https://w3id.org/security/jwk/v1", "0f14b62f6071aafe00df265770ea0c7508e118247d79b7d861a406d2aa00bece" },
	{ "https://w3id.org/security/multikey/v1", "ba2c182de2d92f7e47184bcca8fcf0beaee6d3986c527bf664c195bbc7c58597" },
	{ "urn:berth:contexts/onboarding/v1", NULL },
	{ "https://w3id.org/vc/status-list/2021/v1", "6dd06a52bedb771e059c1083ba8ba7848dce22f6b4a8cfa0b98ba3fc188870e4" },
	{ "https://www.w3.org/ns/credentials/status/v1", "fda5add353231e6a6884a46b12e6c75464281900cb348284d9c360f62381d9f7" },
	{ "https://www.w3.org/ns/credentials/undefined-terms/v2", "82dab514ba44eb18f5d1b0f638c5e140c6a556fbfb5089601bdc0fa5eb8b2581" },
};
#define N_CONTEXTS (sizeof(contexts) / sizeof(contexts[0]))

static void digests(void **state)
{
	char hex[2 * BERTH_SHA256_LEN + 1];
	struct berth_buf text = BERTH_BUF_INIT;
	uint8_t hash[BERTH_SHA256_LEN];

	(void)state;
	for (size_t i = 0; i < N_CONTEXTS; i++) {
		CHECK(!strcmp(berth_jsonld_built_in(i), contexts[i].url));
		CHECK_OK(berth_jsonld_built_in_text(&text, contexts[i].url));
		berth_sha256(hash, text.p, text.len);
		berth_hex_encode(hex, hash, sizeof(hash));
		if (contexts[i].sha256)
			assert_string_equal(hex, contexts[i].sha256);
		berth_buf_reset(&text);
	}
	CHECK(!berth_jsonld_built_in(N_CONTEXTS));
	CHECK_OK(berth_jsonld_built_in_text(&text, "https://a.example/1"));
	CHECK(text.len == 0);
	berth_buf_free(&text);
}

/* Read by itself, each term is what it is: none needs a context below it. */
static void each_stands_alone(void **state)
{
	const struct berth_jsonld_layer *layer, *again;

	(void)state;
	for (size_t i = 0; i < N_CONTEXTS; i++) {
		CHECK_OK(berth_jsonld_built_in_layer(&layer, contexts[i].url));
		CHECK(layer && (layer->n || layer->vocab));
		for (size_t j = 0; j < layer->n; j++)
			CHECK(layer->defs[j].is_built_in && (layer->defs[j].iri || layer->defs[j].keyword));
		CHECK_OK(berth_jsonld_built_in_layer(&again, contexts[i].url));
		CHECK(again == layer);
	}
	CHECK_OK(berth_jsonld_built_in_layer(&layer, "https://a.example/1"));
	CHECK(!layer);
}

/* ---- threads ---- */

#define THREADS 8
static atomic_bool go;
static const struct berth_jsonld_layer *got[THREADS][N_CONTEXTS];

static void *ask_for_all(void *arg)
{
	const struct berth_jsonld_layer **mine = arg;

	while (!atomic_load(&go))
		;
	for (size_t i = 0; i < N_CONTEXTS; i++)
		if (berth_jsonld_built_in_layer(&mine[i], contexts[i].url))
			return NULL;
	return arg;
}

/* The first in the program: no context has been read. */
static void many_ask_and_it_is_read_once(void **state)
{
	pthread_t threads[THREADS];
	void *done;

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, ask_for_all, got[i]) == 0);
	atomic_store(&go, true);
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], &done) == 0 && done);
	for (size_t i = 1; i < THREADS; i++)
		CHECK(!memcmp(got[0], got[i], sizeof(got[0])));
}

/* ---- one name for each thing that verifiers look for ---- */

#define SEEN_MAX 512
static struct {
	const char *iri, *term;
} seen[SEEN_MAX];
static size_t n_seen;

static void see(const char *iri, const char *term)
{
	for (size_t i = 0; i < n_seen; i++)
		if (!strcmp(seen[i].iri, iri) && strcmp(seen[i].term, term))
			fail_msg("%s is both %s and %s", iri, seen[i].term, term);
	CHECK(n_seen < SEEN_MAX);
	seen[n_seen].iri = iri;
	seen[n_seen++].term = term;
}

static void see_all(const struct berth_jsonld_layer *layer)
{
	for (size_t i = 0; i < layer->n; i++) {
		const struct berth_jsonld_def *def = &layer->defs[i];

		if (def->iri && berth_jsonld_is_disguised(def->iri, NULL))
			see(def->iri, def->term);
		if (def->layer)
			see_all(def->layer);
	}
}

static void nothing_guarded_has_two_names(void **state)
{
	const struct berth_jsonld_layer *layer;

	(void)state;
	for (size_t i = 0; i < N_CONTEXTS; i++) {
		CHECK_OK(berth_jsonld_built_in_layer(&layer, contexts[i].url));
		see_all(layer);
	}
	CHECK(n_seen > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_ask_and_it_is_read_once),
		cmocka_unit_test(digests),
		cmocka_unit_test(each_stands_alone),
		cmocka_unit_test(nothing_guarded_has_two_names),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

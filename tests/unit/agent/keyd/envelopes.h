/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_KEYD_ENVELOPES_H
#define BERTH_TESTS_KEYD_ENVELOPES_H

#include "child.h"

#include "did/crypto/keypair.h"
#include "didcomm/jwe.h"

static void opens(const struct berth_buf *text, struct berth_keyring *ring, const struct berth_pubkey *sender,
		  const char *want)
{
	struct berth_buf pt = BERTH_BUF_INIT;
	struct berth_json *json;
	struct berth_jwe j;

	CHECK_OK(berth_json_parse_object(&json, (const char *)text->p, text->len, BERTH_JSON_MAX));
	CHECK_OK(berth_jwe_from_json(&j, json, NULL));
	CHECK(j.authcrypt);
	CHECK_OK(berth_jwe_open(&j, &j.recipients[0], sender, ring, &pt));
	assert_string_equal(berth_buf_cstr(&pt), want);
	berth_jwe_free(&j);
	berth_buf_free(&pt);
}

/* ECDH-1PU with keyd's two typed operations: the device's key sends and receives. */
static void envelopes_on(enum berth_key_type type)
{
	struct berth_keys *keys = berth_keyclient_keys(kc);
	struct berth_keyring *ring = berth_keyclient_keys(kc)->keyring;
	struct berth_buf there = BERTH_BUF_INIT, back = BERTH_BUF_INIT;
	const char *const kid = "did:example:us#agree", *const peer_kid = "did:example:peer#key-1";
	struct berth_jwe_seal s = { .enc = BERTH_ENC_A256CBC_HS512, .n = 1 };
	struct berth_keyring *peer_ring;
	struct berth_privkey peer;
	struct berth_key_info me;

	CHECK_OK(keys->ops->ensure(keys, berth_key_type_name(type), type, BERTH_USAGE_AGREE, 0, &me));
	assert_int_equal(me.custody, BERTH_CUSTODY_HARDWARE);
	CHECK_OK(keys->ops->bind(keys, kid, berth_key_type_name(type)));
	CHECK_OK(berth_keypair_generate(&peer, type));
	CHECK_OK(berth_keyring_local_new(&peer_ring));
	CHECK_OK(berth_keyring_local_add(peer_ring, peer_kid, &peer));
	s.skid = kid;
	s.keyring = ring;
	s.kids[0] = peer_kid;
	s.keys[0] = &peer.pub;
	CHECK_OK(berth_jwe_seal(&there, &s, "ping", 4));
	s.skid = peer_kid;
	s.keyring = peer_ring;
	s.kids[0] = kid;
	s.keys[0] = &me.pub;
	CHECK_OK(berth_jwe_seal(&back, &s, "pong", 4));
	opens(&there, peer_ring, &me.pub, "ping");
	opens(&back, ring, &peer.pub, "pong");
	berth_keyring_free(peer_ring);
	berth_buf_free(&there);
	berth_buf_free(&back);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/stranger.h"

#include "did/crypto/keypair.h"
#include "did/method_peer.h"
#include "did/url.h"
#include "didcomm/pack.h"
#include "tests/fakes/story.h"

static enum berth_err resolve_self(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	const struct test_stranger *p = (const struct test_stranger *)r;

	*out = NULL;
	if (p->other && strcmp(did, p->other->did) == 0)
		return berth_did_peer_resolve_short(out, p->other->did_long);
	return strcmp(did, p->did) == 0 ? berth_did_peer_resolve_short(out, p->did_long)
					: berth_fail(BERTH_E_RESOLVE, "%.40s", did);
}

static void add_key(struct test_stranger *p, const char *did, const struct berth_privkey *k)
{
	struct berth_buf kid = BERTH_BUF_INIT;

	berth_buf_printf(&kid, "%s#key-2", did);
	CHECK_OK(berth_keyring_local_add(p->keys, berth_buf_cstr(&kid), k));
	berth_buf_free(&kid);
}

void test_stranger_appear(struct test_stranger *p)
{
	struct berth_peer_spec spec = { .n_verification = 1, .n_agreement = 1 };
	struct berth_buf did = BERTH_BUF_INIT, shorter = BERTH_BUF_INIT;
	struct berth_privkey sign, agree;

	*p = (struct test_stranger){ .self.resolve = resolve_self };
	berth_resolver_builtin_init(&p->resolver, &p->self);
	CHECK_OK(berth_keyring_local_new(&p->keys));
	CHECK_OK(berth_keypair_generate(&sign, BERTH_KEY_ED25519));
	CHECK_OK(berth_keypair_generate(&agree, BERTH_AGREE_TYPE));
	spec.verification[0] = sign.pub;
	spec.agreement[0] = agree.pub;
	CHECK_OK(berth_did_peer_create(&did, 4, &spec));
	CHECK_OK(berth_did_short(&shorter, berth_buf_cstr(&did)));
	p->did_long = berth_buf_take_str(&did);
	p->did = berth_buf_take_str(&shorter);
	add_key(p, p->did, &agree);	/* the long form finds it too */
	berth_privkey_wipe(&sign);
	berth_privkey_wipe(&agree);
}

void test_stranger_leave(struct test_stranger *p)
{
	berth_keyring_free(p->keys);
	free(p->did_long);
	free(p->did);
}

enum berth_frame_status test_stranger_say(struct test_stranger *p, const char *from, struct sim_node *to,
					  const char *identity, const char *type, const char *return_route,
					  struct berth_json *body)
{
	const char *to_did = story_identity(to, identity)->did_long;
	const struct berth_pack how = { .mode = BERTH_PACK_AUTHCRYPT, .from = from, .to = to_did,
		.resolver = &p->resolver, .keyring = p->keys };
	struct berth_buf packed = BERTH_BUF_INIT, frame = BERTH_BUF_INIT;
	struct berth_frame_request q = { .media = BERTH_FRAME_ENCRYPTED };
	struct berth_frame_reply r;
	struct berth_message m;

	p->other = story_identity(to, identity);
	sim_as(to);
	CHECK_OK(berth_message_new(&m, type, from, to_did, NULL, body));
	if (return_route)
		CHECK_OK(berth_json_set_str(m.json, "return_route", return_route));
	if (p->asks)
		CHECK_OK(berth_message_set_list(&m, "please_ack", (const char *const[]){ "" }, 1));
	if (p->acks)
		CHECK_OK(berth_message_set_list(&m, "ack", (const char *const[]){ "1" }, 1));
	CHECK_OK(berth_pack(&packed, &how, &m));
	q.acks = p->ack;
	q.n_acks = p->owes;
	q.msg = packed.p;
	q.msg_len = packed.len;
	CHECK_OK(berth_frame_request_encode(&frame, &q));
	sim_inject(to, frame.p, frame.len);
	CHECK_OK(berth_frame_reply_decode(&r, to->w->answer.p, to->w->answer.len));
	berth_message_free(&m);
	berth_buf_free(&packed);
	berth_buf_free(&frame);
	return r.status;
}

void test_stranger_read(struct test_stranger *p, struct sim_node *to, struct berth_unpacked *in)
{
	struct berth_unpack how = { .resolver = &p->resolver, .keyring = p->keys };
	struct berth_frame_reply r;

	CHECK_OK(berth_frame_reply_decode(&r, to->w->answer.p, to->w->answer.len));
	assert_int_equal(r.n_msgs, 1);
	CHECK_OK(berth_unpack(in, &how, (const char *)r.msgs[0].p, r.msgs[0].n));
	berth_frame_ack(p->ack, r.msgs[0].p, r.msgs[0].n);
	p->owes = true;
}

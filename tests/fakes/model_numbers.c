/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of keys, and of an owner's words, which an owner that was restored uses up without a bound. */
#include "tests/check.h"
#include "tests/fakes/model.h"

/* Where they stand in the id of a message. */
struct place { uint8_t n, shift[2], mask; };

static const struct place keys_in[M_COUNT] = {
	[M_RENEW_REQUEST] = { 2, { 6, 2 }, 15 }, [M_RENEW_ISSUE] = { 1, { 0 }, 15 }, [M_RENEW_DENIED] = { 1, { 0 }, 15 },
	[M_RENEW_EXPIRED] = { 1, { 0 }, 15 }, [M_RENEWED] = { 1, { 0 }, 15 }, [M_RENEW_ACTIVATED] = { 1, { 0 }, 15 },
	[M_RESYNC] = { 2, { 4, 0 }, 15 }, [M_RESYNCED] = { 1, { 0 }, 15 }, [M_WHERE] = { 1, { 1 }, 15 }, [M_ITEM_RESULT] = { 1, { 0 }, 15 },
};
static const struct place words_in[M_COUNT] = { [M_STATUS] = { 1, { 2 }, 15 }, [M_STATUS_NOTED] = { 1, { 0 }, 15 } };

typedef void number_fn(uint8_t *number, uint8_t *arg);

static void in_messages(struct model_state *s, const struct place *in, number_fn *fn, uint8_t *arg)
{
	for (int i = 0; i < MODEL_FLIGHT; i++)
		for (int k = 0; k < in[s->type[i]].n; k++) {
			uint8_t shift = in[s->type[i]].shift[k], mask = in[s->type[i]].mask, v = (uint8_t)(s->id[i] >> shift & mask);

			fn(&v, arg);
			s->id[i] = (uint16_t)((s->id[i] & ~(mask << shift)) | v << shift);
		}
}

static void each_key(struct model_state *s, number_fn *fn, uint8_t *arg)
{
	fn(&s->op, arg);
	fn(&s->renewal, arg);
	fn(&s->keys, arg);
	for (int i = 0; i < MODEL_OWNERS; i++) {
		fn(&s->o[i].op, arg);
		fn(&s->o[i].renewal, arg);
	}
	in_messages(s, keys_in, fn, arg);
}

static void each_word(struct model_state *s, number_fn *fn, uint8_t *arg)
{
	fn(&s->seq, arg);
	for (int i = 0; i < MODEL_OWNERS; i++)
		fn(&s->o[i].seq, arg);
	in_messages(s, words_in, fn, arg);
}

static void note(uint8_t *number, uint8_t *used) { used[*number] = 1; }
static void replace(uint8_t *number, uint8_t *by) { *number = by[*number]; }

static void renumber_each(struct model_state *s, void (*each)(struct model_state *, number_fn *, uint8_t *), uint8_t before)
{
	uint8_t by[17] = { 0 }, n = 0;

	by[before] = 1;
	each(s, note, by);
	for (int i = 1; i < 16; i++)
		by[i] = by[i] ? ++n : 0;
	by[0] = 0;
	each(s, replace, by);
	assert_true(n < 15);
}

void model_renumber(struct model_state *s)
{
	const struct model_owner *o = &s->o[A - 1];

	if (!o->restored)
		return;
	renumber_each(s, each_key, 0);
	renumber_each(s, each_word, o->bye && o->seq ? o->seq - 1 : 0);
}

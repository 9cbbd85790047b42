/* SPDX-License-Identifier: Apache-2.0 */
/* Everything resolverd and the core say to each other: first octet which. */
#include "agent/ipc/resolverd_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Frames of one connection: u8 whether it is the last of a payload, u8 number, be16 length. */
static enum berth_err frames(const uint8_t *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);
	struct berth_res_pieces w = { 0 };
	struct berth_res_ask m;
	enum berth_err rc = BERTH_OK;

	while (!rc && c.n && !c.bad) {
		bool last = berth_cur_u8(&c) & 1;
		uint32_t seq = berth_cur_u8(&c);
		struct berth_cur piece = berth_cur_vec16(&c, c.n);

		if (!last) {
			rc = berth_res_pieces_take(&w, seq, piece.p, piece.n);
			continue;
		}
		if (!(rc = berth_res_pieces_end(&w, seq, &piece.p, &piece.n)))
			rc = berth_res_ask_decode(&m, piece.p, piece.n);
		berth_res_pieces_clear(&w);
	}
	berth_res_pieces_clear(&w);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	union {
		struct berth_res_load load;
		struct berth_res_loaded loaded;
		struct berth_res_ask ask;
		struct berth_res_answer answer;
	} m;
	enum berth_err rc = BERTH_OK;

	if (n == 0)
		return 0;
	switch (p[0]) {
	case 1: rc = berth_res_load_decode(&m.load, p + 1, n - 1); break;
	case 2: rc = berth_res_ask_decode(&m.ask, p + 1, n - 1); break;
	case 3: rc = berth_res_loaded_decode(&m.loaded, p + 1, n - 1); break;
	case 4: rc = berth_res_answer_decode(&m.answer, p + 1, n - 1); break;
	case 5: rc = frames(p + 1, n - 1); break;
	default: break;
	}
	(void)rc;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry says, from resolverd's answer to the document that is believed: first
 * octet whose DID, and whether the adapter is authoritative. */
#include "agent/core/judge.h"
#include "agent/ipc/resolverd_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void judge(const char *did, const struct berth_res_answer *a, bool authoritative)
{
	struct berth_registry_piece pieces[BERTH_RES_PARTS_MAX];
	struct berth_registry_evidence e = { .pieces = pieces, .n = a->n_parts, .ttl_s = a->ttl_s };
	struct berth_registry_result r;
	struct berth_buf pin = BERTH_BUF_INIT;
	const struct berth_registry_judge j = { .now_s = 1770000000, .clock_trusted = true, .pin = "", .new_pin = &pin };

	for (size_t i = 0; i < a->n_parts; i++)
		pieces[i] = (struct berth_registry_piece){ a->parts[i].name, a->parts[i].p, a->parts[i].n };
	if (!berth_judge(&r, &e, did, NULL, &j, authoritative) && r.doc)
		(void)berth_did_doc_json(r.doc);
	berth_registry_result_free(&r);
	berth_buf_free(&pin);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const dids[] = {
		"did:web:a.test", "did:webvh:QmQ4WNcc7JZPdzQSCRTqGBbrvUNQtRXMe9HQ8MVe1o3VFm:a.test",
		"did:ethr:0xb9c5714089478a327f09197987f16f9e5d936e8a", "did:web:a.test",
	};
	struct berth_res_answer a;

	if (n > 0 && !berth_res_answer_decode(&a, p + 1, n - 1))
		judge(dids[p[0] & 3], &a, p[0] & 4);
	return 0;
}

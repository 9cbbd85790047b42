/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of the application protocols without memory, and messages that they refuse. */
#include "agent/protocol/application.h"
#include "agent/protocol/discover.h"
#include "agent/protocol/exchange.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/oob.h"
#include "agent/protocol/proof_query.h"
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fuzz/agent_env.h"

#define DEGREE "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],\"type\":[\"VerifiableCredential\"]," \
	       "\"credentialSubject\":{\"degree\":\"BSc\"}}"
#define DETAIL(format) "\"attachments\":[{\"id\":\"d\",\"format\":\"" format "\",\"data\":{\"json\":{\"credential\":" DEGREE "}}}]"
#define REQUEST "\"attachments\":[{\"id\":\"q\",\"format\":\"" BERTH_QUERY_PEX "\",\"data\":{\"json\":{\"options\":" \
		"{\"challenge\":\"0123456789\",\"domain\":\"verifier.example\"},\"presentation_definition\":{\"id\":\"q\"," \
		"\"input_descriptors\":[{\"id\":\"d\",\"constraints\":{}}]}}}}]"
#define M(type, rest) "{\"id\":\"1\",\"type\":\"" type "\",\"from\":\"" FUZZ_PEER "\"," rest "}"
#define BASIC BERTH_PIURI_BASIC "message"
#define ISSUE "https://didcomm.org/issue-credential/3.0/"
#define ISSUE2 "https://didcomm.org/issue-credential/2.0/"
#define PROOF "https://didcomm.org/present-proof/3.0/"

struct run { const struct berth_machine *m; const char *on, *text; };

static enum berth_err step(void *arg)
{
	static const struct berth_machine *const machines[] = { &berth_issue_machine, &berth_proof_machine, &berth_app_machine,
		&berth_problem_machine, &berth_discover_machine };
	const struct run *r = arg;
	struct berth_instance inst = { .key = (char *)"self" };
	struct berth_unpacked in = { .encrypted_to_kid = (char *)FUZZ_ME "#k", .encrypted = true, .authenticated = true };
	const struct berth_event ev = { .on = r->on, .in = &in, .sender = FUZZ_PEER };
	struct berth_effects fx;
	struct berth_env env;
	enum berth_err rc;

	fuzz_env(&env, machines, 5);
	if ((rc = berth_message_parse(&in.msg, r->text, strlen(r->text))))
		return rc;
	rc = berth_fail(BERTH_E_NOMEM, "data");
	if ((inst.data = berth_json_new_object())) {
		rc = berth_machine_step(r->m, &env, &inst, &ev, &fx);
		berth_effects_free(&fx);
	}
	berth_json_free(inst.data);
	berth_message_free(&in.msg);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	struct run runs[] = {
		{ &berth_app_machine, "message", M(BASIC, "\"body\":{\"content\":\"x\"},\"lang\":\"en\"") },
		{ &berth_issue_machine, "offer-credential", M(ISSUE "offer-credential", DETAIL("aries/ld-proof-vc-detail@v1.0")) },
		{ &berth_issue_machine, "request-credential", M(ISSUE "request-credential", DETAIL("urn:berth:vc+jwt-detail@v1.0")) },
		{ &berth_proof_machine, "request-presentation", M(PROOF "request-presentation", REQUEST) },
		{ &berth_problem_machine, "problem-report", M("https://didcomm.org/report-problem/2.0/problem-report",
							      "\"pthid\":\"t\",\"body\":{\"code\":\"e.p.xfer\",\"comment\":\"no\"}") },
		{ &berth_discover_machine, "queries", M("https://didcomm.org/discover-features/2.0/queries",
							"\"body\":{\"queries\":[{\"feature-type\":\"protocol\",\"match\":\"*\"}]}") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		CHECK(test_every_allocation_fails(step, &runs[i]) > 5);
}

static enum berth_err invitation(void *arg)
{
	const char *text = arg;
	struct berth_oob i;
	enum berth_err rc = berth_oob_parse(&i, text, strlen(text));

	berth_oob_free(&i);
	return rc;
}

static void c015_invitations(void **state)
{
	(void)state;
	CHECK(test_every_allocation_fails(invitation, (void *)"{\"id\":\"1\",\"type\":\"https://didcomm.org/out-of-band/2.0/invitation\","
					  "\"from\":\"" FUZZ_PEER "\",\"body\":{\"goal\":\"g\"}}") > 3);
}

static void refusals(void **state)
{
	static const struct { enum berth_err rc; struct run run; } rows[] = {
		{ BERTH_OK, { &berth_app_machine, "message", M(BASIC, "\"body\":{\"content\":\"\"}") } },
		{ BERTH_E_TYPE, { &berth_app_machine, "message", M(BASIC, "\"body\":{}") } },
		{ BERTH_E_TYPE, { &berth_app_machine, "message", M(BASIC, "\"body\":{\"content\":[]}") } },
		{ BERTH_OK, { &berth_app_machine, "message", M("urn:x", "\"body\":{}") } },
		{ BERTH_E_TYPE, { &berth_app_machine, "message", M("urn:berth:x", "\"body\":{}") } },
		{ BERTH_E_TYPE, { &berth_app_machine, "message", M("https://didcomm.org/routing/3.0/forward", "\"body\":{}") } },
		{ BERTH_OK, { &berth_issue_machine, "offer-credential", M(ISSUE "offer-credential", DETAIL("aries/ld-proof-vc-detail@v1.0")) } },
		{ BERTH_E_TYPE, { &berth_issue_machine, "offer-credential", M(ISSUE "offer-credential", DETAIL("hlindy/cred-abstract@v2.0")) } },
		{ BERTH_E_TYPE, { &berth_issue_machine, "offer-credential", M(ISSUE "offer-credential", "\"body\":{}") } },
		{ BERTH_E_TYPE, { &berth_issue_machine, "ack", M(ISSUE "ack", "\"body\":{}") } },
		{ BERTH_E_TYPE, { &berth_issue_machine, "issue-credential", M(ISSUE "issue-credential", "\"body\":{}") } },
		{ BERTH_OK, { &berth_issue_machine, "request-credential",
			      M(ISSUE2 "request-credential", "\"body\":{\"formats\":[{\"attach_id\":\"d\",\"format\":\"aries/ld-proof-vc-detail@v1.0\"}]},"
				"\"attachments\":[{\"id\":\"d\",\"data\":{\"json\":{\"credential\":" DEGREE "}}}]") } },
		{ BERTH_E_TYPE, { &berth_issue_machine, "request-credential",
				  M(ISSUE2 "request-credential", "\"body\":{\"formats\":[{\"attach_id\":\"e\",\"format\":\"aries/ld-proof-vc-detail@v1.0\"}]},"
				    "\"attachments\":[{\"id\":\"d\",\"data\":{\"json\":{\"credential\":" DEGREE "}}}]") } },
		{ BERTH_E_NETPOL, { &berth_issue_machine, "offer-credential",
				    M(ISSUE "offer-credential", "\"attachments\":[{\"id\":\"d\",\"format\":\"aries/ld-proof-vc-detail@v1.0\","
				      "\"data\":{\"links\":[\"https://x.test/\"],\"hash\":\"zQmQ\"}}]") } },
		{ BERTH_OK, { &berth_proof_machine, "request-presentation", M(PROOF "request-presentation", REQUEST) } },
		{ BERTH_E_TYPE, { &berth_proof_machine, "request-presentation", M(PROOF "request-presentation", "\"body\":{\"will_confirm\":1}," REQUEST) } },
		{ BERTH_E_TYPE, { &berth_proof_machine, "presentation", M(PROOF "presentation", "\"body\":{}") } },
		{ BERTH_E_TYPE, { &berth_problem_machine, "problem-report",
				  M("https://didcomm.org/report-problem/2.0/problem-report", "\"body\":{\"code\":\"e.p.x\"}") } },
		{ BERTH_E_NOMATCH, { &berth_discover_machine, "disclose",
				     M("https://didcomm.org/discover-features/2.0/disclose", "\"body\":{\"disclosures\":[]}") } },
		{ BERTH_E_TYPE, { &berth_app_machine, "message", M(BASIC, "\"body\":{\"content\":\"\"},\"please_ack\":\"1\"") } },
		{ BERTH_E_TYPE, { &berth_app_machine, "message", M(BASIC, "\"body\":{\"content\":\"\"},\"please_ack\":[1]") } },
		{ BERTH_E_TYPE, { &berth_app_machine, "message", M(BASIC, "\"body\":{\"content\":\"\"},\"ack\":[{}]") } },
		{ BERTH_OK, { &berth_app_machine, "message", M(BASIC, "\"body\":{\"content\":\"\"},\"ack\":[],\"please_ack\":[\"\"]") } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run r = rows[i].run;
		enum berth_err rc = step(&r);

		if (rc != rows[i].rc)
			fail_msg("%s -> %s (%s)", r.text, berth_err_name(rc), berth_err_detail());
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),
		cmocka_unit_test(c015_every_allocation_may_fail),
		cmocka_unit_test(c015_invitations),
	};

	return cmocka_run_group_tests_name("steps", tests, NULL, NULL);
}

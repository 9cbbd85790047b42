/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/problem.h"

#include <stdbool.h>
#include <string.h>

#define ESCALATE_MAX 1024
#define ARG_MAX_LEN 1024

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* SPEC problems: a sorter "e" or "w", a scope, then descriptors: lower-case
 * tokens with dots between them. */
static bool is_code(const char *code)
{
	size_t tokens = 1;

	if ((code[0] != 'e' && code[0] != 'w') || code[1] != '.')
		return false;
	for (const char *p = code + 1; *p; p++) {
		if (*p == '.' && is_token_char(p[1]))
			tokens++;
		else if (!is_token_char(*p))
			return false;
	}
	return tokens >= 2;
}

static enum berth_err check_args(const struct berth_json *args)
{
	berth_json_each(arg, args)
		if (!berth_json_is(arg, BERTH_JSON_NULL) &&
		    (!berth_json_str(arg) || strlen(berth_json_str(arg)) > ARG_MAX_LEN))
			return berth_fail(BERTH_E_TYPE, "problem report: args");
	return BERTH_OK;
}

enum berth_err berth_problem_read(struct berth_problem *out, const struct berth_message *m)
{
	enum berth_err rc;

	*out = (struct berth_problem){ 0 };
	if (strcmp(m->type, BERTH_PROBLEM_TYPE) != 0 || !m->pthid)
		return berth_fail(BERTH_E_TYPE, "problem report: type or pthid");
	if ((rc = berth_json_req_str(m->body, "code", BERTH_PROBLEM_CODE_MAX, &out->code)) ||
	    (rc = berth_json_opt_str(m->body, "comment", BERTH_PROBLEM_COMMENT_MAX, &out->comment)) ||
	    (rc = berth_json_opt_str(m->body, "escalate_to", ESCALATE_MAX, &out->escalate_to)) ||
	    (rc = berth_json_opt_arr(m->body, "args", BERTH_PROBLEM_ARGS_MAX, &out->args)))
		return rc;
	if (!is_code(out->code))
		return berth_fail(BERTH_E_TYPE, "problem report: code");
	return check_args(out->args);
}

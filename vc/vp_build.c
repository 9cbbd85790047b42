/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "vc/enveloped.h"
#include "vc/presentation.h"

static enum berth_err push_token(struct berth_json *list, const char *token)
{
	struct berth_json *e;
	enum berth_err rc = berth_envelope_make(&e, token);

	return rc ? rc : berth_json_push(list, e);
}

static enum berth_err push_json(struct berth_json *list, const char *text)
{
	struct berth_json *vc;
	enum berth_err rc = berth_json_parse_exact(&vc, text, strlen(text), BERTH_VC_MAX);

	if (!rc && !(rc = berth_credential_check_any(vc)) && !berth_json_get(vc, "proof"))
		rc = berth_fail(BERTH_E_VC, "a credential without a proof");
	if (!rc)
		return berth_json_push(list, vc);
	berth_json_free(vc);
	return rc;
}

static enum berth_err set_list(struct berth_json *vp, const char *const *vcs, size_t n)
{
	struct berth_json *list;
	enum berth_err rc = BERTH_OK;

	if (n > BERTH_VP_CREDENTIALS_MAX)
		return berth_fail(BERTH_E_SIZE, "presentation of %zu credentials", n);
	if (n == 0)
		return BERTH_OK;
	list = berth_json_new_array();
	for (size_t i = 0; i < n && !rc; i++)
		rc = *vcs[i] == '{' ? push_json(list, vcs[i]) : push_token(list, vcs[i]);
	return berth_json_set_made(vp, "verifiableCredential", list, rc);
}

/* ["text"]; NULL without memory. */
static struct berth_json *list_of(const char *text)
{
	struct berth_json *list = berth_json_new_array();

	if (berth_json_push_str(list, text)) {
		berth_json_free(list);
		return NULL;
	}
	return list;
}

enum berth_err berth_vp_build(struct berth_json *vp, const char *holder, const char *const *vcs, size_t n)
{
	enum berth_err rc;

	if ((rc = berth_json_set(vp, "@context", list_of(BERTH_VC_CONTEXT))) ||
	    (rc = berth_json_set(vp, "type", list_of("VerifiablePresentation"))) ||
	    (rc = berth_json_set_str(vp, "holder", holder)))
		return rc;
	return set_list(vp, vcs, n);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/wallet.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/jose/jws.h"
#include "vc/sd_jwt.h"
#include "vc/vc_jwt1.h"

/* ---- one of each format ---- */

static enum berth_err open_di(struct berth_wallet_item *i)
{
	const struct berth_json *proof;
	const char *name;
	enum berth_err rc;

	if ((rc = berth_json_parse_object(&i->claims, i->text, i->len, BERTH_VP_MAX)))
		return rc;
	proof = berth_json_get(i->claims, "proof");
	if (berth_json_is(proof, BERTH_JSON_ARRAY))
		proof = berth_json_first(proof);
	name = berth_json_str(berth_json_get(proof, "cryptosuite"));
	if (!name)
		name = berth_json_str(berth_json_get(proof, "type"));
	i->alg = name ? name : "";
	i->is_di = true;
	return BERTH_OK;
}

static enum berth_err open_token(struct berth_wallet_item *i)
{
	struct berth_jws jws;
	enum berth_err rc;

	if ((rc = berth_jws_parse(&jws, i->text, i->len, BERTH_VP_MAX)))
		return rc;
	i->header = jws.header;
	jws.header = NULL;
	i->alg = jws.alg;
	rc = berth_json_parse_object(&i->claims, berth_buf_cstr(&jws.payload), jws.payload.len, BERTH_VP_MAX);
	berth_jws_free(&jws);
	if (!rc && berth_json_is(berth_json_get(i->claims, "vc"), BERTH_JSON_OBJECT)) {
		i->format = BERTH_FORMAT_VC_JWT1;
		rc = berth_vc_jwt1_credential(&i->credential, i->claims);
	}
	return rc;
}

/* Where the disclosures have their places. */
static enum berth_err take_paths(struct berth_wallet_item *i, const struct berth_sd_jwt *sd)
{
	if (sd->n && !(i->withheld = calloc(sd->n, sizeof(*i->withheld))))
		return berth_no_memory();
	for (size_t k = 0; k < sd->n; k++) {
		if (!(i->withheld[k] = strdup(sd->disclosures[k].path)))
			return berth_no_memory();
		i->n_withheld++;
	}
	return BERTH_OK;
}

static enum berth_err open_sd(struct berth_wallet_item *i)
{
	struct berth_sd_jwt sd;
	enum berth_err rc;

	if ((rc = berth_sd_parse(&sd, i->text, i->len)))
		return rc;
	if (!(rc = berth_sd_process(&sd)) && !(rc = take_paths(i, &sd))) {
		i->header = sd.jws.header;
		i->claims = sd.payload;
		i->alg = sd.jws.alg;
		sd.jws.header = sd.payload = NULL;
		i->format = berth_json_get(i->claims, "@context") ? BERTH_FORMAT_VC_SD_JWT : BERTH_FORMAT_DC_SD_JWT;
	}
	berth_sd_free(&sd);
	return rc;
}

static enum berth_err check(const struct berth_wallet_item *i)
{
	const struct berth_json *vc = berth_wallet_credential(i);

	if (berth_json_str(berth_json_get(vc, "vct")) || berth_json_get(vc, "type"))
		return BERTH_OK;
	return berth_fail(BERTH_E_VC, "neither type nor vct: not a credential");
}

static enum berth_err open_item(struct berth_wallet_item *i)
{
	enum berth_err rc = berth_vc_format_guess(&i->format, i->text, i->len);

	if (rc)
		return rc;
	if (i->format == BERTH_FORMAT_DI)
		rc = open_di(i);
	else if (i->format == BERTH_FORMAT_DC_SD_JWT)
		rc = open_sd(i);
	else
		rc = open_token(i);
	return rc ? rc : check(i);
}

/* ---- all of them ---- */

static void free_item(struct berth_wallet_item *i)
{
	if (i->text)
		berth_wipe(i->text, i->len);
	for (size_t k = 0; k < i->n_withheld; k++)
		free(i->withheld[k]);
	free(i->withheld);
	free(i->text);
	free(i->name);
	berth_json_free(i->claims);
	berth_json_free(i->credential);
	berth_json_free(i->header);
	memset(i, 0, sizeof(*i));
}

void berth_wallet_free(struct berth_wallet *w)
{
	for (size_t i = 0; i < w->n; i++)
		free_item(&w->items[i]);
	free(w->items);
	memset(w, 0, sizeof(*w));
}

enum berth_err berth_wallet_add(struct berth_wallet *w, const char *name, const char *text, size_t n)
{
	struct berth_wallet_item *grown, i = { .len = n };
	enum berth_err rc;

	if (w->n == BERTH_WALLET_MAX || n > BERTH_VP_MAX)
		return berth_fail(BERTH_E_SIZE, "wallet: more than %d credentials, or one of %zu bytes", BERTH_WALLET_MAX, n);
	if (memchr(text, 0, n))
		return berth_fail(BERTH_E_JSON, "credential: a NUL in it");
	if (!(grown = realloc(w->items, (w->n + 1) * sizeof(*grown))))
		return berth_no_memory();
	w->items = grown;
	i.text = strndup(text, n);
	i.name = name ? strdup(name) : NULL;
	rc = !i.text || (name && !i.name) ? berth_no_memory() : open_item(&i);
	if (rc)
		free_item(&i);
	else
		w->items[w->n++] = i;
	return rc;
}

/* ---- asking ---- */

const struct berth_json *berth_wallet_credential(const struct berth_wallet_item *i)
{
	return i->credential ? i->credential : i->claims;
}

const char *berth_wallet_issuer(const struct berth_wallet_item *i)
{
	const char *issuer = berth_credential_issuer(berth_wallet_credential(i));

	return issuer ? issuer : berth_json_str(berth_json_get(i->claims, "iss"));
}

const char *berth_wallet_holder(const struct berth_wallet_item *i, bool *has_key)
{
	const struct berth_json *cnf = berth_json_get(i->claims, "cnf");
	const char *kid = berth_json_str(berth_json_get(cnf, "kid")), *subject;

	*has_key = berth_json_get(cnf, "jwk") != NULL;
	if (kid)
		return kid;
	subject = berth_credential_subject(berth_wallet_credential(i));
	return subject ? subject : berth_json_str(berth_json_get(i->claims, "sub"));
}

enum berth_err berth_wallet_types(struct berth_json **out, const struct berth_wallet_item *i)
{
	const struct berth_json *vc = berth_wallet_credential(i), *type = berth_json_get(vc, "type");
	const char *vct = berth_json_str(berth_json_get(vc, "vct"));
	enum berth_err rc = BERTH_OK;

	if (!(*out = berth_json_new_array()))
		return berth_no_memory();
	if (vct)
		rc = berth_json_push_str(*out, vct);
	if (!rc && berth_json_str(type))
		rc = berth_json_push_str(*out, berth_json_str(type));
	for (const struct berth_json *it = berth_json_first(type); it && !rc; it = berth_json_next(it))
		if (berth_json_str(it))
			rc = berth_json_push_str(*out, berth_json_str(it));
	if (rc) {
		berth_json_free(*out);
		*out = NULL;
	}
	return rc;
}

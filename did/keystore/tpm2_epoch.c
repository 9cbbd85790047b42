/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of an epoch.  What TPM2_Create returned for them stands in the file under the epoch's
 * record key, which the device gives out for one value of its counter: a copy of the disk,
 * beside the same TPM, has no use of them once the counter has moved on.  And the end of
 * all epochs. */
#include <string.h>

#include "did/keystore/tpm2.h"

bool berth_tpm2_is_of_epoch(const char *name)
{
	return strncmp(name, BERTH_KEY_OF_EPOCH, strlen(BERTH_KEY_OF_EPOCH)) == 0;
}

/* The record key of now; asked for once in a process and an epoch. */
static enum berth_err key_of_now(struct berth_tpm2 *t, int64_t *epoch, uint8_t kek[32])
{
	bool protected_;
	uint64_t v;
	enum berth_err rc;

	if (berth_tpm2_secrets(t)->have_epoch_kek)
		v = t->s.epoch_nv - t->s.nv_base[BERTH_COUNTER_EPOCH];
	else if ((rc = berth_tpm2_counter_read(&t->base, BERTH_COUNTER_EPOCH, &v, &protected_)))
		return rc;
	*epoch = (int64_t)v;
	return berth_tpm2_kek(&t->base, *epoch, kek);
}

enum berth_err berth_tpm2_hide(struct berth_tpm2 *t, struct berth_tpm2_key *k)
{
	struct berth_buf box = BERTH_BUF_INIT;
	uint8_t kek[32];
	int64_t epoch;
	enum berth_err rc;

	if (!(rc = key_of_now(t, &epoch, kek)) &&
	    !(rc = berth_record_seal(kek, k->info.name, epoch, k->object.priv.b, k->object.priv.len, &box)) &&
	    box.len > sizeof(k->object.priv.b))
		rc = berth_fail(BERTH_E_KEYSTORE, "TPM: a private area of %zu bytes", k->object.priv.len);
	if (!rc) {
		memcpy(k->object.priv.b, box.p, box.len);
		k->object.priv.len = box.len;
		k->of_epoch = true;
	}
	berth_wipe(kek, sizeof(kek));
	berth_buf_free(&box);
	return rc;
}

enum berth_err berth_tpm2_bare(struct berth_tpm2 *t, const struct berth_tpm2_key *k, struct berth_tpm2_object *out)
{
	struct berth_buf priv = BERTH_BUF_INIT;
	uint8_t kek[32];
	int64_t epoch;
	enum berth_err rc;

	*out = k->object;
	if (!k->of_epoch)
		return BERTH_OK;
	if (!(rc = key_of_now(t, &epoch, kek)) &&
	    (rc = berth_record_open(kek, k->info.name, epoch, k->object.priv.b, k->object.priv.len, &priv)) == BERTH_E_DECRYPT)
		rc = berth_fail(BERTH_E_KEYSTORE, "%s: the epoch of key %s is over", t->dir, k->info.name);
	if (!rc) {
		memcpy(out->priv.b, priv.p, priv.len);
		out->priv.len = priv.len;
	}
	berth_wipe(kek, sizeof(kek));
	berth_buf_free(&priv);
	return rc;
}

/* Nothing that the connection knows is there afterwards: the next call finds that out. */
enum berth_err berth_tpm2_clear(struct berth_keystore *ks)
{
	struct berth_tpm2 *t = (struct berth_tpm2 *)(void *)ks;
	enum berth_err rc = berth_tpm2_begin(t);

	if (!rc)
		rc = berth_tpm2_rc(t, Esys_Clear(t->esys, ESYS_TR_RH_LOCKOUT, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE),
				   "clear the TPM");
	if (!rc) {
		berth_tpm2_disconnect(t, true);
		t->lost = true;
	}
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The connection to a TPM: made anew when it broke, salted to the storage key
 * that was pinned when the store was made, and never leaving a handle behind. */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>
#include <unistd.h>

#include "did/crypto/hash.h"
#include "did/keystore/tpm2.h"

#define DEVICE "device:"
#define SWEEP_MAX 64
#define FIRST_TRANSIENT 0x80000000u	/* the header's own shifts into the sign bit */
#define FIRST_SESSION 0x02000000u

enum berth_err berth_tpm2_rc(struct berth_tpm2 *t, TSS2_RC r, const char *what)
{
	if (r == TSS2_RC_SUCCESS)
		return BERTH_OK;
	/* not the TPM's own answer: the state of the stack below is not known; a
	 * handle or session it does not know: it was restarted behind our back */
	if ((r & TSS2_RC_LAYER_MASK) != TSS2_TPM_RC_LAYER ||
	    (r >= TPM2_RC_REFERENCE_H0 && r <= TPM2_RC_REFERENCE_S6) ||
	    (r & (TPM2_RC_FMT1 | 0x3f)) == TPM2_RC_HANDLE)
		t->lost = true;
	if (r == TPM2_RC_LOCKOUT)
		t->locked_out = true;
	return berth_fail(BERTH_E_KEYSTORE, "TPM %s: %s: %s (0x%x)", t->tcti_conf, what,
			  Tss2_RC_Decode(r), r);
}

/* The usual misconfiguration gets a text that says what to do. */
static enum berth_err check_device(const struct berth_tpm2 *t)
{
	const char *path = t->tcti_conf + strlen(DEVICE);
	int e;

	if (strncmp(t->tcti_conf, DEVICE, strlen(DEVICE)) != 0 || access(path, R_OK | W_OK) == 0)
		return BERTH_OK;
	e = errno;
	return berth_fail(BERTH_E_KEYSTORE, "TPM %s: %s (uid %u, gid %u)%s", path, strerror(e),
			  (unsigned)geteuid(), (unsigned)getegid(),
			  e == EACCES ? "; the user must be in its group, mostly tss" : "");
}

/* The loader opens libtss2-tcti-NAME.so: only the names we know. */
static enum berth_err check_tcti(const struct berth_tpm2 *t)
{
	static const char *const known[] = { DEVICE, "swtpm", "mssim", "tabrmd", "pcap" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strncmp(t->tcti_conf, known[i], strlen(known[i])) == 0)
			return check_device(t);
	return berth_fail(BERTH_E_KEYSTORE, "TPM %s: not one of device:PATH, swtpm, mssim, tabrmd",
			  t->tcti_conf);
}

/* The loader takes the library out again when a connection ends; ours stays, so that
 * no code has to be mapped to connect anew: a process that is confined cannot. */
static void keep_loaded(const struct berth_tpm2 *t)
{
	char lib[48];

	snprintf(lib, sizeof(lib), "libtss2-tcti-%.*s.so.0", (int)strcspn(t->tcti_conf, ":"), t->tcti_conf);
	(void)dlopen(lib, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

static TSS2_RC list_handles(struct berth_tpm2 *t, uint32_t from, uint32_t n, TPML_HANDLE *out)
{
	TPMS_CAPABILITY_DATA *data = NULL;
	TPMI_YES_NO more;
	TSS2_RC r = Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				       TPM2_CAP_HANDLES, from, n, &more, &data);

	out->count = 0;
	if (r == TSS2_RC_SUCCESS)
		*out = data->data.handles;
	Esys_Free(data);
	return r;
}

/* Leftovers of a process that died; there is nobody else without a manager. */
static enum berth_err sweep(struct berth_tpm2 *t, uint32_t from)
{
	TPML_HANDLE left;
	enum berth_err rc = berth_tpm2_rc(t, list_handles(t, from, SWEEP_MAX, &left), "list handles");

	for (uint32_t i = 0; !rc && i < left.count; i++) {
		ESYS_TR h;
		TSS2_RC r = Esys_TR_FromTPMPublic(t->esys, left.handle[i], ESYS_TR_NONE, ESYS_TR_NONE,
						  ESYS_TR_NONE, &h);
		if (r == TSS2_RC_SUCCESS)
			r = Esys_FlushContext(t->esys, h);
		rc = berth_tpm2_rc(t, r, "flush a leftover");
	}
	return rc;
}

static enum berth_err start_up(struct berth_tpm2 *t)
{
	TSS2_RC r = Esys_Startup(t->esys, TPM2_SU_CLEAR);
	enum berth_err rc;

	if (r == TPM2_RC_INITIALIZE)
		r = TSS2_RC_SUCCESS;	/* it runs already */
	if ((rc = berth_tpm2_rc(t, r, "start-up")) || (rc = sweep(t, FIRST_TRANSIENT)))
		return rc;
	return sweep(t, FIRST_SESSION);
}

/* The TCTIs write() to sockets: a device that is gone must be an error, not our
 * end.  A handler that somebody has set stays. */
static void survive_broken_pipes(void)
{
	struct sigaction now;

	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}

enum berth_err berth_tpm2_connect(struct berth_tpm2 *t)
{
	enum berth_err rc;

	survive_broken_pipes();
	setenv("TSS2_LOG", "all+NONE", 0);	/* errors come back as codes; stderr is ours */
	if ((rc = check_tcti(t)) || (rc = berth_tss_load()) ||
	    (rc = berth_tpm2_rc(t, Tss2_TctiLdr_Initialize(t->tcti_conf, &t->tcti), "connect")) ||
	    (rc = berth_tpm2_rc(t, Esys_Initialize(&t->esys, t->tcti, NULL), "connect")) ||
	    (!t->managed && (rc = start_up(t)))) {
		berth_tpm2_disconnect(t, false);
		return rc;
	}
	keep_loaded(t);
	t->lost = false;
	return BERTH_OK;
}

void berth_tpm2_disconnect(struct berth_tpm2 *t, bool shutdown)
{
	if (t->esys && !t->lost)
		berth_tpm2_flush(t, &t->session);
	/* an unannounced power-off counts against the dictionary attack limit */
	if (t->esys && !t->lost && shutdown && !t->managed)
		Esys_Shutdown(t->esys, TPM2_SU_CLEAR, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE);
	if (t->esys)
		Esys_Finalize(&t->esys);
	if (t->tcti)
		Tss2_TctiLdr_Finalize(&t->tcti);
	t->srk = t->session = t->nv[0] = t->nv[1] = ESYS_TR_NONE;
}

enum berth_err berth_tpm2_begin(struct berth_tpm2 *t)
{
	enum berth_err rc = BERTH_OK;

	if (t->locked_out)
		return berth_fail(BERTH_E_KEYSTORE, "TPM %s: locked out after wrong authorisations; "
				  "nothing more is tried before the keystore is opened again", t->tcti_conf);
	if (t->lost)
		berth_tpm2_disconnect(t, false);
	if (t->esys && t->session != ESYS_TR_NONE)
		return BERTH_OK;
	if ((!t->esys && (rc = berth_tpm2_connect(t))) ||
	    (t->srk == ESYS_TR_NONE &&
	     (rc = berth_tpm2_attach(t, t->s.srk_handle, &t->s.srk_pub, &t->srk))) ||
	    (rc = berth_tpm2_start_session(t, TPM2_SE_HMAC, &t->session)) ||
	    (t->counters_known && (rc = berth_tpm2_attach_counters(t)))) {
		berth_tpm2_disconnect(t, false);
		t->lost = true;
		return rc;
	}
	return BERTH_OK;
}

enum berth_err berth_tpm2_start_session(struct berth_tpm2 *t, TPM2_SE type, ESYS_TR *out)
{
	const TPMT_SYM_DEF aes = { .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB };

	*out = ESYS_TR_NONE;
	return berth_tpm2_rc(t, Esys_StartAuthSession(t->esys, t->srk, ESYS_TR_NONE, ESYS_TR_NONE,
						      ESYS_TR_NONE, ESYS_TR_NONE, NULL, type, &aes,
						      TPM2_ALG_SHA256, out), "start a session");
}

ESYS_TR berth_tpm2_session(struct berth_tpm2 *t, TPMA_SESSION crypt)
{
	/* ESYS refuses a command that needs a session and is given none */
	if (Esys_TRSess_SetAttributes(t->esys, t->session, crypt | TPMA_SESSION_CONTINUESESSION, 0xff) !=
	    TSS2_RC_SUCCESS)
		return ESYS_TR_NONE;
	return t->session;
}

void berth_tpm2_flush(struct berth_tpm2 *t, ESYS_TR *h)
{
	if (*h != ESYS_TR_NONE && t->esys && !t->lost &&
	    Esys_FlushContext(t->esys, *h) != TSS2_RC_SUCCESS)
		t->lost = true;		/* swept when the connection is made anew */
	*h = ESYS_TR_NONE;
}

/* What ESYS holds of an object: it salts and computes Names with this copy, so
 * this one is compared and not a second answer of the device. */
static bool is_pinned(struct berth_tpm2 *t, ESYS_TR h, const struct berth_tpm2_blob *pub)
{
	uint8_t *held = NULL;
	size_t len = 0;
	bool same = Esys_TR_Serialize(t->esys, h, &held, &len) == TSS2_RC_SUCCESS &&
		    memmem(held, len, pub->b, pub->len);

	free(held);
	return same;
}

enum berth_err berth_tpm2_attach(struct berth_tpm2 *t, uint32_t handle,
				 const struct berth_tpm2_blob *pub, ESYS_TR *out)
{
	uint8_t want[BERTH_TPM2_NAME_LEN];
	TPM2B_NAME *name = NULL;
	ESYS_TR h = ESYS_TR_NONE;
	enum berth_err rc;
	bool there;

	if ((rc = berth_tpm2_exists(t, handle, &there)))
		return rc;
	if (there && (rc = berth_tpm2_rc(t, Esys_TR_FromTPMPublic(t->esys, handle, ESYS_TR_NONE,
								  ESYS_TR_NONE, ESYS_TR_NONE, &h),
					 "read a key")))
		return rc;
	berth_tpm2_name(want, pub);
	if (there && (rc = berth_tpm2_rc(t, Esys_TR_GetName(t->esys, h, &name), "read a key")))
		goto out;
	if (!there || name->size != sizeof(want) || memcmp(name->name, want, sizeof(want)) != 0 ||
	    !is_pinned(t, h, pub)) {
		t->cleared |= handle == t->s.srk_handle;
		rc = berth_fail(BERTH_E_KEYSTORE, "TPM %s: the key at 0x%08x is %s: the TPM was cleared or "
				"replaced, and the keys of %s are lost with it", t->tcti_conf, handle,
				there ? "another one" : "gone", t->dir);
		goto out;
	}
	*out = h;
	h = ESYS_TR_NONE;
out:
	Esys_Free(name);
	if (h != ESYS_TR_NONE)
		Esys_TR_Close(t->esys, &h);
	return rc;
}

enum berth_err berth_tpm2_exists(struct berth_tpm2 *t, uint32_t handle, bool *there)
{
	TPML_HANDLE l;
	enum berth_err rc = berth_tpm2_rc(t, list_handles(t, handle, 1, &l), "list handles");

	*there = !rc && l.count > 0 && l.handle[0] == handle;
	return rc;
}

enum berth_err berth_tpm2_free_handle(struct berth_tpm2 *t, uint32_t start, uint32_t *handle)
{
	TPML_HANDLE l;
	enum berth_err rc = berth_tpm2_rc(t, list_handles(t, start, SWEEP_MAX, &l), "list handles");

	*handle = start;
	for (uint32_t i = 0; !rc && i < l.count && l.handle[i] == *handle; i++)
		++*handle;
	return rc;
}

void berth_tpm2_auth(const struct berth_tpm2 *t, const char *name, TPM2B_AUTH *out)
{
	out->size = BERTH_SHA256_LEN;
	berth_hmac_sha256(out->buffer, berth_tpm2_secrets(t)->seed, 32, name, strlen(name));
	out->buffer[BERTH_SHA256_LEN - 1] |= 1;	/* a TPM drops zeros at the end */
}

enum berth_err berth_tpm2_set_auth(struct berth_tpm2 *t, ESYS_TR h, const char *name)
{
	TPM2B_AUTH auth;
	enum berth_err rc;

	berth_tpm2_auth(t, name, &auth);
	rc = berth_tpm2_rc(t, Esys_TR_SetAuth(t->esys, h, &auth), "set an authorisation");
	berth_wipe(&auth, sizeof(auth));
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_TPM2_CALLS_H
#define BERTH_DID_KEYSTORE_TPM2_CALLS_H

#include <tss2/tss2_esys.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include "berth/err.h"

/* tpm2-tss, loaded when the first TPM is connected to: a process whose keys are elsewhere
 * does without its memory, and a program that links libberth without its libraries.  Its
 * calls go by their own names all the same. */
#define BERTH_ESYS_CALLS(X) \
	X(Esys_ActivateCredential) X(Esys_Certify) X(Esys_Clear) X(Esys_Create) X(Esys_CreatePrimary) X(Esys_ECDH_ZGen) \
	X(Esys_EvictControl) X(Esys_Finalize) X(Esys_FlushContext) X(Esys_Free) X(Esys_GetCapability) \
	X(Esys_Initialize) X(Esys_Load) X(Esys_LoadExternal) X(Esys_NV_DefineSpace) X(Esys_NV_Increment) \
	X(Esys_NV_Read) X(Esys_NV_ReadPublic) X(Esys_NV_UndefineSpace) X(Esys_PCR_Read) X(Esys_PolicyAuthValue) \
	X(Esys_PolicyAuthorize) X(Esys_PolicyGetDigest) X(Esys_PolicyNV) X(Esys_PolicyPCR) \
	X(Esys_PolicyRestart) X(Esys_PolicySecret) X(Esys_Quote) X(Esys_ReadPublic) X(Esys_Shutdown) \
	X(Esys_Sign) X(Esys_StartAuthSession) X(Esys_Startup) X(Esys_TRSess_SetAttributes) X(Esys_TR_Close) \
	X(Esys_TR_FromTPMPublic) X(Esys_TR_GetName) X(Esys_TR_Serialize) X(Esys_TR_SetAuth) X(Esys_Unseal) \
	X(Esys_VerifySignature)
#define BERTH_TCTI_CALLS(X) \
	X(Tss2_TctiLdr_Initialize) X(Tss2_TctiLdr_Finalize)

struct berth_tss {
#define CALL(name) __typeof__(name) *name;
	BERTH_ESYS_CALLS(CALL)
	BERTH_TCTI_CALLS(CALL)
	CALL(Tss2_RC_Decode)
#undef CALL
};
extern struct berth_tss berth_tss;

/* Before the first of these calls; E_KEYSTORE when tpm2-tss is not installed.  Nothing
 * is unloaded again. */
BERTH_MUST_USE enum berth_err berth_tss_load(void);

#ifndef BERTH_TSS_BY_NAME	/* tpm2_calls.c looks for the names themselves */
#define Esys_ActivateCredential berth_tss.Esys_ActivateCredential
#define Esys_Certify berth_tss.Esys_Certify
#define Esys_Clear berth_tss.Esys_Clear
#define Esys_Create berth_tss.Esys_Create
#define Esys_CreatePrimary berth_tss.Esys_CreatePrimary
#define Esys_ECDH_ZGen berth_tss.Esys_ECDH_ZGen
#define Esys_EvictControl berth_tss.Esys_EvictControl
#define Esys_Finalize berth_tss.Esys_Finalize
#define Esys_FlushContext berth_tss.Esys_FlushContext
#define Esys_Free berth_tss.Esys_Free
#define Esys_GetCapability berth_tss.Esys_GetCapability
#define Esys_Initialize berth_tss.Esys_Initialize
#define Esys_Load berth_tss.Esys_Load
#define Esys_LoadExternal berth_tss.Esys_LoadExternal
#define Esys_NV_DefineSpace berth_tss.Esys_NV_DefineSpace
#define Esys_NV_Increment berth_tss.Esys_NV_Increment
#define Esys_NV_Read berth_tss.Esys_NV_Read
#define Esys_NV_ReadPublic berth_tss.Esys_NV_ReadPublic
#define Esys_NV_UndefineSpace berth_tss.Esys_NV_UndefineSpace
#define Esys_PCR_Read berth_tss.Esys_PCR_Read
#define Esys_PolicyAuthValue berth_tss.Esys_PolicyAuthValue
#define Esys_PolicyAuthorize berth_tss.Esys_PolicyAuthorize
#define Esys_PolicyGetDigest berth_tss.Esys_PolicyGetDigest
#define Esys_PolicyNV berth_tss.Esys_PolicyNV
#define Esys_PolicyPCR berth_tss.Esys_PolicyPCR
#define Esys_PolicyRestart berth_tss.Esys_PolicyRestart
#define Esys_PolicySecret berth_tss.Esys_PolicySecret
#define Esys_Quote berth_tss.Esys_Quote
#define Esys_ReadPublic berth_tss.Esys_ReadPublic
#define Esys_Shutdown berth_tss.Esys_Shutdown
#define Esys_Sign berth_tss.Esys_Sign
#define Esys_StartAuthSession berth_tss.Esys_StartAuthSession
#define Esys_Startup berth_tss.Esys_Startup
#define Esys_TRSess_SetAttributes berth_tss.Esys_TRSess_SetAttributes
#define Esys_TR_Close berth_tss.Esys_TR_Close
#define Esys_TR_FromTPMPublic berth_tss.Esys_TR_FromTPMPublic
#define Esys_TR_GetName berth_tss.Esys_TR_GetName
#define Esys_TR_Serialize berth_tss.Esys_TR_Serialize
#define Esys_TR_SetAuth berth_tss.Esys_TR_SetAuth
#define Esys_Unseal berth_tss.Esys_Unseal
#define Esys_VerifySignature berth_tss.Esys_VerifySignature
#define Tss2_TctiLdr_Initialize berth_tss.Tss2_TctiLdr_Initialize
#define Tss2_TctiLdr_Finalize berth_tss.Tss2_TctiLdr_Finalize
#define Tss2_RC_Decode berth_tss.Tss2_RC_Decode
#endif

#endif

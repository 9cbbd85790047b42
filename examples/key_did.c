/* SPDX-License-Identifier: Apache-2.0 */
/* A key in a sealed file, in a TPM or in a token: made at the first run, its did:key
 * printed, and stdin signed with it.  Which of them is the URI's business alone.
 *
 *   cc -o key_did key_did.c $(pkg-config --cflags --libs berth)
 *   echo hello | ./key_did soft:keys#device passphrase-file
 *   echo hello | ./key_did 'tpm2:device?dir=/var/lib/mine&tcti=device:/dev/tpmrm0'
 *   echo hello | ./key_did 'pkcs11:token=T;object=device?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=/etc/pin'
 */
#include <stdio.h>
#include <string.h>

#include <berth/did.h>
#include <berth/key.h>

/* The key that the URI names, made if it is not there. */
static enum berth_err did_of_the_key(struct berth_keychain *keys, char **did)
{
	enum berth_err rc;

	if (berth_keychain_did(keys, NULL, did) == BERTH_OK)
		return BERTH_OK;
	if ((rc = berth_keychain_generate(keys, NULL, "p256", "sign")) != BERTH_OK)
		return rc;
	return berth_keychain_did(keys, NULL, did);
}

/* kid is the verification method in the document of a did:key: DID#MULTIKEY. */
static enum berth_err sign_stdin(struct berth_keychain *keys, const char *did, char **jws)
{
	static char payload[65536], kid[1024];
	size_t n = fread(payload, 1, sizeof(payload), stdin);

	snprintf(kid, sizeof(kid), "%s#%s", did, did + strlen("did:key:"));
	return berth_keychain_sign_jws(keys, NULL, kid, NULL, payload, n, jws);
}

int main(int argc, char **argv)
{
	struct berth_keychain_how how = { 0 };
	struct berth_keychain *keys = NULL;
	char *did = NULL, *jws = NULL;
	enum berth_err rc;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: %s KEY-URI [PASSPHRASE-FILE] < PAYLOAD\n", argv[0]);
		return 2;
	}
	how.size = sizeof(how);
	how.create = 1;
	how.passphrase_file = argv[2];		/* NULL when there is none */
	if ((rc = berth_keychain_open(&keys, argv[1], &how)) == BERTH_OK &&
	    (rc = did_of_the_key(keys, &did)) == BERTH_OK && (rc = sign_stdin(keys, did, &jws)) == BERTH_OK)
		printf("%s\n%s\n", did, jws);
	if (rc != BERTH_OK)
		fprintf(stderr, "%s: %s\n", berth_err_name(rc), berth_err_detail());
	berth_string_free(jws);
	berth_string_free(did);
	berth_keychain_close(keys);
	return berth_err_exit(rc);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Resolves a DID, or makes one from a JWK on stdin.
 *
 *   cc -o did_resolve did_resolve.c -lberth
 *   ./did_resolve did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH
 *   ./did_resolve did:web:example.com FOLDER-OF-DOCUMENTS
 *   ./did_resolve key < public.jwk			(or jwk, or peer)
 */
#include <stdio.h>
#include <string.h>

#include <berth/did.h>

static enum berth_err from_stdin(char **did, const char *method)
{
	static char jwk[65536];
	size_t n = fread(jwk, 1, sizeof(jwk) - 1, stdin);
	const char *keys[] = { jwk };

	jwk[n] = '\0';
	if (strcmp(method, "peer") == 0)
		return berth_did_peer_from_jwks(did, 4, keys, 1, NULL, 0, NULL);
	return berth_did_from_jwk(did, method, jwk);
}

int main(int argc, char **argv)
{
	enum berth_err rc;
	char *text;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: %s DID [FOLDER] | key|jwk|peer < JWK\n", argv[0]);
		return 2;
	}
	if (strncmp(argv[1], "did:", 4) == 0)
		rc = berth_did_resolve_json(&text, argv[1], argc == 3 ? argv[2] : NULL);
	else
		rc = from_stdin(&text, argv[1]);
	if (text)
		puts(text);
	if (rc)
		fprintf(stderr, "%s: %s\n", berth_err_name(rc), berth_err_detail());
	berth_string_free(text);
	return berth_err_exit(rc);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The core serves a UNIX socket and speaks no TLS, but Debian's libmicrohttpd comes
 * with GnuTLS, which sets itself up in every process that loads it: ciphers' self
 * tests, PKCS #11 modules, 0.9 MiB.  Both ways in end here: GnuTLS's own constructor
 * asks the first (GNUTLS_SKIP_GLOBAL_INIT of its manual), libmicrohttpd's calls the
 * second in GnuTLS's place.  With the library never set up a TLS session cannot be
 * made by mistake either. */
int _gnutls_global_init_skip(void);
int gnutls_global_init(void);

int _gnutls_global_init_skip(void) { return 1; }
int gnutls_global_init(void) { return 0; }

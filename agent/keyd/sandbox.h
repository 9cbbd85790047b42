/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_KEYD_SANDBOX_H
#define BERTH_AGENT_KEYD_SANDBOX_H

#include "did/keystore/keystore.h"

/* What every helper gets at its start (berth_proc_confine): a store has yet to be
 * opened, which may take a look around, and map a library. */
void keyd_sandbox_first(void);

/* The last step of confining keyd, once its store is open: from here on only what
 * serving that kind of store takes.
 *
 *	always		memory, time, random numbers, the socket to the core, and one
 *			file that is written, synced and renamed in its folder
 *	UNIX		a socket of this machine (TPM simulator)
 *	TCP		one of the internet (the same, and nothing but a simulator)
 *	THREADS		threads, but never processes (tabrmd: it speaks D-Bus)
 *	MODULE		what PKCS#11 modules are known to do: look at files, map code,
 *			threads, a socket of this machine
 *
 * A call outside of it ends the process with SIGSYS.  No kind of store ever gets
 * another program, a process, a trace, mappings that are code and writable at once,
 * or (but TCP) the network.  The paths are held to by landlock where there is one.
 *
 * Aborts when the kernel refuses.  With BERTH_UNCONFINED, as builds with sanitizers
 * or coverage are (they write reports and look at themselves), both do nothing. */
void keyd_sandbox(const struct berth_keystore_needs *needs);

/* The paths alone, before a module is loaded, which may be up to no good from its first
 * instruction on.  The calls must wait until the store is open: what a module makes to
 * come up nobody has listed. */
void keyd_fence(const struct berth_keystore_needs *needs);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_EMPTY_H
#define BERTH_AGENT_PROTOCOL_EMPTY_H

/* https://didcomm.org/empty/1.0: a message that says nothing but who sends it; with
 * return_route it asks for whatever waits. */
#define BERTH_PIURI_EMPTY "https://didcomm.org/empty/1.0/"
#define BERTH_TYPE_EMPTY BERTH_PIURI_EMPTY "empty"

#endif

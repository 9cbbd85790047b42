/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_APPLICATION_INTERNAL_H
#define BERTH_AGENT_PROTOCOL_APPLICATION_INTERNAL_H

/* application.c has what comes in, application_send.c what goes out. */
#include "agent/protocol/application.h"

#define NS_APP_THREAD "app-thread"	/* thread -> {"app", "for", "asked"} */
#define NS_APP_RING "app-ring"		/* "NAME/SLOT" -> the thread that is forgotten next time */

/* What is kept of an application: {"n", "bytes", "sent"}; NULL without memory. */
struct berth_json *app_state(struct berth_instance *inst, const char *name);
/* The thread that an application has with that peer; E_NOMATCH. */
BERTH_MUST_USE enum berth_err
app_thread(struct berth_env *env, const char *peer, const char *thid, struct berth_json **out);

berth_step_fn app_on_send;

#endif

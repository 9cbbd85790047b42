/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_GATEWAY_SET_H
#define BERTH_AGENT_PROTOCOL_GATEWAY_SET_H

/* A set of items after onboarding, between gateway_set.c (it is announced and comes) and
 * gateway_trial.c (it is in use, for good or not).  Of the gateway's data:
 *
 *	itemSeq		the number of the last set that we began to take; older ones are refused
 *	staged {seq, thid, items [], stored {id: sha256}, confirmS?, confirmBy?}	what comes
 *	trial {seq, thid, items [], wait {id: sha256}, results {id: {status, reason?}},
 *	      untilS?, by?, acked?}
 *			the items before, while those of active are on trial; wait: for whose
 *			hooks; untilS of uptime: until when it has to be confirmed
 *	outcome {seq, thid, status, reason?, items []}	what became of the last one
 *
 * Items have a slot, "a" or "b": a new one never lies where the one in use does. */
#include "agent/protocol/gateway.h"

/* data.staged becomes the active set, and the one before what is gone back to. */
enum berth_err gateway_activate(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
/* What has come of a set that is not taken after all. */
enum berth_err gateway_drop_staged(struct berth_instance *inst, struct berth_effects *fx);
/* The same, because of that item, and the owner is told. */
enum berth_err gateway_drop_set(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				const char *id, enum berth_err why);
/* The owner is told that nothing comes of that set. */
enum berth_err gateway_refuse_set(struct berth_env *env, const struct berth_instance *inst, const struct berth_event *ev,
				  struct berth_effects *fx, int64_t seq, enum berth_err why);
/* What became of it, once more; nothing where that is not known yet. */
enum berth_err gateway_say_outcome(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				   int64_t seq);
/* The set on trial, where there is one, is looked at once more: it may be that nothing is waited for. */
enum berth_err gateway_trial_again(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
/* Whether a hook's word is about the set on trial; rc of dealing with it. */
bool gateway_trial_waits(const struct berth_instance *inst, const char *id, const char *sha256);
enum berth_err gateway_trial_result(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				    const char *id, const char *status, const char *reason);
/* The set on trial was not confirmed in time; E_NOMATCH, and fx->due_ms: not yet. */
enum berth_err gateway_trial_due(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);

#endif

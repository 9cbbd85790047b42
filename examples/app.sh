#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A local application in shell: who am I, what was provisioned for me.
#   examples/app.sh [SOCKET [ITEM]]
# The daemon knows the caller by its user id; [principal NAME] in berth.conf says what
# it may do.  No password, no token, no key.
SOCKET=${1:-/run/berth/app.sock} ITEM=${2:-app}

api() { curl -sS --fail-with-body --max-time 10 --unix-socket "$SOCKET" "http://berth$1"; }

api /v1/self | jq '{principal, may}'
api /v1/device | jq '{state, assurance}'
api "/v1/secrets/$ITEM" | jq -r '.text // .data'

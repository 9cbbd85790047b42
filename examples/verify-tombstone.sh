#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Was this device retired?  For a third party that has the file of
# `berth devices retire DEVICE --out FILE`, knows the manufacturer's DID, and asks nobody:
#
#   verify-tombstone.sh FILE MANUFACTURER-DID
#
# The manufacturer's DeviceCredential says which DID the device has; the tombstone is signed
# by that DID.  Needs berth and jq.
set -eu

file=$1 manufacturer=$2
berth=${BERTH:-berth}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

jq -er .deviceCredential "$file" > "$dir/credential"
jq -er .receipt "$file" > "$dir/tombstone"

# 1. the manufacturer's word: serial number and DID of the device
"$berth" vc verify --offline --no-status --trust "$manufacturer" "$dir/credential" > "$dir/report"
jq -e '.verified == true' "$dir/report" > /dev/null

# 2. the device's own: its DID is the whole of the key's document, so nothing is looked up
"$berth" jws verify "$dir/tombstone" > "$dir/payload"

# 3. that they are about the same device, and that it is a tombstone
jq -en --slurpfile r "$dir/report" --slurpfile t "$dir/payload" '
	$r[0].credential.credentialSubject as $device | $t[0].payload as $said |
	if $t[0].header.typ != "berth-receipt+jwt" then error("no receipt")
	elif $said.iss != $device.id then error("signed by another device")
	elif $said.role != "retired" then error("a receipt, but no tombstone")
	else {serial: $device.serial, model: $device.model, retired: true, epoch: $said.epoch,
	      erasure: $said.erasure, owner: $said.aud} end'

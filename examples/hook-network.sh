#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A hook: puts a wireless network that the owner provisioned where wpa_supplicant reads it.
# berth.conf(5), [hook]:
#
#	[hook wifi]
#	program = /usr/local/libexec/berth/hook-network.sh
#	type = network
#	item = wifi
#	uid = 950
#	write = /var/lib/berth-wifi
#
# The item comes on the input, as an owner wrote it: nothing of it is ever run, or a name
# of a file.  The program may run twice for one item (a power cut before its result was
# stored): what it does must be fit for that, or look at BERTH_ITEM_SHA256.
# Status 0: done.  Anything else: tried again later.
set -eu
umask 077
DIR=${BERTH_HOOK_DIR:-/var/lib/berth-wifi}

new=$DIR/.$BERTH_ITEM_ID.new
trap 'rm -f "$new"' EXIT
cat > "$new"

# What another program will believe is looked at first.
if LC_ALL=C grep -qvE '^(ssid|psk)=[[:print:]]*$' "$new" || ! grep -q '^ssid=' "$new"; then
	echo "not lines of ssid= and psk="
	exit 1
fi
sync "$new"
mv "$new" "$DIR/$BERTH_ITEM_ID.conf"
echo "$BERTH_ITEM_ID: $(echo "$BERTH_ITEM_SHA256" | cut -c1-12) is in place"

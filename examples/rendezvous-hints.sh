#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where rendezvous agents are, as DHCP says, for `[rendezvous] hints-file`.  A hook of
# dhclient, as /etc/dhcp/dhclient-exit-hooks.d/berth, with this in dhclient.conf (the
# number is yours to choose; a DHCP server has the same):
#
#	option berth-rendezvous code 230 = text;
#	also request berth-rendezvous;
#
# The option's text is what the file has, entries set apart by commas: "URI, DID URI".
# Other clients call it as a program with the same two variables set.  It is sourced by
# dhclient, so it neither exits nor changes the shell's options.
berth_hints() {
	file=${BERTH_HINTS:-/run/berth/rendezvous.hints}
	case ${reason:-} in
	BOUND|RENEW|REBIND|REBOOT) ;;
	EXPIRE|FAIL|RELEASE|STOP) rm -f "$file"; return 0 ;;
	*) return 0 ;;
	esac
	[ -d "${file%/*}" ] || return 0
	# four lines at most; whatever else is wrong with them the agent finds out
	printf '%s\n' "${new_berth_rendezvous:-}" | tr ',' '\n' | head -n 4 > "$file.new" &&
		chmod 644 "$file.new" && mv -f "$file.new" "$file"
}
berth_hints

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The main job from end to end on one machine: `make demo`.
#
# Four organisations and three gateways, each an agent of its own: configuration,
# state folder, sockets, user id, processes.  Only the names are made up (*.test,
# on 127.0.0.0/8); TPMs are swtpm, everything else is what runs in the field.
# KEEP=1 leaves everything in the temporary folder that is named at the end.
NAME=demo NAMES="factory rendezvous owner"
. "$(dirname "$0")/stage.sh"

# ======== the stage ========
install_berth
mkdir -p "$T/liar" && ln -s ../usr/lib "$T/liar/lib"
for liar in self_made other_ak; do
	mkdir -p "$T/liar/$liar"
	cp "$T"/usr/libexec/berth/berth-* "$T/liar/$liar" && cp "$BUILD/tests/rogue/$liar/berth-keyd" "$T/liar/$liar" || die none "build first: make demo"
done

printf '%sBerth: from the factory to a working gateway, with nobody typing a password.%s\n' "$BOLD" "$OFF"
say "Everything runs here and now in $T: every agent with its own user id," \
    "configuration, state folder, sockets and its four processes (core, keys, network, resolver)."

make_agent factory factory "$(soft_uri factory)" yes "$NET.1"
make_agent rendezvous rendezvous "$(soft_uri rendezvous)" yes "$NET.2"
make_agent owner owner "$(soft_uri owner)" yes "$NET.3"
make_agent impostor owner "$(soft_uri impostor)" yes "$NET.4"
make_agent gw1 gateway "$(tpm_uri gw1)" no
make_agent gw2 gateway "$(soft_uri gw2)" no
make_agent gw3 gateway "$(tpm_uri gw3)" no
make_tpm gw1 & tpm1=$!
make_tpm gw3 & tpm3=$!
start rendezvous
RV=$(get rendezvous '.[] | select(.name == "rendezvous") | .didLong' identity)
for n in factory owner impostor; do
	configure $n <<< "[rendezvous main]"$'\n'"did = $RV"$'\n'"uri = nng+tcp://rendezvous.test:7100"
done
wait $tpm1 || die gw1 "swtpm: $(tail -n 3 "$T/gw1/tpm/setup.log")"
wait $tpm3 || die gw3 "swtpm: $(tail -n 3 "$T/gw3/tpm/setup.log")"
cat "$T"/gw[13]/tpm/ca/{swtpm-localca-rootca-cert,issuercert}.pem > "$T/factory/tpm-makers.pem"
configure factory <<< "[trust]"$'\n'"ek-roots = $T/factory/tpm-makers.pem"
start factory
MAKER=$(get factory '.[] | select(.name == "maker") | .didLong' identity)
ISSUER=$(get factory '.[] | select(.name == "issuer") | .did' identity)
for n in owner impostor; do configure $n <<< "[trust]"$'\n'"issuer = $ISSUER"; done
start owner
start impostor
OWNER=$(get owner '.[] | select(.name == "owner") | .didLong' identity)
OWNER_SHORT=$(get owner '.[] | select(.name == "owner") | .did' identity)
i=0
for n in gw1 gw2 gw3; do
	configure $n <<-C
	[factory]
	did = $MAKER
	uri = nng+tcp://factory.test:7100
	[device]
	serial = GW-000$((++i))
	model = Demo Gateway
	[policy]
	collect = 2
	[api]
	group = $APP_UID
	[principal dashboard]
	uid = $APP_UID
	may = self, device, identity:operational, present:operational, secret:app
	C
done
sed -i 's/, rendezvous.test=[0-9.]*//' "$T/gw2/berth.conf"	# behind a firewall: see step 7

# ======== 1 ========
step "1. A gateway is born in a factory"
say "GW-0001 starts for the first time. Its keys are made inside its TPM and never leave it." \
    "The factory checks the TPM: its maker's certificate, that the attestation key lives in that very" \
    "TPM, and that this key vouches for the gateway's identity. Then it signs the DeviceCredential."
start gw1
wait_until gw1 "was not born" in_state gw1 INITIALIZED
good "GW-0001 is $(get gw1 .state status), keys in $(get gw1 .assurance status)"
run "berth devices list            (at the factory)"
cli factory devices list | indent
stop gw1
good "switched off, packed"
run "berth devices sell GW-0001 --to ${OWNER:0:22}... --out GW-0001.chain"
must factory cli factory devices sell GW-0001 --to "$OWNER" --out "$T/factory/GW-0001.chain" | indent
good "sold: the factory signed the first OwnershipCredential, to the buyer's DID"

# ======== 2 ========
step "2. The new owner takes the papers"
say "The owner's agent verifies the chain and tells the rendezvous: ask me about this device." \
    "It also puts aside what the gateway is to get: a network credential and an application's settings."
hand_over factory owner GW-0001.chain
run "berth devices import GW-0001.chain"
must owner cli owner devices import "$T/owner/GW-0001.chain" | indent
printf 'ssid=plant-7\npsk=correct horse battery staple\n' > "$T/owner/wifi.conf"
printf '{"title":"Plant 7","refresh":5}\n' > "$T/owner/app.json"
chmod 644 "$T"/owner/{wifi.conf,app.json}
run "berth provision GW-0001 --item wifi=wifi.conf --type network"
must owner cli owner provision GW-0001 --item "wifi=$T/owner/wifi.conf" --type network | indent
run "berth provision GW-0001 --item app=app.json --type config"
must owner cli owner provision GW-0001 --item "app=$T/owner/app.json" --type config | indent
wait_until owner "could not register with the rendezvous" device_is owner GW-0001 PUBLISHED
good "registered with the rendezvous; nobody has touched the gateway"

# ======== 3 and 4 ========
step "3. The gateway is switched on, somewhere else"
say "It knows nobody here, not even the time. It asks the rendezvous who owns it, verifies the chain" \
    "from its factory to that owner, and calls the owner. Both prove themselves: the owner with the" \
    "chain, the gateway with fresh evidence of its TPM."
start gw1
wait_until gw1 "was not onboarded" in_state gw1 OPERATIONAL
wait_until owner "does not know that GW-0001 is done" device_is owner GW-0001 ACTIVE
cli owner audit | grep -E 'GW-0001' | tail -n 4 | cut -c30- | indent
good "owner and gateway have proved themselves to each other"
step "4. It gets its operational identity and what was put aside for it"
say "A new DID for daily work, a credential for it from the owner, and both items, all or nothing:" \
    "prepared first, then committed on both sides."
run "berth credentials             (on the gateway)"
must gw1 cli gw1 credentials | indent
good "GW-0001 is OPERATIONAL"

# ======== 5 ========
step "5. A local application uses it"
say "\"dashboard\" is a script under another user id. The kernel says who it is; berth.conf says" \
    "what it may do. No password, no token, no key in the application."
app() { setpriv --reuid $APP_UID --regid $APP_UID --clear-groups --no-new-privs "$@"; }
app_curl() { app curl -s --max-time $PATIENCE --unix-socket "$T/gw1/run/app.sock" "$@"; }
cp "$HERE"/app.sh "$HERE"/app.py "$T"
run "examples/app.sh"
out=$(app "$T/app.sh" "$T/gw1/run/app.sock") || die gw1 "app.sh: $out"
jq -c . <<< "$out" 2>/dev/null | indent
case $out in *'"title"'*'Plant 7'*) ;; *) die gw1 "app.sh did not get its item" ;; esac
run "examples/app.py            (the same in Python)"
out=$(app "$T/app.py" "$T/gw1/run/app.sock" 2>&1) || die gw1 "app.py: $out"
indent <<< "$out"
good "it got the settings it has a right to"
run "curl --unix-socket /run/berth/app.sock http://berth/v1/secrets/wifi"
out=$(app_curl http://berth/v1/secrets/wifi)
echo "$out" | indent
[ "$(jq -r .error <<< "$out")" = E_AUTHZ ] || die gw1 "the network credential was not refused"
good "refused: that one is not for the dashboard"
NONCE=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
run "curl ... -d '{\"audience\":\"https://verifier.test\",\"nonce\":\"${NONCE:0:8}...\"}' http://berth/v1/identities/operational/present"
app_curl -d "{\"audience\":\"https://verifier.test\",\"nonce\":\"$NONCE\"}" http://berth/v1/identities/operational/present |
	jq -r .presentation > "$T/presentation"
[ -s "$T/presentation" ] && ! grep -q null "$T/presentation" || die gw1 "no presentation"
run "berth vp verify --challenge ${NONCE:0:8}... --domain https://verifier.test --trust ${OWNER_SHORT:0:22}... --offline"
offline=; unshare -n true 2>/dev/null && offline="unshare -n"
out=$($offline "$BIN/berth" vp verify --challenge "$NONCE" --domain https://verifier.test --trust "$OWNER_SHORT" --offline \
	"$T/presentation" 2>&1) || die gw1 "the verifier said no: $out"
jq -c '{verified, checks}' <<< "$out" | indent
good "a verifier${offline:+ without any network} believes it"
must_refuse gw1 E_HOLDER "$BIN/berth" vp verify --challenge other --domain https://verifier.test --offline "$T/presentation"
good "but not for another challenge"

# ======== 6 ========
step "6. Power cut"
say "The gateway's daemon is killed with -9 and started again."
stop gw1 -KILL
start gw1
in_state gw1 OPERATIONAL || die gw1 "not OPERATIONAL after kill -9"
run "berth ping"
must gw1 cli gw1 ping --wait $PATIENCE | indent
run "berth status"
cli gw1 status | indent
MS=$(get gw1 .onboarding.ms status) BYTES=$(get gw1 .onboarding.bytes status)
good "still OPERATIONAL; onboarding had taken $MS ms and $BYTES bytes"

# ======== 7 ========
step "7. A second gateway: no TPM, no way to the rendezvous"
say "GW-0002 keeps its keys in a sealed file and sits behind a firewall. Its owner sends an invitation" \
    "file, on a USB stick or in a mail: it is signed, so the way it takes does not matter."
start gw2
wait_until gw2 "was not born" in_state gw2 INITIALIZED
must factory cli factory devices sell GW-0002 --to "$OWNER" --out "$T/factory/GW-0002.chain" > /dev/null
hand_over factory owner GW-0002.chain
must owner cli owner devices import "$T/owner/GW-0002.chain" > /dev/null
run "berth invite --device GW-0002 --out invitation.json"
must owner cli owner invite --device GW-0002 --out "$T/owner/invitation.json" | indent
say "Before it arrives, an impostor tries: a real agent with valid keys of its own, a copy of the chain," \
    "and the owner's invitation, rewritten to its own name and signed by itself."
hand_over factory impostor GW-0002.chain
hand_over owner impostor invitation.json
run "berth devices import GW-0002.chain          (at the impostor)"
must_refuse impostor E_HOLDER cli impostor devices import "$T/impostor/GW-0002.chain"
"$BIN/berth" key generate --type p256 | jq -c .privateJwk > "$T/impostor/key.jwk"
FALSE=$("$BIN/berth" did create jwk --jwk "$T/impostor/key.jwk" | jq -r .did)
jq -r .blob "$T/owner/invitation.json" | cut -d. -f2 | tr '_-' '/+' | base64 -d 2>/dev/null |
	jq -c --arg d "$FALSE" --arg u "nng+tcp://$NET.4:7100" '.ownerDID = $d | .iss = $d | .endpoints = [$u]' > "$T/impostor/blob"
"$BIN/berth" jws sign --jwk "$T/impostor/key.jwk" --typ berth-rv+jwt --kid "$FALSE#0" "$T/impostor/blob" > "$T/impostor/blob.jws"
jq -c --rawfile b "$T/impostor/blob.jws" '.blob = ($b | rtrimstr("\n"))' "$T/owner/invitation.json" > "$T/gw2/forged.json"
chown "${USER_ID[gw2]}" "$T/gw2/forged.json"
run "berth onboard --invitation forged.json       (on the gateway)"
must_refuse gw2 E_AUTHZ cli gw2 onboard --invitation "$T/gw2/forged.json"
good "refused: its name is not at the end of the chain"
hand_over owner gw2 invitation.json
run "berth onboard --invitation invitation.json"
must gw2 cli gw2 onboard --invitation "$T/gw2/invitation.json" | indent
wait_until gw2 "was not onboarded" in_state gw2 OPERATIONAL
SEALED=$(get gw2 .assurance status)
[ "$SEALED" = sealed ] || die gw2 "assurance is $SEALED"
good "GW-0002 is OPERATIONAL; its assurance is reported as what it is: $SEALED"

# ======== 8 ========
step "8. Devices that lie"
say "GW-0003 has a TPM, but its software was replaced by one that certifies its keys itself," \
    "with a key that it has made up."
start gw3 "$T/liar/self_made"
wait_until factory "did not refuse GW-0003" audit_says factory 1 'refused.*E_SIG'
cli factory audit | grep refused | tail -n 1 | cut -c30- | indent
! in_state gw3 INITIALIZED || die gw3 "GW-0003 was born with a certification of its own making"
good "refused by the factory: no TPM has signed that"
stop gw3
say "Set right, it is born and sold. Then its TPM vouches for its keys with another attestation key," \
    "a real one, but not the one that the factory has examined."
start gw3
wait_until gw3 "was not born" in_state gw3 INITIALIZED
stop gw3
must factory cli factory devices sell GW-0003 --to "$OWNER" --out "$T/factory/GW-0003.chain" > /dev/null
hand_over factory owner GW-0003.chain
must owner cli owner devices import "$T/owner/GW-0003.chain" > /dev/null
wait_until owner "could not register with the rendezvous" device_is owner GW-0003 PUBLISHED
start gw3 "$T/liar/other_ak"
wait_until owner "did not refuse GW-0003" audit_says owner 1 'GW-0003 refused: E_SIG'
cli owner audit | grep 'GW-0003 refused' | tail -n 1 | cut -c30- | indent
! in_state gw3 OPERATIONAL || die gw3 "GW-0003 was onboarded with another attestation key"
good "refused by the owner: not the attestation key of its DeviceCredential"

# ======== the end ========
must owner cli owner audit verify > /dev/null
step "Done"
run "berth devices list            (at the owner)"
cli owner devices list | { IFS= read -r line; printf '%s\n' "$line"; sort; } | indent
printf '\n%sdemo passed%s: GW-0001 OPERATIONAL (hardware) after kill -9, %s ms and %s bytes to onboard; GW-0002 OPERATIONAL (%s); 3 impostors refused; %d s\n' \
	"$GREEN" "$OFF" "$MS" "$BYTES" "$SEALED" "$((SECONDS - STARTED))"

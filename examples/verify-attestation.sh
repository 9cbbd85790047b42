#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Judges what `berth key attest` printed without any code of Berth: with openssl,
# tpm2-tools (no TPM is needed), jq and sha256sum.
#
#	verify-attestation.sh EVIDENCE.json ROOTS.pem NONCE-HEX [OUT]
#
# One line a fact, `ok` or `FAIL`; exit status 1 when one failed.  With OUT it also
# leaves OUT/credential and OUT/secret: the first is for the device (TPM2_MakeCredential
# to its endorsement key for the attestation key), and only that TPM gets from it what is
# in the second.
set -u
evidence=${1:?} roots=${2:?} nonce=$(echo "${3:?}" | tr A-F a-f) out=${4:-}
t=$(mktemp -d) || exit 1
trap 'rm -rf "$t"' EXIT
bad=0

fact() {	# text, then a command that tells whether it is so
	text=$1
	shift
	if "$@" >"$t/said" 2>&1; then echo "ok    $text"; else echo "FAIL  $text"; bad=1; fi
}
hex() { xxd -p "$1" | tr -d '\n'; }
take() {	# jq path -> file
	jq -er "$1 // empty" "$evidence" 2>/dev/null | tr -- '-_' '+/' | sed 's/$/===/' | base64 -di 2>/dev/null >"$t/$2"
}
take .keyPublic key; take .akPublic ak; take .ekPublic ek; take .ekCertificate ek.der
take .certify.attest certify; take .certify.signature certify.rs
take .quote.attest quote; take .quote.signature quote.rs; take .nonce nonce

# r || s as openssl and as a TPM write it; a key as PEM and as TPM2B
integer() { printf %s "$1" | sed 's/^\(00\)*//; s/^[89a-f]/00&/' | awk '{ printf "02%02x%s", length($0) / 2, $0 }'; }
signature() {
	rs=$(hex "$t/$1.rs") r=${rs%????????????????????????????????????????????????????????????????} s=${rs#????????????????????????????????????????????????????????????????}
	body=$(integer "$r")$(integer "$s")
	printf '30%02x%s' $((${#body} / 2)) "$body" | xxd -r -p >"$t/$1.der"
	printf '0018000b0020%s0020%s' "$r" "$s" | xxd -r -p >"$t/$1.tss"
}
pem() {
	n=$(wc -c <"$t/$1")
	{ printf '%04x' "$n" | xxd -r -p; cat "$t/$1"; } >"$t/$1.tpm2b"
	tpm2_print -t TPM2B_PUBLIC -f pem "$t/$1.tpm2b" >"$t/$1.pem" 2>/dev/null
	tpm2_print -t TPM2B_PUBLIC "$t/$1.tpm2b" >"$t/$1.yaml" 2>/dev/null
}
name() { printf 000b; sha256sum <"$t/$1" | cut -c-64; }
signature certify; signature quote
pem key; pem ak; pem ek

attributes() { sed -n '/^attributes:/,/raw:/s/^  value: *//p' "$t/$1.yaml"; }
has() {	# key, attributes that must be there
	for a in $2; do attributes "$1" | tr '|' '\n' | grep -qx "$a" || return 1; done
}
lacks() {
	for a in $2; do attributes "$1" | tr '|' '\n' | grep -qx "$a" && return 1; done
	[ -n "$(attributes "$1")" ]
}
same_key() {
	openssl x509 -inform DER -in "$t/ek.der" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum >"$t/a" &&
		openssl pkey -pubin -in "$t/ek.pem" -outform DER | sha256sum | cmp - "$t/a"
}
is() { [ -n "$2" ] && [ "$1" = "$2" ]; }
# A TPMS_ATTEST: magic, type, the signer's name, the nonce, clock, firmware, the name.
# By hand, for tpm2_print does not read those of type certify.
said() { hex "$t/certify" | cut -c"$1"; }

openssl x509 -inform DER -in "$t/ek.der" -out "$t/ek.cert.pem" 2>/dev/null
fact 'the endorsement certificate leads to a root' openssl verify -CAfile "$roots" "$t/ek.cert.pem"
fact 'and is for the endorsement key shown' same_key
fact 'the attestation key is restricted, signs, and never leaves its TPM' \
	has ak 'fixedtpm fixedparent sensitivedataorigin restricted sign'
fact 'and does nothing else' lacks ak decrypt
fact 'the key never leaves its TPM' has key 'fixedtpm fixedparent sensitivedataorigin'
fact 'and is not restricted' lacks key restricted
fact 'the nonce is the one that was asked with' is "$(hex "$t/nonce")" "$nonce"
fact 'the certification has the magic of a TPM' is "$(said 1-8)" ff544347
fact 'and is one' is "$(said 9-12)" 8017
fact 'for this nonce' is "$(said 85-152)" "0020$nonce"
fact 'of exactly this key' is "$(said 203-274)" "0022$(name key)"
fact 'signed by the attestation key' \
	openssl dgst -sha256 -verify "$t/ak.pem" -signature "$t/certify.der" "$t/certify"
fact 'the quote holds for this nonce' \
	tpm2_checkquote -u "$t/ak.pem" -m "$t/quote" -s "$t/quote.tss" -q "$nonce" -g sha256
if [ -n "$out" ]; then
	openssl rand 32 >"$out/secret"
	fact 'a credential for the endorsement key and this attestation key' \
		tpm2_makecredential -T none -e "$t/ek.tpm2b" -s "$out/secret" -n "$(name ak)" -o "$out/credential"
fi
exit $bad

/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/pin.h"

static const struct berth_secret_file pin = { .what = "PIN file", .max = BERTH_PIN_MAX };

enum berth_err berth_pin_read(struct berth_secret **out, const char *source, uint8_t stamp[BERTH_SECRET_STAMP_LEN])
{
	enum berth_err rc;
	bool there;

	if (source && source[0])
		return berth_secret_file_read(out, &pin, source, stamp);
	rc = berth_secret_file_credential(out, &pin, "berth-pin", stamp, &there);
	if (!rc && !there)
		rc = berth_fail(BERTH_E_KEYSTORE, "a token needs its PIN: pin-source in [keystore] or in the URI, "
				"or the systemd credential berth-pin");
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_SANITIZED_H
#define BERTH_DID_BASE_SANITIZED_H

/* Whether the address sanitizer is there, from which memory that is used again by ourselves would
 * hide mistakes. */
#ifdef __has_feature
#define BERTH_SANITIZED __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define BERTH_SANITIZED 1
#else
#define BERTH_SANITIZED 0
#endif

#endif /* BERTH_DID_BASE_SANITIZED_H */

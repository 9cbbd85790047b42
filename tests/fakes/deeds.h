/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_DEEDS_H
#define BERTH_TESTS_FAKES_DEEDS_H

/* What processes that confine themselves are tried with (C159): one thing each, done by a
 * process of its own in the folder of the test. */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* 0: done; else an errno. */
typedef int deed(void);

deed deed_exec_true, deed_fork_once, deed_shell, deed_give_up;
deed deed_trace_parent, deed_read_parent, deed_signal_parent, deed_limits_of_parent;
deed deed_own_namespace, deed_mount_it, deed_other_uid, deed_io_ring, deed_keyring, deed_type_for_the_user;
deed deed_unix_socket, deed_inet_socket, deed_inet6_socket, deed_packet_socket, deed_bluetooth_socket, deed_alg_socket;
deed deed_map_data, deed_map_code, deed_map_written_code, deed_in_memory_file;
deed deed_thread, deed_late_library, deed_look_up, deed_make_outside;

/* To make more of: what a system call returned; a file opened; a socket bound, and gone. */
int deed_result(long r);
int deed_look(const char *path, int flags);
int deed_socket_at(const char *path);

/* How a process ends that confines itself so and then does that: 0 or an errno, or
 * -signal. */
int deed_outcome(void (*confine)(void *arg), void *arg, deed *what);
#define KILLED (-SIGSYS)

bool deed_have_landlock(void);

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))
/* Each of these ends like that; outcome() is the test's own. */
#define CHECK_DEEDS(list, want) do { \
	for (size_t i_ = 0; i_ < COUNT(list); i_++) { \
		int got_ = outcome((list)[i_]); \
		if (got_ != (want)) \
			fail_msg("%s[%zu]: %d", #list, i_, got_); \
	} \
} while (0)

#endif

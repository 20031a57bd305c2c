/*
 * networks -- a set of IP networks, such as "10.0.0.0/8,::1". Pure; any thread.
 */
#ifndef TICKR_BASE_NETWORKS_H
#define TICKR_BASE_NETWORKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"

#define NETWORKS_MOST	      32
#define NETWORKS_ADDRESS_SIZE 16 /* bytes of an address: IPv6, or ::ffff:a.b.c.d */

/* Zeroed, it is empty. */
struct networks {
	struct {
		uint8_t address[NETWORKS_ADDRESS_SIZE];
		unsigned bits; /* of the address that count, 0 to 128 */
	} list[NETWORKS_MOST];
	size_t count;
	bool has_unix; /* clients of Unix sockets belong to it */
};

/*
 * Read TEXT: addresses, networks (address/bits) and the word unix, separated by commas and blanks. False: PROBLEM
 * says which one is wrong. "" is the empty set.
 */
bool networks_parse(const char *text, struct networks *networks, struct text *problem) MUST_CHECK;

/* Return whether ADDRESS belongs to one of NETWORKS. */
bool networks_have(const struct networks *networks,
		   const uint8_t address[NETWORKS_ADDRESS_SIZE]) MUST_CHECK;

/* Read the LEN bytes at TEXT as an address, IPv4 or IPv6, which may have a port: 10.1.2.3:80, [::1]:80, ::1. */
bool networks_read_address(const char *text, size_t len,
			   uint8_t address[NETWORKS_ADDRESS_SIZE]) MUST_CHECK;

/* Clear all bits of ADDRESS but the first 24 of IPv4, or the first 48 of IPv6. */
void networks_blur(uint8_t address[NETWORKS_ADDRESS_SIZE]);

#endif

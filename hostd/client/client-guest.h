/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests, networks and mistakes as the API gives them, in the words that every client uses. */
#pragma once

#include "base/text.h"
#include "client/client-call.h"

/* "running", "paused"…; NULL where it is missing. */
const char *client_guest_state(sd_json_variant *guest);
/* What its definition gives a NIC, or else what it was seen to use: the index-th, or NULL. */
const char *client_nic_address(sd_json_variant *nic, size_t index);
/* The first of any NIC, or NULL. */
const char *client_guest_address(sd_json_variant *guest);
/* "mvirt.conf:12: unknown key". New string or NULL. */
char *client_mistake_text(sd_json_variant *mistake);

/* "192.0.2.7/24 (dhcp)", an address of a network. New string or NULL. */
char *client_address_text(sd_json_variant *address);

/*
 * Waits until nothing is under way with the guests any more (Guest.settled), each of which leaves
 * the list then. goal: the state that each is to be in, NULL: any. failed is called for a guest
 * that is in another one, with one line for people. Returns how many those are, or -errno with an
 * error.
 */
int client_wait_for_guests(sd_varlink *varlink, struct text_list *names, const char *goal,
			   void (*failed)(const char *line), struct error *error);

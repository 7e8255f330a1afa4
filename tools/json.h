/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef JSON_H
#define JSON_H

/*
 * Of docs/ipsecstat.schema.json. Rises when a key goes or changes its meaning,
 * not when one is added.
 */
#define JSON_VERSION 1

#endif

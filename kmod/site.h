/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_SITE_H
#define _IPSECSTAT_SITE_H

#include <linux/types.h>

/**
 * enum ipsecstat_site - the function of a call site
 * @IPSECSTAT_SITE_UNKNOWN: none of those below
 * @IPSECSTAT_SITE_POLICY: frees what the policy check refused
 * @IPSECSTAT_SITE_FORWARD: the same, for forwarded packets
 * @IPSECSTAT_SITE_INPUT: xfrm_input()
 * @IPSECSTAT_SITE_OUTPUT: xfrm_output_one(), which refuses and frees
 * @IPSECSTAT_SITE_FLUSH: xfrm_state_flush()
 */
enum ipsecstat_site {
	IPSECSTAT_SITE_UNKNOWN,
	IPSECSTAT_SITE_POLICY,
	IPSECSTAT_SITE_FORWARD,
	IPSECSTAT_SITE_INPUT,
	IPSECSTAT_SITE_OUTPUT,
	IPSECSTAT_SITE_FLUSH,
};

int ipsecstat_site_init(void);
void ipsecstat_site_exit(void);
enum ipsecstat_site ipsecstat_site(const void *location);

#endif /* _IPSECSTAT_SITE_H */

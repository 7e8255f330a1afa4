/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conversion of the kernel's figures into those of WFP. */
#ifndef FWP_STATISTICS_H
#define FWP_STATISTICS_H

#include <ipsectypes.h>

#include "reply.h"

void fwp_statistics_derive(const struct fwp_reply *reply,
			   IPSEC_STATISTICS1 *stats);

/* Version 0 is version 1 without its last fields. */
void fwp_statistics_narrow(const IPSEC_STATISTICS1 *stats1,
			   IPSEC_STATISTICS0 *stats);

#endif /* FWP_STATISTICS_H */

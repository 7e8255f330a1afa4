/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_DROP_H
#define _IPSECSTAT_DROP_H

#include <linux/types.h>

bool ipsecstat_drop_is_armed(void);
int ipsecstat_drop_arm(void);
void ipsecstat_drop_arm_soon(void);
int ipsecstat_drop_attach(void);
void ipsecstat_drop_detach(void);

#endif /* _IPSECSTAT_DROP_H */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_TRAFFIC_H
#define _IPSECSTAT_TRAFFIC_H

int ipsecstat_traffic_attach(void);
void ipsecstat_traffic_detach(void);

#endif /* _IPSECSTAT_TRAFFIC_H */

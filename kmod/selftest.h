/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPSECSTAT_SELFTEST_H
#define _IPSECSTAT_SELFTEST_H

int ipsecstat_selftest(void);

#endif /* _IPSECSTAT_SELFTEST_H */

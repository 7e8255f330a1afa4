/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names without a version. NTDDI_VERSION, or _WIN32_WINNT, chooses between
 * version 0 and 1 where there are two.
 */
#ifndef FWPUCLNT_FWPVI_H
#define FWPUCLNT_FWPVI_H

#include "sdkddkver.h"

#define FWP_VALUE			FWP_VALUE0
#define FWPM_DISPLAY_DATA		FWPM_DISPLAY_DATA0
#define FWPM_SESSION			FWPM_SESSION0

#define FwpmFreeMemory			FwpmFreeMemory0
#define FwpmEngineOpen			FwpmEngineOpen0
#define FwpmEngineClose			FwpmEngineClose0
#define FwpmEngineGetOption		FwpmEngineGetOption0
#define FwpmTransactionBegin		FwpmTransactionBegin0
#define FwpmTransactionCommit		FwpmTransactionCommit0
#define FwpmTransactionAbort		FwpmTransactionAbort0

#define IPSEC_AGGREGATE_SA_STATISTICS	IPSEC_AGGREGATE_SA_STATISTICS0
#define IPSEC_ESP_DROP_PACKET_STATISTICS IPSEC_ESP_DROP_PACKET_STATISTICS0
#define IPSEC_AH_DROP_PACKET_STATISTICS	IPSEC_AH_DROP_PACKET_STATISTICS0

#if NTDDI_VERSION >= NTDDI_WIN7
#define IPSEC_AGGREGATE_DROP_PACKET_STATISTICS	\
	IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1
#define IPSEC_TRAFFIC_STATISTICS	IPSEC_TRAFFIC_STATISTICS1
#define IPSEC_STATISTICS		IPSEC_STATISTICS1
#define IPsecGetStatistics		IPsecGetStatistics1
#else
#define IPSEC_AGGREGATE_DROP_PACKET_STATISTICS	\
	IPSEC_AGGREGATE_DROP_PACKET_STATISTICS0
#define IPSEC_TRAFFIC_STATISTICS	IPSEC_TRAFFIC_STATISTICS0
#define IPSEC_STATISTICS		IPSEC_STATISTICS0
#define IPsecGetStatistics		IPsecGetStatistics0
#endif

#endif /* FWPUCLNT_FWPVI_H */

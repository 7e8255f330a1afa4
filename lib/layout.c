// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The library does not compile unless its structures have the layout of
 * Windows, the same for 32 and 64 bits. These are sizes and offsets that a
 * change could move; selftests/lib compares every field.
 */
#include <stddef.h>

#include <fwpmtypes.h>
#include <ipsectypes.h>

#define SIZE(type, size)						\
	_Static_assert(sizeof(type) == (size), "size of " #type)
#define AT(type, member, offset)					\
	_Static_assert(offsetof(type, member) == (offset),		\
		       #type "." #member)

SIZE(DWORD, 4);
SIZE(LONG, 4);
SIZE(BOOL, 4);
SIZE(UINT64, 8);
SIZE(GUID, 16);
SIZE(HANDLE, sizeof(void *));

SIZE(IPSEC_AGGREGATE_SA_STATISTICS0, 28);
SIZE(IPSEC_ESP_DROP_PACKET_STATISTICS0, 20);
SIZE(IPSEC_AH_DROP_PACKET_STATISTICS0, 16);
SIZE(IPSEC_AGGREGATE_DROP_PACKET_STATISTICS0, 36);
SIZE(IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1, 40);
SIZE(IPSEC_TRAFFIC_STATISTICS0, 48);
SIZE(IPSEC_TRAFFIC_STATISTICS1, 56);

SIZE(IPSEC_STATISTICS0, 200);
AT(IPSEC_STATISTICS0, espDropPacketStatistics, 28);
AT(IPSEC_STATISTICS0, ahDropPacketStatistics, 48);
AT(IPSEC_STATISTICS0, aggregateDropPacketStatistics, 64);
AT(IPSEC_STATISTICS0, inboundTrafficStatistics, 104);
AT(IPSEC_STATISTICS0, outboundTrafficStatistics, 152);

SIZE(IPSEC_STATISTICS1, 216);
AT(IPSEC_STATISTICS1, espDropPacketStatistics, 28);
AT(IPSEC_STATISTICS1, ahDropPacketStatistics, 48);
AT(IPSEC_STATISTICS1, aggregateDropPacketStatistics, 64);
AT(IPSEC_STATISTICS1, inboundTrafficStatistics, 104);
AT(IPSEC_STATISTICS1, outboundTrafficStatistics, 160);

/*
 * Fields that version 1 adds come last: fwp_statistics_narrow() copies the
 * rest.
 */
AT(IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1, totalDropPacketsInbound,
	sizeof(IPSEC_AGGREGATE_DROP_PACKET_STATISTICS0));
AT(IPSEC_TRAFFIC_STATISTICS1, totalSuccessfulPackets,
	sizeof(IPSEC_TRAFFIC_STATISTICS0));

SIZE(FWP_VALUE0, 2 * sizeof(void *));
AT(FWP_VALUE0, uint32, sizeof(void *));
SIZE(FWPM_DISPLAY_DATA0, 2 * sizeof(void *));
SIZE(FWPM_SESSION0, sizeof(void *) == 8 ? 72 : 48);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * IPsec statistics, laid out as Windows lays them out.
 *
 * What the fields count on Linux, all of one network namespace since the module
 * ipsecstat was attached to it:
 *
 * - An SA is an ESP or AH xfrm state. States of IPComp and IPIP are not
 * counted. - A byte is what the kernel adds to an SA's lifetime (ip -s xfrm
 * state): the inner IP packet in tunnel mode, the transport payload in
 * transport mode. - A packet is one transform by one SA; under two SAs it
 * counts for each. - Counters never go down while the module is loaded. The
 * kernel keeps 64 bits; a UINT32 counter is the value modulo 2^32. - Gauges are
 * exact at the moment of reading; a UINT32 gauge stops at its maximum.
 *
 * Xfrm... names the line of /proc/net/xfrm_stat that agrees. fwpuclnt(7) has
 * the same as one table.
 */
#ifndef FWPUCLNT_IPSECTYPES_H
#define FWPUCLNT_IPSECTYPES_H

#include "fwptypes.h"

/**
 * struct IPSEC_AGGREGATE_SA_STATISTICS0 - SAs
 * @activeSas: gauge: SAs in state VALID, soft-expired ones included
 * @pendingSaNegotiations: gauge: larval SAs, for an acquire in progress or an SPI
 *	reserved and not yet filled
 * @totalSasAdded: SAs that became VALID: new, larval and filled, migrated, and
 *	those found when the module was attached
 * @totalSasDeleted: VALID SAs that left: deleted, flushed, expired, migrated,
 *	their device or namespace gone. totalSasAdded - totalSasDeleted ==
 *	activeSas in every reply
 * @successfulRekeys: pairs of SAs rekeyed: a new outbound SA became VALID while
 *	another one for the same was live (same family, addresses, protocol,
 *	mode, reqid other than 0, if_id and mark; another SPI)
 * @activeTunnels: gauge: pairs of outer addresses, per if_id, with at least one
 *	VALID SA in tunnel mode
 * @offloadedSas: gauge: VALID SAs bound to a device, for crypto or packet
 *	offload
 */
typedef struct IPSEC_AGGREGATE_SA_STATISTICS0_ {
	UINT32 activeSas;
	UINT32 pendingSaNegotiations;
	UINT32 totalSasAdded;
	UINT32 totalSasDeleted;
	UINT32 successfulRekeys;
	UINT32 activeTunnels;
	UINT32 offloadedSas;
} IPSEC_AGGREGATE_SA_STATISTICS0;

/**
 * struct IPSEC_ESP_DROP_PACKET_STATISTICS0 - inbound ESP packets dropped
 * @invalidSpisOnInbound: no SA has the SPI. Part of XfrmInNoStates
 * @decryptionFailuresOnInbound: the SA was found, and its transform failed
 *	otherwise than by the ICV: padding, trailer, too short, crypto error.
 *	Part of XfrmInStateProtoError
 * @authenticationFailuresOnInbound: wrong ICV, found in software or by a device.
 *	Part of XfrmInStateProtoError
 * @replayCheckFailuresOnInbound: outside the replay window or already seen.
 *	Part of XfrmInStateSeqError
 * @saNotInitializedOnInbound: the SA is still larval. Part of XfrmAcquireError
 *
 * ESP in UDP and ESP in TCP included, IPv4 and IPv6.
 */
typedef struct IPSEC_ESP_DROP_PACKET_STATISTICS0_ {
	UINT32 invalidSpisOnInbound;
	UINT32 decryptionFailuresOnInbound;
	UINT32 authenticationFailuresOnInbound;
	UINT32 replayCheckFailuresOnInbound;
	UINT32 saNotInitializedOnInbound;
} IPSEC_ESP_DROP_PACKET_STATISTICS0;

/**
 * struct IPSEC_AH_DROP_PACKET_STATISTICS0 - inbound AH packets dropped
 * @invalidSpisOnInbound: no SA has the SPI. Part of XfrmInNoStates
 * @authenticationFailuresOnInbound: wrong ICV. Part of XfrmInStateProtoError
 * @replayCheckFailuresOnInbound: outside the replay window or already seen.
 *	Part of XfrmInStateSeqError
 * @saNotInitializedOnInbound: the SA is still larval. Part of XfrmAcquireError
 */
typedef struct IPSEC_AH_DROP_PACKET_STATISTICS0_ {
	UINT32 invalidSpisOnInbound;
	UINT32 authenticationFailuresOnInbound;
	UINT32 replayCheckFailuresOnInbound;
	UINT32 saNotInitializedOnInbound;
} IPSEC_AH_DROP_PACKET_STATISTICS0;

/**
 * struct IPSEC_AGGREGATE_DROP_PACKET_STATISTICS0 - inbound packets dropped
 * @invalidSpisOnInbound: ESP and AH together
 * @decryptionFailuresOnInbound: ESP's
 * @authenticationFailuresOnInbound: ESP and AH together
 * @udpEspValidationFailuresOnInbound: the encapsulation of the packet in UDP or
 *	TCP, or its lack, is not that of the SA. XfrmInStateMismatch, as far as
 *	the input path raises it
 * @replayCheckFailuresOnInbound: ESP and AH together
 * @invalidClearTextInbound: the packet passed no SA, and an inbound or forward
 *	policy requires one. XfrmInTmplMismatch without a secpath
 * @saNotInitializedOnInbound: ESP and AH together
 * @receiveOverIncorrectSaInbound: the packet arrived over an SA that does not
 *	match it: selector, template, direction or mode. XfrmInStateMismatch,
 *	as far as the policy check raises it, XfrmInTmplMismatch with a
 *	secpath, XfrmInStateDirError and XfrmInStateModeError
 * @secureReceivesNotMatchingFilters: the packet passed an SA, and no policy or
 *	a block policy matches it. XfrmInNoPols and XfrmInPolBlock with a
 *	secpath
 */
typedef struct IPSEC_AGGREGATE_DROP_PACKET_STATISTICS0_ {
	UINT32 invalidSpisOnInbound;
	UINT32 decryptionFailuresOnInbound;
	UINT32 authenticationFailuresOnInbound;
	UINT32 udpEspValidationFailuresOnInbound;
	UINT32 replayCheckFailuresOnInbound;
	UINT32 invalidClearTextInbound;
	UINT32 saNotInitializedOnInbound;
	UINT32 receiveOverIncorrectSaInbound;
	UINT32 secureReceivesNotMatchingFilters;
} IPSEC_AGGREGATE_DROP_PACKET_STATISTICS0;

/**
 * struct IPSEC_TRAFFIC_STATISTICS0 - bytes in one direction
 * @encryptedByteCount: ESP with a real cipher, neither the null cipher nor GMAC
 * @authenticatedAHByteCount: AH
 * @authenticatedESPByteCount: ESP with an ICV: AEAD, GMAC, or a separate
 *	authentication algorithm other than digest_null
 * @transportByteCount: ESP and AH in transport mode
 * @tunnelByteCount: ESP and AH in tunnel, BEET or IPTFS mode. With
 *	@transportByteCount, the bytes of all ESP and AH SAs
 * @offloadByteCount: SAs bound to a device; under packet offload the device
 *	counts
 *
 * The bytes of an SA are in every field that applies to it.
 */
typedef struct IPSEC_TRAFFIC_STATISTICS0_ {
	UINT64 encryptedByteCount;
	UINT64 authenticatedAHByteCount;
	UINT64 authenticatedESPByteCount;
	UINT64 transportByteCount;
	UINT64 tunnelByteCount;
	UINT64 offloadByteCount;
} IPSEC_TRAFFIC_STATISTICS0;

/**
 * struct IPSEC_STATISTICS0 - result of IPsecGetStatistics0
 * @aggregateSaStatistics: SAs
 * @espDropPacketStatistics: inbound ESP packets dropped
 * @ahDropPacketStatistics: inbound AH packets dropped
 * @aggregateDropPacketStatistics: inbound packets dropped, of any protocol
 * @inboundTrafficStatistics: bytes received over SAs
 * @outboundTrafficStatistics: bytes sent over SAs
 */
typedef struct IPSEC_STATISTICS0_ {
	IPSEC_AGGREGATE_SA_STATISTICS0 aggregateSaStatistics;
	IPSEC_ESP_DROP_PACKET_STATISTICS0 espDropPacketStatistics;
	IPSEC_AH_DROP_PACKET_STATISTICS0 ahDropPacketStatistics;
	IPSEC_AGGREGATE_DROP_PACKET_STATISTICS0 aggregateDropPacketStatistics;
	IPSEC_TRAFFIC_STATISTICS0 inboundTrafficStatistics;
	IPSEC_TRAFFIC_STATISTICS0 outboundTrafficStatistics;
} IPSEC_STATISTICS0;

#if NTDDI_VERSION >= NTDDI_WIN7

/**
 * struct IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1 - inbound packets dropped
 * @invalidSpisOnInbound: see version 0, as all fields but the last
 * @decryptionFailuresOnInbound: see version 0
 * @authenticationFailuresOnInbound: see version 0
 * @udpEspValidationFailuresOnInbound: see version 0
 * @replayCheckFailuresOnInbound: see version 0
 * @invalidClearTextInbound: see version 0
 * @saNotInitializedOnInbound: see version 0
 * @receiveOverIncorrectSaInbound: see version 0
 * @secureReceivesNotMatchingFilters: see version 0
 * @totalDropPacketsInbound: every inbound packet that IPsec input or the
 *	inbound or forward policy check dropped, including those without a
 *	field of their own. The sum of all XfrmIn* and inbound
 *	XfrmAcquireError
 */
typedef struct IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1_ {
	UINT32 invalidSpisOnInbound;
	UINT32 decryptionFailuresOnInbound;
	UINT32 authenticationFailuresOnInbound;
	UINT32 udpEspValidationFailuresOnInbound;
	UINT32 replayCheckFailuresOnInbound;
	UINT32 invalidClearTextInbound;
	UINT32 saNotInitializedOnInbound;
	UINT32 receiveOverIncorrectSaInbound;
	UINT32 secureReceivesNotMatchingFilters;
	UINT32 totalDropPacketsInbound;
} IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1;

/**
 * struct IPSEC_TRAFFIC_STATISTICS1 - bytes and packets in one direction
 * @encryptedByteCount: see version 0, as all fields but the last
 * @authenticatedAHByteCount: see version 0
 * @authenticatedESPByteCount: see version 0
 * @transportByteCount: see version 0
 * @tunnelByteCount: see version 0
 * @offloadByteCount: see version 0
 * @totalSuccessfulPackets: packets of all ESP and AH SAs
 */
typedef struct IPSEC_TRAFFIC_STATISTICS1_ {
	UINT64 encryptedByteCount;
	UINT64 authenticatedAHByteCount;
	UINT64 authenticatedESPByteCount;
	UINT64 transportByteCount;
	UINT64 tunnelByteCount;
	UINT64 offloadByteCount;
	UINT64 totalSuccessfulPackets;
} IPSEC_TRAFFIC_STATISTICS1;

/**
 * struct IPSEC_STATISTICS1 - result of IPsecGetStatistics1
 * @aggregateSaStatistics: SAs
 * @espDropPacketStatistics: inbound ESP packets dropped
 * @ahDropPacketStatistics: inbound AH packets dropped
 * @aggregateDropPacketStatistics: inbound packets dropped, of any protocol
 * @inboundTrafficStatistics: bytes and packets received over SAs
 * @outboundTrafficStatistics: bytes and packets sent over SAs
 */
typedef struct IPSEC_STATISTICS1_ {
	IPSEC_AGGREGATE_SA_STATISTICS0 aggregateSaStatistics;
	IPSEC_ESP_DROP_PACKET_STATISTICS0 espDropPacketStatistics;
	IPSEC_AH_DROP_PACKET_STATISTICS0 ahDropPacketStatistics;
	IPSEC_AGGREGATE_DROP_PACKET_STATISTICS1 aggregateDropPacketStatistics;
	IPSEC_TRAFFIC_STATISTICS1 inboundTrafficStatistics;
	IPSEC_TRAFFIC_STATISTICS1 outboundTrafficStatistics;
} IPSEC_STATISTICS1;

#endif /* NTDDI_VERSION >= NTDDI_WIN7 */

#endif /* FWPUCLNT_IPSECTYPES_H */

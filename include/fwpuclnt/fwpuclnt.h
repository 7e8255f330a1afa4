/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libfwpuclnt offers beyond Windows' own names. A program that is to
 * compile for Windows too does without this header.
 */
#ifndef FWPUCLNT_FWPUCLNT_H
#define FWPUCLNT_FWPUCLNT_H

#include "windef.h"
#include "ipsectypes.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * FwpuclntErrorName - the name of a code in winerror.h
 * @code: what a function of the library returned
 *
 * Return: "FWP_E_TIMEOUT" and the like, "unknown code" where there is no name.
 * Never NULL, never to be freed, in ASCII.
 */
const char *FwpuclntErrorName(DWORD code);

/**
 * FwpuclntErrorText - what a code means, and what to do about it
 * @code: what a function of the library returned
 *
 * Return: one English phrase in ASCII without a full stop at the end. For a
 * code that this library never returns, the same as FwpuclntErrorName().
 */
const char *FwpuclntErrorText(DWORD code);

/**
 * enum FWPUCLNT_PEER_STATE - what a peer is by its SAs
 * @FWPUCLNT_PEER_DOWN: it has none
 * @FWPUCLNT_PEER_NEGOTIATING: it has larval ones only
 * @FWPUCLNT_PEER_HALF: it has active ones in one direction only
 * @FWPUCLNT_PEER_UP: it has active ones in both directions
 */
typedef enum FWPUCLNT_PEER_STATE_ {
	FWPUCLNT_PEER_DOWN,
	FWPUCLNT_PEER_NEGOTIATING,
	FWPUCLNT_PEER_HALF,
	FWPUCLNT_PEER_UP
} FWPUCLNT_PEER_STATE;

/**
 * enum FWPUCLNT_END_REASON - why an SA ended
 * @FWPUCLNT_END_TIME: its hard limit in seconds
 * @FWPUCLNT_END_BYTES: its hard limit in bytes
 * @FWPUCLNT_END_PACKETS: its hard limit in packets
 * @FWPUCLNT_END_DELETED: a process named and deleted it
 * @FWPUCLNT_END_FLUSHED: a process deleted all SAs
 * @FWPUCLNT_END_MIGRATED: a process gave it other ends, or another if_id
 * @FWPUCLNT_END_DEVICE: the device it was offloaded to is gone or down
 * @FWPUCLNT_END_UNANSWERED: it was larval, and no SA took its place
 *
 * A later kernel module can know more.
 */
typedef enum FWPUCLNT_END_REASON_ {
	FWPUCLNT_END_TIME,
	FWPUCLNT_END_BYTES,
	FWPUCLNT_END_PACKETS,
	FWPUCLNT_END_DELETED,
	FWPUCLNT_END_FLUSHED,
	FWPUCLNT_END_MIGRATED,
	FWPUCLNT_END_DEVICE,
	FWPUCLNT_END_UNANSWERED
} FWPUCLNT_END_REASON;

/**
 * struct FWPUCLNT_ENDED - how the SA of a peer that ended last did so
 * @at: when, in nanoseconds of CLOCK_BOOTTIME; 0 if none ended
 * @reason: an FWPUCLNT_END_REASON
 * @spi: its SPI
 * @outbound: 1 if it was outbound, otherwise 0
 * @replaced: 1 if another SA in its direction was active, otherwise 0
 * @pid: the process that ended it, 0 if none did
 * @command: the name of that process
 */
typedef struct FWPUCLNT_ENDED_ {
	UINT64 at;
	UINT32 reason;
	UINT32 spi;
	UINT32 outbound;
	UINT32 replaced;
	UINT32 pid;
	char command[20];
} FWPUCLNT_ENDED;

/**
 * enum FWPUCLNT_DROP_REASON - why a packet was dropped
 * @FWPUCLNT_DROP_NO_STATE: no SA has its SPI
 * @FWPUCLNT_DROP_AUTH: its ICV is wrong
 * @FWPUCLNT_DROP_TRANSFORM: it cannot be decrypted or taken apart
 * @FWPUCLNT_DROP_REPEATED: its sequence number was seen before
 * @FWPUCLNT_DROP_LATE: its sequence number is left of the replay window
 * @FWPUCLNT_DROP_LARVAL: its SA is larval
 * @FWPUCLNT_DROP_EXPIRED: a hard limit of its SA is reached
 * @FWPUCLNT_DROP_INVALID: its SA is no longer valid
 * @FWPUCLNT_DROP_ENCAP: its UDP or TCP encapsulation is not that of its SA
 * @FWPUCLNT_DROP_SELECTOR: it is outside the selector of its SA
 * @FWPUCLNT_DROP_MODE: it does not fit the mode of its SA
 * @FWPUCLNT_DROP_DIRECTION: its SA is for the other direction
 * @FWPUCLNT_DROP_TEMPLATE: it passed another SA than the policy requires
 * @FWPUCLNT_DROP_CLEAR_TEXT: it passed no SA and a policy requires one
 * @FWPUCLNT_DROP_NO_POLICY: no policy accepts it
 * @FWPUCLNT_DROP_BLOCKED: a policy blocks it
 * @FWPUCLNT_DROP_POLICY_ERROR: the look-up of the policy failed
 * @FWPUCLNT_DROP_HEADER: a header is malformed
 * @FWPUCLNT_DROP_BUFFER: there was no buffer, or it passed too many SAs
 * @FWPUCLNT_DROP_ERROR: any other error
 * @FWPUCLNT_DROP_IPTFS: its IP-TFS payload is malformed
 * @FWPUCLNT_DROP_SEQUENCE: the sequence numbers of its SA are used up
 * @FWPUCLNT_DROP_BUNDLE: the SAs of its route could not be set up
 * @FWPUCLNT_DROP_QUEUE: the queue of its IP-TFS SA is full
 * @FWPUCLNT_DROP_REASONS: room for the reasons of later kernel modules
 */
typedef enum FWPUCLNT_DROP_REASON_ {
	FWPUCLNT_DROP_NO_STATE,
	FWPUCLNT_DROP_AUTH,
	FWPUCLNT_DROP_TRANSFORM,
	FWPUCLNT_DROP_REPEATED,
	FWPUCLNT_DROP_LATE,
	FWPUCLNT_DROP_LARVAL,
	FWPUCLNT_DROP_EXPIRED,
	FWPUCLNT_DROP_INVALID,
	FWPUCLNT_DROP_ENCAP,
	FWPUCLNT_DROP_SELECTOR,
	FWPUCLNT_DROP_MODE,
	FWPUCLNT_DROP_DIRECTION,
	FWPUCLNT_DROP_TEMPLATE,
	FWPUCLNT_DROP_CLEAR_TEXT,
	FWPUCLNT_DROP_NO_POLICY,
	FWPUCLNT_DROP_BLOCKED,
	FWPUCLNT_DROP_POLICY_ERROR,
	FWPUCLNT_DROP_HEADER,
	FWPUCLNT_DROP_BUFFER,
	FWPUCLNT_DROP_ERROR,
	FWPUCLNT_DROP_IPTFS,
	FWPUCLNT_DROP_SEQUENCE,
	FWPUCLNT_DROP_BUNDLE,
	FWPUCLNT_DROP_QUEUE,
	FWPUCLNT_DROP_REASONS = 32
} FWPUCLNT_DROP_REASON;

/**
 * FwpuclntDropReasonName - the word for a reason
 * @reason: an FWPUCLNT_DROP_REASON
 *
 * The word is the same in the netlink specification, in JSON and as a label of
 * Prometheus.
 *
 * Return: "no-state" and the like, "unknown" for a reason of a later kernel
 * module. Never NULL, never to be freed, in ASCII.
 */
const char *FwpuclntDropReasonName(UINT32 reason);

/**
 * struct FWPUCLNT_PEER_SUMS - what the SAs of a peer did, active and ended ones
 * @bytesInbound: as IPSEC_TRAFFIC_STATISTICS1 counts them
 * @packetsInbound: the same in packets
 * @bytesOutbound: the same, outbound
 * @packetsOutbound: the same, outbound, in packets
 * @sasAdded: SAs that became active
 * @sasDeleted: SAs that were active and ended
 * @rekeys: rekeyed pairs of SAs, as successfulRekeys counts them
 * @packetsRemapped: good inbound packets, in UDP, from another address or port than
 *	their SA sends to, as after a NAT has a new mapping; 0 with older kernel modules
 * @packetsDropped: inbound packets dropped for any reason
 * @dropped: the same by FWPUCLNT_DROP_REASON
 */
typedef struct FWPUCLNT_PEER_SUMS_ {
	UINT64 bytesInbound;
	UINT64 packetsInbound;
	UINT64 bytesOutbound;
	UINT64 packetsOutbound;
	UINT64 sasAdded;
	UINT64 sasDeleted;
	UINT64 rekeys;
	UINT64 packetsRemapped;
	UINT64 packetsDropped;
	UINT64 dropped[FWPUCLNT_DROP_REASONS];
} FWPUCLNT_PEER_SUMS;

/**
 * struct FWPUCLNT_PEER - all SAs between two addresses with one if_id
 * @ipVersion: 4 or 6
 * @ifId: the if_id of the SAs, 0 if they have none
 * @local: the address of this host, of IPv4 in the first four bytes
 * @remote: the other address, in the same way
 * @state: an FWPUCLNT_PEER_STATE
 * @sasInbound: active inbound SAs
 * @sasOutbound: active outbound SAs
 * @larvalSas: larval SAs
 * @sums: what the SAs did since counting began
 * @first: when the first SA came, in nanoseconds of CLOCK_BOOTTIME
 * @changed: when an SA came or went last, in the same clock
 * @upSince: since when it is up, 0 if it is not
 * @larvalSince: since when it has a larval SA, 0 if it has none
 * @sequenceUsed: highest share of the sequence numbers that an active SA has
 *	used, in percent, rounded down to steps of 10
 * @limitUsed: the same of a hard limit in bytes or packets
 * @nearEnd: active SAs of which one of both shares is over 80 %
 * @ended: the SA that ended last
 */
typedef struct FWPUCLNT_PEER_ {
	UINT32 ipVersion;
	UINT32 ifId;
	UINT8 local[16];
	UINT8 remote[16];
	UINT32 state;
	UINT32 sasInbound;
	UINT32 sasOutbound;
	UINT32 larvalSas;
	FWPUCLNT_PEER_SUMS sums;
	UINT64 first;
	UINT64 changed;
	UINT64 upSince;
	UINT64 larvalSince;
	UINT32 sequenceUsed;
	UINT32 limitUsed;
	UINT32 nearEnd;
	UINT32 reserved;
	FWPUCLNT_ENDED ended;
} FWPUCLNT_PEER;

/**
 * struct FWPUCLNT_PEERS - all peers of a network namespace
 * @numPeers: how many there are in @peers
 * @peers: the peers, the one known longest first
 * @numOthers: peers without SAs that made room for others
 * @others: what the SAs of those did
 * @packetsUnattributed: inbound packets dropped that name no peer
 * @unattributed: the same by FWPUCLNT_DROP_REASON
 *
 * The sums of all peers and of the others are the statistics of the namespace;
 * of what was dropped, with the packets that name no peer.
 */
typedef struct FWPUCLNT_PEERS_ {
	UINT32 numPeers;
	FWPUCLNT_PEER *peers;
	UINT64 numOthers;
	FWPUCLNT_PEER_SUMS others;
	UINT64 packetsUnattributed;
	UINT64 unattributed[FWPUCLNT_DROP_REASONS];
} FWPUCLNT_PEERS;

/**
 * FwpuclntGetPeers - list the peers of the network namespace
 * @engineHandle: a session without a transaction in progress
 * @peers: on success, the list, to be freed by one call of FwpmFreeMemory0();
 *	untouched otherwise
 *
 * Needs CAP_NET_ADMIN over the network namespace, since peers have addresses; the
 * sysctl net.ipsecstat.read_group_range does not open them. A peer that is there
 * all the time is in the list once.
 *
 * Return: the same as IPsecGetStatistics1()
 */
DWORD WINAPI FwpuclntGetPeers(HANDLE engineHandle, FWPUCLNT_PEERS **peers);

#if NTDDI_VERSION >= NTDDI_WIN7

/* In place of a CPU. */
#define FWPUCLNT_ALL_CPUS	0xFFFFFFFF

/**
 * struct FWPUCLNT_DROPS - what was dropped, by FWPUCLNT_DROP_REASON
 * @inboundEsp: inbound packets of ESP: of an SA that the packet passed last or
 *	failed at, or of an SPI that no SA has
 * @inboundAh: the same of AH
 * @inboundOther: inbound packets of IPComp only, or that passed no SA
 * @outbound: outbound and forwarded packets; NO_STATE, BLOCKED, POLICY_ERROR and
 *	BUNDLE count look-ups, of which one packet can need several
 *
 * The sum of all inbound ones is totalDropPacketsInbound. A reason of a later
 * kernel module has its place if it is below FWPUCLNT_DROP_REASONS.
 *
 * Source: the lines of /proc/net/xfrm_stat, attributed by the kernel module.
 */
typedef struct FWPUCLNT_DROPS_ {
	UINT64 inboundEsp[FWPUCLNT_DROP_REASONS];
	UINT64 inboundAh[FWPUCLNT_DROP_REASONS];
	UINT64 inboundOther[FWPUCLNT_DROP_REASONS];
	UINT64 outbound[FWPUCLNT_DROP_REASONS];
} FWPUCLNT_DROPS;

/**
 * struct FWPUCLNT_STATISTICS - the statistics, and where they come from
 * @since: when counting in the network namespace began, in nanoseconds of
 *	CLOCK_BOOTTIME. It stays the same until the module is loaded again, and
 *	is never that of another namespace: two readings with the same value in
 *	one run of the kernel are of the same counters
 * @statistics: as IPsecGetStatistics1() has them
 * @drops: what was dropped, at the same moment
 */
typedef struct FWPUCLNT_STATISTICS_ {
	UINT64 since;
	IPSEC_STATISTICS1 statistics;
	FWPUCLNT_DROPS drops;
} FWPUCLNT_STATISTICS;

/**
 * FwpuclntGetStatistics - read the IPsec statistics, of one CPU if wanted
 * @engineHandle: a session without a transaction in progress
 * @cpu: the number of a CPU, or FWPUCLNT_ALL_CPUS for the sum of all
 * @statistics: filled on success, untouched otherwise
 *
 * SAs belong to no CPU: for one CPU, aggregateSaStatistics is all zero.
 *
 * Needs and returns the same as IPsecGetStatistics1(), and
 * ERROR_INVALID_PARAMETER for a CPU that this machine cannot have.
 */
DWORD WINAPI FwpuclntGetStatistics(HANDLE engineHandle, UINT32 cpu,
				   FWPUCLNT_STATISTICS *statistics);

#endif /* NTDDI_VERSION >= NTDDI_WIN7 */

#ifdef __cplusplus
}
#endif

#endif /* FWPUCLNT_FWPUCLNT_H */

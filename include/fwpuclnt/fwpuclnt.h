/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Functions of libfwpuclnt that Windows does not have. A program that must also
 * compile for Windows cannot use this header.
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
 * @code: a return value of the library
 *
 * Return: for example "FWP_E_TIMEOUT"; "unknown code" if there is no name. A
 *	constant string in ASCII, never NULL.
 */
const char *FwpuclntErrorName(DWORD code);

/**
 * FwpuclntErrorText - the meaning of a code, and the remedy
 * @code: a return value of the library
 *
 * Return: an English phrase without a full stop, a constant string in ASCII.
 *	For a code that this library never returns, that of
 *	FwpuclntErrorName().
 */
const char *FwpuclntErrorText(DWORD code);

/**
 * enum FWPUCLNT_PEER_STATE - the state of a peer
 * @FWPUCLNT_PEER_DOWN: no SAs
 * @FWPUCLNT_PEER_NEGOTIATING: only larval SAs
 * @FWPUCLNT_PEER_HALF: active SAs in one direction only
 * @FWPUCLNT_PEER_UP: active SAs in both directions
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
 * @FWPUCLNT_END_DELETED: a process deleted this SA
 * @FWPUCLNT_END_FLUSHED: a process deleted all SAs
 * @FWPUCLNT_END_MIGRATED: a process changed its ends or its if_id
 * @FWPUCLNT_END_DEVICE: the device it was offloaded to is gone or down
 * @FWPUCLNT_END_UNANSWERED: it was larval, and no SA replaced it
 *
 * Later kernel modules may have more.
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
 * struct FWPUCLNT_ENDED - how the last SA of a peer ended
 * @at: when, in nanoseconds of CLOCK_BOOTTIME; 0 if none has ended
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
 * @FWPUCLNT_DROP_TRANSFORM: it cannot be decrypted or decapsulated
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
 * @FWPUCLNT_DROP_BUFFER: no buffer, or too many SAs in its path
 * @FWPUCLNT_DROP_ERROR: any other error
 * @FWPUCLNT_DROP_IPTFS: its IP-TFS payload is malformed
 * @FWPUCLNT_DROP_SEQUENCE: the sequence numbers of its SA are used up
 * @FWPUCLNT_DROP_BUNDLE: the SAs of its route could not be set up
 * @FWPUCLNT_DROP_QUEUE: the queue of its IP-TFS SA is full
 * @FWPUCLNT_DROP_REASONS: size of arrays, with room for later reasons
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
 * FwpuclntDropReasonName - the name of a reason
 * @reason: an FWPUCLNT_DROP_REASON
 *
 * The name is the same in the netlink specification, in JSON and in labels of
 * Prometheus.
 *
 * Return: for example "no-state"; "unknown" for a reason of a later kernel
 *	module. A constant string in ASCII, never NULL.
 */
const char *FwpuclntDropReasonName(UINT32 reason);

/**
 * struct FWPUCLNT_PEER_SUMS - sums over all SAs of a peer, active and ended
 * @bytesInbound: as IPSEC_TRAFFIC_STATISTICS1 counts them
 * @packetsInbound: the same in packets
 * @bytesOutbound: the same, outbound
 * @packetsOutbound: the same, outbound, in packets
 * @sasAdded: SAs that became active
 * @sasDeleted: SAs that were active and ended
 * @rekeys: rekeyed pairs of SAs, as successfulRekeys counts them
 * @packetsRemapped: good inbound packets in UDP from another address or port
 *	than their SA sends to, as after a new NAT mapping; 0 with older
 *	kernel modules
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
 * @local: the address of this host; IPv4 in the first four bytes
 * @remote: the other address, in the same way
 * @state: an FWPUCLNT_PEER_STATE
 * @sasInbound: active inbound SAs
 * @sasOutbound: active outbound SAs
 * @larvalSas: larval SAs
 * @sums: since counting began
 * @first: when the first SA came, in nanoseconds of CLOCK_BOOTTIME
 * @changed: when an SA was last added or removed, by the same clock
 * @upSince: since when it has been up, 0 if it is not up
 * @larvalSince: since when it has had larval SAs, 0 if it has none
 * @sequenceUsed: highest share of sequence numbers used by an active SA, in
 *	percent, rounded down to steps of 10
 * @limitUsed: the same for hard limits in bytes or packets
 * @nearEnd: active SAs with one of these shares over 80 %
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
 * @numPeers: number of entries in @peers
 * @peers: the peers, the one known longest first
 * @numOthers: peers without SAs that were evicted
 * @others: sums of the evicted peers
 * @packetsUnattributed: dropped inbound packets of no known peer
 * @unattributed: the same by FWPUCLNT_DROP_REASON
 *
 * The sums of all peers and of the others, and of dropped packets also those of
 * no known peer, are the statistics of the namespace.
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
 * Requires CAP_NET_ADMIN over the network namespace, because peers have
 * addresses; a group within net.ipsecstat.read_group_range is not enough. A
 * peer that exists during the whole call is in the list exactly once.
 *
 * Return: the same as IPsecGetStatistics1()
 */
DWORD WINAPI FwpuclntGetPeers(HANDLE engineHandle, FWPUCLNT_PEERS **peers);

#if NTDDI_VERSION >= NTDDI_WIN7

/* In place of a CPU. */
#define FWPUCLNT_ALL_CPUS	0xFFFFFFFF

/**
 * struct FWPUCLNT_DROPS - dropped packets, by FWPUCLNT_DROP_REASON
 * @inboundEsp: inbound ESP packets: by the last SA that the packet passed or
 *	failed at, or by an SPI without an SA
 * @inboundAh: the same for AH
 * @inboundOther: inbound packets of IPComp only, or that passed no SA
 * @outbound: outbound and forwarded packets; NO_STATE, BLOCKED, POLICY_ERROR
 *	and BUNDLE count look-ups, and a packet can need several
 *
 * The sum of all inbound entries is totalDropPacketsInbound. Reasons of later
 * kernel modules have their entry if they are below FWPUCLNT_DROP_REASONS.
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

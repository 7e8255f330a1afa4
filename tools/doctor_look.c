// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <linux/xfrm.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <fwpmu.h>

#include "collect.h"
#include "doctor.h"
#include "drops.h"
#include "peers.h"

#define NET "/proc/thread-self/net/"
#define CONF "/proc/sys/net/ipv4/conf/"

/*
 * Where a counter is: a file with a line of names above each line of figures
 * ...
 */
static const struct {
	const char *file, *section, *name;
} counters[N_SYSTEM] = {
	[REVERSE_PATH] = { NET "netstat", "TcpExt:", "IPReversePathFilter" },
	[NOT_FOR_US] = { NET "snmp", "Ip:", "InAddrErrors" },
	[TOO_BIG4] = { NET "snmp", "Ip:", "FragFails" },
	/* ... or with a name before each figure. */
	[TOO_BIG6] = { NET "snmp6", NULL, "Ip6InTooBigErrors" },
};

/*
 * In the second of two lines with the same prefix, the word below that of the
 * first.
 */
static uint64_t word_below(char *names, char *figures, const char *name)
{
	char *names_rest = names, *figures_rest = figures;
	const char *word, *figure;

	do {
		word = strtok_r(NULL, " \n", &names_rest);
		figure = strtok_r(NULL, " \n", &figures_rest);
		if (word && figure && !strcmp(word, name))
			return strtoull(figure, NULL, 10);
	} while (word && figure);
	return 0;
}

/* 0 where this kernel has no such counter. */
static uint64_t read_counter(const char *path, const char *section,
			     const char *name)
{
	static char line[2][8192];
	FILE *file = fopen(path, "re");
	uint64_t value = 0;

	if (!file)
		return 0;
	while (!value && fgets(line[0], sizeof(line[0]), file)) {
		if (!section) {
			if (sscanf(line[0], "%8191s %" SCNu64, line[1],
				   &value) != 2 || strcmp(line[1], name) != 0)
				value = 0;
		} else if (!fgets(line[1], sizeof(line[1]), file)) {
			break;
		} else if (!strncmp(line[0], section, strlen(section))) {
			value = word_below(line[0], line[1], name);
		}
	}
	fclose(file);
	return value;
}

static bool is_on(const char *path)
{
	FILE *file = fopen(path, "re");
	bool on = file && getc(file) == '1';

	if (file)
		fclose(file);
	return on;
}

/* The kernel does this for loopback devices by itself. */
static void find_no_xfrm(char *devices, size_t size)
{
	glob_t found = { 0 };
	char name[64];

	devices[0] = '\0';
	glob(CONF "*/disable_xfrm", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (sscanf(found.gl_pathv[i], CONF "%63[^/]", name) != 1 ||
		    !strcmp(name, "lo") || !is_on(found.gl_pathv[i]))
			continue;
		snprintf(devices + strlen(devices), size - strlen(devices),
			 "%s%s", devices[0] ? ", " : "", name);
	}
	globfree(&found);
}

static int read_figures(struct look *look)
{
	const struct scope here = { 0 };
	struct reading reading = { 0 };
	int failures = collect(&here, &reading);

	if (!failures) {
		look->since = reading.samples[0].since;
		look->figures = reading.samples[0].figures;
	}
	reading_free(&reading);
	return failures ? -1 : 0;
}

static int on_sa(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	const struct xfrm_replay_state_esn *esn;
	const struct xfrm_usersa_info *sa;
	const struct nlattr *attr;
	uint32_t *packets = arg;

	if (nlh->nlmsg_type != XFRM_MSG_NEWSA ||
	    !nlmsg_valid_hdr(nlh, sizeof(*sa)))
		return NL_SKIP;
	sa = nlmsg_data(nlh);
	attr = nlmsg_find_attr(nlh, sizeof(*sa), XFRMA_REPLAY_ESN_VAL);
	*packets = sa->replay_window;
	if (attr && nla_len(attr) >= (int)sizeof(*esn)) {
		esn = nla_data(attr);
		*packets = esn->replay_window;
	}
	return NL_OK;
}

static void ask_for_sa(struct nl_sock *sock, const struct xfrm_usersa_id *id,
		       uint32_t *packets)
{
	int nle = nl_connect(sock, NETLINK_XFRM);

	nl_socket_disable_seq_check(sock);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_sa, packets);
	if (!nle)
		nle = nl_send_simple(sock, XFRM_MSG_GETSA, 0, (void *)id,
				     sizeof(*id));
	if (nle >= 0)
		nl_recvmsgs_default(sock);
}

/*
 * Replay window of the SA of a line; 0 if it has none, or if there is no such
 * SA.
 */
static uint32_t replay_window(const struct line *line)
{
	bool ipv6 = strchr(line->destination, ':');
	struct xfrm_usersa_id id = {
		.spi = htonl(line->spi),
		.proto = (uint8_t)line->protocol,
		.family = ipv6 ? AF_INET6 : AF_INET,
	};
	struct nl_sock *sock = nl_socket_alloc();
	uint32_t packets = 0;

	if (sock && inet_pton(id.family, line->destination, &id.daddr) == 1)
		ask_for_sa(sock, &id, &packets);
	nl_socket_free(sock);
	return packets;
}

int look(struct look *look)
{
	*look = (struct look){ 0 };
	if (read_figures(look) || drops_read(&look->drops) ||
	    peers_read(&look->peers)) {
		look_free(look);
		return -1;
	}
	for (size_t i = 0; i < N_SYSTEM; i++)
		look->system[i] = read_counter(counters[i].file,
					       counters[i].section,
					       counters[i].name);
	find_no_xfrm(look->no_xfrm, sizeof(look->no_xfrm));
	for (size_t i = 0; i < look->drops.n_lines; i++)
		if (!strcmp(look->drops.lines[i].reason, "late"))
			look->drops.lines[i].replay_window =
				replay_window(&look->drops.lines[i]);
	return 0;
}

void look_free(struct look *look)
{
	free(look->drops.lines);
	if (look->peers)
		FwpmFreeMemory0((void **)&look->peers);
	*look = (struct look){ 0 };
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes the seeds of the fuzzer of replies to a folder: valid messages of the module and
 * the kernel.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>
#include <sys/socket.h>

#include "forge_peers.h"

#define FAMILY	40	/* as in fake_reset() */

enum { GET, RESOLVE, PEERS };

static const struct flaw none;

static const char *folder;

static void save(const char *name, int request, const struct forge *datagram)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "w");
	if (!out || putc(request, out) == EOF ||
	    fwrite(datagram->bytes, 1, datagram->len, out) != datagram->len ||
	    fclose(out)) {
		perror(path);
		exit(EXIT_FAILURE);
	}
}

static void save_reply(const char *name, const struct forge *attrs)
{
	struct forge datagram = { .len = 0 };

	forge_message(&datagram, (struct nlmsghdr) { .nlmsg_type = FAMILY },
		      IPSECSTAT_CMD_GET, attrs);
	save(name, GET, &datagram);
}

static void save_error(const char *name, int request, int error)
{
	struct nlmsgerr err = { .error = -error };
	struct nlmsghdr nlh = {
		.nlmsg_len = NLMSG_HDRLEN + sizeof(err),
		.nlmsg_type = NLMSG_ERROR,
	};
	struct forge datagram = { .len = nlh.nlmsg_len };

	memcpy(datagram.bytes, &nlh, sizeof(nlh));
	memcpy(datagram.bytes + NLMSG_HDRLEN, &err, sizeof(err));
	save(name, request, &datagram);
}

static void replies(void)
{
	static const struct figures nothing;
	struct forge attrs = { .len = 0 };

	forge_reply(&attrs, &forge_example);
	save_reply("example", &attrs);
	forge_reply(&attrs, &nothing);
	save_reply("nothing", &attrs);
	forge_reply_without(&attrs, &forge_example, IPSECSTAT_A_STATS_SA, 0);
	save_reply("without-sas", &attrs);
}

/* A stale reply, and the right one after it in the same datagram. */
static void two_messages(void)
{
	struct forge attrs = { .len = 0 }, datagram = { .len = 0 };

	forge_reply(&attrs, &forge_example);
	forge_message(&datagram, (struct nlmsghdr) {
		.nlmsg_type = FAMILY, .nlmsg_seq = -1
	}, IPSECSTAT_CMD_GET, &attrs);
	forge_message(&datagram, (struct nlmsghdr) { .nlmsg_type = FAMILY },
		      IPSECSTAT_CMD_GET, &attrs);
	save("two-messages", GET, &datagram);
}

static void family(void)
{
	struct forge attrs = { .len = 0 }, datagram = { .len = 0 };
	uint16_t id = FAMILY;

	forge_put(&attrs, CTRL_ATTR_FAMILY_NAME, IPSECSTAT_FAMILY_NAME,
		  sizeof(IPSECSTAT_FAMILY_NAME));
	forge_put(&attrs, CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	forge_message(&datagram, (struct nlmsghdr) {
		.nlmsg_type = GENL_ID_CTRL
	}, CTRL_CMD_NEWFAMILY, &attrs);
	save("family", RESOLVE, &datagram);
}

/* A dump of both families, complete or ended by an error. */
static void save_peers(const char *name, int count, int error)
{
	struct forge attrs = { .len = 0 }, datagram = { .len = 0 };
	int i;

	for (i = 0; i < count; i++) {
		attrs.len = 0;
		forge_peer(&attrs, i % 2 ? AF_INET6 : AF_INET, none);
		forge_peer_message(&datagram, FAMILY, &attrs);
	}
	attrs.len = 0;
	forge_others(&attrs, none);
	if (!error)
		forge_peer_message(&datagram, FAMILY, &attrs);
	forge_dump_end(&datagram, error);
	save(name, PEERS, &datagram);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: seeds FOLDER\n", stderr);
		return 2;
	}
	folder = argv[1];
	replies();
	two_messages();
	family();
	save_peers("peers", 2, 0);
	save_peers("no-peers", 0, 0);
	save_peers("peers-interrupted", 1, EIO);
	save_error("no-right-to-peers", PEERS, EPERM);
	save_error("no-right", GET, EPERM);
	save_error("no-memory", GET, ENOMEM);
	save_error("gone", GET, ENOENT);
	save_error("no-module", RESOLVE, ENOENT);
	save_error("no-files", RESOLVE, ENFILE);
	return 0;
}

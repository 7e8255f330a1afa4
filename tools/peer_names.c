// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of peers. The operator's file takes precedence over interfaces.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "command.h"
#include "peer_names.h"

static int add(struct peer_names *names, const struct peer_name *row)
{
	struct peer_name *rows = realloc(names->rows, (names->count + 1) *
						      sizeof(*rows));

	if (!rows) {
		say("out of memory");
		return -1;
	}
	rows[names->count++] = *row;
	names->rows = rows;
	return 0;
}

/* --- the file ------------------------------------------------------------- */

/* ADDRESS[%IF_ID] */
static bool parse_peer(char *text, struct peer_name *row)
{
	char *percent = strchr(text, '%'), *end;
	unsigned long if_id;

	row->any_if_id = !percent;
	if (percent) {
		*percent = '\0';
		errno = 0;
		if_id = strtoul(percent + 1, &end, 0);
		if (errno || end == percent + 1 || *end || if_id > UINT32_MAX)
			return false;
		row->if_id = (uint32_t)if_id;
	}
	row->version = strchr(text, ':') ? 6 : 4;
	return inet_pton(row->version == 6 ? AF_INET6 : AF_INET, text,
			 row->address) == 1;
}

/* 1 for a name, 0 for an empty line, -1 if malformed. */
static int parse_line(char *line, struct peer_name *row)
{
	static const char blanks[] = " \t\r\n";
	const char *name;
	char *rest, *peer;

	memset(row, 0, sizeof(*row));
	line[strcspn(line, "#")] = '\0';
	peer = strtok_r(line, blanks, &rest);
	if (!peer)
		return 0;
	name = strtok_r(NULL, blanks, &rest);
	if (!name || strtok_r(NULL, blanks, &rest) ||
	    strlen(name) >= sizeof(row->name) || !parse_peer(peer, row))
		return -1;
	memcpy(row->name, name, strlen(name) + 1);
	return 1;
}

static int read_file(struct peer_names *names, FILE *in, const char *path)
{
	struct peer_name row;
	char *line = NULL;
	size_t room = 0;
	int number = 0, result = 0;

	while (result >= 0 && getline(&line, &room, in) >= 0) {
		number++;
		result = parse_line(line, &row);
		if (result < 0)
			say("%s:%d: not a line 'ADDRESS[%%IF_ID] NAME'", path,
			    number);
		else if (result > 0)
			result = add(names, &row);
	}
	free(line);
	if (ferror(in)) {
		say("cannot read %s: %s", path, strerror(errno));
		return -1;
	}
	return result < 0 ? -1 : 0;
}

int peer_names_read(struct peer_names *names, const char *path)
{
	FILE *in;
	int result;

	if (path && !strcmp(path, "-"))
		return read_file(names, stdin, "standard input");
	in = fopen(path ? path : PEER_NAMES_FILE, "re");
	if (!in && !path && errno == ENOENT)
		return 0;
	if (!path)
		path = PEER_NAMES_FILE;
	if (!in) {
		say("cannot read %s: %s", path, strerror(errno));
		return -1;
	}
	result = read_file(names, in, path);
	fclose(in);
	return result;
}

/* --- xfrm interfaces ------------------------------------------------------ */

/* The if_id of an interface, or 0 if it is of another kind. */
static uint32_t if_id_of(struct nlattr *info)
{
	struct nlattr *attrs[IFLA_INFO_MAX + 1], *data[IFLA_XFRM_MAX + 1];
	const char *kind;

	if (!info || nla_parse_nested(attrs, IFLA_INFO_MAX, info, NULL) ||
	    !attrs[IFLA_INFO_KIND] || !attrs[IFLA_INFO_DATA])
		return 0;
	kind = nla_data(attrs[IFLA_INFO_KIND]);
	if (strncmp(kind, "xfrm", (size_t)nla_len(attrs[IFLA_INFO_KIND])) != 0 ||
	    nla_parse_nested(data, IFLA_XFRM_MAX, attrs[IFLA_INFO_DATA], NULL) ||
	    !data[IFLA_XFRM_IF_ID] || nla_len(data[IFLA_XFRM_IF_ID]) < 4)
		return 0;
	return nla_get_u32(data[IFLA_XFRM_IF_ID]);
}

static int take_link(struct nl_msg *msg, void *names)
{
	struct nlattr *attrs[IFLA_MAX + 1], *name;
	struct peer_name row = { .version = 0 };

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(struct ifinfomsg), attrs,
			IFLA_MAX, NULL))
		return NL_SKIP;
	name = attrs[IFLA_IFNAME];
	row.if_id = if_id_of(attrs[IFLA_LINKINFO]);
	if (!row.if_id || !name)
		return NL_OK;
	snprintf(row.name, sizeof(row.name), "%.*s", nla_len(name),
		 (const char *)nla_data(name));
	return add(names, &row) ? -NLE_NOMEM : NL_OK;
}

static int ask_for_links(struct nl_sock *sock, struct peer_names *names)
{
	const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };
	int err = nl_connect(sock, NETLINK_ROUTE);

	if (!err)
		err = nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM,
					  take_link, names);
	if (!err)
		err = nl_send_simple(sock, RTM_GETLINK, NLM_F_DUMP,
				     (void *)&any, sizeof(any));
	return err < 0 ? err : nl_recvmsgs_default(sock);
}

int peer_names_add_links(struct peer_names *names)
{
	struct nl_sock *sock = nl_socket_alloc();
	int err = sock ? ask_for_links(sock, names) : -NLE_NOMEM;

	if (err < 0)
		say("cannot list the interfaces: %s", nl_geterror(err));
	nl_socket_free(sock);
	return err < 0 ? -1 : 0;
}

/* -------------------------------------------------------------------------- */

void peer_names_free(struct peer_names *names)
{
	free(names->rows);
	*names = (struct peer_names){ NULL, 0 };
}

static bool fits(const struct peer_name *row, const FWPUCLNT_PEER *peer)
{
	if (!row->any_if_id && row->if_id != peer->ifId)
		return false;
	return !row->version ||
	       ((uint32_t)row->version == peer->ipVersion &&
		!memcmp(row->address, peer->remote, sizeof(row->address)));
}

const struct peer_name *peer_name(const struct peer_names *names,
				  const FWPUCLNT_PEER *peer)
{
	for (size_t i = 0; i < names->count; i++)
		if (fits(&names->rows[i], peer))
			return &names->rows[i];
	return NULL;
}

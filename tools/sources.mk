# SPDX-License-Identifier: GPL-2.0-only
#
# The files of ipsecstat, for those who build it: tools/, and its tests with
# something else in place of the library.

TOOL_SOURCES := main.c command.c family.c \
		show.c show_table.c show_json.c show_prometheus.c prometheus.c http.c \
		fields.c units.c clock.c sample.c collect.c netns.c \
		baseline.c replace.c watch.c screen.c ticker.c \
		drops.c drops_table.c monitor.c line.c json.c \
		peers.c peers_show.c peers_table.c peers_prometheus.c \
		peer_names.c peer_event.c \
		doctor.c doctor_look.c doctor_rules.c doctor_show.c

# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the user-space Makefiles share: where things go, how they are built and
# how little of it is shown. V=1 shows the commands.

VERSION		:= 0.1.0

PREFIX		?= /usr/local
BINDIR		?= $(PREFIX)/bin
SBINDIR		?= $(PREFIX)/sbin
LIBDIR		?= $(PREFIX)/lib
INCLUDEDIR	?= $(PREFIX)/include
MANDIR		?= $(PREFIX)/share/man

PKG_CONFIG	?= pkg-config
INSTALL		?= install
CFLAGS		?= -O2 -g
WARNINGS	:= -Wall -Wextra -Wshadow -Wstrict-prototypes \
		   -Wmissing-prototypes -Wold-style-definition -Wformat=2

V ?= 0
ifeq ($(V),1)
  Q :=
  say := @:
else
  Q := @
  say = @printf '  %-7s %s\n'
endif

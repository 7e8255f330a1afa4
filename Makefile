# SPDX-License-Identifier: GPL-2.0-only
#
# IPsec statistics of the Windows Filtering Platform on Linux: the kernel
# module, the library and the tool. `make help` lists what can be made.
#
# Kbuild, beside this file, is what the kernel's build system reads.

include common.mk

# The headers of the running kernel, else the newest ones installed.
KDIR ?= $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	$(shell ls -d /usr/src/linux-headers-*-amd64 2>/dev/null | sort -Vr))

ifneq ($(V),1)
  MAKEFLAGS += --no-print-directory
endif

export V PREFIX

USER_PARTS := lib tools examples wine
TEST_PARTS := selftests/lib selftests/tools selftests/bench selftests/fuzz \
	selftests/stress selftests/wine

.PHONY: all module $(USER_PARTS) check-programs clean help
.PHONY: install install-module install-lib install-tools install-wine
.PHONY: demo check check-debug check-packages bench fuzz shell deb dist kernels kernel-diff uapi

all: $(if $(KDIR),module,no-module) lib tools examples wine

module: | have-kdir
	$(say) MODULE $(KDIR)
	$(Q)$(MAKE) -C $(KDIR) M=$(CURDIR) $(if $(MO),MO=$(abspath $(MO))) \
		$(if $(Q),-s) modules

tools examples wine: lib
$(USER_PARTS):
	$(Q)$(MAKE) -C $@

check-programs: lib
	$(Q)for dir in $(TEST_PARTS); do \
		[ ! -e $$dir/Makefile ] || $(MAKE) -C $$dir || exit 1; \
	done

install: $(if $(KDIR),install-module) install-lib install-tools

install-module: module
	$(say) INSTALL "$(DESTDIR)/lib/modules"
	$(Q)$(MAKE) -C $(KDIR) M=$(CURDIR) $(if $(MO),MO=$(abspath $(MO))) \
		$(if $(Q),-s) INSTALL_MOD_PATH=$(DESTDIR) \
		$(if $(wildcard $(KDIR)/certs/signing_key.pem),,CONFIG_MODULE_SIG_ALL=) \
		$(if $(DESTDIR),DEPMOD=true) modules_install

install-lib: lib
install-tools: tools
install-wine: wine
install-lib install-tools install-wine:
	$(Q)$(MAKE) -C $(@:install-%=%) install

# Not by kbuild's own clean target: that needs the headers, and from here it
# would empty build/ of the kernel modules that the tests have fetched.
clean:
	$(say) CLEAN .
	$(Q)for dir in $(USER_PARTS) $(TEST_PARTS); do \
		[ ! -e $$dir/Makefile ] || $(MAKE) -s -C $$dir clean || exit 1; \
	done
	$(Q)find kmod \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name '*.order' \
		-o -name '*.symvers' \) -type f -delete
	$(Q)rm -f modules.order Module.symvers .module-common.o .*.cmd
	$(Q)rm -rf build/root build/guest build/deb build/deb.log build/packages \
		.tmp_versions

deb:
	$(Q)selftests/deps deb
	$(say) DEB build/deb
	$(Q)mkdir -p build
	$(Q)debian/build build/deb $(if $(Q),>build/deb.log 2>&1 || \
		{ tail -n 40 build/deb.log >&2; exit 1; })

# The same commit gives the same archive, to the byte.
dist := build/dist/ipsecstat-$(VERSION)
dist:
	$(Q)git rev-parse -q --verify v$(VERSION)^{commit} >/dev/null || \
		{ echo "No such release yet: git tag -s v$(VERSION)" >&2; exit 1; }
	$(say) DIST $(dist).tar.xz
	$(Q)mkdir -p build/dist
	$(Q)git archive --prefix=ipsecstat-$(VERSION)/ v$(VERSION) >$(dist).tar
	$(Q)xz -f $(dist).tar

demo: ; @selftests/demo/run
check: ; @selftests/run $(TESTS)
check-debug: ; @KERNELS="$(or $(KERNELS),debug)" selftests/run --guest $(TESTS)
check-packages: ; @WITH_PACKAGES=yes selftests/run $(or $(TESTS),packages/)
bench: ; @selftests/bench/run $(BOOTS)
fuzz: ; @selftests/fuzz/run $(FUZZ)
shell: ; @selftests/guest/shell $(KERNEL)

.PHONY: have-kdir no-module
have-kdir:
	@[ -e "$(KDIR)/Makefile" ] || { \
		echo "No kernel headers $(or $(KDIR),for $(shell uname -r))." >&2; \
		echo "On Debian: apt-get install linux-headers-amd64, or name" \
		     "them by KDIR=/path/of/headers." >&2; exit 1; }

no-module:
	@echo "No kernel headers found, so the module is not built:" \
	      "apt-get install linux-headers-amd64, or KDIR=/path/of/headers"

kernels: ; @selftests/guest/table $(KERNELS)
kernel-diff: ; @selftests/kernel/changes $(OLD) $(NEW)

uapi := include/uapi/linux/ipsecstat.h
uapi: ; @selftests/uapi >$(uapi).new && mv $(uapi).new $(uapi)

help:
	@echo 'make                 the module (if kernel headers are found), the'
	@echo '                     library, the tool, the examples and the DLL for'
	@echo '                     Wine (if its tools are found)'
	@echo 'make module|lib|tools|examples|wine   one part of it'
	@echo 'make install         the module, the library and the tool; install-module,'
	@echo '                     install-lib and install-tools one part of it'
	@echo 'make install-wine    the DLL for Wine, in the place of its own'
	@echo 'make demo            live figures of real IPsec traffic, in a guest'
	@echo 'make check           all tests, in a guest where they need a kernel;'
	@echo '                     TESTS="xfrm/traffic static" selects some'
	@echo 'make check-debug     those of a kernel, in one that watches locks and'
	@echo '                     memory; built first, which takes some minutes'
	@echo 'make deb             Debian packages, in build/deb'
	@echo 'make check-packages  builds them, installs them in a small Debian, boots'
	@echo '                     that, reads, and removes them'
	@echo 'make dist            the sources of the tag v$(VERSION), in build/dist'
	@echo 'make bench           what a packet, an SA and a read cost, beside what the'
	@echo '                     other ways cost; docs/performance.md explains it'
	@echo 'make fuzz            a session of each fuzzer, FUZZ_SECONDS=60 long;'
	@echo '                     FUZZ="reply" selects one'
	@echo 'make kernels         a table: for which kernels the module builds, loads, and'
	@echo '                     counts right; all, or KERNELS="6.1-rt 7.3"'
	@echo 'make kernel-diff     what a kernel changed of all that the module depends on:'
	@echo '                     OLD=DIR NEW=DIR, or NEW=DIR alone, name its sources'
	@echo 'make uapi            $(uapi) out of'
	@echo '                     kmod/ipsecstat.yaml, by the generator of the kernel'
	@echo 'make shell           a shell in the guest, the module loaded'
	@echo 'make clean           removes what make built; rm -r build removes'
	@echo '                     what the tests fetched, too'
	@echo
	@echo 'KDIR=DIR             kernel headers ($(or $(KDIR),none found))'
	@echo 'MO=DIR               where the module is built (from Linux 6.13 on)'
	@echo 'PREFIX=DIR           where user space goes ($(PREFIX))'
	@echo 'DESTDIR=DIR          put before every path at install'
	@echo 'KERNELS="6.1 7.3"    kernels that make check boots, by their names in'
	@echo '                     selftests/guest/kernels.sh; newest is the newest one'
	@echo 'IPSECSTAT_UNREAD_KERNEL=1   builds the module for a kernel whose sources'
	@echo '                     have not been read, at your own risk'
	@echo 'WITH_PACKAGES=yes    make check does make check-packages, too'
	@echo 'DEPS=no              demo, check and bench install no packages'
	@echo 'V=1                  shows every command, and all that tests say'

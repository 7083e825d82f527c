# SPDX-License-Identifier: GPL-2.0-or-later
#
# `make help` lists the targets. What is built goes to $(OUT), except the
# module for your own kernel, which kbuild leaves in kmod/.

OUT     ?= .build
KDIR    ?= /lib/modules/$(shell uname -r)/build
PREFIX  ?= /usr/local
DESTDIR ?=
CLANG   ?= clang
SCDOC   ?= scdoc
# Where things are found once they are installed; DESTDIR comes before these.
includedir ?= $(PREFIX)/include
libdir     ?= $(PREFIX)/lib
# SHARED=1 links kcopyctl with the shared library, for packages: it can then run
# only where that is installed.
SHARED  ?=
BPFTOOL ?= $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool || echo bpftool)

# V=1 shows the commands; otherwise a short line each. `call run,WHAT,FILE`.
run = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(patsubst $(OUT)/%,%,$(2));)

VERSION := $(shell awk '$$2 == "KCOPYD_VERSION" { gsub("\"", ""); print $$3 }' \
	   include/kcopyd/version.h)
# Counts up with changes that break programs; libkcopy.map tells of others.
SOVERSION := 0

CFLAGS  ?= -O2 -g
# -D_GNU_SOURCE with an empty value: a file may define it again in peace.
# Libraries are looked up only when something is compiled.
LIBS     = libbpf libelf libkmod blkid mount smartcols json-c ncursesw libcrypto
# What of these the library itself needs.
LIBRARY  = libbpf libkmod blkid mount
# Of these the headers only: they are loaded when they are needed.
LATER    = cairo
PKG      = $(shell pkg-config $(1) || echo run-scripts/setup-first)
LIB_CFLAGS = $(eval LIB_CFLAGS := $(call PKG,--cflags $(LIBS) $(LATER)))$(LIB_CFLAGS)
LIB_LIBS   = $(eval LIB_LIBS := $(call PKG,--libs $(LIBS)))$(LIB_LIBS)
WARNINGS = -Wall -Wextra $(if $(WERROR),-Werror)
USER_CFLAGS = -std=gnu11 -D_GNU_SOURCE= $(WARNINGS) -MMD -MP -fPIC \
	      -Iinclude -Iuser -I$(OUT)/bpf
# Raw tracepoints on scalars need no vmlinux.h, only the ABI headers; those
# of the processor live in a folder that clang's BPF target doesn't know.
BPF_CFLAGS  = -O2 -g -target bpf -mcpu=v3 $(WARNINGS) -MMD -MP -Iinclude -Ibpf \
	      -idirafter /usr/include/$(shell gcc -print-multiarch)

bpf_src  := $(wildcard bpf/*.bpf.c)
# Programs for others to start from, and what attaches them; not in kcopyctl.
example_src := $(wildcard bpf/examples/*.bpf.c)
lib_src  := $(wildcard user/lib/*.c)
cli_src  := $(wildcard user/cli/*.c)
unit_src := $(wildcard tests/unit/*.c)
vm_src   := $(wildcard tests/vm/*.c)
# What lies beside this folder is the module, which scripts/build-kernel builds.
bench_src := $(wildcard tests/bench/user/*.c)

# Each is a target of its own; what lies in feed/ stands in for the fuzzer.
fuzz_src := $(wildcard tests/fuzz/*.c)

# That of /dev/kcopyd, which runs in a virtual machine.
fuzz_device_src := $(wildcard tests/fuzz/device/*.c)

man_src  := $(wildcard user/man/*.scd)

skel     := $(bpf_src:bpf/%.bpf.c=$(OUT)/bpf/%.skel.h)
examples := $(example_src:%.c=$(OUT)/%.o) \
	    $(if $(example_src),$(OUT)/bpf/examples/attach)
lib_obj  := $(lib_src:%.c=$(OUT)/%.o)
cli_obj  := $(cli_src:%.c=$(OUT)/%.o)
unit_obj := $(unit_src:%.c=$(OUT)/%.o)
vm_obj   := $(vm_src:%.c=$(OUT)/%.o)
bench_obj := $(bench_src:%.c=$(OUT)/%.o)
fuzz_device_obj := $(fuzz_device_src:%.c=$(OUT)/%.o)

man  := $(man_src:%.scd=$(OUT)/%)
# Pages of other names, as kcopyctl-wait(8) and kcopy_submit(3).
man_links := $(if $(man_src),$(OUT)/user/man/links)
lib  := $(OUT)/user/libkcopy.a
so   := $(OUT)/user/libkcopy.so.$(VERSION)
# What a program that uses it includes.
headers := libkcopy.h uapi/kcopyd.h kcopyd/stats.h kcopyd/trace_event.h \
	   kcopyd/version.h
stage := $(OUT)/stage
users := $(patsubst user/%.c,$(OUT)/%,$(wildcard user/examples/*.c))
# kcopyctl as an earlier and a later one would be, whose ABI is another.
other_abi := $(foreach when,earlier later,$(OUT)/tests/$(when)/kcopyctl)
cli  := $(if $(cli_src),$(OUT)/user/kcopyctl)
unit := $(if $(unit_src),$(OUT)/tests/unit-tests)
vm   := $(if $(vm_src),$(OUT)/tests/vm-tests)
bench := $(if $(bench_src),$(OUT)/tests/bench/bench)
feed := $(fuzz_src:%.c=$(OUT)/%)
fuzz_device := $(if $(fuzz_device_src),$(OUT)/tests/fuzz/fuzz-device)
fuzz := $(fuzz_src:tests/fuzz/%.c=$(OUT)/fuzz/%)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all modules bpf user man tests setup demo test test-all stress valgrind recovery \
	debug-kernel check fuzz fuzzers fuzz-device bench check-unit test-packages \
	install install-lib install-tools install-headers install-module \
	install-dkms-source dkms-install dkms-remove uninstall uninstall-lib \
	dist clean help FORCE

all: bpf user
	@if [ -e "$(KDIR)" ]; then $(MAKE) --no-print-directory modules; else \
	 echo "No module was built: there are no kernel headers at"; \
	 echo "  $(KDIR)"; \
	 echo "Install them (Debian: linux-headers-$$(uname -r)) or give KDIR=."; fi

modules:
	@[ -e "$(KDIR)" ] || { echo "no kernel headers at $(KDIR)" >&2; \
	 echo "install linux-headers-$$(uname -r), or give KDIR=" >&2; exit 1; }
	$(if $(filter 1,$(V)),,@)$(MAKE) --no-print-directory -C kmod KDIR="$(KDIR)"

bpf: $(skel) $(examples)
	@:

user: $(lib) $(so) $(cli)
	@:

man: $(man) $(man_links)
	@:

# The two test programs, which scripts/test runs, that of scripts/bench, and
# what gives the fuzzers' files to their targets.
tests: $(unit) $(vm) $(other_abi) $(bench) $(feed) $(fuzz_device) $(users)
	@:

# The library as it is installed, and the examples as their readers build them.
$(stage)/usr/lib/libkcopy.so: $(lib) $(so) $(headers:%=include/%) Makefile \
		user/lib/libkcopy.pc.in
	@rm -rf $(stage)
	$(call run,STAGE,$(stage))$(MAKE) -s install-lib DESTDIR=$(stage) \
		PREFIX=/usr libdir=/usr/lib includedir=/usr/include

$(OUT)/examples/%: user/examples/%.c user/examples/Makefile \
		$(stage)/usr/lib/libkcopy.so
	$(call run,CC,$@)mkdir -p $(@D) && cp $< $(@D) && \
		PKG_CONFIG_SYSROOT_DIR=$(abspath $(stage)) \
		PKG_CONFIG_PATH=$(abspath $(stage))/usr/lib/pkgconfig \
		$(MAKE) -s -C $(@D) -f $(abspath user/examples/Makefile) \
		CFLAGS="$(CFLAGS) $(WARNINGS)" $*

# Those of scripts/fuzz: everything they link is watched.
fuzzers: $(fuzz)
	@:

$(OUT)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(call run,BPF,$@)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(OUT)/bpf/%.skel.h: $(OUT)/bpf/%.bpf.o
	$(call run,SKEL,$@)$(BPFTOOL) gen skeleton $< name $*_bpf >$@

$(OUT)/bpf/examples/attach: $(OUT)/bpf/examples/attach.o
	$(call run,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $(call PKG,--libs libbpf)

# Skeletons are made before anything that may include them.
$(OUT)/%.o: %.c | $(skel)
	@mkdir -p $(@D)
	$(call run,CC,$@)$(CC) $(CFLAGS) $(USER_CFLAGS) $(LIB_CFLAGS) $(CPPFLAGS) \
		-c $< -o $@

$(lib): $(lib_obj)
	@mkdir -p $(@D)
	$(call run,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(so): $(lib_obj) user/lib/libkcopy.map
	$(call run,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -shared -o $@ $(lib_obj) \
		-Wl,-soname,libkcopy.so.$(SOVERSION) -Wl,-z,defs \
		-Wl,--version-script=user/lib/libkcopy.map \
		-Wl,--no-undefined-version $(call PKG,--libs $(LIBRARY))

# What headers say is taken from them. scdoc takes the date from the
# environment, if any: builds can be repeated.
$(OUT)/user/man/%: user/man/%.scd scripts/reference
	@mkdir -p $(@D)
	$(call run,MAN,$@)scripts/reference page $< >$@.scd && \
		$(SCDOC) <$@.scd >$@

$(OUT)/user/man/libkcopy.3: include/libkcopy.h
$(OUT)/user/man/kcopyd.4: include/uapi/kcopyd.h

$(man_links): $(man_src) include/libkcopy.h scripts/manuals scripts/reference
	$(call run,MAN,$@)scripts/manuals links $@ && touch $@

link = $(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a $(so),$^) $(LIB_LIBS) -lm

# Linked anew when it is to be linked the other way.
$(OUT)/user/linked: FORCE
	@mkdir -p $(@D); echo "$(SHARED)" | cmp -s - $@ || echo "$(SHARED)" >$@

$(OUT)/user/kcopyctl: $(cli_obj) $(if $(SHARED),$(so),$(lib)) $(OUT)/user/linked
	$(call run,LD,$@)$(link)

# The unit tests see the command's own parts too, all but its main().
$(OUT)/tests/unit-tests: $(unit_obj) \
		$(filter-out %/cli/main.o,$(cli_obj)) $(lib)
	$(call run,LD,$@)$(link) $(call PKG,--libs criterion)

$(OUT)/tests/earlier/%: other := 0
$(OUT)/tests/later/%: other := 2

$(OUT)/tests/earlier/service.o $(OUT)/tests/later/service.o: \
		user/lib/service.c include/uapi/kcopyd.h | $(skel)
	@mkdir -p $(@D)/uapi
	@sed 's/\(KCOPYD_ABI_VERSION\) 1$$/\1 $(other)/' include/uapi/kcopyd.h \
		>$(@D)/uapi/kcopyd.h
	$(call run,CC,$@)$(CC) $(CFLAGS) -I$(@D) $(USER_CFLAGS) $(LIB_CFLAGS) \
		-c $< -o $@

$(other_abi): $(OUT)/tests/%/kcopyctl: $(OUT)/tests/%/service.o $(cli_obj) \
		$(filter-out %/service.o,$(lib_obj))
	$(call run,LD,$@)$(link)

$(OUT)/tests/vm-tests: $(vm_obj) $(lib)
	$(call run,LD,$@)$(link) $(call PKG,--libs criterion)

$(OUT)/tests/bench/bench: $(bench_obj) $(lib)
	$(call run,LD,$@)$(link) $(call PKG,--libs liburing)

$(feed): $(OUT)/tests/fuzz/%: $(OUT)/tests/fuzz/%.o \
		$(OUT)/tests/fuzz/feed/feed.o $(filter-out %/cli/main.o,$(cli_obj)) \
		$(lib)
	$(call run,LD,$@)$(link)

$(OUT)/tests/fuzz/fuzz-device: $(fuzz_device_obj)
	$(call run,LD,$@)$(CC) $(LDFLAGS) -static -o $@ $^ -pthread

# libFuzzer is clang's. An archive: of the command only what a target calls.
FUZZ_CFLAGS = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	      -fno-sanitize-recover=undefined
watched := $(patsubst $(OUT)/%,$(OUT)/fuzz/%,$(lib_obj) \
	   $(filter-out %/cli/main.o,$(cli_obj)))

$(OUT)/fuzz/%.o: %.c | $(skel)
	@mkdir -p $(@D)
	$(call run,CC,$@)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link \
		$(USER_CFLAGS) $(LIB_CFLAGS) $(CPPFLAGS) -c $< -o $@

$(OUT)/fuzz/watched.a: $(watched)
	$(call run,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(fuzz): $(OUT)/fuzz/%: $(OUT)/fuzz/tests/fuzz/%.o $(OUT)/fuzz/watched.a
	$(call run,LD,$@)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^ \
		$(LIB_LIBS) -lm

setup:
	@scripts/setup

demo:
	@scripts/demo

test:
	@KERNELS="$(KERNELS)" TESTS="$(TESTS)" scripts/test

test-all:
	@KERNELS="$(KERNELS)" TESTS="$(TESTS)" scripts/test-all

valgrind:
	@KERNELS="$(KERNELS)" TESTS="$(TESTS)" scripts/valgrind

stress:
	@KERNELS="$(KERNELS)" TESTS="$(TESTS)" scripts/stress

recovery:
	@KERNELS="$(KERNELS)" scripts/recovery

check:
	@scripts/check

check-unit: $(unit)
	@$(unit) --color=never --timeout 60

test-packages:
	@scripts/test-packages

fuzz:
	@scripts/fuzz

fuzz-device:
	@scripts/fuzz-device $(SECONDS)

bench:
	@scripts/bench

debug-kernel:
	@scripts/debug-kernel

# ---- installing ---------------------------------------------------------

# GNU's names; DESTDIR goes before all of them. DKMS wants its sources in /usr.
sbindir    ?= $(PREFIX)/sbin
datadir    ?= $(PREFIX)/share
mandir     ?= $(datadir)/man
docdir     := $(datadir)/doc/kcopyd
unitdir    ?= $(PREFIX)/lib/systemd/system
# What modules of others are built with; below are folders of ours alone.
apidir     := $(PREFIX)/src/kcopyd-$(VERSION)
dkmsdir    ?= /usr/src/kcopyd-$(VERSION)
bashdir    ?= $(datadir)/bash-completion/completions
zshdir     ?= $(datadir)/zsh/site-functions
D = $(DESTDIR)

unit_file := kcopyctl@.service
# For an administrator to look at and copy.
samples := $(wildcard user/system/*.rules user/system/*.conf)
kbuild = $(MAKE) --no-print-directory -C "$(KDIR)" M="$(CURDIR)/kmod"
# Not `make kernelrelease`: that of Debian's headers is another name.
release = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	  "$(KDIR)/include/generated/utsrelease.h")
# What kbuild needs and nothing that it made; include/ as a module's author
# and DKMS need it.
module_src := $(filter-out %.mod.c,$(wildcard kmod/*.[ch] kmod/compat/*.[ch] \
	      kmod/Kbuild kmod/Makefile kmod/dkms-*))
module_example := $(filter-out %.mod.c,$(wildcard kmod/example/*.c) \
	kmod/example/Kbuild kmod/example/Makefile kmod/example/dkms.conf)
module_inc := $(wildcard include/kcopyd/*.h include/uapi/*.h)

# copy FILES,FOLDER: with their paths.
copy = $(foreach f,$(1),install -D -m $(if $(shell test -x $(f) && echo x),755,644) \
	$(f) "$(2)/$(f)" &&) :

# install-lib: what programs are built with, and run with.
lib_to  := $(DESTDIR)$(libdir)
inc_to  := $(DESTDIR)$(includedir)/libkcopy
# In terms of the prefix where that can be, so that a tree can be moved.
of_prefix = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))

install-lib: $(lib) $(so)
	install -d $(lib_to)/pkgconfig $(inc_to)/uapi $(inc_to)/kcopyd
	install -m 644 $(so) $(lib) $(lib_to)
	ln -sf libkcopy.so.$(VERSION) $(lib_to)/libkcopy.so.$(SOVERSION)
	ln -sf libkcopy.so.$(SOVERSION) $(lib_to)/libkcopy.so
	for header in $(headers); do \
	 install -m 644 include/$$header $(inc_to)/$$header || exit; done
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' \
		-e 's|@LIBDIR@|$(call of_prefix,$(libdir))|' \
		-e 's|@INCLUDEDIR@|$(call of_prefix,$(includedir))|' \
		-e 's|@REQUIRES@|$(LIBRARY)|' \
		user/lib/libkcopy.pc.in >$(lib_to)/pkgconfig/libkcopy.pc
	chmod 644 $(lib_to)/pkgconfig/libkcopy.pc
	[ -n "$(D)" ] || ldconfig || :

uninstall-lib:
	rm -f $(lib_to)/libkcopy.a $(lib_to)/libkcopy.so \
		$(lib_to)/libkcopy.so.$(SOVERSION) $(lib_to)/libkcopy.so.$(VERSION) \
		$(lib_to)/pkgconfig/libkcopy.pc
	rm -f $(headers:%=$(inc_to)/%)
	-rmdir $(inc_to)/uapi $(inc_to)/kcopyd $(inc_to) 2>/dev/null

install: install-lib install-tools install-headers install-module

install-tools: user man
	install -D -m 755 $(OUT)/user/kcopyctl "$(D)$(sbindir)/kcopyctl"
	for page in $(man) $(man_links)/*; do install -D -m 644 -t \
	 "$(D)$(mandir)/man$${page##*.}" $$page || exit; done
	install -D -m 644 user/completion/kcopyctl.bash "$(D)$(bashdir)/kcopyctl"
	install -D -m 644 -t "$(D)$(zshdir)" user/completion/_kcopyctl
	install -D -m 644 -t "$(D)$(docdir)/examples" $(samples)
	install -D -m 644 -t "$(D)$(docdir)" README.md
	install -d "$(D)$(unitdir)"
	sed 's|@SBINDIR@|$(sbindir)|' user/system/$(unit_file).in | \
		install -m 644 /dev/stdin "$(D)$(unitdir)/$(unit_file)"

# For authors of modules: the headers, and of each kernel its Module.symvers.
install-headers:
	@$(call copy,$(module_inc) $(module_example),$(D)$(apidir))

install-module: install-headers
	@if [ -e kmod/kcopyd.ko ]; then \
	 release="$(release)" && \
	 $(kbuild) INSTALL_MOD_DIR=updates \
	 INSTALL_MOD_PATH="$(if $(D),$(abspath $(D)))" modules_install && \
	 install -D -m 644 kmod/Module.symvers \
	 "$(D)$(apidir)/$$release/Module.symvers" && \
	 { [ -n "$(D)" ] || depmod "$$release"; }; \
	 else echo "no module was built (make modules), so none is installed"; fi

# Files by their names, then the folders that are ours alone.
uninstall: uninstall-lib
	rm -f "$(D)$(sbindir)/kcopyctl" "$(D)$(unitdir)/$(unit_file)"
	for page in $$(scripts/manuals names); do \
	 rm -f "$(D)$(mandir)/man$${page##*.}/$$page"; done
	rm -f "$(D)$(bashdir)/kcopyctl" "$(D)$(zshdir)/_kcopyctl"
	rm -f $(patsubst %,"$(D)$(docdir)/%",README.md \
		$(samples:user/system/%=examples/%))
	rm -f $(patsubst %,"$(D)$(apidir)/%",$(module_inc) $(module_example)) \
		"$(D)$(apidir)"/*/Module.symvers
	-find "$(D)$(docdir)" "$(D)$(apidir)" -depth -type d -empty -delete \
		2>/dev/null
	@if [ -e "$(KDIR)" ]; then release="$(release)" && \
	 rm -fv "$(D)/lib/modules/$$release/updates"/kcopyd.ko* && \
	 { [ -n "$(D)" ] || depmod "$$release"; }; fi

# Sources for DKMS, which then builds them for each kernel that comes.
$(OUT)/dkms.conf: kmod/dkms.conf.in include/kcopyd/version.h
	@mkdir -p $(@D)
	$(call run,GEN,$@)sed 's/@VERSION@/$(VERSION)/' $< >$@

install-dkms-source: $(OUT)/dkms.conf
	@$(call copy,$(module_src) $(module_inc) $(module_example),$(D)$(dkmsdir))
	install -D -m 644 $(OUT)/dkms.conf "$(D)$(dkmsdir)/dkms.conf"

dkms-install: install-dkms-source
	@scripts/dkms install $(VERSION)

dkms-remove:
	@scripts/dkms remove $(VERSION)

# The source as it is at the last commit; without git, as it lies here.
dist: tarball := $(OUT)/dist/kcopyd-$(VERSION).tar.gz
dist:
	@mkdir -p $(OUT)/dist
	@scripts/dist $(VERSION) >$(tarball).new && mv $(tarball).new $(tarball)
	@echo $(tarball)

# The cache of downloaded kernels stays: delete .cache by hand.
clean:
	rm -rf $(OUT)
	@[ ! -e kmod/Makefile ] || [ ! -e "$(KDIR)" ] || \
	 $(MAKE) --no-print-directory -C kmod KDIR="$(KDIR)" clean

help:
	@echo "make [TARGET] [VARIABLE=VALUE]"
	@echo
	@echo "  all        the module (for the running kernel), BPF, kcopyctl"
	@echo "  modules    the module alone; KDIR= another kernel's headers"
	@echo "  bpf        the BPF programs and their skeletons"
	@echo "  user       libkcopy and kcopyctl"
	@echo "  man        the manual pages"
	@echo "  setup      install what building and testing need (root)"
	@echo "  demo       a real copy, observed and proven, in a VM"
	@echo "  test       unit tests, then the VM suites on each kernel"
	@echo "             KERNELS=\"6.1 6.12 7.2 debug\" picks, TESTS='copy*' filters"
	@echo "  test-all   the same, all suites on each kernel, and on 7.2 too"
	@echo "  stress     the long runs: random requests, races, all faults with a"
	@echo "             search for leaks, soak, fuzzer, recovery"
	@echo "  valgrind   kcopyctl below it, in suites of a VM; takes long"
	@echo "  recovery   rescues through machines that are reset; KCOPYD_RESETS=N"
	@echo "  check      warnings as errors, unit tests, linters; no root, no VM"
	@echo "  test-packages  Debian's packages: built, installed, used, purged"
	@echo "  fuzz       made-up input for the parsers, a minute each; no root"
	@echo "  fuzz-device    made-up calls to /dev/kcopyd in a VM; SECONDS="
	@echo "  debug-kernel  build the kernel with KASAN and lockdep; takes long"
	@echo "  bench      ours beside its peers, instructions counted in a VM"
	@echo "  install    into PREFIX=$(PREFIX), under DESTDIR="
	@echo "  uninstall  what install put there"
	@echo "  install-lib, uninstall-lib    the library and its headers alone"
	@echo "  dkms-install   the module by DKMS, for every kernel with headers"
	@echo "  dkms-remove    and away again"
	@echo "  dist       the source of the last commit as a tarball"
	@echo "  clean      everything built; the download cache stays"
	@echo
	@echo "  V=1 shows the commands."
	@echo
	@echo "Suites of the VMs, for TESTS='SUITE/*':"
	@sed -n 's/^TestSuite(\([a-z0-9_]*\),.*/\1/p' tests/vm/*.c | sort | \
	 fmt -w 76 | sed 's/^/  /'

-include $(wildcard $(OUT)/bpf/*.d $(OUT)/bpf/*/*.d $(OUT)/user/*/*.d \
	$(OUT)/tests/*/*.d $(OUT)/tests/*/*/*.d \
	$(OUT)/fuzz/*/*/*.d)

# SPDX-License-Identifier: GPL-2.0-or-later
#
# make install, make uninstall: what goes where. DESTDIR and PREFIX as usual;
# configuration is in /etc whatever the prefix, and is never overwritten.

SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
I := install -D -m

INSTALL_SBIN := $(filter netd,$(PROGRAMS))
INSTALL_BIN := $(filter netctl vmm usernet,$(PROGRAMS))
INSTALL_LIBEXEC := $(filter netd-bridge-helper,$(PROGRAMS))
INSTALL_MAN := $(wildcard docs/*.[1-9])
INSTALL_VARLINK := $(wildcard docs/*.varlink)
INSTALL_CONF := $(patsubst etc/netd/%,%,$(wildcard etc/netd/*.conf etc/netd/networks/*.conf))
INSTALL_COMPLETIONS := $(wildcard etc/completions/*)
INSTALL_UNITS := $(wildcard etc/systemd/system/*)

install: all
	$(foreach p,$(INSTALL_SBIN),$(I) 755 $(BUILD)/$(p) $(DESTDIR)$(PREFIX)/sbin/$(p);)
	$(foreach p,$(INSTALL_BIN),$(I) 755 $(BUILD)/$(p) $(DESTDIR)$(PREFIX)/bin/$(p);)
	$(foreach p,$(INSTALL_LIBEXEC),$(I) 755 $(BUILD)/$(p) $(DESTDIR)$(PREFIX)/libexec/$(p);)
	$(foreach m,$(INSTALL_MAN),$(I) 644 $(m) $(DESTDIR)$(PREFIX)/share/man/man$(subst .,,$(suffix $(m)))/$(notdir $(m));)
	$(foreach v,$(INSTALL_VARLINK),$(I) 644 $(v) $(DESTDIR)$(PREFIX)/share/varlink/$(notdir $(v));)
	$(foreach c,$(INSTALL_COMPLETIONS),$(I) 644 $(c) $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$(notdir $(c));)
	$(foreach u,$(INSTALL_UNITS),$(I) 644 $(u) $(DESTDIR)$(UNITDIR)/$(notdir $(u)); sed -i 's|@PREFIX@|$(PREFIX)|g' $(DESTDIR)$(UNITDIR)/$(notdir $(u));)
	$(foreach c,$(INSTALL_CONF),[ -e $(DESTDIR)$(SYSCONFDIR)/netd/$(c) ] || $(I) 644 etc/netd/$(c) $(DESTDIR)$(SYSCONFDIR)/netd/$(c);)
	install -d -m 755 $(DESTDIR)$(SYSCONFDIR)/netd/hooks.d

# The configuration goes only where it is as it was shipped.
uninstall:
	$(foreach p,$(INSTALL_SBIN),rm -f $(DESTDIR)$(PREFIX)/sbin/$(p);)
	$(foreach p,$(INSTALL_BIN),rm -f $(DESTDIR)$(PREFIX)/bin/$(p);)
	$(foreach p,$(INSTALL_LIBEXEC),rm -f $(DESTDIR)$(PREFIX)/libexec/$(p);)
	$(foreach m,$(INSTALL_MAN),rm -f $(DESTDIR)$(PREFIX)/share/man/man$(subst .,,$(suffix $(m)))/$(notdir $(m));)
	$(foreach v,$(INSTALL_VARLINK),rm -f $(DESTDIR)$(PREFIX)/share/varlink/$(notdir $(v));)
	$(foreach c,$(INSTALL_COMPLETIONS),rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$(notdir $(c));)
	$(foreach u,$(INSTALL_UNITS),rm -f $(DESTDIR)$(UNITDIR)/$(notdir $(u));)
	$(foreach c,$(INSTALL_CONF),if cmp -s etc/netd/$(c) $(DESTDIR)$(SYSCONFDIR)/netd/$(c); then rm -f $(DESTDIR)$(SYSCONFDIR)/netd/$(c); fi;)
	-rmdir --ignore-fail-on-non-empty $(DESTDIR)$(SYSCONFDIR)/netd/hooks.d $(DESTDIR)$(SYSCONFDIR)/netd/networks $(DESTDIR)$(SYSCONFDIR)/netd 2> /dev/null

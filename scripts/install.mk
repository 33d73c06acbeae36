# What is shipped: manual pages, completion for shells, an installation, a tarball.
man: $(MAN)
$(B)/man/numabench.1: $(B)/bin/numabench
	@mkdir -p $(@D)
	$(Q)$< --man >$@
$(B)/man/numabench-%.1: $(B)/$(LIBEXEC)/%
	@mkdir -p $(@D)
	$(Q)$< --man >$@

# All options of all commands, in each shell's own words for what to do with them.
COMPLETION := $(addprefix $(B)/completion/numabench.,bash zsh fish)
completion: $(COMPLETION)
$(B)/completion/table: $(PROGRAMS)
	@mkdir -p $(@D)
	$(Q)for p in $^; do $$p --completion || exit 1; done >$@
$(COMPLETION): $(B)/completion/%: scripts/completion/% scripts/completion/fill $(B)/completion/table
	$(Q)scripts/completion/fill $< $(B)/completion/table >$@

# Where each shell looks, as seen from PREFIX; for a Debian package SHELL_zsh=share/zsh/vendor-completions/_numabench.
SHELL_bash := share/bash-completion/completions/numabench
SHELL_zsh  := share/zsh/site-functions/_numabench
SHELL_fish := share/fish/vendor_completions.d/numabench.fish

# What report --plots draws with, where the programs of the build folder look for it.
GNUPLOT := $(patsubst scripts/%,$(B)/share/numabench/%,$(wildcard scripts/gnuplot/*.gp))
$(GNUPLOT): $(B)/share/numabench/%: scripts/%
	$(Q)install -D -m 644 $< $@
all check-programs: $(GNUPLOT)

FROM := $(B)
.PHONY: completion
install: all man completion
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin $(LIBEXEC) share/man/man1 share/man/man7 share/numabench/expect share/numabench/gnuplot)
	install -m 755 $(FROM)/bin/numabench $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(patsubst %,$(FROM)/$(LIBEXEC)/%,$(BENCH) $(DIAG)) $(DESTDIR)$(PREFIX)/$(LIBEXEC)
	install -m 644 $(MAN) $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(wildcard man/*.7) $(DESTDIR)$(PREFIX)/share/man/man7
	$(foreach s,bash zsh fish,install -D -m 644 $(B)/completion/numabench.$(s) $(DESTDIR)$(PREFIX)/$(SHELL_$(s)) &&) :
	install -m 644 results/schema.json $(DESTDIR)$(PREFIX)/share/numabench
	install -m 644 $(wildcard scripts/gnuplot/*.gp) $(DESTDIR)$(PREFIX)/share/numabench/gnuplot

# For machines that have nothing installed: nothing is shared but glibc and libudev.
PORTABLE := $(B)/numabench-$(VERSION)-$(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
PORTABLE_LIBS := $(CUDART) @$(B)/portable/libs
$(eval $(call programs,portable/,$(B)/portable/libs,PORTABLE_LIBS))
$(B)/portable/libs: scripts/portable $(B)/flags
	@mkdir -p $(@D); CC='$(CC)' LDFLAGS='$(LDFLAGS)' $< libs >$@
portable: $(PROGRAMS:$(B)/%=$(B)/portable/%) man
	@rm -rf $(PORTABLE) $(PORTABLE).tar.gz && $(MAKE) -s install FROM=$(B)/portable DESTDIR= PREFIX=$(PORTABLE) && scripts/portable pack $(PORTABLE)

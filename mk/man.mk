# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The man pages, each a file of doc/man that says which sections of the documents stand in it.

PAGES = $(patsubst doc/man/%.md,$(BUILD)/man/%,$(wildcard doc/man/*.md))

# of the newest entry
NEWS_DATE = $$(sed -n '/^\#\# [0-9]/{s/^\#\# //p;q}' NEWS.md)

man: $(PAGES)

$(BUILD)/man/%: doc/man/%.md tools/man/page.awk README.md NEWS.md $(wildcard doc/*.md) engine/include/onedva/onedva.h
	@mkdir -p $(@D)
	@echo "MAN     $@"
	$(Q)awk -v version=$(VERSION) -v date="$(NEWS_DATE)" -f tools/man/page.awk $< > $@

# SPDX-License-Identifier: GPL-3.0-or-later
# make                 the program, build/hopsim
# make reproduce       install what is missing, build, run the paper's scenario, draw
# make test            the tests, within three minutes; SAN=address,undefined for a sanitizer build
# make bench           speed against bare loops; make plots, make fuzz, make golden

CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
SAN ?=
VARIANT ?= $(if $(SAN),san-$(subst $(comma),-,$(SAN)),release)$(if $(filter clang%,$(CC)),-clang)
comma := ,
B := build/$(VARIANT)
CAPTURES ?=
MARCH ?= native

OPTIMISE := $(if $(SAN),-O1 -g -fno-omit-frame-pointer -fsanitize=$(SAN),-O3 -march=$(MARCH) -g)
CFLAGS = -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror $(OPTIMISE) -MMD -MP -I.
LDFLAGS = $(if $(SAN),-fsanitize=$(SAN)) -pthread
LIBS := -lcrypto -lssl -lpcap -losip2 -losipparser2 -lgsl -lgslcblas -linih -ljansson -lm

# Folders of the program, each an archive, in the order in which they may include one another.
FOLDERS := sim/base sim/des sim/wire sim/proto sim/net sim/sec sim/ims sim traces plots bench/harness bench/cli
sources = $(filter-out bench/cli/main.c,$(wildcard $(1)/*.c))
archive = $(B)/$(1)/lib.a
ARCHIVES := $(foreach f,$(FOLDERS),$(if $(call sources,$(f)),$(call archive,$(f))))

# What a folder's tests link: the archives of its row in the table of layers.
row_sim/base := sim/base
row_sim/des := sim/des sim/base
row_sim/wire := sim/wire sim/base
row_sim/proto := sim/proto sim/wire sim/base
row_sim/net := sim/net sim/des sim/base
row_sim/sec := sim/sec sim/base
row_sim/ims := sim sim/ims sim/sec sim/net sim/proto sim/wire sim/des sim/base
row_sim := $(row_sim/ims)
row_traces := traces $(row_sim/ims)
row_plots := plots sim/base
row_bench/harness := bench/harness $(row_traces)
row_bench/cli := bench/cli bench/harness plots $(row_traces)
have = $(foreach f,$(1),$(if $(call sources,$(f)),$(call archive,$(f))))

TESTS := $(foreach f,$(FOLDERS),$(patsubst %.c,$(B)/%,$(wildcard tests/$(f)/test_*.c)))

.PHONY: all deps deps-test deps-long reproduce test check-long bench plots golden fuzz clean
.DELETE_ON_ERROR:
.SECONDEXPANSION:

all: build/hopsim

build/hopsim: $(B)/hopsim
	@ln -sfn $(VARIANT)/hopsim $@

$(B)/hopsim: $(B)/bench/cli/main.o $$(call have,$$(row_bench/cli))
	$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

define archive_rule
$(call archive,$(1)): $(patsubst %.c,$(B)/%.o,$(call sources,$(1)))
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call archive_rule,$(f))))

# $(B)/tests/sim/des/test_engine from tests/sim/des/test_engine.c and the archives of sim/des's row.
# A '%' in the prerequisite itself would be taken for the stem, hence the function.
folder = $(patsubst %/,%,$(dir $(1)))
$(B)/tests/%: $(B)/tests/%.o $$(call have,$$(row_$$(call folder,$$*)))
	$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS) -lcunit

deps deps-test deps-long:
	@sh bench/install.sh $@

reproduce: deps
	@$(MAKE) --no-print-directory all
	build/hopsim reproduce

test: deps deps-test
	@$(MAKE) --no-print-directory -j2 all $(TESTS)
	@B=$(B) CAPTURES='$(CAPTURES)' sh tests/run.sh $(TESTS)

# Manifests name the revision; results.o is made anew only when it has changed.
REVISION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
$(B)/bench/harness/results.o: CFLAGS += -DREVISION='"$(REVISION)"'
$(B)/bench/harness/results.o: $(B)/revision.txt
$(B)/revision.txt: force
	@mkdir -p $(@D)
	@echo '$(REVISION)' | cmp -s - $@ || echo '$(REVISION)' > $@
.PHONY: force

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)

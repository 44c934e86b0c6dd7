# SPDX-License-Identifier: GPL-3.0-or-later
# make                 the program, build/hopsim
#                      MPI=1 for one whose sweeps run on several machines: mpirun -np 8 build/hopsim sweep FILE
# make reproduce       install what is missing, build, run the paper's scenario, draw
# make test            the tests, within three minutes; SAN=address,undefined for a sanitizer build, CC=clang for clang
# make check-long      the same with nothing sampled, and what measures, loads or takes long; within an hour
# make bench           speed against bare loops, and of two threads
# make testbed         files through a real IMS core (Kamailio) in network namespaces, captured; root. RUN="dwells table"
#                      measures its dwells and holds the simulator against it
# make bench-peers     speed beside SimPy, SimGrid and ns-3, and TCP against ns-3's, cell by cell
# make fuzz            every parser under clang's fuzzer, FUZZ_S seconds each
# make install         into PREFIX=/usr/local below DESTDIR=; make deb: a Debian package
# make deps, deps-test, deps-clang, deps-peers, deps-long, deps-deb install from Debian what building, testing, clang,
#                      other simulators, long checks and packaging need

comma := ,
ifeq ($(origin CC),default)
CC := gcc
endif
SAN ?=
MARCH ?= native
MPI ?=
CAPTURES ?=
FUZZ_S ?= 30

# The folder's name holds whatever changes the objects, so that no two kinds of object ever mix.
VARIANT ?= $(if $(SAN),san-$(subst $(comma),-,$(SAN)),release)$(if $(filter clang%,$(notdir $(CC))),-clang)$(if $(filter-out native,$(MARCH)),-$(MARCH))$(if $(MPI),-mpi)
B := build/$(VARIANT)

OPTIMISE := $(if $(SAN),-O1 -g -fno-omit-frame-pointer -fsanitize=$(SAN) -fno-sanitize-recover=all,-O3 -march=$(MARCH) -g)
CFLAGS = -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror $(OPTIMISE) -MMD -MP -I.
LDFLAGS = $(if $(SAN),-fsanitize=$(SAN)) -pthread
LIBS := -lcrypto -lssl -lpcap -losip2 -losipparser2 -lgsl -lgslcblas -linih -ljansson -lm

# Folders of the program, each an archive, in the order in which they may include one another.
FOLDERS := sim/base sim/des sim/wire sim/proto sim/net sim/sec sim/ims sim traces plots bench/measure bench/harness bench/cli
# How the processes of a sweep hear of one another is one file or the other.
OTHER_RANKS := bench/harness/ranks_$(if $(MPI),single,mpi).c
sources = $(filter-out bench/cli/main.c $(OTHER_RANKS),$(wildcard $(1)/*.c))
archive = $(B)/$(1)/lib.a
ARCHIVES := $(foreach f,$(FOLDERS),$(if $(call sources,$(f)),$(call archive,$(f))))

# Scenarios and tables that are built into the program.
EMBEDDED := $(sort $(wildcard bench/scenarios/*.ini bench/dwell/*.csv bench/costs/*.csv))

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
row_bench/measure := bench/measure sim/sec sim/proto sim/wire sim/base
row_bench/harness := bench/harness $(row_traces)
row_bench/cli := bench/cli bench/measure bench/harness plots $(row_traces)
have = $(foreach f,$(1),$(if $(call sources,$(f)),$(call archive,$(f))))

TESTS := $(foreach f,$(FOLDERS),$(patsubst %.c,$(B)/%,$(wildcard tests/$(f)/test_*.c)))
FUZZERS := $(patsubst %.c,build/fuzz/%,$(wildcard tests/fuzz/*.c))

.PHONY: all deps deps-test deps-clang deps-peers deps-long deps-deb reproduce test check-long golden fuzz clean force
.DELETE_ON_ERROR:
.SECONDEXPANSION:
.SECONDARY:

all: build/hopsim

# The name under which people start the variant that was built last.
build/hopsim: $(B)/hopsim force
	@[ "$$(readlink $@)" = $(VARIANT)/hopsim ] || ln -sfn $(VARIANT)/hopsim $@

$(B)/hopsim: $(B)/bench/cli/main.o $$(call have,$$(row_bench/cli))
	$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)

# MPI's headers stand outside the usual folders, and its libraries are the compiler wrapper's affair (OpenMPI's words).
ifneq ($(MPI),)
$(B)/bench/harness/ranks_mpi.o: CFLAGS += $(patsubst -I%,-isystem%,$(filter-out -pthread,$(shell mpicc --showme:compile)))
LIBS += $(shell mpicc --showme:link)
endif

# Flags that were given by hand are part of what an object depends on.
FLAGS := $(CC) $(CFLAGS)
$(B)/flags: force
	@mkdir -p $(@D)
	@echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' >$@

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

$(B)/bench/builtins.c: bench/embed.sh $(EMBEDDED)
	@mkdir -p $(@D)
	@sh bench/embed.sh $(EMBEDDED) >$@

$(B)/bench/harness/builtins.o: $(B)/bench/builtins.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

# The gnuplot scripts and what a page consists of are part of the program.
$(B)/plots/scripts.c: plots/embed.sh $(wildcard plots/*.gp) plots/page.css plots/page.js
	@mkdir -p $(@D)
	@sh $< $(filter-out %.sh,$^) > $@
$(B)/plots/scripts.o: $(B)/plots/scripts.c
	$(CC) $(CFLAGS) -c -o $@ $<
$(call archive,plots): $(B)/plots/scripts.o

# What can be read of the paper's figures, for reproduce.
$(B)/bench/cli/paper_text.c: traces/paper/captures.csv
	@mkdir -p $(@D)
	@{ echo 'extern const char paper_text[];'; echo 'const char paper_text[] = {'; \
	    od -An -v -td1 $< | sed 's/ *\([0-9][0-9]*\)/\1,/g'; echo '0};'; } >$@
$(B)/bench/cli/paper_text.o: $(B)/bench/cli/paper_text.c $(B)/flags
	$(CC) $(CFLAGS) -c -o $@ $<
$(call archive,bench/cli): $(B)/bench/cli/paper_text.o

# How to cite the program, for cite.
$(B)/bench/cli/citation_text.c: CITATION.cff
	@mkdir -p $(@D)
	@{ echo 'extern const char citation_text[];'; echo 'const char citation_text[] = {'; \
	    od -An -v -td1 $< | sed 's/ *\([0-9][0-9]*\)/\1,/g'; echo '0};'; } >$@
$(B)/bench/cli/citation_text.o: $(B)/bench/cli/citation_text.c $(B)/flags
	$(CC) $(CFLAGS) -c -o $@ $<
$(call archive,bench/cli): $(B)/bench/cli/citation_text.o

# Manifests name the revision; results.o is made anew only when it has changed.
REVISION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
$(B)/bench/harness/results.o: CFLAGS += -DREVISION='"$(REVISION)"' -DCOMPILER='"$(shell $(CC) --version | head -1 | tr -d '"')"'
$(B)/bench/harness/results.o: $(B)/revision.txt
$(B)/revision.txt: force
	@mkdir -p $(@D)
	@echo '$(REVISION)' | cmp -s - $@ || echo '$(REVISION)' >$@

define archive_rule
$(call archive,$(1)): $(patsubst %.c,$(B)/%.o,$(call sources,$(1))) $(if $(filter bench/harness,$(1)),$(B)/bench/harness/builtins.o)
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call archive_rule,$(f))))

# $(B)/tests/sim/des/test_engine from tests/sim/des/test_engine.c and the archives of sim/des's row.
# A '%' in the prerequisite itself would be taken for the stem, hence the function.
folder = $(patsubst %/,%,$(dir $(1)))
$(B)/tests/%: $(B)/tests/%.o $$(call have,$$(row_$$(call folder,$$*)))
	$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS) -lcunit

deps deps-test deps-clang deps-peers deps-long deps-deb:
	@sh bench/install.sh $@

reproduce: deps
	@$(MAKE) --no-print-directory -j2 all
	build/hopsim reproduce

# The compilers that deps may have to install first are asked for their flags by a second make. One call installs
# several sets, so that make -j never starts two installers.
test:
	@sh bench/install.sh deps deps-test $(if $(filter clang,$(CC)),deps-clang)
	@$(MAKE) --no-print-directory -j2 all $(TESTS)
	@B=$(B) CC='$(CC)' CAPTURES='$(CAPTURES)' sh tests/run.sh $(TESTS)

# The same with nothing sampled, and what measures, loads or takes long: tests/long.
check-long:
	@sh bench/install.sh deps deps-test deps-long
	@$(MAKE) --no-print-directory -j2 all $(TESTS) $(B)/peer_kernel $(PEER_PROGRAMS)
	@LONG=1 B=$(B) CC='$(CC)' CAPTURES='$(CAPTURES)' sh tests/run.sh $(TESTS)

# Parsers under clang's fuzzer; objects and archives are a variant of their own.
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $$(call have,bench/measure $$(row_bench/harness))
	$(CC) $(subst fuzzer-no-link,fuzzer,$(LDFLAGS)) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)

fuzz:
	@sh bench/install.sh deps deps-clang
	@$(MAKE) --no-print-directory -j2 CC=clang VARIANT=fuzz SAN=fuzzer-no-link,address,undefined $(FUZZERS)
	@FUZZ_S=$(FUZZ_S) sh tests/fuzz/run.sh $(FUZZERS)

# The figures that README shows, drawn again.
plots: build/hopsim
	@rm -rf build/plots
	@build/hopsim reproduce -o build/plots/paper >/dev/null
	@build/hopsim compare home --sizes -o build/plots/home >/dev/null
	@cp build/plots/paper/figures/delay-by-arm-paper-4-warm.svg plots/readme-delay-by-arm.svg
	@cp build/plots/paper/figures/delay-by-size.svg plots/readme-delay-by-size.svg
	@cp build/plots/home/figures/delay-by-size.svg plots/readme-delay-by-size-home.svg
.PHONY: plots

# Records the event logs of tests/golden anew; the commit that changes one says why.
golden: build/hopsim
	HOPSIM=build/hopsim sh tests/golden.sh --write

# Speed against bare loops and of whole trials, as CSV; BENCH="mm1 hold-10" measures these only.
SPEED := $(patsubst %.c,$(B)/%.o,$(wildcard bench/speed/*.c bench/speed/floors/*.c))
$(B)/bench_speed: $(SPEED) $$(call have,$$(row_traces))
	$(CC) $(LDFLAGS) -o $@ $(SPEED) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)

.PHONY: bench
bench: $(B)/bench_speed $(B)/hopsim
	@$(B)/bench_speed $(BENCH)
	@[ -n "$(BENCH)" ] || sh bench/speed/tshark.sh $(B)/bench_speed $(B)/hopsim
	@[ -n "$(BENCH)" ] || sh bench/speed/threads.sh $(B)/hopsim

# Other simulators as tables, PEERS="speed tcp": how long they take for the same, and TCP against ns-3's, SEEDS=10 for
# fewer transfers with loss; RECORD=FOLDER for the tables as CSV.
PEERS ?= speed tcp
CUSTOMERS ?= 5000000
SEEDS ?= 30
RECORD ?=
$(B)/peer_ours: $(B)/bench/peers/ours.o $$(call have,sim/net sim/des sim/base)
	$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)

$(B)/peer_kernel: $(B)/bench/peers/kernel.o
	$(CC) $(LDFLAGS) -o $@ $<

$(B)/peer_mm1_ours: $(addprefix $(B)/bench/,peers/mm1_ours.o speed/mm1.o speed/variates.o) $$(call have,sim/des sim/base)
	$(CC) $(LDFLAGS) -o $@ $< $(B)/bench/speed/mm1.o $(B)/bench/speed/variates.o -Wl,--start-group $(filter %.a,$^) \
	    -Wl,--end-group $(LIBS)

NS3 := $(addprefix -lns3-,applications internet point-to-point traffic-control network core)
$(B)/peer_ns3 $(B)/peer_mm1_ns3: $(B)/peer_%: bench/peers/%.cc
	@mkdir -p $(@D)
	g++ -std=c++17 -Wall -Wextra -O2 -o $@ $< $(NS3)

$(B)/peer_mm1_simgrid: bench/peers/mm1_simgrid.cc
	@mkdir -p $(@D)
	g++ -std=c++17 -Wall -Wextra -O2 -o $@ $< -lsimgrid

PEER_PROGRAMS := $(addprefix $(B)/peer_,ours ns3 mm1_ours mm1_ns3 mm1_simgrid)
.PHONY: bench-peers
bench-peers:
	@sh bench/install.sh deps deps-peers
	@$(MAKE) --no-print-directory $(PEER_PROGRAMS)
	@$(if $(filter speed,$(PEERS)),sh bench/peers/speed.sh $(B) $(CUSTOMERS) $(RECORD:%=%/speed-against-peers.csv),:)
	@$(if $(filter tcp,$(PEERS)),sh bench/peers/tcp.sh $(B)/peer_ours $(B)/peer_ns3 $(SEEDS) $(RECORD:%=%/tcp-against-ns3.csv),:)

# What ranks cost beside their trials (MPI=1): mpirun -np 2 $(B)/rank_costs SWEEP FOLDER.
$(B)/rank_costs: $(B)/bench/slurm/costs.o $$(call have,$$(row_bench/harness))
	$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)

# A real IMS core, Kamailio's, in network namespaces, and what crosses it, into build/testbed. RUN names scripts of
# bench/testbed: arms (each arm's transfer), sessions (captures), dwells (tables of dwells with work), table (simulated
# against measured), saturation (the rate at which the core begins to fail), depth (work by calls under way).
RUN ?= arms sessions
$(B)/testbed_vectors: $(B)/bench/testbed/vectors.o $$(call have,sim/sec sim/base)
	$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)

$(B)/testbed_box: $(B)/bench/testbed/box.o $$(call have,$$(row_bench/measure))
	$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)

.PHONY: testbed
testbed:
	@sh bench/install.sh deps deps-test deps-long
	@$(MAKE) --no-print-directory -j2 all $(B)/testbed_vectors $(B)/testbed_box
	@TESTBED_VECTORS=$(B)/testbed_vectors TESTBED_BOX=$(B)/testbed_box HOPSIM=build/hopsim \
	    sh bench/testbed/testbed.sh run sh -c 'for run in $(RUN); do sh bench/testbed/$$run.sh || exit 1; done'

# Into PREFIX below DESTDIR: the program, man pages, completions, documents.
PREFIX ?= /usr/local
DESTDIR ?=
.PHONY: install deb
install: all
	@sh bench/install-files.sh $(B)/hopsim '$(DESTDIR)' '$(PREFIX)'

# The Debian package of what is committed, looked at by lintian.
deb:
	@sh bench/install.sh deps deps-deb
	@sh bench/deb.sh

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# SPDX-License-Identifier: GPL-2.0-or-later
# The version and the one time stamp that goes into the output. VERSION is the next release, or the one that its tag
# v$(RELEASE) stands on; before that, ~dev and the commit follow: "~" sorts before the release itself (UAPI.10).

GIT := git -c safe.directory='*'
RELEASE := $(shell cat VERSION)
COMMIT := $(or $(shell $(GIT) describe --always --dirty=.dirty --exclude='*' 2>/dev/null),unknown)
TAGGED := $(shell $(GIT) describe --exact-match --dirty=.dirty --match='v$(RELEASE)' 2>/dev/null)
# A release's source says in .version what git would have said.
ARCHIVED := $(if $(filter unknown,$(COMMIT)),$(file <.version))
VERSION := $(or $(word 1,$(ARCHIVED)),$(if $(filter v$(RELEASE),$(TAGGED)),$(RELEASE),$(RELEASE)~dev.$(COMMIT)))
export SOURCE_DATE_EPOCH := $(or $(word 2,$(ARCHIVED)),$(shell $(GIT) log -1 --format=%ct 2>/dev/null),0)
export KBUILD_BUILD_TIMESTAMP := 1970-01-01
export KBUILD_BUILD_USER := mvirt
export KBUILD_BUILD_HOST := mvirt
export V

# A file whose time changes only when its text does: a prerequisite of everything that uses the text.
# $(call remember,NAME,TEXT)
REMEMBERED := $(O)/obj/remembered
remember = $(shell mkdir -p $(REMEMBERED); cd $(REMEMBERED); \
	printf '%s\n' '$2' | cmp -s - $1 || printf '%s\n' '$2' >$1)$(REMEMBERED)/$1

VERSION_FILE := $(call remember,version,$(VERSION) $(SOURCE_DATE_EPOCH))

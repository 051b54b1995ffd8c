#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The dashboard on a terminal, key by key, against the made-up host of test-api.
# MVIRT_DASHBOARD is the program; MVIRT_TEST_API the test that serves with --serve.
# needs: obj/hostd/mvirt-dashboard obj/test/unit/api/test-api
set -u

here=$(dirname "$0")
program=$(realpath "${MVIRT_DASHBOARD:-build/obj/hostd/mvirt-dashboard}")
stub=${MVIRT_TEST_API:-$(dirname "$program")/../test/unit/api/test-api}
exec python3 "$here/dashboard-terminal.py" "$program" "$stub"

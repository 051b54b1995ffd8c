# SPDX-License-Identifier: GPL-2.0-or-later
"""The row of DHCP clients."""


def row_12(options):
    raise NotImplementedError("not measured yet")

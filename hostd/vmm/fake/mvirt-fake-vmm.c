// SPDX-License-Identifier: GPL-2.0-or-later
// The fake VMM as a program, for the fault tests; the unit tests call it in a child.
#include "vmm/fake/fake-program.h"

int main(int argc, char **argv)
{
	if (argc != 6)
		return 2;
	fake_program_run(FAKE_PROGRAM_CONTROL_FD, FAKE_PROGRAM_SERIAL_FD, argv);
}

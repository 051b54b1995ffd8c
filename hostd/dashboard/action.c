// SPDX-License-Identifier: GPL-2.0-or-later
// The table of what a person can ask for.
#include "action.h"

#include <string.h>

#include "base/text.h"

/* clang-format off */
static const struct action actions[] = {
	{ ACTION_START, ACTION_OF_GUEST, 's', "start", true, NULL, NULL,
	  "io.mvirt.Guest.Start", "name", "%s is starting" },
	{ ACTION_STOP, ACTION_OF_GUEST, 't', "stop", true,
	  "Stop guest %s?", "It is asked to power off, and killed after a timeout.",
	  "io.mvirt.Guest.Stop", "name", "%s was asked to power off" },
	{ ACTION_RESTART, ACTION_OF_GUEST, 'r', "restart", true,
	  "Restart guest %s?", "It is asked to power off, and then started again.",
	  "io.mvirt.Guest.Restart", "name", "%s is restarting" },
	{ ACTION_KILL, ACTION_OF_GUEST, 'k', "kill", true,
	  "Kill guest %s?", "It ends at once; unwritten data is lost.",
	  "io.mvirt.Guest.Kill", "name", "%s was killed" },
	{ ACTION_CONSOLE, ACTION_OF_GUEST, 'c', "console", true, NULL, NULL,
	  "io.mvirt.Guest.Console", "name", NULL },
	{ ACTION_SCREEN, ACTION_OF_GUEST, 'v', "screen", true,
	  "Give the screen to guest %s?", "It takes over screen, keyboard and mouse.",
	  "io.mvirt.Console.ShowGuest", "name", "%s owns the screen" },
	{ ACTION_LOG, ACTION_OF_GUEST, 'l', "log", false, NULL, NULL,
	  "io.mvirt.Guest.Log", "name", NULL },
	{ ACTION_ADDRESS, ACTION_ANYWHERE_ELSE, 0, "address", true, NULL, NULL,
	  "io.mvirt.Console.TryAddress", "network", NULL },
	{ ACTION_KEEP_ADDRESS, ACTION_OF_TRIAL, 'y', "keep address", true, NULL, NULL,
	  "io.mvirt.Console.KeepAddress", "network",
	  "%s keeps its new address until the machine goes down" },
	{ ACTION_REVERT_ADDRESS, ACTION_OF_TRIAL, 'n', "old address", true, NULL, NULL,
	  "io.mvirt.Console.RevertAddress", "network", "%s has its old address again" },
	{ ACTION_POWER_OFF, ACTION_OF_POWER, 'p', "power off", true,
	  "Power this machine off?", "All guests are stopped first.",
	  "io.mvirt.Host.Shutdown", NULL, "The machine is powering off" },
	{ ACTION_REBOOT, ACTION_OF_POWER, 'r', "reboot", true,
	  "Reboot this machine?", "All guests are stopped first.",
	  "io.mvirt.Host.Reboot", NULL, "The machine is rebooting" },
	{ ACTION_POWER_OFF_NOW, ACTION_OF_POWER, 'k', "power off at once", true,
	  "Kill all guests, and power this machine off?",
	  "This also ends a shutdown that waits for guests.",
	  "io.mvirt.Host.Shutdown", NULL, "The guests are killed" },
};
/* clang-format on */

const struct action *action_find(enum action_id id)
{
	for (size_t i = 0; i < ELEMENTS(actions); i++)
		if (actions[i].id == id)
			return &actions[i];
	return NULL;
}

const struct action *action_of_key(enum action_place place, char key)
{
	for (size_t i = 0; i < ELEMENTS(actions); i++)
		if (actions[i].place == place && actions[i].key && actions[i].key == key)
			return &actions[i];
	return NULL;
}

char *action_text(const char *text, const char *name)
{
	const char *place = strstr(text, "%s");

	return place ? text_format("%.*s%s%s", (int)(place - text), text, name, place + 2)
		     : strdup(text);
}

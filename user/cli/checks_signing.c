// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether the kernel takes the module: Secure Boot, lockdown, keys. */
#include <libkcopy.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "check.h"
#include "checks_signing.h"
#include "cleanup.h"

/* Where DKMS keeps its key; with shim-signed, Ubuntu's way, the other one. */
static const char *const dkms_keys[] = {
	"/var/lib/dkms/mok.pub",
	"/var/lib/shim-signed/mok/MOK.der",
};

/* Why only signed modules are taken, or "". */
static const char *demand(char *buf, size_t size)
{
	char enforce[8] = "", lockdown[128] = "";

	read_line("/sys/module/module/parameters/sig_enforce", enforce,
		  sizeof(enforce));
	read_line("/sys/kernel/security/lockdown", lockdown, sizeof(lockdown));
	*buf = '\0';
	if (*lockdown && !strstr(lockdown, "[none]"))
		snprintf(buf, size, "lockdown %s", lockdown);
	else if (*enforce == 'Y')
		snprintf(buf, size, "module.sig_enforce");
	return buf;
}

static const char *key_of_dkms(void)
{
	size_t i;

	for (i = 0; i < sizeof(dkms_keys) / sizeof(*dkms_keys); i++)
		if (!access(dkms_keys[i], F_OK))
			return dkms_keys[i];
	return NULL;
}

static void advise_enrolment(struct check *check)
{
	const char *key = key_of_dkms();
	char text[256];

	if (!key) {
		check_advise(
			check,
			"sign kcopyd.ko (scripts/sign-file of the kernel's headers), enrol the key (mokutil --import), restart; or switch Secure Boot off");
		return;
	}
	snprintf(
		text, sizeof(text),
		"mokutil --import %s, restart and confirm it; DKMS signs with this key what it builds (dkms build --force)",
		key);
	check_advise(check, text);
}

void check_signer(struct check *check, const char *path, const char *why)
{
	char signer[128];
	int is_signed = kcopy_module_signer(path, signer, sizeof(signer));

	if (is_signed < 0) {
		check_set(
			check, CHECK_UNKNOWN,
			"only signed modules are taken (%s); whether %s is signed can't be found out: %s",
			why, path, strerror(-is_signed));
		return;
	}
	if (is_signed)
		check_set(
			check, CHECK_NOTE,
			"only signed modules are taken (%s); %s is signed by '%s': load tells whether its key is known",
			why, path, *signer ? signer : "an unnamed key");
	else
		check_set(
			check, CHECK_FATAL,
			"only signed modules are taken (%s), and %s is not signed",
			why, path);
	advise_enrolment(check);
}

void check_signing(struct check *check)
{
	AUTO_FREE char *path = NULL;
	char why[160];

	if (!*demand(why, sizeof(why)))
		check_set(check, CHECK_OK, "unsigned modules are taken");
	else if (module_loaded()) /* It has passed. */
		check_set(check, CHECK_OK, "only signed modules are taken (%s)",
			  why);
	else if (!kcopy_module_find(NULL, &path, NULL))
		check_signer(check, path, why);
	else
		check_set(check, CHECK_NOTE,
			  "only signed modules are taken (%s)", why);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include "lib/by_id.h"

static void expect_better(const char *link, const char *than)
{
	cr_expect(kcopy_by_id_is_better(link, than), "%s, %s", link, than);
	cr_expect_not(kcopy_by_id_is_better(than, link), "%s, %s", link, than);
}

Test(by_id, prefers_what_says_something)
{
	expect_better("scsi-SATA_Disk_1", "nvme-eui.0025385b");
	expect_better("virtio-1", "dm-uuid-LVM-A");
	expect_better("wwnx", "wwn-0x5000");
}

/* Maps name their destination by it: whatever comes first in the folder. */
Test(by_id, is_the_same_whatever_the_order)
{
	expect_better("ata-Disk_1", "scsi-SATA_Disk_1");
	expect_better("dm-uuid-A", "wwn-0x5000");
	cr_expect_not(kcopy_by_id_is_better("ata-A", "ata-A"));
}

#pragma once

namespace xref {

// Frees the disk space of a file that nobody needs any more, and that nobody may have mapped, some
// MiB at a time. Where the last close of a large file without a name frees it all at once, whoever
// syncs another file of that file system waits until that is over. Failing to is no harm: closing
// the file frees what is left.
void FreeSpaceInSteps(int fd);

}  // namespace xref

#pragma once

// Small files, and the syncing of files and folders. Errors: ResourceExhausted (the disk or a quota
// is full), Internal; each names the path.

#include <absl/status/status.h>

#include <string>
#include <string_view>

namespace xref {

// What the system said last (errno) when it was to do `what` with a file.
[[nodiscard]] absl::Status FileFailure(const std::string& path, const char* what);

// Writes all of it where the open file stands.
[[nodiscard]] absl::Status WriteAll(int fd, std::string_view bytes, const std::string& path);

// Makes or replaces a file, private to the user, and syncs it. What a crash leaves in between is a
// part of it; and its name may be gone until its folder is synced.
[[nodiscard]] absl::Status WriteDurably(const std::string& path, std::string_view text);

// A file, or the names in a folder.
[[nodiscard]] absl::Status Sync(const std::string& path);

}  // namespace xref

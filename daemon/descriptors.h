#pragma once

#include <absl/status/status.h>

#include <cstddef>

#include "daemon/options.h"

namespace xref {

// Lets the process have as many file descriptors as these options may come to need, so that files
// can be opened whatever peers do. InvalidArgument where the system allows fewer: says how many,
// and what helps.
absl::Status AllowDescriptors(const Options& options);

// How many it may have now.
size_t DescriptorsAllowed();

}  // namespace xref

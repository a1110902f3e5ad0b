#pragma once

#include <unistd.h>

#include <cstdio>
#include <string>

namespace xref::bench {

// One line on a terminal that says how far it is, in place of the one before; nothing elsewhere.
inline void ShowProgress(const std::string& line) {
  if (isatty(STDERR_FILENO) == 1) std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
}
inline void EndProgress() { ShowProgress(""); }

}  // namespace xref::bench

#include "persistence/free_space.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace xref {
namespace {

constexpr off_t kStepBytes = 16 << 20;

}  // namespace

void FreeSpaceInSteps(int fd) {
  struct stat file;
  if (fstat(fd, &file) != 0) return;
  for (off_t size = file.st_size; size > 0;) {
    size = std::max<off_t>(0, size - kStepBytes);
    if (ftruncate(fd, size) != 0) return;
  }
}

}  // namespace xref

#pragma once

#include <cstdint>
#include <vector>

namespace xref::cli {

// Rows of a file by the line in which they begin, in an eighth of a byte for each line.
class LineSet {
 public:
  void Add(uint64_t line) {
    if (line >= lines_.size()) lines_.resize(line + 1);
    lines_[line] = true;
  }
  bool Contains(uint64_t line) const { return line < lines_.size() && lines_[line]; }

 private:
  std::vector<bool> lines_;
};

}  // namespace xref::cli

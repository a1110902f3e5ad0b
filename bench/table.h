#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/rounds.h"

namespace xref::bench {

// What one side of a comparison measured in one round, by name.
using Figures = std::vector<std::pair<std::string, double>>;

// Two sides by turns: medians, ranges, and the median of the rounds' ratios, since what disturbs
// one side disturbs the other in the same round.
class Table {
 public:
  Table(std::string left, std::string right) : left_(std::move(left)), right_(std::move(right)) {}

  void AddRound(const Figures& left, const Figures& right);
  std::string Print() const;

 private:
  struct Row {
    std::string name;
    Rounds left;
    std::optional<Rounds> right;
    std::optional<Rounds> ratio;
  };
  const std::string left_;
  const std::string right_;
  std::vector<Row> rows_;  // in the order in which they were measured first
};

}  // namespace xref::bench

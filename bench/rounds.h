#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace xref::bench {

// One figure, measured in several rounds.
class Rounds {
 public:
  void Add(double value) {
    values_.insert(std::upper_bound(values_.begin(), values_.end(), value), value);
  }

  bool empty() const { return values_.empty(); }
  const std::vector<double>& values() const { return values_; }  // ascending
  // There must be at least one value, here and below.
  double Median() const { return values_[values_.size() / 2]; }
  // "least..greatest", with as many decimals.
  std::string Range(int decimals) const {
    return fmt::format("{:.{}f}..{:.{}f}", values_.front(), decimals, values_.back(), decimals);
  }

 private:
  std::vector<double> values_;
};

// The value that `share` of the others do not exceed: 0.5 is the median, 1 the greatest. Not empty.
inline double Quantile(std::vector<double> values, double share) {
  const auto rank = static_cast<size_t>(share * static_cast<double>(values.size()));
  const auto at = values.begin() + static_cast<ptrdiff_t>(std::min(rank, values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace xref::bench

#include "bench/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace xref::bench {
namespace {

// Large figures are whole numbers.
int Decimals(const Rounds& rounds) {
  return rounds.Median() >= 1'000 ? 0 : rounds.Median() >= 10 ? 1 : 2;
}

std::string Cell(const std::optional<Rounds>& rounds) {
  if (!rounds.has_value()) return fmt::format("{:>10} {:>19}", "", "");
  const int decimals = Decimals(*rounds);
  return fmt::format("{:>10.{}f} {:>19}", rounds->Median(), decimals, rounds->Range(decimals));
}

}  // namespace

void Table::AddRound(const Figures& left, const Figures& right) {
  for (const auto& [name, value] : left) {
    auto row = std::find_if(rows_.begin(), rows_.end(),
                            [&name](const Row& other) { return other.name == name; });
    if (row == rows_.end()) {
      rows_.push_back({.name = name, .left = {}, .right = {}, .ratio = {}});
      row = rows_.end() - 1;
    }
    row->left.Add(value);
    const auto other = std::find_if(right.begin(), right.end(),
                                    [&name](const auto& figure) { return figure.first == name; });
    if (other == right.end()) continue;
    if (!row->right.has_value()) {
      row->right.emplace();
      row->ratio.emplace();
    }
    row->right->Add(other->second);
    row->ratio->Add(value / other->second);
  }
}

std::string Table::Print() const {
  std::string out =
      fmt::format("{:<45} {:>10} {:>19} {:>10} {:>19} {:>7} {:>11}\n", "", left_, "(min..max)",
                  right_, right_.empty() ? "" : "(min..max)", "ratio", "(min..max)");
  for (const Row& row : rows_) {
    out += fmt::format("{:<45} {} {}", row.name, Cell(row.left), Cell(row.right));
    if (row.ratio.has_value()) {
      out += fmt::format(" {:>7.2f} {:>11}", row.ratio->Median(), row.ratio->Range(2));
    }
    out += '\n';
  }
  return out;
}

}  // namespace xref::bench

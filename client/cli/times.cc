#include "client/cli/times.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>

namespace xref::cli {
namespace {

using std::chrono::microseconds;
using std::chrono::system_clock;

// Nobody knows of anything before, and what is far beyond it would not fit into a time.
constexpr std::chrono::seconds kSpanMax = std::chrono::years(100);

// Of a number and a unit, e.g. "15m"; nothing of anything else.
std::optional<std::chrono::seconds> ParseSpan(const std::string& text) {
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || at + 1 != end || number < 0) return std::nullopt;
  std::chrono::seconds unit{};
  switch (*at) {
    case 's':
      unit = std::chrono::seconds(1);
      break;
    case 'm':
      unit = std::chrono::minutes(1);
      break;
    case 'h':
      unit = std::chrono::hours(1);
      break;
    case 'd':
      unit = std::chrono::days(1);
      break;
    default:
      return std::nullopt;
  }
  if (number > kSpanMax / unit) return std::nullopt;
  return number * unit;
}

// Takes a text apart from its front.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  // Exactly so many digits.
  template <typename T>
  bool Number(size_t digits, T& number) {
    if (text_.size() < digits) return false;
    const auto [at, error] = std::from_chars(text_.data(), text_.data() + digits, number);
    if (error != std::errc() || at != text_.data() + digits) return false;
    text_.remove_prefix(digits);
    return true;
  }
  bool Text(std::string_view expected) {
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
  }
  bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

}  // namespace

absl::StatusOr<int64_t> ParseTime(const std::string& text) {
  if (const auto span = ParseSpan(text)) {
    return std::chrono::duration_cast<microseconds>(system_clock::now().time_since_epoch() - *span)
        .count();
  }
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  FieldReader reader(text);
  bool known = reader.Number(4, year) && reader.Text("-") && reader.Number(2, month) &&
               reader.Text("-") && reader.Number(2, day);
  if (known && reader.Text("T")) {
    known = reader.Number(2, hour) && reader.Text(":") && reader.Number(2, minute);
    if (known && reader.Text(":")) known = reader.Number(2, second);
    reader.Text("Z");
  }
  known = known && reader.at_end();
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!known || !date.ok() || hour > 23 || minute > 59 || second > 60) {
    return absl::InvalidArgumentError(
        fmt::format("\"{}\" is no time; write it as 2026-11-23, 2026-11-23T21:07 or "
                    "2026-11-23T21:07:28Z (UTC), "
                    "or as so long ago: 90s, 15m, 2h, 7d",
                    text));
  }
  const auto time = std::chrono::sys_days(date) + std::chrono::hours(hour) +
                    std::chrono::minutes(minute) + std::chrono::seconds(second);
  return std::chrono::duration_cast<microseconds>(time.time_since_epoch()).count();
}

}  // namespace xref::cli

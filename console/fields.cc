#include "console/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>
#include <chrono>

#include "console/problem.h"

namespace xref::console {

namespace json = boost::json;

bool Fields::Has(std::string_view name) {
  asked_.push_back(name);
  return object_.contains(name);
}

const json::value& Fields::Need(std::string_view name) {
  if (!Has(name)) Refuse(name, "is missing");
  return object_.at(name);
}

void Fields::Refuse(std::string_view name, std::string_view why) const {
  Problem problem = BadRequest(fmt::format("{}{} {}", where_, name, why));
  if (item_) problem.extras["item"] = *item_;
  throw problem;
}

std::string_view Fields::Text(std::string_view name) {
  const json::string* text = Need(name).if_string();
  if (text == nullptr) Refuse(name, "is not a string");
  return {text->data(), text->size()};
}

std::string_view Fields::Text(std::string_view name, std::string_view otherwise) {
  return Has(name) ? Text(name) : otherwise;
}

std::string_view Fields::Id(std::string_view name) {
  const std::string_view id = Text(name);
  if (const auto fault = FindIdFault(id)) Refuse(name, Describe(*fault));
  return id;
}

std::string_view Fields::MaybeId(std::string_view name) {
  return Has(name) ? Id(name) : std::string_view();
}

bool Fields::Flag(std::string_view name) {
  const bool* flag = Need(name).if_bool();
  if (flag == nullptr) Refuse(name, "is neither true nor false");
  return *flag;
}

bool Fields::Flag(std::string_view name, bool otherwise) {
  return Has(name) ? Flag(name) : otherwise;
}

uint64_t Fields::Number(std::string_view name, uint64_t least, uint64_t most) {
  const json::value& value = Need(name);
  boost::system::error_code error;
  const auto number = value.to_number<uint64_t>(error);
  if (error || value.is_double() || number < least || number > most) {
    Refuse(name, fmt::format("is not a whole number from {} to {}", least, most));
  }
  return number;
}

uint64_t Fields::Number(std::string_view name, uint64_t least, uint64_t most, uint64_t otherwise) {
  return Has(name) ? Number(name, least, most) : otherwise;
}

uint64_t Fields::Token(std::string_view name) {
  const std::string_view text = Text(name);
  uint64_t token = 0;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, token) != std::from_chars_result{end, {}}) {
    Refuse(name, "is not a string of digits");
  }
  return token;
}

uint64_t Fields::Token(std::string_view name, uint64_t otherwise) {
  return Has(name) ? Token(name) : otherwise;
}

const json::array& Fields::Batch(std::string_view name) {
  const json::array* batch = Need(name).if_array();
  if (batch == nullptr || batch->empty()) Refuse(name, "is not an array of one item or more");
  if (batch->size() > kBatchIdsMax) {
    throw Problem{413, "too-large",
                  fmt::format("{}{} has {} items, and one request takes {} at most: send several",
                              where_, name, batch->size(), kBatchIdsMax)};
  }
  return *batch;
}

IdList Fields::Ids(std::string_view name) {
  IdList ids;
  const json::array& batch = Batch(name);
  for (size_t i = 0; i < batch.size(); ++i) {
    const json::string* text = batch[i].if_string();
    const std::string_view id = text == nullptr ? "" : std::string_view(text->data(), text->size());
    const auto fault = FindIdFault(id);
    if (text == nullptr || fault) {
      Problem problem =
          BadRequest(fmt::format("{}{} {}", where_, ItemName(name, i),
                                 text == nullptr ? "is not a string" : Describe(*fault)));
      problem.extras["item"] = i;
      throw problem;
    }
    ids.Add(id);
  }
  return ids;
}

void Fields::Done() const {
  for (const auto& field : object_) {
    const std::string_view name(field.key().data(), field.key().size());
    if (std::find(asked_.begin(), asked_.end(), name) == asked_.end()) {
      Refuse(name, "is not a field that this request has");
    }
  }
}

json::object ParseObject(std::string_view body) {
  boost::system::error_code error;
  json::value value = json::parse(body, error);
  if (error) {
    throw Problem{400, "invalid-json",
                  fmt::format("the body is not valid JSON: {}", error.message())};
  }
  if (!value.is_object()) throw BadRequest("the body is not a JSON object");
  return std::move(value.get_object());
}

int64_t ParseTime(std::string_view name, std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool has_shape =
      text.size() > kShape.size() &&
      std::equal(kShape.begin(), kShape.end(), text.begin(),
                 [&](char shape, char c) { return shape == '0' ? is_digit(c) : shape == c; });
  if (has_shape) {
    const auto number = [&](size_t at, size_t digits) {
      int read = 0;
      std::from_chars(text.data() + at, text.data() + at + digits, read);
      return read;
    };
    int64_t micros = 0;
    std::string_view rest = text.substr(kShape.size());
    if (rest.starts_with('.')) {
      int64_t unit = 100'000;
      for (rest.remove_prefix(1); !rest.empty() && is_digit(rest[0]);
           rest.remove_prefix(1), unit /= 10) {
        micros += unit * (rest[0] - '0');
      }
    }
    using namespace std::chrono;
    const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
    const year_month_day date{year(number(0, 4)), month(static_cast<unsigned>(number(5, 2))),
                              day(static_cast<unsigned>(number(8, 2)))};
    if (rest == "Z" && date.ok() && hour < 24 && minute < 60 && second < 60) {
      const auto time = sys_days(date).time_since_epoch() + hours(hour) + minutes(minute) +
                        seconds(second) + microseconds(micros);
      return duration_cast<microseconds>(time).count();
    }
  }
  throw BadRequest(fmt::format("{} is not a time such as 2026-11-28T15:32:42Z", name));
}

std::string ItemName(std::string_view batch, size_t i) { return fmt::format("{}[{}]", batch, i); }

const json::object& ItemObject(const json::value& item, std::string_view batch, size_t i) {
  const json::object* object = item.if_object();
  if (object != nullptr) return *object;
  Problem problem = BadRequest(ItemName(batch, i) + " is not an object");
  problem.extras["item"] = i;
  throw problem;
}

}  // namespace xref::console

#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "index/vocabulary.h"

namespace xref::console {

// Reads a JSON object strictly, for which the caller asks for every field by name: a field that is
// missing, of a wrong type or out of range throws a Problem that names it, and so does a field that
// nobody asked for, when all is done. Borrows from the object.
class Fields {
 public:
  // `where` comes before the names in messages, such as "references[3]."; `item` is told as the
  // item of a batch that is at fault.
  explicit Fields(const boost::json::object& object, std::string where = {},
                  std::optional<uint64_t> item = std::nullopt)
      : object_(object), where_(std::move(where)), item_(item) {}

  std::string_view Text(std::string_view name);
  std::string_view Text(std::string_view name, std::string_view otherwise);
  // A source or target ID.
  std::string_view Id(std::string_view name);
  // An empty view where there is none.
  std::string_view MaybeId(std::string_view name);
  bool Flag(std::string_view name, bool otherwise);
  bool Flag(std::string_view name);
  uint64_t Number(std::string_view name, uint64_t least, uint64_t most);
  uint64_t Number(std::string_view name, uint64_t least, uint64_t most, uint64_t otherwise);
  // 64 bits as a text of digits, since numbers of JSON lose some of them in many languages.
  uint64_t Token(std::string_view name);
  uint64_t Token(std::string_view name, uint64_t otherwise);
  // 1 to kBatchIdsMax items.
  const boost::json::array& Batch(std::string_view name);
  IdList Ids(std::string_view name);

  void Done() const;

 private:
  // Whether there is such a field, which counts as asked for.
  bool Has(std::string_view name);
  const boost::json::value& Need(std::string_view name);
  [[noreturn]] void Refuse(std::string_view name, std::string_view why) const;

  const boost::json::object& object_;
  const std::string where_;
  const std::optional<uint64_t> item_;
  std::vector<std::string_view> asked_;
};

// The object that a body is. Throws a Problem.
boost::json::object ParseObject(std::string_view body);

// The time in microseconds since 1970. Throws a Problem that names it where it is none.
int64_t ParseTime(std::string_view name, std::string_view text);

// Of item i: what it is called, and the object that it is. Throws a Problem where it is none.
std::string ItemName(std::string_view batch, size_t i);
const boost::json::object& ItemObject(const boost::json::value& item, std::string_view batch,
                                      size_t i);

// Calls take(fields) for each object of a batch; `name` is what it is called in messages.
template <typename Take>
void ForEachItem(const boost::json::array& batch, std::string_view name, Take take) {
  for (size_t i = 0; i < batch.size(); ++i) {
    Fields fields(ItemObject(batch[i], name, i), ItemName(name, i) + ".", i);
    take(fields);
    fields.Done();
  }
}

}  // namespace xref::console

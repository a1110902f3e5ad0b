#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/wire.h"

namespace xref::console {

// Where a listing goes on, as an opaque text that clients hand back. It is good for the listing
// that it came from, with the same filters, and no other; it holds positions only, so that one that
// is forged shows nothing that its bearer could not ask for.
class Cursor {
 public:
  // An empty text is the beginning: all that is read from it is 0 or empty. Throws a Problem where
  // the cursor is not one of this listing.
  static Cursor Parse(std::string_view listing, std::string_view text);
  bool is_beginning() const { return bytes_.empty(); }
  // In the order in which they were added.
  uint64_t Number();
  std::string Text();

  static Cursor Of(std::string_view listing);
  Cursor& Add(uint64_t number);
  Cursor& Add(std::string_view text);
  std::string ToText() const;

 private:
  explicit Cursor(std::string_view listing) : listing_(listing) {}
  protocol::Reader Rest() const;
  [[noreturn]] static void Refuse();

  std::string listing_;
  std::string bytes_;
  size_t read_ = 0;
};

}  // namespace xref::console
